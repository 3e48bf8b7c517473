"""What the carrier says of a call: its reply, a callback, or an answer when asked. All are folded here, by rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from dialer.calls.models import Call, Stray
from dialer.calls.moving import move
from dialer.calls.states import NEXT, CallState
from dialer.errors import NotFound
from dialer.telephony.base import CarrierStatus

STATE: Mapping[CarrierStatus, CallState] = MappingProxyType(
    {
        CarrierStatus.QUEUED: CallState.PLACED,
        CarrierStatus.INITIATED: CallState.PLACED,
        CarrierStatus.RINGING: CallState.RINGING,
        CarrierStatus.IN_PROGRESS: CallState.ANSWERED,
        CarrierStatus.COMPLETED: CallState.ENDED,
        CarrierStatus.BUSY: CallState.ENDED,
        CarrierStatus.NO_ANSWER: CallState.ENDED,
        CarrierStatus.CANCELED: CallState.ENDED,
        CarrierStatus.FAILED: CallState.ENDED,
    }
)


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that the carrier said of one of its calls."""

    carrier_id: str
    status: CarrierStatus
    duration_s: int | None = None
    answered_by: str | None = None
    code: str | None = None


class Heard(StrEnum):
    """What a report did."""

    MOVED = "moved"
    LATE = "late"
    """It told nothing new, or only enriched."""
    STRAY = "stray"
    """It speaks of a second carrier call for this attempt, which must be hung up."""


def report(session: Session, call_id: UUID, said: Report, *, now: datetime, by: str) -> Heard:
    """Fold a report into its call. The first one binds the carrier's id; terminal states never change.

    Raises:
        NotFound: there is no such call.
    """
    call = session.scalars(
        select(Call).where(Call.id == call_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    if call is None:
        raise NotFound("call", call_id)
    if _is_stray(session, call, said):
        return _stray(session, call, said, now)
    facts = _facts(call, said)
    to = STATE[said.status]
    if to is CallState.ENDED:
        facts["ended_at"] = now
    elif to is CallState.ANSWERED:
        facts["answered_at"] = call.answered_at or now
    if call.state is not to and move_on(call.state, to):
        why = f"carrier: {said.status.value}"
        move(session, call_id, to, now=now, by=by, why=why, carrier_id=said.carrier_id, **facts)
        return Heard.MOVED
    facts.pop("ended_at", None)
    if call.carrier_id is None:
        facts["carrier_id"] = said.carrier_id
    if facts:
        session.execute(update(Call).where(Call.id == call_id).values(**facts))
    return Heard.LATE


def move_on(here: CallState, to: CallState) -> bool:
    """Whether `to` is a next step from here; if not, the report came late."""
    return to in NEXT[here]


def _facts(call: Call, said: Report) -> dict[str, Any]:
    """What a report adds, in whatever order it came. A call that is over keeps the end that it was given."""
    facts: dict[str, Any] = {}
    if said.status.over and call.carrier_status is None:
        facts["carrier_status"] = said.status.value
    for column, value in (
        ("duration_s", said.duration_s),
        ("answered_by", said.answered_by),
        ("carrier_code", said.code),
    ):
        if value is not None and getattr(call, column) is None:
            facts[column] = value
    return facts


def _is_stray(session: Session, call: Call, said: Report) -> bool:
    """Whether the carrier speaks of a call that this attempt should not have.

    One that was settled as never placed, or refused, has no carrier call that lives: its lead may be called again.
    """
    if call.carrier_id is not None:
        return call.carrier_id != said.carrier_id
    if call.state in (CallState.CLAIMED, CallState.WITHDRAWN):
        return True
    if call.state is CallState.FAILED and not said.status.over:
        return True
    others = select(Call.id).where(
        Call.carrier_account_id == call.carrier_account_id, Call.carrier_id == said.carrier_id, Call.id != call.id
    )
    return session.scalar(others.limit(1)) is not None


def _stray(session: Session, call: Call, said: Report, now: datetime) -> Heard:
    why = f"call {call.id} is {call.state} as {call.carrier_id or 'nothing'}; the carrier speaks of another one"
    session.execute(
        upsert(Stray)
        .values(carrier_id=said.carrier_id, call_id=call.id, at=now, why=why)
        .on_conflict_do_nothing(index_elements=[Stray.carrier_id])
    )
    return Heard.STRAY
