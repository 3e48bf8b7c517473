"""The outbox in SQL: who is next, who holds it, and what became of it.

Rows of one lead at one destination are sent in the order of their ids: none is given out while an older one is pending.
A parked row waits for a person and holds up nobody. All times are the database's own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, DateTime, Interval, Select, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import ReturningUpdate

from dialer.crm.models import CrmLink, OutboxKind, OutboxRow, OutboxState

ERROR_LENGTH = 2000
NOW = func.statement_timestamp(type_=DateTime(timezone=True))
"""The database's own time, without asking for it, and the same within a statement: an index may be searched by it."""
_FREE = or_(OutboxRow.lease.is_(None), OutboxRow.leased_until < NOW)


def untaken() -> ColumnElement[bool]:
    """Rows that are yet to be sent and that nobody has taken: they will say what is true then."""
    return and_(OutboxRow.state == OutboxState.PENDING, _FREE)


def claim(session: Session, destination: str, *, lease_s: float) -> OutboxRow | None:
    """Take the row of a destination that has been due for longest, for `lease_s` seconds. Of callers racing, each gets
    another one; None if nothing is due.
    """
    return _take(session, _OLDEST, lease_s, its_destination=destination)


def claim_row(session: Session, row_id: int, destinations: Collection[str], *, lease_s: float) -> OutboxRow | None:
    """Take this row, if it is due, its turn, and bound for one of `destinations`."""
    return _take(session, _ONE, lease_s, its_row_id=row_id, its_destinations=list(destinations))


def claim_after(session: Session, done: OutboxRow, *, lease_s: float) -> OutboxRow | None:
    """Take the row that waited for `done`, if any is due."""
    after, line = (_AFTER_LEAD, done.lead_id) if done.lead_id is not None else (_AFTER_CALL, done.call_id)
    return _take(session, after, lease_s, its_destination=done.destination, its_row_id=done.id, its_line=line)


def mark_sent(session: Session, row: OutboxRow, external_id: str | None) -> bool:
    """Record that a row has had its effect. False if its lease was lost: somebody else sees to it."""
    return _settle(session, row, state=OutboxState.SENT, external_id=external_id, error=None, sent_wall=NOW)


def postpone(
    session: Session, row: OutboxRow, *, wait_s: float, tries: int, error: str, not_begun: bool = False
) -> bool:
    """Give a row back, to be sent again in `wait_s` seconds at the earliest.

    Args:
        session: the open transaction.
        row: with our lease.
        wait_s: seconds.
        tries: how many count against it.
        error: why.
        not_begun: of what is sent once at most: for sure nothing was sent.
    """
    later = NOW + timedelta(seconds=wait_s)
    begun = {"sending_wall": None} if not_begun else {}
    return _settle(session, row, next_wall=later, tries=tries, error=error[:ERROR_LENGTH], **begun)


def park(session: Session, row: OutboxRow, error: str, *, not_begun: bool = False) -> bool:
    """Put a row aside until a person has looked. `not_begun`: as in `postpone`."""
    begun = {"sending_wall": None} if not_begun else {}
    return _settle(session, row, state=OutboxState.PARKED, error=error[:ERROR_LENGTH], **begun)


def slow_down(session: Session, destination: str, *, wait_s: float, limit: int) -> int:
    """Let the next `limit` rows of a destination wait for `wait_s` seconds, but what is under way. Returns how many."""
    until = NOW + timedelta(seconds=wait_s)
    sooner = (
        select(OutboxRow.id)
        .where(
            OutboxRow.destination == destination,
            OutboxRow.state == OutboxState.PENDING,
            OutboxRow.next_wall < until,
            _FREE,
        )
        .order_by(OutboxRow.next_wall)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    moved = session.scalars(
        update(OutboxRow)
        .where(OutboxRow.id.in_(sooner))
        .values(next_wall=until)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())


def retry(session: Session, ids: Sequence[int], *, organization_id: UUID | None = None) -> int:
    """Let parked rows be sent again, with a clean slate. Returns how many were parked.

    Whoever asks for it has seen that what is sent once at most was not sent, or wants it twice.

    Args:
        session: the open transaction.
        ids: outbox ids; those that are not parked are left alone.
        organization_id: whose rows; None for an operator of the whole installation.
    """
    wanted = [OutboxRow.id.in_(ids), OutboxRow.state == OutboxState.PARKED]
    if organization_id is not None:
        wanted.append(OutboxRow.organization_id == organization_id)
    moved = session.scalars(
        update(OutboxRow)
        .where(*wanted)
        .values(
            state=OutboxState.PENDING,
            tries=0,
            next_wall=NOW,
            lease=None,
            leased_until=None,
            sending_wall=None,
        )
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())


def doubt(session: Session, *, before: datetime) -> int:
    """Take SMS and mails that a restored database has as unsent for begun, since they were written: they may have been
    sent after the backup. Returns how many.
    """
    begun = session.scalars(
        update(OutboxRow)
        .where(
            OutboxRow.kind.in_((OutboxKind.SMS, OutboxKind.EMAIL)),
            OutboxRow.state != OutboxState.SENT,
            OutboxRow.sending_wall.is_(None),
            OutboxRow.created_wall < before,
        )
        .values(sending_wall=OutboxRow.created_wall)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(begun.all())


def tell_again(session: Session, row: OutboxRow) -> None:
    """Have the contact of a row's lead sent once more, as it stands then, unless a row that is yet to be taken will."""
    coming = select(OutboxRow.id).where(
        OutboxRow.destination == row.destination,
        OutboxRow.lead_id == row.lead_id,
        OutboxRow.kind == OutboxKind.CONTACT,
        untaken(),
    )
    if row.lead_id is None or session.scalars(coming.limit(1)).first() is not None:
        return
    session.execute(
        insert(OutboxRow).values(
            organization_id=row.organization_id,
            destination=row.destination,
            kind=OutboxKind.CONTACT,
            key=f"contact-{row.id}-{row.lease}",
            lead_id=row.lead_id,
            call_id=row.call_id,
        )
    )


def link(session: Session, row: OutboxRow, external_id: str) -> None:
    """Remember which record of the destination the row's lead is."""
    if row.lead_id is not None:
        session.execute(
            insert(CrmLink)
            .values(lead_id=row.lead_id, destination=row.destination, external_id=external_id)
            .on_conflict_do_update(
                index_elements=[CrmLink.lead_id, CrmLink.destination], set_={"external_id": external_id}
            )
        )


def linked(session: Session, row: OutboxRow) -> str | None:
    """The record of the destination that the row's lead is, as far as we remember."""
    found: str | None = session.scalar(
        select(CrmLink.external_id).where(CrmLink.lead_id == row.lead_id, CrmLink.destination == row.destination)
    )
    return found


def due_ids(session: Session, destinations: Collection[str], *, limit: int) -> list[int]:
    """Rows that could be sent now, those due for longest first."""
    return list(session.scalars(_next([OutboxRow.destination.in_(destinations)]).limit(limit)))


def _next(wanted: Sequence[ColumnElement[bool]]) -> Select[int]:
    older = aliased(OutboxRow)
    earlier = (
        older.destination == OutboxRow.destination,
        older.state == OutboxState.PENDING,
        older.id < OutboxRow.id,
    )
    return (
        select(OutboxRow.id)
        .where(
            OutboxRow.state == OutboxState.PENDING,
            OutboxRow.next_wall <= NOW,
            *wanted,
            _FREE,
            # Two subqueries rather than one with OR: each is one look into ix_outbox_order.
            ~exists().where(*earlier, older.lead_id == OutboxRow.lead_id),
            ~and_(
                OutboxRow.lead_id.is_(None),
                exists().where(*earlier, older.lead_id.is_(None), older.call_id == OutboxRow.call_id),
            ),
        )
        .order_by(OutboxRow.next_wall, OutboxRow.id)
    )


def _taking(*wanted: ColumnElement[bool]) -> ReturningUpdate[OutboxRow]:
    """Take the first such row. Made once: to make the statement costs the process more than to run it."""
    first = _next(wanted).limit(1).with_for_update(skip_locked=True, of=OutboxRow).scalar_subquery()
    return (
        update(OutboxRow)
        .where(OutboxRow.id == first)
        .values(
            lease=bindparam("new_lease"),
            leased_until=NOW + bindparam("lease_for", type_=Interval),
            tries=OutboxRow.tries + 1,
        )
        .returning(OutboxRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


_THERE = OutboxRow.destination == bindparam("its_destination")
_LATER = OutboxRow.id > bindparam("its_row_id")
_OLDEST = _taking(_THERE)
_ONE = _taking(
    OutboxRow.id == bindparam("its_row_id"), OutboxRow.destination.in_(bindparam("its_destinations", expanding=True))
)
_AFTER_LEAD = _taking(_THERE, _LATER, OutboxRow.lead_id == bindparam("its_line"))
_AFTER_CALL = _taking(_THERE, _LATER, OutboxRow.call_id == bindparam("its_line"))


def _take(session: Session, taking: ReturningUpdate[OutboxRow], lease_s: float, **whose: object) -> OutboxRow | None:
    return session.scalars(taking, {"new_lease": uuid4(), "lease_for": timedelta(seconds=lease_s), **whose}).first()


def _settle(session: Session, row: OutboxRow, **values: object) -> bool:
    """Write down what became of a row, and end its lease, if the lease still is ours."""
    won = session.scalar(
        update(OutboxRow)
        .where(OutboxRow.id == row.id, OutboxRow.state == OutboxState.PENDING, OutboxRow.lease == row.lease)
        .values(lease=None, leased_until=None, **values)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return won is not None
