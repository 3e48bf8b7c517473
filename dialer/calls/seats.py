"""Seats: rows that call workers write and answered calls ask for.

Asking, taking and giving up are compare-and-set on (call, seat epoch), so exactly one of taking and giving up wins.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from dialer.calls.models import Call, SeatState, Worker
from dialer.calls.states import LIVE

MAX_EPOCHS = 3
"""The first seat and two takeovers; then the drop message."""
STALE_HEARTBEAT_S = 3
"""A worker that was silent for this long has lost its calls."""
DATABASE_START_S = 6
"""How long after its start the database's workers have to say that they live."""
FORGET_WORKER_S = 300


def ask(session: Session, call_id: UUID, *, beyond: int) -> int | None:
    """Ask for a seat for a live call, in a new epoch. Returns the epoch; None if somebody else asked, or never again.

    Args:
        beyond: the epoch that the caller saw; asking moves it on by one.
    """
    if beyond >= MAX_EPOCHS:
        return None
    return session.scalar(
        update(Call)
        .where(Call.id == call_id, Call.state.in_(LIVE), Call.seat_epoch == beyond, Call.ending.is_(None))
        .values(
            seat=SeatState.WANTED,
            seat_epoch=beyond + 1,
            seat_worker=None,
            seat_url=None,
            seat_wall=func.clock_timestamp(),
            handed_in_wall=None,
        )
        .returning(Call.seat_epoch)
    )


def take(session: Session, call_id: UUID, epoch: int, *, worker: str, url: str) -> bool:
    """Take a call that wants a seat. Of all workers that try, and the giving up, one wins."""
    won = session.scalar(
        update(Call)
        .where(Call.id == call_id, Call.seat_epoch == epoch, Call.seat == SeatState.WANTED, Call.state.in_(LIVE))
        .values(seat=SeatState.TAKEN, seat_worker=worker, seat_url=url, seat_wall=func.clock_timestamp())
        .returning(Call.id)
    )
    return won is not None


def give_up(session: Session, call_id: UUID, epoch: int) -> bool:
    """Stop asking: nobody had a seat in time. False: somebody has just taken it."""
    won = session.scalar(
        update(Call)
        .where(Call.id == call_id, Call.seat_epoch == epoch, Call.seat == SeatState.WANTED)
        .values(seat=SeatState.GIVEN_UP, seat_wall=func.clock_timestamp())
        .returning(Call.id)
    )
    return won is not None


def url_of(session: Session, call_id: UUID, epoch: int) -> str | None:
    """Where the call's stream shall connect, once a worker has taken it."""
    return session.scalar(
        select(Call.seat_url).where(Call.id == call_id, Call.seat_epoch == epoch, Call.seat == SeatState.TAKEN)
    )


def beat(session: Session, *, name: str, media_url: str, seats: int, draining: bool) -> None:
    """Say that a call worker is alive."""
    values = {"media_url": media_url, "seats": seats, "draining": draining}
    session.execute(
        upsert(Worker)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=[Worker.name], set_={**values, "heartbeat_wall": func.clock_timestamp()})
    )


def leave(session: Session, name: str) -> None:
    """Take a worker's row away: it has ended."""
    session.execute(delete(Worker).where(Worker.name == name))


def orphans(session: Session, *, database_up_s: float = DATABASE_START_S) -> list[tuple[UUID, str]]:
    """Take the live calls (id, carrier id) whose worker was silent for 3 s, or is gone: they need a new seat.

    Each is given to one caller, and again after 3 s if it still has no other seat: every redirect stops the one before.
    Until the database has been up for `database_up_s` nobody is orphaned: no worker could say that it lives.
    """
    silent = text(f"interval '{STALE_HEARTBEAT_S} s'")
    alive = exists().where(Worker.name == Call.seat_worker, Worker.heartbeat_wall >= func.clock_timestamp() - silent)
    rows = session.execute(
        update(Call)
        .where(
            Call.state.in_(LIVE),
            Call.seat == SeatState.TAKEN,
            Call.ending.is_(None),
            Call.handed_in_wall.is_(None),
            Call.carrier_id.is_not(None),
            ~alive,
            or_(Call.settle_wall.is_(None), Call.settle_wall < func.clock_timestamp() - silent),
            func.pg_postmaster_start_time() < func.clock_timestamp() - timedelta(seconds=database_up_s),
        )
        .values(settle_wall=func.clock_timestamp())
        .returning(Call.id, Call.carrier_id)
        .execution_options(synchronize_session=False)
    )
    return [(call_id, carrier_id) for call_id, carrier_id in rows if carrier_id]


def forget_workers(session: Session) -> None:
    """Delete workers that died long ago."""
    session.execute(
        delete(Worker).where(Worker.heartbeat_wall < func.clock_timestamp() - text(f"interval '{FORGET_WORKER_S} s'"))
    )
