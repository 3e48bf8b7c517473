"""How a campaign stands at one moment: what the live table shows and what the watcher decides by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer import clock
from dialer.calls.models import Call, Turn
from dialer.calls.states import OPEN, CallState
from dialer.campaigns import balance
from dialer.crm.models import OutboxRow, OutboxState
from dialer.leads.models import Lead


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that is open. `words` is what was said last, by whom."""

    phone: str
    name: str
    state: CallState
    words: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at the database."""

    now: datetime
    """Campaign time."""
    status: dict[str, Any]
    """As `campaign status --json` prints it."""
    calls: tuple[LiveCall, ...] = ()
    deliveries: dict[str, dict[str, int]] = field(default_factory=dict)
    """Destination → state → outbox rows."""

    @property
    def pending(self) -> int:
        """Outbox rows that are still to be sent."""
        return sum(states.get(OutboxState.PENDING, 0) for states in self.deliveries.values())

    @property
    def over(self) -> bool:
        """Whether nothing is left to do: the campaign is complete and everything was written to the CRMs."""
        return self.status["state"] in {"completed", "stopped"} and not self.calls and not self.pending

    @property
    def idle(self) -> bool:
        """Whether nothing is open, so that the next thing to happen is a matter of time."""
        leads = self.status["leads"]
        return not self.calls and leads["in_flight"] == 0 and leads["unknown"] == 0 and not self.over


def take(session: Session, campaign_id: UUID) -> Snapshot:
    """Look at a campaign."""
    return Snapshot(
        now=clock.now(session),
        status=balance.status(session, campaign_id),
        calls=tuple(_live_calls(session, campaign_id)),
        deliveries=_deliveries(session),
    )


def _live_calls(session: Session, campaign_id: UUID) -> list[LiveCall]:
    last_turn = (
        select(func.concat(Turn.speaker, ": ", Turn.text))
        .where(Turn.call_id == Call.id)
        .order_by(Turn.id.desc())
        .limit(1)
        .correlate(Call)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Call.to_number, func.concat_ws(" ", Lead.first_name, Lead.last_name), Call.state, last_turn)
        .join(Lead, Lead.id == Call.lead_id)
        .where(Call.campaign_id == campaign_id, Call.state.in_(OPEN))
        .order_by(Call.claimed_at, Call.id)
    )
    return [LiveCall(phone, name.strip(), state, words or "") for phone, name, state, words in rows]


def _deliveries(session: Session) -> dict[str, dict[str, int]]:
    rows = session.execute(
        select(OutboxRow.destination, OutboxRow.state, func.count())
        .group_by(OutboxRow.destination, OutboxRow.state)
        .order_by(OutboxRow.destination)
    )
    counts: dict[str, dict[str, int]] = {}
    for destination, state, number in rows:
        counts.setdefault(destination, {})[state] = number
    return counts
