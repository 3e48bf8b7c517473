"""The calendar that is built in: the rows of `meetings`, of which no two may overlap, are all there is of it."""

from __future__ import annotations

from collections.abc import Sequence

from dialer.followups.calendars.base import Booking, Span


class BuiltIn:
    """A calendar without an outside: by the time that it is asked, the row holds the time against all others."""

    name = "builtin"

    def busy(self, within: Span) -> Sequence[Span]:
        """Nothing beyond our own meetings."""
        return ()

    def book(self, booking: Booking) -> str:
        """Agree: the row is the event."""
        return booking.key

    def cancel(self, key: str) -> None:
        """Agree: the row says that it is cancelled."""

    def check(self) -> str:
        """Say which calendar this is."""
        return "the built-in calendar"
