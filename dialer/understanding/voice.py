"""How an utterance was said: loudness, pitch and pace, and how these differ from the person's own usual ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from dialer.audio.mulaw import FLOAT
from dialer.understanding import pitch

MEASURED_BYTES: Final = 8000 * 3
"""Of a long utterance its last 3 s are measured: how it ended is what an answer must meet."""
QUIET_DB: Final = 18.0
"""Frames so much weaker than the loud ones are pauses."""
FAINTEST_DBFS: Final = -55.0
LEAST_VOICED: Final = 4
"""Voiced frames (60 ms apart) below which a pitch says nothing."""

FEATURES: Final = ("energy", "pitch", "pitch_range", "rate")
MOST_DEVIATIONS: Final = 2.5


@dataclass(frozen=True, slots=True)
class Prosody:
    """What was measured. 0.0 stands for what could not be, but for the energy, which always can."""

    energy_dbfs: float
    """Root mean square of the loud frames, decibels below full scale."""
    pitch_hz: float
    """Median of the voiced frames."""
    pitch_range_st: float
    """Standard deviation of the voiced frames, in semitones."""
    rate_sps: float
    """Syllables a second, pauses left out."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """What people do, and how much one person varies: mean over people, deviation between and within them."""

    mean: float
    between: float
    within: float


_USUAL: Final[Mapping[str, _Usual]] = {
    "energy": _Usual(-23.0, 6.0, 3.0),
    "pitch": _Usual(88.0, 6.0, 2.0),  # semitones over 1 Hz: 160 Hz, between men and women
    "pitch_range": _Usual(2.5, 1.2, 0.9),
    "rate": _Usual(4.6, 1.2, 0.9),
}
"""Orders of magnitude for telephone speech; the person's own turns outweigh them after two or three."""


def measure(mulaw: bytes, syllables: int) -> Prosody | None:
    """Measure an utterance.

    Args:
        mulaw: 8 kHz mu-law of one person, pauses included.
        syllables: how many its words have; 0 if unknown.

    Returns:
        None if there is no speech in it.
    """
    whole = len(mulaw)
    recent = mulaw[-MEASURED_BYTES:]
    cut = pitch.frames(FLOAT[np.frombuffer(recent, dtype=np.uint8)])
    if not len(cut):
        return None
    power = np.mean(np.square(cut), axis=1)
    level = 10 * np.log10(np.maximum(power, 1e-10))
    loud = level > max(float(np.percentile(level, 95)) - QUIET_DB, FAINTEST_DBFS)
    if not loud.any():
        return None
    hz = pitch.track(np.ascontiguousarray(cut[loud]))
    voiced = hz[hz > 0]
    tones = 12 * np.log2(voiced) if len(voiced) >= LEAST_VOICED else np.zeros(0)
    spoken_s = float(loud.mean()) * whole / 8000
    return Prosody(
        energy_dbfs=round(float(10 * np.log10(np.maximum(np.mean(power[loud]), 1e-10))), 1),
        pitch_hz=round(float(2 ** (np.median(tones) / 12)), 1) if len(tones) else 0.0,
        pitch_range_st=round(_spread(tones), 2) if len(tones) else 0.0,
        rate_sps=round(syllables / spoken_s, 2) if syllables and spoken_s > 0.2 else 0.0,
    )


@dataclass(slots=True)
class Baseline:
    """One person's usual voice, from their turns so far. Not for several threads at once."""

    _seen: dict[str, list[float]] = field(default_factory=lambda: {name: [0.0, 0.0] for name in FEATURES})

    def deviations(self, prosody: Prosody | None) -> npt.NDArray[np.float32]:
        """Return how far an utterance is from what is usual, in standard deviations, in the order of `FEATURES`.

        What could not be measured is 0.0, as is all of it without a voice.
        """
        measured = _values(prosody)
        result = np.zeros(len(FEATURES), dtype=np.float32)
        for at, name in enumerate(FEATURES):
            if (value := measured.get(name)) is not None:
                mean, deviation = self._expected(name)
                result[at] = np.clip((value - mean) / deviation, -MOST_DEVIATIONS, MOST_DEVIATIONS)
        return result

    def learn(self, prosody: Prosody | None) -> None:
        """Take an utterance for one of the usual ones."""
        for name, value in _values(prosody).items():
            seen = self._seen[name]
            seen[0] += 1
            seen[1] += value

    def _expected(self, name: str) -> tuple[float, float]:
        """Mean and deviation to expect: those of people in general, the more of this person the more is known."""
        usual = _USUAL[name]
        count, total = self._seen[name]
        known = usual.between**2 * count
        mean = (usual.mean * usual.within**2 + usual.between**2 * total) / (usual.within**2 + known)
        doubt = usual.between**2 * usual.within**2 / (usual.within**2 + known)
        return mean, float(np.sqrt(usual.within**2 + doubt))


def _values(prosody: Prosody | None) -> dict[str, float]:
    """What was measured, on the scales of `_USUAL`."""
    if prosody is None:
        return {}
    values = {"energy": prosody.energy_dbfs}
    if prosody.pitch_hz:
        values |= {"pitch": float(12 * np.log2(prosody.pitch_hz)), "pitch_range": prosody.pitch_range_st}
    if prosody.rate_sps:
        values["rate"] = prosody.rate_sps
    return values


def _spread(tones: npt.NDArray[np.floating]) -> float:
    """A standard deviation that octave errors do not stretch: from the middle two thirds."""
    low, high = np.percentile(tones, [16, 84])
    return float(high - low) / 2
