"""What a row of the outbox says, read when it is sent: the present state of the lead, the call and the follow-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from dialer.calls.models import Call, Direction
from dialer.crm import queries
from dialer.crm.base import Activity, Contact, Task
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.errors import NotFound, VendorRefused
from dialer.followups import meetings
from dialer.followups.calendars.base import Booking, Cancellation
from dialer.followups.models import FollowUp, FollowUpKind
from dialer.leads.models import Lead
from dialer.outcomes.models import Outcome

URGENT = frozenset({FollowUpKind.CALL_INTERESTED, FollowUpKind.CALL_BACK})
CALL_FINISHED = "call.finished"
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
"""CRMs refuse a whole contact for an e-mail address such as "n/a": that goes among the other fields instead."""


Content = Activity | Task | Booking | Cancellation | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that one row needs to be sent; no database is touched after it was read."""

    contact: Contact
    contact_id: str | None
    """The contact's id at the destination, if it has been there before."""
    content: Content
    """None: the contact itself is what is sent. A mapping: a webhook's document."""


def contact_key(lead: Lead) -> str:
    """Our key of a lead in every CRM.

    Not of its number in our table, which is given again to somebody else after a restore of an older database, or in
    another installation that writes to the same account.
    """
    return f"lead-{uuid5(lead.campaign_id, lead.phone).hex}"


def read(session: Session, row: OutboxRow, *, recordings_url: str = "") -> Letter:
    """Read what a row says now.

    Args:
        session: the open transaction.
        row: the row that is to be sent.
        recordings_url: what a recording's file name is appended to; empty: recordings are not mentioned.

    Raises:
        NotFound: what the row speaks of is gone, for example because the person's data was erased.
    """
    lead = session.get(Lead, row.lead_id) if row.lead_id is not None else None
    call = session.get(Call, row.call_id) if row.call_id is not None else None
    for found in (lead, call):
        if found is not None and found.organization_id != row.organization_id:
            raise NotFound("row of the organization for outbox row", row.id)
    recording_url = (
        f"{recordings_url.rstrip('/')}/{call.recording}" if call and call.recording and recordings_url else ""
    )
    return Letter(
        contact=_contact(session, row, lead, call),
        contact_id=queries.linked(session, row),
        content=_content(session, row, lead, call, recording_url),
    )


def _content(session: Session, row: OutboxRow, lead: Lead | None, call: Call | None, recording_url: str) -> Content:
    match row.kind:
        case OutboxKind.CONTACT:
            return None
        case OutboxKind.TASK:
            return _task(session, row)
        case OutboxKind.ACTIVITY:
            return _activity(session, row, call, recording_url)
        case OutboxKind.EVENT:
            return _document(session, row, lead, call, recording_url)
        case OutboxKind.MEETING:
            return meetings.letter(session, row)
        case OutboxKind.SMS | OutboxKind.EMAIL:
            raise VendorRefused(row.destination, "kind", "what is sent once at most has a sender of its own")


def _contact(session: Session, row: OutboxRow, lead: Lead | None, call: Call | None) -> Contact:
    """The person as they stand now; somebody who called us without being a lead is known by their number alone."""
    if lead is not None:
        latest = session.scalars(
            select(Outcome).where(Outcome.lead_id == lead.id).order_by(Outcome.at.desc()).limit(1)
        ).first()
        usable = _EMAIL.fullmatch(lead.email) is not None
        return Contact(
            key=contact_key(lead),
            phone=lead.phone,
            first_name=lead.first_name,
            last_name=lead.last_name,
            company=lead.company,
            email=lead.email if usable else "",
            status=lead.disposition or "",
            fields={
                **lead.fields,
                **({} if usable or not lead.email else {"email as given": lead.email}),
                **(latest.fields if latest else {}),
            },
        )
    if row.lead_id is not None or call is None:
        raise NotFound("lead", row.lead_id)
    phone = call.from_number if call.direction is Direction.INBOUND else call.to_number
    return Contact(key=f"phone-{phone}", phone=phone)


def _activity(session: Session, row: OutboxRow, call: Call | None, recording_url: str) -> Activity:
    outcome = session.get(Outcome, row.call_id)
    if call is None or outcome is None:
        raise NotFound("outcome of call", row.call_id)
    return Activity(
        key=row.key,
        at=_began(call),
        direction=call.direction.value,
        from_number=call.from_number,
        to_number=call.to_number,
        duration_s=_duration_s(call),
        disposition=outcome.disposition.value,
        summary=outcome.summary,
        carrier_id=call.carrier_id or "",
        recording_url=recording_url,
        fields=outcome.fields,
    )


def _task(session: Session, row: OutboxRow) -> Task:
    follow_up = session.get(FollowUp, row.follow_up_id)
    if follow_up is None or follow_up.organization_id != row.organization_id:
        raise NotFound("follow-up", row.follow_up_id)
    return Task(
        key=row.key,
        subject=follow_up.subject,
        body=follow_up.body,
        due_at=follow_up.due_at,
        owner=follow_up.owner,
        priority="high" if follow_up.kind in URGENT else "normal",
    )


def _document(
    session: Session, row: OutboxRow, lead: Lead | None, call: Call | None, recording_url: str
) -> dict[str, Any]:
    """A call that is over, whole, in the form of Standard Webhooks."""
    outcome = session.get(Outcome, row.call_id)
    if call is None or outcome is None:
        raise NotFound("outcome of call", row.call_id)
    follow_ups = session.scalars(select(FollowUp).where(FollowUp.call_id == call.id).order_by(FollowUp.due_at))
    return {
        "type": CALL_FINISHED,
        "timestamp": outcome.at.isoformat(),
        "data": {
            "lead": _lead_json(lead) if lead is not None else None,
            "call": {
                "id": str(call.id),
                "campaign_id": str(call.campaign_id) if call.campaign_id else None,
                "attempt": call.attempt,
                "direction": call.direction.value,
                "from": call.from_number,
                "to": call.to_number,
                "carrier_id": call.carrier_id,
                "state": call.state.value,
                "began_at": _began(call).isoformat(),
                "answered_at": call.answered_at.isoformat() if call.answered_at else None,
                "ended_at": call.ended_at.isoformat() if call.ended_at else None,
                "duration_s": _duration_s(call),
                "recording_url": recording_url or None,
            },
            "outcome": {
                "disposition": outcome.disposition.value,
                "summary": outcome.summary,
                "fields": outcome.fields,
                "next_step": outcome.next_step,
            },
            "follow_ups": [
                {
                    "id": str(follow_up.id),
                    "kind": follow_up.kind.value,
                    "subject": follow_up.subject,
                    "body": follow_up.body,
                    "owner": follow_up.owner,
                    "due_at": follow_up.due_at.isoformat(),
                }
                for follow_up in follow_ups
            ],
        },
    }


def _lead_json(lead: Lead) -> dict[str, Any]:
    return {
        "id": lead.id,
        "key": contact_key(lead),
        "phone": lead.phone,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "company": lead.company,
        "email": lead.email,
        "fields": lead.fields,
        "state": lead.state.value,
        "attempts": lead.attempts,
        "disposition": lead.disposition,
    }


def _began(call: Call) -> datetime:
    return call.dialing_at or call.answered_at or call.claimed_at


def _duration_s(call: Call) -> int:
    return call.duration_s if call.duration_s is not None else round(call.talk_s or 0)
