"""Free times of the calendar, told in the person's own time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from dialer import log
from dialer.calls.toolbox import saying
from dialer.calls.toolbox.base import Asked, Later
from dialer.conversation.facts import Reply
from dialer.errors import DialerError
from dialer.followups import meetings
from dialer.followups.calendars import free
from dialer.followups.calendars.base import Calendar, Span

A_DAY = 2
AT_MOST = 6
NONE_FREE = "Nothing is free then. Ask for other days, or offer a callback."
CLOSED = "The calendar cannot be read now. Offer that a colleague gets in touch to find a time."

logger = log.get(__name__)


def use(asked: Asked) -> Reply | Later:
    """Look for times within what the person said, our own meetings first; the calendar is asked afterwards."""
    within = _within(asked)
    if within is None:
        return Reply(ok=False, text=saying.UNREADABLE)
    calendar = calendar_of(asked)
    ours = meetings.taken(asked.session, asked.call.organization_id, calendar.name, within)
    zone, hours, call_id = asked.zone, asked.agent.meetings, str(asked.call.id)

    def look() -> Reply:
        try:
            busy = [*ours, *calendar.busy(within)]
        except DialerError as error:
            logger.warning("calendar not read", call_id=call_id, error=str(error))
            return Reply(ok=False, text=CLOSED)
        return told(free.free(hours, within, busy), zone)

    return Later(look)


def calendar_of(asked: Asked) -> Calendar:
    """The calendar that the agent's definition names; else the first that is configured."""
    calendars = asked.outside.calendars
    return calendars.get(asked.agent.meetings.calendar) or next(iter(calendars.values()))


def _within(asked: Asked) -> Span | None:
    """The time that is looked at; None if what the person said cannot be read."""
    allowed = free.bounds(asked.agent.meetings, asked.now)
    within = allowed
    for name in ("earliest", "latest"):
        text = asked.arguments.get(name)
        if not text:
            continue
        at = saying.read_time(text, asked.zone)
        if at is None:
            return None
        if name == "earliest":
            within = replace(within, starts_at=max(allowed.starts_at, at))
        else:
            whole_day = timedelta(days=1) if len(str(text)) <= len("2026-11-24") else timedelta()
            within = replace(within, ends_at=min(allowed.ends_at, at + whole_day))
    return within


def told(slots: Iterable[Span], zone: ZoneInfo) -> Reply:
    """What the model is told of free times: a few of them."""
    found = free.spread(slots, zone, a_day=A_DAY, at_most=AT_MOST)
    if not found:
        return Reply(ok=False, text=NONE_FREE)
    times = "; ".join(
        f"{saying.moment(slot.starts_at, zone)} ({slot.starts_at.astimezone(zone):%Y-%m-%dT%H:%M})" for slot in found
    )
    return Reply(text=f"Free in the person's own time ({zone.key}): {times}.")
