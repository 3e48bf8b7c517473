"""A voicemail's beep and a fax's answer tone, by the share of a frame's energy at one frequency."""

from __future__ import annotations

from enum import Enum
from typing import Final

import numpy as np

from dialer.audio.mulaw import FRAME_MS, PCM, SAMPLE_RATE_HZ

LOWEST_HZ: Final = 400
HIGHEST_HZ: Final = 2200
STEP_HZ: Final = 25  # half the width of a bin over 20 ms, so that no pitch falls between two
PURE: Final = 0.7
"""Share of a frame's energy at one frequency that makes it a tone; two-tone digits stay under it, and so does speech
but for a frame here and there."""
LOUD: Final = 300.0  # root mean square of 16-bit samples; line noise is under 100
BEEP_MS: Final = 160
"""A tone of one pitch for so long is a beep. Beeps last 200 to 1000 ms; a held vowel wavers sooner."""
FAX_HZ: Final = 2100
FAX_MS: Final = 1200

_PADDED: Final = SAMPLE_RATE_HZ // STEP_HZ
_BAND: Final = slice(LOWEST_HZ // STEP_HZ, HIGHEST_HZ // STEP_HZ + 1)


class Signal(Enum):
    """What a machine sends."""

    BEEP = "beep"
    FAX = "fax tone"


class ToneDetector:
    """Follows one call's frames."""

    __slots__ = ("_hz", "ms")

    def __init__(self) -> None:
        self._hz = 0
        self.ms = 0

    def feed(self, frame: bytes) -> int:
        """Take 20 ms of mu-law, 160 bytes.

        Returns:
            The frequency of the tone that sounds since at least `ms`, or 0 when none does.
        """
        samples = PCM[np.frombuffer(frame, np.uint8)].astype(np.float32)
        energy = float(np.square(samples).sum())
        if energy < LOUD * LOUD * len(samples):
            self._hz = self.ms = 0
            return 0
        # numpy's own transform runs in this thread; a product of matrices would wake a pool that spins under load
        power = np.abs(np.fft.rfft(samples, _PADDED)[_BAND]) ** 2
        best = int(power.argmax())
        # a pure tone of energy E over N samples has power E * N / 2 at its frequency, and 0.81 of it half a step beside
        share = 2.0 * float(power[best]) / (energy * len(samples))
        hz = LOWEST_HZ + best * STEP_HZ
        if share < PURE:
            self._hz = self.ms = 0
            return 0
        if abs(hz - self._hz) > 2 * STEP_HZ:
            self.ms = 0
        self._hz = hz
        self.ms += FRAME_MS
        return hz

    def beeped(self) -> bool:
        """Whether what sounds is a beep by now."""
        return self.ms >= BEEP_MS

    def fax(self) -> bool:
        """Whether what sounds is a fax machine's answer."""
        return self.ms >= FAX_MS and abs(self._hz - FAX_HZ) <= 2 * STEP_HZ


class Answerphone:
    """Listens for what only machines send: tells of a beep once it is over, and of a fax."""

    __slots__ = ("_beeps", "_tones")

    def __init__(self) -> None:
        self._tones = ToneDetector()
        self._beeps = False

    def feed(self, frame: bytes) -> Signal | None:
        """Take 20 ms of mu-law, 160 bytes; return what was just recognized."""
        if self._tones.feed(frame):
            self._beeps = self._beeps or self._tones.beeped()
            return Signal.FAX if self._tones.fax() else None
        beeped, self._beeps = self._beeps, False
        return Signal.BEEP if beeped else None
