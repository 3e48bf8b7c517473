"""How well utterances are understood, and what it costs: `python -m bench.understanding`.

Prints JSON: accuracy on the utterances that were written apart from the corpus, and on a held-out part of the corpus by
words alone; the same with voices that espeak-ng speaks as people of
each emotion are said to; what each voice feature tells of a changed pitch, pace and loudness; and the time an utterance
takes. With `--ship` it writes the model that ships, trained on the whole corpus.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from dialer.audio import mulaw
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import Voices
from dialer.training import fitting
from dialer.understanding import analysis, corpus, model, words
from dialer.understanding.analysis import Utterance
from dialer.understanding.corpus import Labelled
from dialer.understanding.labels import HEADS
from dialer.understanding.voice import FEATURES, Baseline, measure

SEED: Final = 20
USUAL_WPM, USUAL_PITCH = 165, 50
SPOKEN_AS: Final = {
    # words a minute, espeak's pitch, decibels: the directions of the literature, once more
    "neutral": (165, 50, 0.0),
    "happy": (175, 62, 2.0),
    "angry": (185, 60, 6.0),
    "sad": (135, 42, -5.0),
    "anxious": (190, 64, -1.0),
    "confused": (145, 52, -1.0),
    "surprised": (165, 70, 2.0),
}
SCATTER: Final = (18.0, 9.0, 3.0)
"""People differ: standard deviations around the above."""
PEOPLE: Final = {"en": ("en-us", "en-us+f3", "en-gb", "en-us+m3"), "hi": ("hi", "hi+f2")}
NOW: Final = datetime(2026, 11, 24, 15, tzinfo=UTC)


class Speakers:
    """Speaks utterances, each by a person whose usual voice is known from three plain sentences."""

    def __init__(self) -> None:
        self._voices = Voices(Registry())
        self._random = np.random.default_rng(SEED)

    def say(self, text: str, voice: str, wpm: float, pitch: float, gain_db: float) -> bytes:
        """Return mu-law of a text."""
        said = self._voices.speak(text, voice, speed=int(np.clip(wpm, 80, 400)), pitch=int(np.clip(pitch, 0, 99)))
        pcm = mulaw.PCM[np.frombuffer(said.mulaw, dtype=np.uint8)].astype(np.float32)
        loud = np.clip(pcm * 10 ** (gain_db / 20) * 0.5, -32768, 32767)
        return mulaw.encode(loud.astype("<i2").tobytes())

    def baseline(self, voice: str) -> Baseline:
        """Let somebody say three plain things."""
        usual = Baseline()
        for text in ("Yes, that is right.", "We live in Austin, Texas.", "The roof is ten years old."):
            usual.learn(measure(self.say(text, voice, USUAL_WPM, USUAL_PITCH, 0.0), words.syllables(text)))
        return usual

    def heard(self, one: Labelled, emotion: str) -> Labelled:
        """Return the utterance with its voice, spoken as somebody with this emotion."""
        voice = str(self._random.choice(PEOPLE[one.language]))
        wpm, pitch, gain = (
            mean + deviation * self._random.standard_normal()
            for mean, deviation in zip(SPOKEN_AS[emotion], SCATTER, strict=True)
        )
        prosody = measure(self.say(one.text, voice, wpm, pitch, gain), words.syllables(one.text))
        return replace(one, voice=tuple(float(v) for v in self.baseline(voice).deviations(prosody)))


def accuracies(speakers: Speakers) -> dict[str, Any]:
    """Measure emotion on held-out utterances: without a voice, with a fitting, an indifferent and a wrong one."""
    kept, held = corpus.split(corpus.shipped(), "emotion")
    trained = fitting.train(kept, "measured")
    emotions = list(SPOKEN_AS)
    spoken = {
        "words alone": held,
        "voice as the emotion": [speakers.heard(one, str(one.emotion)) for one in held],
        "voice always neutral": [speakers.heard(one, "neutral") for one in held],
        "voice of another emotion": [
            speakers.heard(one, emotions[(emotions.index(str(one.emotion)) + 3) % len(emotions)]) for one in held
        ],
    }
    scores = {name: fitting.score(trained, utterances, "emotion") for name, utterances in spoken.items()}
    mute = [replace(one, text="") for one in spoken["voice as the emotion"]]
    scores["voice alone"] = fitting.score(trained, mute, "emotion")
    return {
        name: {"accuracy": score.accuracy, "balanced_accuracy": score.balanced_accuracy, "held_out": score.held_out}
        for name, score in scores.items()
    }


def sensitivities(speakers: Speakers) -> dict[str, dict[str, float]]:
    """Tell what each feature says of one change of the same sentence, in standard deviations, averaged over people."""
    changes = {
        "as usual": (165, 50, 0.0),
        "30 % faster": (215, 50, 0.0),
        "30 % slower": (115, 50, 0.0),
        "pitch 50 to 75": (165, 75, 0.0),
        "pitch 50 to 25": (165, 25, 0.0),
        "6 dB louder": (165, 50, 6.0),
        "6 dB softer": (165, 50, -6.0),
    }
    text = "I have told you what I think about that, and I would like an answer now."
    result = {}
    for name, (wpm, pitch, gain) in changes.items():
        told = [
            speakers.baseline(voice).deviations(
                measure(speakers.say(text, voice, wpm, pitch, gain), words.syllables(text))
            )
            for voice in PEOPLE["en"]
        ]
        result[name] = {
            feature: round(float(value), 2) for feature, value in zip(FEATURES, np.mean(told, axis=0), strict=True)
        }
    return result


def times(speakers: Speakers) -> dict[str, float]:
    """Measure the milliseconds an utterance takes, of this thread's processor and of the clock."""
    analysis.warm()
    utterances = corpus.shipped()[::3]
    audio = [speakers.say(one.text, PEOPLE[one.language][0], USUAL_WPM, USUAL_PITCH, 0.0) for one in utterances]
    cpu, clock = [], []
    for one, heard in zip(utterances * 2, audio * 2, strict=True):
        said, baseline = Utterance(one.text, heard, NOW, "US"), Baseline()
        began_cpu, began = time.thread_time(), time.perf_counter()
        analysis.understand(said, model.shipped(), baseline)
        cpu.append((time.thread_time() - began_cpu) * 1000)
        clock.append((time.perf_counter() - began) * 1000)
    cpu, clock = cpu[len(utterances) :], clock[len(utterances) :]
    seconds = sum(len(heard) for heard in audio) / mulaw.SAMPLE_RATE_HZ
    return {
        "utterances": len(utterances),
        "cpu_ms_p50": round(float(np.median(cpu)), 2),
        "cpu_ms_p95": round(float(np.percentile(cpu, 95)), 2),
        "clock_ms_p50": round(float(np.median(clock)), 2),
        "clock_ms_p95": round(float(np.percentile(clock, 95)), 2),
        "cpu_ms_per_spoken_second": round(sum(cpu) / seconds, 3),
    }


def main() -> None:
    """Measure, and train what ships if asked to."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--ship", action="store_true", help="write the model that ships")
    ship: bool = asked.parse_args().ship
    fitted = fitting.fit(corpus.shipped(), "default")
    if ship:
        Path(str(resources.files(model.__package__).joinpath(model.SHIPPED))).write_bytes(fitted.model.dump())
    speakers = Speakers()
    report = {
        "written_apart": {
            question: asdict(fitting.score(fitted.model, corpus.held_out(), question))
            for question in (*HEADS, "sentiment")
        },
        "held_out": fitted.report,
        "emotion_with_voices": accuracies(speakers),
        "features": sensitivities(speakers),
        "time": times(speakers),
    }
    json.dump(report, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
