"""A meeting as iCalendar: what CalDAV keeps, and what goes with a confirmation.

Source: RFC 5545.
"""

from __future__ import annotations

from datetime import UTC, datetime

from dialer.followups.calendars.base import Booking

MAKER = "-//Dialer//Meetings//EN"


def event(booking: Booking, *, stamp: datetime, method: str = "", cancelled: bool = False) -> bytes:
    """Write an iCalendar object with one event, all of it in UTC.

    Args:
        booking: what, when and with whom; its key is the event's UID.
        stamp: when this was written.
        method: PUBLISH or CANCEL for what is mailed; what a calendar keeps has none.
        cancelled: it takes place no more.
    """
    from icalendar import Calendar, Event, vCalAddress, vText

    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    entry = Event()
    entry.add("uid", f"{booking.key}@dialer")
    entry.add("dtstamp", stamp.astimezone(UTC))
    entry.add("dtstart", booking.span.starts_at.astimezone(UTC))
    entry.add("dtend", booking.span.ends_at.astimezone(UTC))
    entry.add("summary", booking.title)
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("sequence", 1 if cancelled else 0)
    if booking.description:
        entry.add("description", booking.description)
    if booking.attendee_email:
        attendee = vCalAddress(f"mailto:{booking.attendee_email}")
        attendee.params["cn"] = vText(booking.attendee_name or booking.attendee_email)
        entry.add("attendee", attendee)
    calendar.add_component(entry)
    return bytes(calendar.to_ical())
