"""What the agent is told about the person before its next answer: a sentence, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dialer.understanding.analysis import Understanding
from dialer.understanding.labels import Emotion, Intent

SURE: Final = 0.5
"""An emotion below this probability is not spoken of: a wrong "you sound angry" does more harm than none."""

_FEELS: Final[Mapping[Emotion, str]] = MappingProxyType(
    {
        Emotion.HAPPY: "The person sounds happy. Share it, briefly.",
        Emotion.ANGRY: "The person sounds annoyed. Stay calm, be brief, do not argue, and do not push.",
        Emotion.SAD: "The person sounds sad. Show sympathy in a few words, and offer to call another time.",
        Emotion.ANXIOUS: "The person sounds worried. Reassure them with facts that you know, and do not rush them.",
        Emotion.CONFUSED: "The person sounds confused. Explain it again, in simpler words and one thing at a time.",
        Emotion.SURPRISED: "The person sounds surprised. Confirm what you said before you go on.",
    }
)
_WANTS: Final[Mapping[Intent, str]] = MappingProxyType(
    {Intent.HUMAN: "They ask for a human.", Intent.COMPLAINT: "They complain about something."}
)


def write(found: Understanding) -> str:
    """Return the note; "" if there is nothing that an answer should heed.

    Nothing in it is the person's own words: a note comes as an instruction, and what a person says is never one.
    """
    parts = []
    if found.confidence >= SURE:
        parts.append(_FEELS.get(found.emotion, ""))
    if found.intents.get(found.intent, 0.0) >= SURE:
        parts.append(_WANTS.get(found.intent, ""))
    return " ".join(part for part in parts if part)
