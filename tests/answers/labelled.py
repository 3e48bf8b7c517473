"""The labelled set: scripts in many voices over many lines. The same seed is the same audio, byte for byte."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from dialer.audio import mulaw
from dialer.sandbox.garbling import garbled
from tests.answers import line as lines
from tests.answers import scripts
from tests.answers.line import Line
from tests.answers.scripts import LABELS, LANGUAGES, Script, Words
from tests.answers.sounds import RATE_HZ, SOUNDS, VOICES, Samples, hush, samples

SEED: Final = 7
ANSWERS: Final = {
    "tuning": {
        "en": {"human": 40, "voicemail": 40, "screening": 28, "ivr": 30, "fax": 14, "silence": 16},
        "hi": {"human": 16, "voicemail": 16, "screening": 12, "ivr": 14, "fax": 2, "silence": 2},
    },
    "held_out": {
        "en": {"human": 32, "voicemail": 36, "screening": 20, "ivr": 22, "fax": 15, "silence": 12},
        "hi": {"human": 20, "voicemail": 16, "screening": 12, "ivr": 16, "fax": 2, "silence": 2},
    },
}
"""Part → language → label → answers."""
SPEAKERS: Final = {
    "tuning": {
        "en": ("en-us", "en-us+m3", "en-us+f2", "en-gb+m1", "en-us+f4", "en-us+m7"),
        "hi": ("hi", "hi+m3", "hi+f2"),
    },
    "held_out": {
        "en": ("en-us+f3", "en-gb+f2", "en-us+m1", "en-gb+m5", "en-us+f1"),
        "hi": ("hi+m1", "hi+f4", "hi+m7"),
    },
}
PICKS_UP_S: Final = (0.3, 1.2)
AFTERWARDS_S: Final = {"human": 4.0, "voicemail": 50.0, "screening": 6.0, "ivr": 8.0, "fax": 2.0, "silence": 30.0}
"""How long whoever answered stays on the line once all is said; an answerphone records."""
SPEECH_LEVEL: Final = 0.1
"""Root mean square of espeak-ng's speech; what noise is measured against where nobody speaks."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the recognizer will write it; "" if the line made it unintelligible. Seconds since the answer."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One labelled answer, as it arrives."""

    name: str
    label: str
    script: Script
    line: Line
    mulaw: bytes
    words: tuple[Word, ...]
    arrivals: tuple[int, ...]
    """How many 20 ms packets arrive in each 20 ms."""
    beeps_s: tuple[float, ...]
    """The end of each beep."""
    greeting_over_s: float
    """When whoever answered has said all."""


def build(part: str, seed: int = SEED, *, each: int | None = None) -> list[Answer]:
    """Make one part of the set, `tuning` or `held_out`, or the first `each` answers of each kind and language."""
    written = scripts.read(part)
    made = []
    for language in LANGUAGES:
        for label in LABELS:
            ours = [script for script in written if (script.language, script.label) == (language, label)]
            for nth in range(ANSWERS[part][language][label])[:each]:
                name = f"{part}/{language}/{label}/{nth:02}"
                rng = np.random.default_rng((seed, zlib.crc32(name.encode())))
                made.append(_make(name, ours[nth % len(ours)], part, rng))
    return made


def _make(name: str, script: Script, part: str, rng: np.random.Generator) -> Answer:
    line = lines.draw(rng, held_out=part == "held_out")
    voice = str(rng.choice(SPEAKERS[part][script.language]))
    speed, pitch = int(rng.integers(140, 200)), int(rng.integers(35, 65))
    pieces: list[Samples] = [hush(float(rng.uniform(*PICKS_UP_S)))]
    spoken: list[tuple[str, int, int]] = []
    beeps: list[int] = []
    for heard in script.parts():
        at = sum(map(len, pieces))
        if isinstance(heard, Words):
            utterance = VOICES.speak(heard.text, voice=voice, speed=speed, pitch=pitch)
            spoken += [(word.text, at + word.start, at + word.end) for word in utterance.words]
            pieces.append(samples(utterance.mulaw))
        else:
            pieces.append(SOUNDS[heard.name](*heard.numbers))
            beeps += [at + len(pieces[-1])] if heard.name == "beep" else []
    over = sum(map(len, pieces))
    pieces.append(hush(AFTERWARDS_S[script.label]))
    clean = np.concatenate(pieces)
    clean = np.append(clean, hush(-len(clean) % mulaw.FRAME_BYTES / RATE_HZ))
    audio, lost = lines.carry(clean, line, SPEECH_LEVEL, rng)
    return Answer(
        name=name,
        label=script.label,
        script=script,
        line=line,
        mulaw=audio,
        words=tuple(_recognized(text, start, end, line, lost, rng) for text, start, end in spoken),
        arrivals=tuple(lines.arrivals(len(audio) // mulaw.FRAME_BYTES, line, rng)),
        beeps_s=tuple(at / RATE_HZ for at in beeps),
        greeting_over_s=over / RATE_HZ,
    )


def _recognized(text: str, start: int, end: int, line: Line, lost: np.ndarray, rng: np.random.Generator) -> Word:
    """What a recognizer makes of a word: the worse the line was for it, the likelier another word, or none."""
    packets = lost[start // mulaw.FRAME_BYTES : max(end // mulaw.FRAME_BYTES, start // mulaw.FRAME_BYTES + 1)]
    wrong = 0.015 + 0.6 * float(packets.mean()) + 0.4 * float(np.exp(-max(line.snr_db, 0) / 6))
    wrong += 0.02 * line.mobile + 0.03 * (line.clip < 1) + 0.05 * (line.gain_db <= -15)
    dice, kind = rng.random(2)
    if dice < wrong:
        text = _misheard(text) if kind < 0.6 else ""
    return Word(text, start / RATE_HZ, end / RATE_HZ)


def _misheard(text: str) -> str:
    """Another word that looks like it; of Devanagari, for which there is no vocabulary, the word without its end."""
    return garbled(text) if text.isascii() else text[: max(len(text) // 2, 1)]
