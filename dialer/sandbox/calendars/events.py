"""What a calendar of this world keeps. The ledger is its memory, as it is the CRMs'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialer.sandbox.ledger import Ledger, Line

KIND = "calendar.write"


@dataclass(slots=True)
class Event:
    """One event, and how often it was written."""

    id: str
    starts_at: datetime
    ends_at: datetime
    content: Any
    """As the vendor's protocol has it."""
    cancelled: bool = False
    writes: int = 1

    def as_json(self) -> dict[str, Any]:
        """What `GET /world/calendar/…` shows."""
        return {
            "id": self.id,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "content": self.content,
            "cancelled": self.cancelled,
            "writes": self.writes,
        }


class Events:
    """The events of one calendar. Nothing here keeps two from being at the same time: no real calendar does.

    Args:
        ledger: where every write goes before it is answered.
        calendar: google or caldav.
    """

    def __init__(self, ledger: Ledger, calendar: str) -> None:
        self._ledger, self._calendar = ledger, calendar
        self._events: dict[str, Event] = {}
        for line in ledger.lines(kind=KIND):
            if line["calendar"] == calendar:
                self._apply(line)

    def all(self) -> Iterator[Event]:
        """Every event that there ever was, oldest first."""
        yield from self._events.values()

    def get(self, key: str) -> Event | None:
        """The event with this id."""
        return self._events.get(key)

    def within(self, since: datetime, until: datetime) -> list[Event]:
        """The events that touch a time and take place."""
        return [e for e in self.all() if not e.cancelled and e.starts_at < until and since < e.ends_at]

    async def write(
        self, key: str, starts_at: datetime, ends_at: datetime, content: Any, *, status: int, cancelled: bool = False
    ) -> Event:
        """Keep an event, or what it has become."""
        line: Line = {
            "calendar": self._calendar,
            "key": key,
            "status": status,
            "starts_at": starts_at.isoformat(),
            "ends_at": ends_at.isoformat(),
            "content": content,
            "cancelled": cancelled,
        }
        await self._ledger.record(KIND, **line)
        self._apply(line)
        return self._events[key]

    def _apply(self, line: Line) -> None:
        before = self._events.get(line["key"])
        self._events[line["key"]] = Event(
            line["key"],
            datetime.fromisoformat(line["starts_at"]),
            datetime.fromisoformat(line["ends_at"]),
            line["content"],
            line["cancelled"],
            before.writes + 1 if before else 1,
        )
