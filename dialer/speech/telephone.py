"""Brings a vendor's studio audio down to the telephone's: 8 kHz mu-law."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr

from dialer.audio import mulaw

_FULL: Final = 32768


class Narrowing:
    """Converts one stream of linear samples as it comes, whatever its chunks. Not for several threads."""

    def __init__(self, rate_hz: int) -> None:
        """Begin.

        Args:
            rate_hz: of the samples that will be fed, 16-bit signed little-endian mono.
        """
        self._resampler = soxr.ResampleStream(rate_hz, mulaw.SAMPLE_RATE_HZ, 1, dtype="float32")
        self._odd = b""

    def feed(self, pcm: bytes, *, last: bool = False) -> bytes:
        """Convert what came; with `last` also what the filter still holds back. Half a sample waits for its rest."""
        whole = self._odd + pcm
        even = len(whole) - len(whole) % 2
        self._odd = whole[even:]
        samples = np.frombuffer(whole[:even], dtype="<i2").astype(np.float32)
        narrow = self._resampler.resample_chunk(samples, last=last)
        return mulaw.encode(np.clip(np.rint(narrow), -_FULL, _FULL - 1).astype("<i2").tobytes())
