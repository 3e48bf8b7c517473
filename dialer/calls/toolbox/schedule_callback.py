"""A callback: the agent calls again at a time that the person named."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dialer.calls import briefings, queries
from dialer.calls.models import ToolUse
from dialer.calls.toolbox import saying
from dialer.calls.toolbox.base import Asked
from dialer.conversation.facts import Reply
from dialer.leads.models import Lead

AHEAD: Final = timedelta(days=60)


def use(asked: Asked) -> Reply:
    """Note the time; the outcome of the call makes it the lead's next step."""
    return noted(asked.arguments.get("when"), asked.zone, asked.now)


def noted(when: Any, zone: ZoneInfo, now: datetime) -> Reply:
    """What the model is told of a time that it wrote: it is noted, if a callback is possible then."""
    at = saying.read_time(when, zone)
    if at is None:
        return Reply(ok=False, text=saying.UNREADABLE)
    if not now < at < now + AHEAD:
        return Reply(ok=False, text="That time is past, or more than 60 days ahead. Ask for another one.")
    return Reply(text=f"Callback noted for {saying.moment(at, zone)}.")


def agreed(session: Session, call_id: UUID) -> datetime | None:
    """The time of the last callback that was agreed in a call, or None."""
    call = queries.one(session, call_id)
    used = session.scalars(
        select(ToolUse)
        .where(ToolUse.call_id == call_id, ToolUse.name == "schedule_callback", ToolUse.ok)
        .order_by(ToolUse.id.desc())
        .limit(1)
    ).first()
    if used is None:
        return None
    lead = session.get(Lead, call.lead_id) if call.lead_id else None
    return saying.read_time(used.arguments.get("when"), briefings.zone_of(call, lead))
