"""Which times may be offered: the agent's meeting hours, less what is busy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.agents.meetings import DAYS, MeetingHours
from dialer.followups.calendars.base import Span


def bounds(hours: MeetingHours, now: datetime) -> Span:
    """Between which moments a meeting may lie at all, of someone who asks now."""
    return Span(now + timedelta(minutes=hours.notice_minutes), now + timedelta(days=hours.days_ahead))


def slots(hours: MeetingHours, within: Span) -> Iterator[Span]:
    """Every time that the hours offer within a span, earliest first: one meeting after the other from each opening."""
    zone = ZoneInfo(hours.zone)
    length = timedelta(minutes=hours.minutes)
    day = within.starts_at.astimezone(zone).date()
    last = within.ends_at.astimezone(zone).date()
    while day <= last:
        for opens, closes in hours.windows.get(DAYS[day.weekday()], ()):
            start, end = _moment(day, opens, zone), _moment(day, closes, zone)
            while start + length <= end:
                if within.starts_at <= start and start + length <= within.ends_at:
                    yield Span(start, start + length)
                start += length
        day += timedelta(days=1)


def free(hours: MeetingHours, within: Span, busy: Sequence[Span]) -> Iterator[Span]:
    """The slots at which nothing else is."""
    return (slot for slot in slots(hours, within) if not any(slot.overlaps(span) for span in busy))


def spread(found: Iterable[Span], zone: ZoneInfo, *, a_day: int, at_most: int) -> list[Span]:
    """A few of many, not all on one day: the first of each day and one from its middle are what people choose from."""
    days: dict[date, list[Span]] = {}
    for slot in found:
        days.setdefault(slot.starts_at.astimezone(zone).date(), []).append(slot)
    picked = [slot for day in days.values() for slot in day[:: max(1, -(-len(day) // a_day))][:a_day]]
    return picked[:at_most]


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """A local time of a day, in UTC; 24:00 is the next midnight."""
    hour, minute = (int(part) for part in clock.split(":"))
    day, hour = (day + timedelta(days=1), 0) if hour == 24 else (day, hour)
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
