"""What will happen, in the order of virtual time; of two at one moment, the one that was arranged first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One thing that will happen."""

    at: datetime
    number: int
    what: str = field(compare=False)
    args: tuple[object, ...] = field(compare=False, default=())


class Events:
    """A queue of events."""

    def __init__(self) -> None:
        self._heap: list[Event] = []
        self._number = 0

    def add(self, at: datetime, what: str, *args: object) -> None:
        """Arrange an event."""
        self._number += 1
        heapq.heappush(self._heap, Event(at, self._number, what, args))

    def next(self, until: datetime | None = None) -> Event | None:
        """Take the next event out; None if there is none (by `until`)."""
        if not self._heap or (until is not None and self._heap[0].at > until):
            return None
        return heapq.heappop(self._heap)
