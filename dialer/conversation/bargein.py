"""When the agent yields to a voice, and when it goes on because the voice meant nothing."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from dialer.agents.turntaking import Turntaking
from dialer.languages.base import plain
from dialer.languages.known import ALL

HELD_AT_MOST_S: Final = 3.0
"""A voice without words that goes on for so long has the floor, whatever it says."""
_BACK_CHANNEL: Final = re.compile(rf"(?:(?:{'|'.join(language.back_channels for language in ALL)})(?:\s+|$)){{1,3}}$")


def is_back_channel(words: str) -> bool:
    """Whether words, in whatever language, only say "I am listening"."""
    return bool(_BACK_CHANNEL.match(plain(words)))


def _means_something(words: str) -> bool:
    return bool(words) and not is_back_channel(words)


class Move(Enum):
    """What the agent does now."""

    NOTHING = "nothing"
    HOLD = "hold"
    """Fall silent; it may be a back-channel yet."""
    YIELD = "yield"
    """The person has the floor."""
    GO_ON = "go on"
    """It was nothing: take the sentence up again."""


class BargeIn:
    """Decides while the agent has the floor. One per agent turn.

    Times come in as arguments, on the loop's clock, in seconds.
    """

    __slots__ = ("_held_s", "_hold_after_s", "_verdict_s", "held")

    def __init__(self, settings: Turntaking) -> None:
        self._hold_after_s = settings.barge_in_ms / 1000
        self._verdict_s = settings.verdict_ms / 1000
        self._held_s = 0.0
        self.held = False

    def decide(self, now: float, *, voiced_since_s: float, last_voice_s: float, words: str) -> Move:
        """Decide.

        Args:
            now: the time.
            voiced_since_s: when the present stretch of speech began; 0.0 while nobody speaks.
            last_voice_s: the end of the last speech seen.
            words: what the recognizer has of the person's turn so far, interim words included.
        """
        if not self.held:
            if not voiced_since_s or last_voice_s - voiced_since_s < self._hold_after_s:
                return Move.NOTHING
            self.held, self._held_s = True, now
            return Move.YIELD if _means_something(words) else Move.HOLD
        if _means_something(words):
            return Move.YIELD
        held_s = now - self._held_s
        if held_s < self._verdict_s or (voiced_since_s and held_s < HELD_AT_MOST_S):
            return Move.NOTHING  # it may turn out to be words yet; we are silent meanwhile
        self.held = False
        return Move.YIELD if voiced_since_s else Move.GO_ON
