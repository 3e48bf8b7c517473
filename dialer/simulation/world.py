"""What the parts of a simulation need of the one that runs them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from dialer.messages import Messages


class World(Messages, Protocol):
    """Arranges what happens, and keeps the notes."""

    def later(self, after_s: float, what: str, *args: object) -> None:
        """Have an event of this name happen after so many seconds."""
        ...

    def at(self, moment: datetime, what: str, *args: object) -> None:
        """Have an event of this name happen at a moment."""
        ...

    def note(self, what: str, *args: object) -> None:
        """Write down what has happened."""
        ...
