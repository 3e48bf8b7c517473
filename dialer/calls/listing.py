"""What the API and the console read about calls, seats and the gate. Nothing here changes a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.calls.models import Call, DialingGate, SeatState, Worker
from dialer.calls.states import LIVE, OPEN

HEARTBEAT_COUNTS_S = 5


@dataclass(frozen=True, slots=True)
class GateView:
    """Whether dialing is stopped for everybody, and by whom."""

    shut: bool
    by: str
    why: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SeatsView:
    """Seats of the call workers that live."""

    workers: int
    paced: int
    taken: int


def gate(session: Session) -> GateView:
    """Read the emergency stop. A database without the row counts as open: T2 makes that decision, not this page."""
    row = session.get(DialingGate, 1)
    if row is None:
        return GateView(shut=False, by="", why="", since=None)
    return GateView(row.shut, row.by, row.why, row.moved_wall)


def seats(session: Session) -> SeatsView:
    """Count the seats of workers whose heartbeat is under 5 s old, and how many are taken."""
    lives = Worker.heartbeat_wall > func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, HEARTBEAT_COUNTS_S)
    workers, paced = session.execute(
        select(func.count(), func.coalesce(func.sum(Worker.seats), 0)).where(lives, ~Worker.draining)
    ).one()
    taken = session.scalar(select(func.count()).where(Call.state.in_(LIVE), Call.seat == SeatState.TAKEN)) or 0
    return SeatsView(workers, int(paced), taken)


def open_by_state(session: Session) -> dict[str, int]:
    """Count the open calls of all organizations."""
    rows = session.execute(select(Call.state, func.count()).where(Call.state.in_(OPEN)).group_by(Call.state))
    return {state.value: count for state, count in rows}
