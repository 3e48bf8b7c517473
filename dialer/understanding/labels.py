"""What an utterance can be found to be."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Emotion(StrEnum):
    """How the person feels."""

    NEUTRAL = "neutral"
    HAPPY = "happy"
    ANGRY = "angry"
    """Annoyed counts as angry: the two part in degree only."""
    SAD = "sad"
    ANXIOUS = "anxious"
    CONFUSED = "confused"
    SURPRISED = "surprised"


class Intent(StrEnum):
    """What the person wants."""

    AFFIRM = "affirm"
    """Says yes to a fact or to being talked to; a yes to an offer is `INTERESTED`."""
    DENY = "deny"
    INTERESTED = "interested"
    UNDECIDED = "undecided"
    """Needs time, or somebody else's word."""
    NOT_INTERESTED = "not_interested"
    CALLBACK = "callback"
    WAIT = "wait"
    """For a moment, on the line."""
    REPEAT = "repeat"
    """Has not heard or not understood what was said."""
    DO_NOT_CALL = "do_not_call"
    ASK_PRICE = "ask_price"
    ASK_INFO = "ask_info"
    ASK_IDENTITY = "ask_identity"
    HUMAN = "human"
    WRONG_NUMBER = "wrong_number"
    COMPLAINT = "complaint"
    GREETING = "greeting"
    GOODBYE = "goodbye"
    INFORM = "inform"
    OTHER = "other"
    """None of these: words for somebody else, fragments, or an utterance that fits no answer well enough."""


class Sentiment(StrEnum):
    """Whether it is good news for whoever calls."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


HEADS: Final[dict[str, tuple[str, ...]]] = {"emotion": tuple(Emotion), "intent": tuple(Intent)}
"""Each question that a model answers from words and voice, with the answers in their order."""
SENTIMENTS: Final[tuple[str, ...]] = tuple(Sentiment)
