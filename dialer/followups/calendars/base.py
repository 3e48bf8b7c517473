"""What a calendar is to us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from dialer.errors import VendorRefused


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, aware, its end not in it."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether they share a moment."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Booking:
    """An event that is to be in the calendar exactly once, however often it is sent."""

    key: str
    """Of the event: 32 hexadecimal digits, so that every calendar takes it for an id."""
    span: Span
    title: str
    description: str = ""
    attendee_name: str = ""
    attendee_email: str = ""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """An event that is to be in the calendar no more."""

    key: str


class SlotTaken(VendorRefused):
    """Something else is in the calendar at that time."""

    def __init__(self, vendor: str) -> None:
        super().__init__(vendor, "TAKEN", "something else is in the calendar at that time")


@runtime_checkable
class Calendar(Protocol):
    """A calendar. Translates and nothing more; no retries, and no vendor exception or type gets out.

    Raises (each of the methods):
        VendorRefused: the event or the credentials are wrong; a person must look.
        VendorBusy: it did not do it; `wait_s` if it said how long to wait.
        VendorSilent: it may have done it; doing it again has no second effect.
    """

    name: str

    def busy(self, within: Span) -> Sequence[Span]:
        """When it is not free, as far as that touches `within`; in any order, and spans may overlap."""
        ...

    def book(self, booking: Booking) -> str:
        """Put an event in, unless it is there already; return the calendar's own id of it.

        Raises:
            SlotTaken: something else is there by now.
        """
        ...

    def cancel(self, key: str) -> None:
        """Take an event out. One that is not there is no error."""
        ...

    def check(self) -> str:
        """Ask something harmless that needs our credentials; return whose calendar it is."""
        ...
