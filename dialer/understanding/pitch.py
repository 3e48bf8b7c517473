"""The pitch of telephone speech, frame by frame, for all frames at once.

YIN's cumulative mean normalized difference, computed from autocorrelations by FFT.
Source: de Cheveigné and Kawahara, "YIN, a fundamental frequency estimator for speech and music", JASA 111(4), 2002.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.fft

from dialer.audio.mulaw import SAMPLE_RATE_HZ

LOWEST_HZ: Final = 70
HIGHEST_HZ: Final = 420
WINDOW: Final = 256
"""Samples compared with each other, 32 ms: two periods of a low voice."""
HOP: Final = 480
"""Samples from frame to frame, 60 ms: the statistics of an utterance need no more frames."""
PERIODIC: Final = 0.2
"""Normalized difference below which a frame is taken for voiced; YIN's own 0.1 is meant for clean wide-band speech."""
_SHORTEST: Final = SAMPLE_RATE_HZ // HIGHEST_HZ
_LONGEST: Final = SAMPLE_RATE_HZ // LOWEST_HZ
_SPAN: Final = WINDOW + _LONGEST + 1
_FFT: Final = 512

Floats = npt.NDArray[np.float32]


def frames(samples: Floats) -> Floats:
    """Cut samples into overlapping frames of `WINDOW` and the longest lag; shape (frames, samples of one)."""
    if len(samples) < _SPAN:
        return np.zeros((0, _SPAN), dtype=np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, _SPAN)[::HOP]


def track(cut: Floats) -> Floats:
    """Return the pitch of each frame in Hz, shape (frames,); 0.0 where it is not voiced.

    Args:
        cut: frames as `frames` makes them, 8 kHz, any amplitude.
    """
    if not len(cut):
        return np.zeros(0, dtype=np.float32)
    difference = _difference(cut)
    lags = np.arange(1, _LONGEST + 1, dtype=np.float32)
    means = np.cumsum(difference, axis=1) / lags
    normalized = difference / np.maximum(means, 1e-12)
    candidates = normalized[:, _SHORTEST - 1 :]
    under = candidates < PERIODIC
    first = np.where(under.any(axis=1), under.argmax(axis=1), candidates.argmin(axis=1))
    lag = _bottom(candidates, first)
    rows = np.arange(len(cut))
    voiced = candidates[rows, lag] < PERIODIC
    hz = SAMPLE_RATE_HZ / (_refined(candidates, lag) + _SHORTEST)
    return np.where(voiced, hz, 0.0).astype(np.float32)


def _difference(cut: Floats) -> Floats:
    """YIN's difference function for lags 1 to the longest; shape (frames, lags)."""
    # scipy's transform stays in single precision, which takes half the time of numpy's
    head = scipy.fft.rfft(cut[:, :WINDOW], _FFT)
    correlation = scipy.fft.irfft(scipy.fft.rfft(cut, _FFT) * np.conj(head), _FFT)[:, 1 : _LONGEST + 1]
    energy = np.cumsum(np.pad(cut.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
    power = energy[:, WINDOW:] - energy[:, :-WINDOW]
    result: Floats = np.maximum(power[:, :1] + power[:, 1 : _LONGEST + 1] - 2 * correlation, 0.0).astype(np.float32)
    return result


def _bottom(candidates: Floats, first: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Go down from the first lag under the threshold to the bottom of its dip."""
    rising = np.diff(candidates, axis=1, append=np.inf) >= 0
    behind = np.arange(candidates.shape[1])[None, :] >= first[:, None]
    result: npt.NDArray[np.int64] = (rising & behind).argmax(axis=1)
    return result


def _refined(candidates: Floats, lag: npt.NDArray[np.int64]) -> Floats:
    """Place the bottom between samples by the parabola through it and its neighbours."""
    rows = np.arange(len(lag))
    left = candidates[rows, np.maximum(lag - 1, 0)]
    here = candidates[rows, lag]
    right = candidates[rows, np.minimum(lag + 1, candidates.shape[1] - 1)]
    curve = left - 2 * here + right
    shift = np.where(curve > 1e-9, 0.5 * (left - right) / np.maximum(curve, 1e-9), 0.0)
    result: Floats = (lag + np.clip(shift, -0.5, 0.5)).astype(np.float32)
    return result
