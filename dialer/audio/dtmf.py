"""Keys as tones in the audio, for carriers whose media streams take no key presses: Twilio's do not."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import numpy as np

from dialer.audio.mulaw import FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE, encode

LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
KEYS: Final = ("123A", "456B", "789C", "*0#D")
PITCHES: Final = MappingProxyType({key: (low, HIGH_HZ[at]) for low, row in zip(LOW_HZ, KEYS, strict=True)
                                   for at, key in enumerate(row)})  # fmt: skip
"""Key → its two frequencies. Source: ITU-T Recommendation Q.23."""
TONE_MS: Final = 100
GAP_MS: Final = 100
"""Receivers must take 40 ms of each (ITU-T Q.24); packets get lost and menus are slow, so it is more."""
LOW_DBM0: Final = -9.0
HIGH_DBM0: Final = -7.0
"""The higher tone is sent louder, for lines dampen it more. Together they are under the -3 dBm0 that lines clip at."""
FULL_SCALE_DBM0: Final = 3.17
"""The level of a sine that just fills G.711's mu-law."""


def play(keys: str) -> bytes:
    """Make the tones of keys.

    Args:
        keys: 0 to 9, *, #, A to D.

    Returns:
        Mu-law in whole 20 ms frames, 200 ms a key, with silence after each.

    Raises:
        ValueError: there is no such key.
    """
    if unknown := set(keys) - PITCHES.keys():
        raise ValueError(f"no keys: {sorted(unknown)}")
    gap = SILENCE * (GAP_MS * SAMPLE_RATE_HZ // 1000)
    audio = b"".join(_tone(*PITCHES[key]) + gap for key in keys)
    return audio + SILENCE * (-len(audio) % FRAME_BYTES)


def _tone(low_hz: int, high_hz: int) -> bytes:
    at_s = np.arange(TONE_MS * SAMPLE_RATE_HZ // 1000) / SAMPLE_RATE_HZ
    wave = _amplitude(LOW_DBM0) * np.sin(2 * np.pi * low_hz * at_s)
    wave += _amplitude(HIGH_DBM0) * np.sin(2 * np.pi * high_hz * at_s)
    return encode(wave.astype("<i2").tobytes())


def _amplitude(level_dbm0: float) -> float:
    return float(32767 * 10 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20))
