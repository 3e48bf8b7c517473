"""What the seats of a call used, and what happened in them: a row each, so that a call's figures are a sum.

A row is named by its seat's epoch, which one worker has taken: told twice it stands once, and a seat that has lost its
call still tells what it cost without touching what its successor writes. A seat that was killed tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from dialer.calls.models import Call, Tally

_COST: Final = text("""
    INSERT INTO tallies (call_id, epoch, counters)
    SELECT call_id, epoch, jsonb_object_agg(name, spent)
    FROM (
        SELECT call_id, epoch, name, sum(of_turn.spent::float8) AS spent
        FROM turns, jsonb_each_text(cost) AS of_turn(name, spent)
        WHERE call_id = :call_id AND epoch = :epoch
        GROUP BY call_id, epoch, name) AS summed
    GROUP BY call_id, epoch
    ON CONFLICT (call_id, epoch) DO UPDATE SET counters = excluded.counters
    """)


def store(session: Session, call_id: UUID, epoch: int, counters: Mapping[str, float]) -> None:
    """Store what a seat counted. Nothing comes of a call that a restored database does not know."""
    if not counters:
        return
    of = select(Call.id, literal(epoch, Integer), literal(dict(counters), JSONB)).where(Call.id == call_id)
    stored = insert(Tally).from_select(["call_id", "epoch", "counters"], of, include_defaults=False)
    session.execute(stored.on_conflict_do_nothing())


def store_cost(session: Session, call_id: UUID, epoch: int) -> None:
    """Store what the turns of a seat have cost so far, of one that hands in nothing at its end."""
    session.execute(_COST, {"call_id": call_id, "epoch": epoch})


def total(session: Session, call_id: UUID) -> dict[str, float]:
    """Add up what all seats of a call counted, by name."""
    summed: dict[str, float] = {}
    for counters in session.scalars(select(Tally.counters).where(Tally.call_id == call_id)):
        summed |= {name: summed.get(name, 0) + number for name, number in counters.items()}
    return dict(sorted(summed.items()))
