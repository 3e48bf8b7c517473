"""Meetings: wanted in a call, held against all others from then on, and put into the calendar by the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dialer import clock
from dialer.calls.models import Call
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.crm.queries import untaken
from dialer.errors import NotFound
from dialer.followups import notices, tasks
from dialer.followups.calendars.base import Booking, Cancellation, Span
from dialer.followups.models import FollowUp, FollowUpKind, Meeting, MeetingState

HOLDING = (MeetingState.WANTED, MeetingState.BOOKED)
SEE_TO_IT_IN = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person agreed to."""

    calendar: str
    span: Span
    zone: str
    title: str
    note: str
    name: str
    phone: str
    email: str


def want(session: Session, call: Call, wish: Wish, *, now: datetime) -> tuple[Meeting, int] | None:
    """Hold a time for the person of a call, and put the order for the calendar into the outbox.

    Wanted again in the same call it is the same meeting.

    Returns:
        The meeting and the outbox row; None if the time is not free any more.
    """
    meeting_id = uuid5(call.id, f"{wish.calendar} {wish.span.starts_at.isoformat()}")
    meeting = session.get(Meeting, meeting_id)
    try:
        with session.begin_nested():
            if meeting is None:
                meeting = Meeting(
                    id=meeting_id,
                    organization_id=call.organization_id,
                    call_id=call.id,
                    lead_id=call.lead_id,
                    calendar=wish.calendar,
                    starts_at=wish.span.starts_at,
                    ends_at=wish.span.ends_at,
                    zone=wish.zone,
                    phone=wish.phone,
                    created_at=now,
                    moved_at=now,
                    state=MeetingState.WANTED,
                    title=wish.title,
                    note=wish.note,
                    name=wish.name,
                    email=wish.email,
                )
                session.add(meeting)
            else:
                meeting.created_at = now
                if meeting.state not in HOLDING:
                    meeting.state, meeting.moved_at, meeting.error = MeetingState.WANTED, now, None
            session.flush()
    except IntegrityError:
        return None
    return meeting, _order(session, meeting)


def taken(session: Session, organization_id: UUID, calendar: str, within: Span) -> Sequence[Span]:
    """When our own meetings are in a calendar, also those that it does not know of yet."""
    rows = session.execute(
        select(Meeting.starts_at, Meeting.ends_at).where(
            Meeting.organization_id == organization_id,
            Meeting.calendar == calendar,
            Meeting.state.in_(HOLDING),
            Meeting.starts_at < within.ends_at,
            Meeting.ends_at > within.starts_at,
        )
    )
    return [Span(*row) for row in rows]


def letter(session: Session, row: OutboxRow) -> Booking | Cancellation:
    """What the calendar is told of a meeting, as it stands now.

    Raises:
        NotFound: the meeting is gone.
    """
    meeting = session.get(Meeting, row.meeting_id)
    if meeting is None or meeting.organization_id != row.organization_id:
        raise NotFound("meeting", row.meeting_id)
    return booking(meeting) if meeting.state in HOLDING else Cancellation(meeting.id.hex)


def booking(meeting: Meeting) -> Booking:
    """A meeting as calendars and invitations have it."""
    about = (meeting.note, f"Phone: {meeting.phone}")
    return Booking(
        key=meeting.id.hex,
        span=Span(meeting.starts_at, meeting.ends_at),
        title=meeting.title,
        description="\n".join(line for line in about if line),
        attendee_name=meeting.name,
        attendee_email=meeting.email,
    )


def settled(session: Session, meeting_id: UUID, external_id: str | None) -> None:
    """The calendar has done as it was told.

    A booked meeting is confirmed and takes the place of the call's others, unless the person has agreed to another one
    since: then it gives way.
    """
    meeting = _held(session, meeting_id)
    if meeting is None or meeting.state is not MeetingState.WANTED:
        return
    now = clock.now(session)
    meeting.state, meeting.external_id, meeting.moved_at = MeetingState.BOOKED, external_id, now
    others = session.scalars(
        select(Meeting)
        .where(Meeting.call_id == meeting.call_id, Meeting.id != meeting.id, Meeting.state.in_(HOLDING))
        .with_for_update()
    ).all()
    overtaken = any(other.created_at > meeting.created_at for other in others)
    if meeting.email and not overtaken:
        notices.confirm(session, meeting, now=now)
    for off in [meeting] if overtaken else others:
        off.state, off.moved_at = MeetingState.CANCELLED, now
        _order(session, off)


def order_again(session: Session, meeting_id: UUID) -> None:
    """Tell the calendar once more how a meeting stands, unless an order that is yet to be taken will."""
    meeting = _held(session, meeting_id)
    coming = select(OutboxRow.id).where(OutboxRow.meeting_id == meeting_id, untaken())
    if meeting is not None and session.scalars(coming.limit(1)).first() is None:
        _order(session, meeting)


def refused(session: Session, meeting_id: UUID, error: str) -> None:
    """The calendar will not have it. If the call is over already, a person must see to it."""
    meeting = _held(session, meeting_id)
    if meeting is None or meeting.state is not MeetingState.WANTED:
        return
    now = clock.now(session)
    meeting.state, meeting.error, meeting.moved_at = MeetingState.REFUSED, error, now
    call = session.get_one(Call, meeting.call_id)
    if call.outcome_at is None:
        return
    task = follow_up(session, call, now=now)
    if task is None or session.get(FollowUp, task.id) is not None:
        return
    session.add(task)
    session.flush()
    told = select(OutboxRow.destination).where(OutboxRow.call_id == call.id, OutboxRow.kind == OutboxKind.ACTIVITY)
    session.add_all(OutboxRow(**tasks.order(task, destination)) for destination in session.scalars(told).all())


def follow_up(session: Session, call: Call, *, now: datetime) -> FollowUp | None:
    """The task that comes of a call's meeting: to hold it, or to find another time if none could be booked."""
    meeting = session.scalars(
        select(Meeting)
        .where(Meeting.call_id == call.id, Meeting.state != MeetingState.CANCELLED)
        .order_by((Meeting.state == MeetingState.REFUSED).asc(), Meeting.created_at.desc())
        .limit(1)
    ).first()
    if meeting is None:
        return None
    failed = meeting.state is MeetingState.REFUSED
    kind = FollowUpKind.MEETING_FAILED if failed else FollowUpKind.MEETING
    subject = "Could not be booked, find another time" if failed else "Meeting"
    return tasks.task(
        call,
        kind,
        subject=f"{subject}: {meeting.title}, {meeting.when}",
        body="\n".join(line for line in (booking(meeting).description, meeting.error or "") if line),
        due_at=now + SEE_TO_IT_IN if failed else meeting.starts_at,
        now=now,
    )


def _held(session: Session, meeting_id: UUID) -> Meeting | None:
    return session.scalars(select(Meeting).where(Meeting.id == meeting_id).with_for_update()).first()


def _order(session: Session, meeting: Meeting) -> int:
    """Tell the calendar of a meeting's present state; returns the outbox row. Each order has a key of its own."""
    before = session.scalar(select(func.count()).where(OutboxRow.meeting_id == meeting.id)) or 0
    row_id: int = session.scalars(
        insert(OutboxRow)
        .values(
            organization_id=meeting.organization_id,
            destination=meeting.calendar,
            kind=OutboxKind.MEETING,
            key=f"meeting-{meeting.id}-{before}",
            lead_id=meeting.lead_id,
            call_id=meeting.call_id,
            meeting_id=meeting.id,
        )
        .returning(OutboxRow.id)
    ).one()
    return row_id
