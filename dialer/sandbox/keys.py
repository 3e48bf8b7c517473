"""Hears keys in audio: the two tones of each, by Goertzel's filters."""

from __future__ import annotations

from typing import Final

import numpy as np

from dialer.audio import mulaw
from dialer.audio.dtmf import HIGH_HZ, KEYS, LOW_HZ

_AT: Final = np.arange(mulaw.FRAME_BYTES) / mulaw.SAMPLE_RATE_HZ
_FILTERS: Final = np.exp(-2j * np.pi * np.outer((*LOW_HZ, *HIGH_HZ), _AT))
_LOUD: Final = 0.01
"""Root mean square, full scale being 1; ITU-T Q.24 has receivers take keys down to about -25 dBm0 a tone."""
_SHARE: Final = 0.75
"""Of a frame's energy that must be in the two tones: speech has it elsewhere too."""
_TWIST: Final = 10**0.8
"""How much stronger one tone may be than the other: 8 dB."""
_FRAMES: Final = 2
"""40 ms of a key are a key."""


class KeyEar:
    """Listens to one stream of mu-law, in frames of 20 ms."""

    def __init__(self) -> None:
        self._key = ""
        self._frames = 0

    def feed(self, frame: bytes) -> str:
        """Take 20 ms; return the key that was recognized with it, or ""."""
        key = _key(frame)
        if not key or key != self._key:
            self._key, self._frames = key, 0
        self._frames += bool(key)
        return key if self._frames == _FRAMES else ""


def _key(frame: bytes) -> str:
    samples = mulaw.FLOAT[np.frombuffer(frame, np.uint8)]
    energy = float(np.square(samples).sum())
    if energy < _LOUD**2 * len(samples):
        return ""
    power = np.abs((_FILTERS * samples).sum(axis=1)) ** 2
    low, high = int(power[:4].argmax()), int(power[4:].argmax())
    both = float(power[low]), float(power[4 + high])
    if 2 * sum(both) < _SHARE * energy * len(samples) or max(both) > _TWIST * min(both):
        return ""
    return KEYS[low][high]
