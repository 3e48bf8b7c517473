"""A voicemail's beep and a fax's answer tone, by the share of a frame's energy at one frequency."""

from __future__ import annotations

from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt

from dialer.audio.mulaw import FLOAT, FRAME_BYTES, FRAME_MS, SAMPLE_RATE_HZ, SILENCE

LOWEST_HZ: Final = 400
HIGHEST_HZ: Final = 2200
STEP_HZ: Final = 25  # half the width of a bin over 20 ms, so that no pitch falls between two
PURE: Final = 0.65
"""Share of a frame's energy at one frequency that makes it a tone; two-tone digits stay under it, and so does speech
but for a frame here and there."""
LOUD: Final = 300 / 32768  # root mean square, full scale being 1; line noise is under a third of it
STEADY: Final = 1.6
"""By so much may a frame's energy differ from the tone's so far, as a factor; a held vowel swells and fades more."""
BEEP_MS: Final = 200
"""A tone of one pitch for so long is a beep, whoever answered; a held vowel wavers sooner."""
SHORT_BEEP_MS: Final = 140
"""The same of an answerphone that is known to be one. Beeps last 160 to 1000 ms, of which the edges are no tone."""
HOLE_MS: Final = 40
"""A tone may miss so much in its midst: lost packets."""
FAX_HZ: Final = 2100
FAX_MS: Final = 900
"""So much of a fax's or modem's answer is enough. It lasts 2.6 to 4 s, and a modem's (ITU-T V.8) is broken by a phase
reversal every 450 ms."""
FAX_PURE: Final = 0.45

_FAX: Final = slice((FAX_HZ - LOWEST_HZ) // STEP_HZ - 2, (FAX_HZ - LOWEST_HZ) // STEP_HZ + 3)


def _waves() -> npt.NDArray[np.float32]:
    """A frame of each pitch, first as cosines, then as sines: (samples, 2 * pitches)."""
    pitches = np.arange(LOWEST_HZ, HIGHEST_HZ + 1, STEP_HZ)
    turns = 2 * np.pi * np.outer(np.arange(FRAME_BYTES) / SAMPLE_RATE_HZ, pitches)
    return np.concatenate([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


_WAVES: Final = _waves()
_PITCHES: Final = _WAVES.shape[1] // 2


class Signal(Enum):
    """What a machine sends."""

    BEEP = "beep"
    SHORT_BEEP = "short beep"
    """A beep if an answerphone is known to listen; in speech it may be a vowel."""
    FAX = "fax tone"


class Tone:
    """A tone that sounds, as it goes on."""

    __slots__ = ("_energy", "_hole_ms", "hz", "ms")

    def __init__(self, hz: int, energy: float) -> None:
        self.hz = hz
        self.ms = FRAME_MS
        self._energy = energy
        self._hole_ms = 0

    def near(self, hz: int) -> bool:
        """Whether this is its pitch."""
        return abs(hz - self.hz) <= 2 * STEP_HZ

    def goes_on(self, energy: float) -> bool:
        """Whether a frame of its pitch and this energy belongs to it; then it is taken in."""
        if not self._energy / STEADY <= energy <= self._energy * STEADY:
            return False
        self._energy += (energy - self._energy) / 4
        self.ms += FRAME_MS + self._hole_ms
        self._hole_ms = 0
        return True

    def missed(self) -> bool:
        """Take in a frame without it; return whether that was too many."""
        self._hole_ms += FRAME_MS
        return self._hole_ms > HOLE_MS


class Answerphone:
    """Listens for what only machines send: tells of a beep once it is over, and of a fax."""

    __slots__ = ("_fax_ms", "_tone")

    def __init__(self) -> None:
        self._tone: Tone | None = None
        self._fax_ms = 0

    def feed(self, audio: bytes) -> list[Signal]:
        """Take mu-law, whole frames of 160 bytes; return what was just recognized.

        Several frames cost little more than one.
        """
        count = len(audio) // FRAME_BYTES
        if audio.count(SILENCE) == len(audio):
            return [signal for _ in range(count) if (signal := self._quiet())]
        samples = FLOAT.take(np.frombuffer(audio, np.uint8)).reshape(count, FRAME_BYTES)
        energies = np.einsum("ij,ij->i", samples, samples)
        parts = samples @ _WAVES  # half the cost of a Fourier transform with zeros behind the samples
        parts *= parts
        power = parts[:, :_PITCHES]
        power += parts[:, _PITCHES:]
        most = power.max(axis=1)
        if self._tone is None and not self._fax_ms and not (most >= (FAX_PURE * FRAME_BYTES / 2) * energies).any():
            return []  # as in all speech: nothing sounds, and nothing goes on
        told = (energies, power[:, _FAX].max(axis=1), power.argmax(axis=1), most)
        frames = zip(*(each.tolist() for each in told), strict=True)
        return [signal for frame in frames if (signal := self._frame(*frame))]

    def _frame(self, energy: float, fax: float, best: int, most: float) -> Signal | None:
        """Take in a frame by its energy, the power about a fax's pitch, and the most powerful pitch."""
        if energy < LOUD * LOUD * FRAME_BYTES:
            return self._quiet()
        # a pure tone of energy E over N samples has power E * N / 2 at its frequency, and 0.81 of it half a step beside
        pure = energy * FRAME_BYTES / 2.0
        if fax >= FAX_PURE * pure:
            return self._answering_fax()
        self._fax_ms = max(self._fax_ms - FRAME_MS // 2, 0)
        if most < PURE * pure:
            return self._quiet()
        return self._sounds(LOWEST_HZ + best * STEP_HZ, energy)

    def _answering_fax(self) -> Signal | None:
        before, self._fax_ms = self._fax_ms, self._fax_ms + FRAME_MS
        return Signal.FAX if before < FAX_MS <= self._fax_ms else None

    def _sounds(self, hz: int, energy: float) -> Signal | None:
        tone = self._tone
        if tone is not None and tone.near(hz) and (tone.goes_on(energy) or not tone.missed()):
            return None
        ended = self._end()
        self._tone = Tone(hz, energy)
        return ended

    def _quiet(self) -> Signal | None:
        return self._end() if self._tone is not None and self._tone.missed() else None

    def _end(self) -> Signal | None:
        tone, self._tone = self._tone, None
        if tone is None or tone.ms < SHORT_BEEP_MS:
            return None
        return Signal.BEEP if tone.ms >= BEEP_MS else Signal.SHORT_BEEP
