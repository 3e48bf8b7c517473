"""A meeting: held by a row, then put into the calendar, then confirmed to the person."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from dialer.calls.toolbox import saying
from dialer.calls.toolbox.base import Asked, Later
from dialer.calls.toolbox.find_slots import calendar_of
from dialer.conversation.facts import Reply
from dialer.followups import meetings
from dialer.followups.calendars import free
from dialer.followups.calendars.base import Span
from dialer.followups.models import Channel, Meeting, MeetingState

EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;.<>]+")
NOT_OFFERED = "That is no time that can be booked. Look up the free times, and offer one of those."
TAKEN = "That time is not free any more. Look up the free times again, and offer another one."
NOTED = "It is noted for {moment}, but the calendar does not answer now. Say that the confirmation follows."


def use(asked: Asked) -> Reply | Later:
    """Hold the time. The calendar is told once that is committed."""
    zone = asked.zone
    at = saying.read_time(asked.arguments.get("when"), zone)
    if at is None:
        return Reply(ok=False, text=saying.UNREADABLE)
    hours = asked.agent.meetings
    span = Span(at, at + timedelta(minutes=hours.minutes))
    if span not in free.slots(hours, free.bounds(hours, asked.now)):
        return Reply(ok=False, text=NOT_OFFERED)
    wanted = meetings.want(asked.session, asked.call, _wish(asked, span, zone), now=asked.now)
    if wanted is None:
        return Reply(ok=False, text=TAKEN)
    meeting, row_id = wanted
    return Later(lambda: _told(asked.outside.book(row_id, meeting.id), zone))


def _wish(asked: Asked, span: Span, zone: ZoneInfo) -> meetings.Wish:
    lead = asked.lead
    known = {"first_name": lead.first_name, "last_name": lead.last_name, "company": lead.company} if lead else {}
    given = (asked.arguments.get("email") or "", lead.email if lead else "")
    address = next((each.strip() for each in given if EMAIL.fullmatch(each.strip())), "")
    return meetings.Wish(
        calendar=calendar_of(asked).name,
        span=span,
        zone=zone.key,
        title=asked.agent.say(asked.agent.meetings.title, dict(known)),
        note=str(asked.arguments.get("note") or ""),
        name=f"{lead.first_name} {lead.last_name}".strip() if lead else "",
        phone=asked.person,
        email=address if Channel.EMAIL in asked.outside.channels else "",
    )


def _told(meeting: Meeting, zone: ZoneInfo) -> Reply:
    moment = saying.moment(meeting.starts_at, zone)
    match meeting.state:
        case MeetingState.BOOKED:
            confirmation = f" A confirmation goes to {meeting.email}." if meeting.email else ""
            return Reply(text=f"Booked for {moment}, the person's own time.{confirmation}")
        case MeetingState.WANTED:
            return Reply(text=NOTED.format(moment=moment))
    return Reply(ok=False, text=TAKEN)
