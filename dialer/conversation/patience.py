"""What to do when nobody says anything."""

from __future__ import annotations

from enum import Enum
from typing import Final

from dialer.agents.turntaking import Turntaking

SCREENING_WAIT_S: Final = 30.0
"""How long a screener may take to fetch the person."""


class Nudge(Enum):
    """What the agent does about a silence."""

    NOTHING = "nothing"
    PROMPT = "prompt"
    GIVE_UP = "give up"


class Patience:
    """Counts silences and prompts. Times come in as arguments, on the loop's clock, in seconds."""

    __slots__ = ("_prompts", "_quiet_since_s", "_settings")

    def __init__(self, settings: Turntaking) -> None:
        self._settings = settings
        self._quiet_since_s = 0.0
        self._prompts = 0

    def noise(self, now: float) -> None:
        """Somebody speaks, or is about to."""
        self._quiet_since_s = now

    def answered(self) -> None:
        """The person said something: earlier prompts are forgotten."""
        self._prompts = 0

    def decide(self, now: float, *, screened: bool) -> Nudge:
        """Decide, while all are silent. A screener is waited for, and not prompted."""
        patience_s = SCREENING_WAIT_S if screened else self._settings.silence_prompt_s
        if now - self._quiet_since_s < patience_s:
            return Nudge.NOTHING
        self._quiet_since_s = now
        if screened or self._prompts >= self._settings.silence_prompts:
            return Nudge.GIVE_UP
        self._prompts += 1
        return Nudge.PROMPT
