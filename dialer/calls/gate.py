"""The gate: one row that every T2 reads. Shut, nothing is dialed, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dialer.calls.models import DialingGate, GateMove

RESTORE = "campaigns.compare_with_carrier"
"""Who shuts the gate when a restored database is noticed."""


@dataclass(frozen=True, slots=True)
class Gate:
    """How the gate stands, since when, and who put it so."""

    shut: bool
    by: str
    why: str
    since: datetime


def read(session: Session) -> Gate:
    """Return how the gate stands."""
    row = session.execute(
        select(DialingGate.shut, DialingGate.by, DialingGate.why, DialingGate.moved_wall).where(DialingGate.id == 1)
    ).one()
    return Gate(*row)


def is_shut(session: Session) -> bool:
    """Whether nothing may be dialed. A missing row counts as shut."""
    shut = session.scalar(select(DialingGate.shut).where(DialingGate.id == 1))
    return shut is None or shut


def awaits_settling(session: Session) -> bool:
    """Whether it is shut because of a restore: what is claimed may have been dialed in the gap, and is left alone."""
    found = session.execute(select(DialingGate.shut, DialingGate.by).where(DialingGate.id == 1)).first()
    return found is not None and tuple(found) == (True, RESTORE)


def shut(session: Session, *, by: str, why: str) -> None:
    """Stop all dialing, from the next T2 on. Calls that ring or talk go on."""
    _set(session, shut=True, by=by, why=why)


def open_gate(session: Session, *, by: str, why: str) -> None:
    """Let dialing go on."""
    _set(session, shut=False, by=by, why=why)


def _set(session: Session, *, shut: bool, by: str, why: str) -> None:
    session.execute(
        update(DialingGate)
        .where(DialingGate.id == 1)
        .values(shut=shut, by=by, why=why, moved_wall=func.clock_timestamp())
    )
    session.add(GateMove(shut=shut, by=by, why=why))
