"""What an outcome is decided from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from dialer.agents.models import AgentVersion
from dialer.calls import queries, transferring
from dialer.calls.models import Call, SeatState, Turn
from dialer.calls.states import CallState
from dialer.calls.toolbox import schedule_callback
from dialer.conversation.facts import EndReason, Speaker
from dialer.leads.models import Lead, Suppression
from dialer.outcomes.deciding import Evidence, asked_out
from dialer.outcomes.models import Outcome

HAND_IN_S = 30
"""How long a call that is over waits for its seat's facts."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A call that is over and has no outcome yet."""

    evidence: Evidence
    turns: tuple[tuple[str, str], ...]
    extraction: dict[str, Any]
    callback_at: datetime | None
    closed_s: float
    """How long ago it was over."""


def ready(session: Session, call_id: UUID) -> Finished | None:
    """Return what is known of a call whose outcome is to be written, or None: it has one, or not all is in yet."""
    call = queries.one(session, call_id)
    if call.state not in (CallState.ENDED, CallState.FAILED) or call.outcome_at is not None:
        return None
    closed_s = float(
        session.scalar(
            select(func.extract("epoch", func.clock_timestamp() - Call.closed_wall)).where(Call.id == call_id)
        )
        or 0
    )
    seated = call.seat is SeatState.TAKEN
    if seated and call.handed_in_wall is None and closed_s < HAND_IN_S:
        return None
    turns = tuple(
        session.execute(
            select(Turn.speaker, Turn.kind, Turn.text)
            .where(Turn.call_id == call_id, Turn.text != "", Turn.kind != "filler")
            .order_by(Turn.epoch, Turn.number)
        )
    )
    said = [(kind, text) for speaker, kind, text in turns if speaker == Speaker.PERSON]
    callback_at = schedule_callback.agreed(session, call_id)
    definition = session.get_one(AgentVersion, call.agent_version_id).definition
    return Finished(
        evidence=_evidence(call, said, callback_at),
        turns=tuple((speaker, text) for speaker, _, text in turns),
        extraction=definition["extraction"],
        callback_at=callback_at,
        closed_s=closed_s,
    )


def _evidence(call: Call, said: list[tuple[str, str]], callback_at: datetime | None) -> Evidence:
    opted_out = call.opted_out_at is not None or call.ending == EndReason.OPT_OUT
    return Evidence(
        carrier_status=call.carrier_status or "",
        carrier_code=call.carrier_code or "",
        answered=call.answered_at is not None,
        abandoned=call.seat is SeatState.GIVEN_UP,
        ending=call.ending or "",
        machine=call.machine or "",
        opted_out=opted_out or asked_out(said, call.machine or ""),
        transferred=call.ending == EndReason.TRANSFER and call.transfer in (None, transferring.ACCEPTED),
        callback_agreed=callback_at is not None,
        person_turns=len(said),
    )


def unfinished(session: Session, limit: int) -> list[UUID]:
    """Calls that are over and whose facts are in, or should be, without an outcome; the oldest first."""
    return list(
        session.scalars(
            select(Call.id)
            .where(
                Call.state.in_((CallState.ENDED, CallState.FAILED)),
                Call.outcome_at.is_(None),
                or_(
                    Call.seat != SeatState.TAKEN,
                    Call.handed_in_wall.is_not(None),
                    Call.closed_wall < func.clock_timestamp() - text(f"interval '{HAND_IN_S} s'"),
                ),
                Call.closed_wall < func.clock_timestamp() - text("interval '2 s'"),
            )
            .order_by(Call.closed_wall)
            .limit(limit)
        )
    )


def without_outcome(session: Session) -> int:
    """How many calls are over and have no outcome, due or not."""
    over = Call.state.in_((CallState.ENDED, CallState.FAILED)) & Call.outcome_at.is_(None)
    return int(session.scalar(select(func.count()).where(over)) or 0)


def ended_so(session: Session, lead_id: int, disposition: str) -> int:
    """How many calls to a lead ended with a disposition."""
    return int(
        session.scalar(select(func.count()).where(Outcome.lead_id == lead_id, Outcome.disposition == disposition)) or 0
    )


def opted_out(session: Session, lead: Lead) -> bool:
    """Whether the lead's number was suppressed, perhaps while the call went on. The caller holds the lead's row."""
    return suppressed(session, lead.organization_id, lead.phone)


def suppressed(session: Session, organization_id: UUID, phone: str | None) -> bool:
    """Whether a number has opted out."""
    found = session.scalar(
        select(Suppression.id)
        .where(Suppression.organization_id == organization_id, Suppression.phone == phone)
        .limit(1)
    )
    return found is not None
