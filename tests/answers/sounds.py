"""What is heard on a line besides words, and what lies under them. Samples are float32, full scale 1, at 8 kHz."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from dialer.audio import mulaw
from dialer.sandbox.voices import Utterance, Voices

Samples = npt.NDArray[np.float32]
RATE_HZ: Final = mulaw.SAMPLE_RATE_HZ
BEEP_LEVEL: Final = 0.35
FAX_HZ: Final = 2100
CALLING_HZ: Final = 1100
PHASE_REVERSAL_S: Final = 0.45
"""ITU-T V.8: a modem's answer turns its phase by 180 degrees so often, so that echo cancellers step aside."""
CROWD: Final = (
    "So I told her that we would be there around seven and she said that was fine with everybody.",
    "Two coffees and a sandwich, and could we have the bill, please? No, it is together.",
    "The train from platform nine leaves in four minutes, so if we run now we may still get it.",
    "And then the whole shelf came down, with all the plates on it, and nobody said a word.",
)


class _Nobody:
    def add(self, utterance: Utterance) -> None:
        """Nobody listens to the sandbox here."""


VOICES: Final = Voices(_Nobody())


def samples(audio: bytes) -> Samples:
    """Mu-law as samples."""
    return mulaw.FLOAT[np.frombuffer(audio, np.uint8)].astype(np.float32)


def tone(hz: float, seconds: float, level: float = BEEP_LEVEL) -> Samples:
    """A pure tone with edges of 5 ms, as a machine makes them."""
    count = round(seconds * RATE_HZ)
    wave = np.sin(2 * np.pi * hz * np.arange(count) / RATE_HZ) * level
    edge = np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.005 * RATE_HZ)
    return (wave * np.minimum(edge, 1.0)).astype(np.float32)


def modem_answer(seconds: float) -> Samples:
    """ANSam of ITU-T V.8: 2100 Hz, its phase reversed every 450 ms, swelling by 20 % at 15 Hz."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    turned = np.where((at // PHASE_REVERSAL_S) % 2 == 0, 1.0, -1.0)
    swell = 1.0 + 0.2 * np.sin(2 * np.pi * 15 * at)
    return (turned * swell * np.sin(2 * np.pi * FAX_HZ * at) * 0.3).astype(np.float32)


def ringing(seconds: float) -> Samples:
    """North American ringback: 440 and 480 Hz."""
    return tone(440, seconds, 0.15) + tone(480, seconds, 0.15)


def music(seconds: float) -> Samples:
    """Music on hold: a plucked chord every half second."""
    count = round(seconds * RATE_HZ)
    at = np.arange(count) / RATE_HZ
    wave = np.zeros(count)
    for nth in range(int(seconds * 2)):
        root = 220 * 2 ** ((0, 5, 7, 3)[nth // 4 % 4] / 12)
        since = at - nth / 2
        decay = np.where(since >= 0, np.exp(-3 * np.maximum(since, 0)), 0)
        for ratio in (1, 1.26, 1.5, 2, 3.02):
            wave += decay * np.sin(2 * np.pi * root * ratio * at) / ratio
    return (wave * 0.08).astype(np.float32)


def click() -> Samples:
    """Somebody puts something down."""
    at = np.arange(round(0.03 * RATE_HZ))
    return (np.random.default_rng(1).standard_normal(len(at)) * np.exp(-at / 40) * 0.3).astype(np.float32)


def hush(seconds: float) -> Samples:
    """Nothing."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)


SOUNDS: Final[Mapping[str, Callable[..., Samples]]] = MappingProxyType(
    {
        "pause": hush,
        "line": hush,
        "beep": lambda hz, ms: tone(hz, ms / 1000),
        "fax": lambda seconds: tone(FAX_HZ, seconds, 0.3),
        "ansam": modem_answer,
        "ring": ringing,
        "music": music,
        "click": click,
    }
)
"""The marks of a script, by name."""


def white(count: int, rng: np.random.Generator) -> Samples:
    """A bad line's hiss."""
    return rng.standard_normal(count).astype(np.float32)


def car(count: int, rng: np.random.Generator) -> Samples:
    """A car's rumble: falls by 12 dB an octave above 100 Hz."""
    return _shaped(count, rng, lambda hz: 1 / (1 + (hz / 100) ** 2))


def street(count: int, rng: np.random.Generator) -> Samples:
    """Traffic: pink, and it comes and goes."""
    seconds = np.arange(count // RATE_HZ + 2)
    swell = np.interp(np.arange(count), seconds * RATE_HZ, rng.uniform(0.4, 1.6, len(seconds)))
    return (_shaped(count, rng, lambda hz: 1 / np.sqrt(np.maximum(hz, 50))) * swell).astype(np.float32)


def babble(count: int, rng: np.random.Generator) -> Samples:
    """Four people talk at other tables."""
    mixed = np.zeros(count, np.float32)
    for text in CROWD:
        voice = ("en-us+m2", "en-gb+f1", "en-us+f5", "en-gb+m3")[int(rng.integers(4))]
        said = samples(VOICES.speak(text, voice=voice, speed=int(rng.integers(150, 210))).mulaw)
        mixed += np.roll(np.resize(said, count), int(rng.integers(count)))
    return mixed


NOISES: Final[Mapping[str, Callable[[int, np.random.Generator], Samples]]] = MappingProxyType(
    {"white": white, "car": car, "street": street, "babble": babble}
)


def _shaped(count: int, rng: np.random.Generator, gain: Callable[[npt.NDArray[np.float64]], object]) -> Samples:
    spectrum = np.fft.rfft(rng.standard_normal(count))
    shape = np.asarray(gain(np.fft.rfftfreq(count, 1 / RATE_HZ)), np.float64)
    return np.fft.irfft(spectrum * shape, count).astype(np.float32)
