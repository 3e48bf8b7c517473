"""Where a conversation stands. Whoever changes that says so here, and all others see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Mode(Enum):
    """Where the conversation stands."""

    OPENING = "opening"
    TALKING = "talking"
    AWAITING_BEEP = "awaiting beep"
    SCREENED = "screened"
    """A screener listens; it is told who calls, and may fetch the person."""
    NAVIGATING = "navigating"
    """A phone menu speaks, or its queue; behind it may be a person."""
    CLOSING = "closing"


@dataclass(slots=True)
class Stage:
    """One call's standing. Times are the loop's, in seconds."""

    mode: Mode = Mode.OPENING
    began_s: float = 0.0
    """The stream began."""

    def close(self) -> None:
        """Nothing but the end follows."""
        self.mode = Mode.CLOSING
