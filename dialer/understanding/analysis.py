"""One utterance, understood: model, rules, voice and entities together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from dialer.understanding import asked, cues, entities, words
from dialer.understanding.entities import Entity
from dialer.understanding.labels import Emotion, Intent, Sentiment
from dialer.understanding.model import Model
from dialer.understanding.voice import FEATURES, Baseline, Prosody, measure

INTENTS_SHOWN: Final = 3
UNSURE: Final = 0.35
"""An intent below this probability is none: `Intent.OTHER` is said instead."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody said. `heard` is 8 kHz mu-law of it, empty if nobody listened."""

    text: str
    heard: bytes
    local_now: datetime
    """The person's own time."""
    region: str
    """ISO country in which a phone number without a country code is read."""
    asked: str = ""
    """What the agent had said last: after an offer a bare yes is interest."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was found. It goes to the turn's row and to the API as it is here."""

    emotion: Emotion
    confidence: float
    """Of the emotion, 0 to 1."""
    emotions: Mapping[str, float]
    """Each emotion's probability."""
    intent: Intent
    intents: Mapping[str, float]
    """The three most probable ones; `intent` is the first, or `Intent.OTHER` if that is not probable enough."""
    sentiment: float
    """From -1, bad news, to 1, good news."""
    entities: tuple[Entity, ...] = ()
    voice: Prosody | None = None
    deviations: Mapping[str, float] = field(default_factory=dict)
    """How the voice differs from the person's usual one, in standard deviations."""
    model: str = ""
    took_ms: float = 0.0
    """From the end of the utterance's turn until this was known."""

    def as_json(self) -> dict[str, Any]:
        """The same for a row."""
        return asdict(self)


def understand(said: Utterance, model: Model, baseline: Baseline) -> Understanding:
    """Understand an utterance; what it sounded like becomes part of the person's usual voice.

    About a millisecond of one core. Not for two utterances of one person at once.
    """
    prosody = measure(said.heard, words.syllables(said.text)) if said.heard else None
    deviations = baseline.deviations(prosody)
    baseline.learn(prosody)
    judged = model.judge(said.text, deviations if prosody else None, cues.leaning(said.text), asked.turned(said.asked))
    emotions, intents, feelings = judged["emotion"], judged["intent"], judged["sentiment"]
    emotion = max(emotions, key=emotions.__getitem__)
    best = sorted(intents, key=intents.__getitem__, reverse=True)[:INTENTS_SHOWN]
    return Understanding(
        emotion=Emotion(emotion),
        confidence=emotions[emotion],
        emotions=emotions,
        intent=Intent(best[0]) if intents[best[0]] >= UNSURE else Intent.OTHER,
        intents={intent: intents[intent] for intent in best},
        sentiment=round(feelings[Sentiment.POSITIVE] - feelings[Sentiment.NEGATIVE], 3),
        entities=entities.find(said.text, local_now=said.local_now, region=said.region),
        voice=prosody,
        deviations=dict(zip(FEATURES, (round(float(d), 2) for d in deviations), strict=True)) if prosody else {},
        model=model.name,
    )


def warm() -> None:
    """Load what the first utterance would wait for: tables of dates and phone numbers, about half a second."""
    said = "Tomorrow at five, or on 212 555 0100, for $100."
    entities.find(said, local_now=datetime.fromisoformat("2026-01-05T09:00+00:00"), region="US")
