"""Text messages and e-mails, written as rows; the outbox sends each once at most."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dialer.calls.models import Call
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.followups.models import Channel, Meeting, Notice

KINDS = {Channel.SMS: OutboxKind.SMS, Channel.EMAIL: OutboxKind.EMAIL}


def write(session: Session, call: Call, notice: Notice) -> int | None:
    """Put a notice into the outbox. Returns its row; None if it is there already: the id says which notice it is."""
    if session.get(Notice, notice.id) is not None:
        return None
    session.add(notice)
    session.flush()
    return session.scalar(
        insert(OutboxRow)
        .values(
            organization_id=call.organization_id,
            destination=notice.channel.value,
            kind=KINDS[notice.channel],
            key=f"notice-{notice.id}",
            lead_id=call.lead_id,
            call_id=call.id,
            notice_id=notice.id,
        )
        .on_conflict_do_nothing()
        .returning(OutboxRow.id)
    )


def confirm(session: Session, meeting: Meeting, *, now: datetime) -> None:
    """Confirm a meeting by e-mail, with its invitation; once for each time that it was booked for."""
    call = session.get_one(Call, meeting.call_id)
    write(
        session,
        call,
        Notice(
            id=notice_id(call.id, f"confirmation {meeting.id}"),
            organization_id=meeting.organization_id,
            call_id=call.id,
            lead_id=meeting.lead_id,
            channel=Channel.EMAIL,
            to_address=meeting.email,
            from_address="",
            person=meeting.phone,
            subject=f"{meeting.title}: {meeting.when}",
            body=f"{meeting.title}\n{meeting.when}\n\n{meeting.note}".rstrip() + "\n",
            meeting_id=meeting.id,
            created_at=now,
        ),
    )


def count(session: Session, call_id: UUID, channel: Channel) -> int:
    """How many notices of a kind a call has caused."""
    wanted = (Notice.call_id == call_id, Notice.channel == channel)
    return session.scalar(select(func.count()).select_from(Notice).where(*wanted)) or 0


def notice_id(call_id: UUID, what: str) -> UUID:
    """The id of what is sent on account of a call: the same for the same."""
    return uuid5(call_id, f"notice {what}")
