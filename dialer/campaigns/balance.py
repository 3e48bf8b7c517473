"""The ledger of a campaign: where each of its leads stands (law 6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from dialer.calls.models import Call, Direction
from dialer.calls.states import OPEN, CallState
from dialer.campaigns import splitting
from dialer.campaigns.models import Campaign
from dialer.leads.models import Lead, LeadState
from dialer.outcomes.models import Outcome

KINDS = ("done", "due", "waiting", "blocked", "in_flight", "unknown")


def count(session: Session, campaign_id: UUID) -> dict[str, int]:
    """Count leads: total = done + due + waiting + blocked + in_flight + unknown.

    A lead is in flight while a call of its own is open or has no outcome yet, and unknown while nobody knows whether
    that call was placed. One that is in flight without such a call is counted nowhere, and so does not balance.
    """
    unfinished = case(
        (Call.state.in_(OPEN), True),
        (Call.state.in_((CallState.ENDED, CallState.FAILED)) & Call.outcome_at.is_(None), True),
        else_=False,
    )
    held = (
        select(Call.state)
        .where(Call.lead_id == Lead.id, Call.direction == Direction.OUTBOUND, unfinished)
        .order_by(Call.claimed_at.desc())
        .limit(1)
        .correlate(Lead)
        .scalar_subquery()
    )
    # One statement: a lead that moves meanwhile is counted once, before its move or after.
    where = (
        select(Lead.state, case((Lead.state == LeadState.IN_FLIGHT, held)).label("held"))
        .where(Lead.campaign_id == campaign_id)
        .subquery()
    )
    rows = session.execute(select(where.c.state, where.c.held, func.count()).group_by(where.c.state, where.c.held))
    counts = dict.fromkeys(KINDS, 0)
    total = 0
    for state, call_state, number in rows:
        total += number
        if state is not LeadState.IN_FLIGHT:
            counts[state] += number
        elif call_state is not None:
            counts["unknown" if call_state == CallState.UNKNOWN else "in_flight"] += number
    return {"total": total, **counts}


def balances(counts: dict[str, int]) -> bool:
    """Whether every lead is somewhere."""
    return counts["total"] == sum(counts[kind] for kind in KINDS)


def is_complete(session: Session, campaign_id: UUID) -> bool:
    """Whether the ledger balances with nothing open: every lead is done or blocked, and none is in flight."""
    still = select(Lead.id).where(
        Lead.campaign_id == campaign_id, Lead.state.in_((LeadState.DUE, LeadState.WAITING, LeadState.IN_FLIGHT))
    )
    return session.scalar(still.limit(1)) is None


def status(session: Session, campaign_id: UUID) -> dict[str, Any]:
    """Return what `dialer campaign status --json` prints.

    That is state, balanced, leads, the dispositions so far, and calls and dispositions of each version of the agent.
    """
    campaign = session.get_one(Campaign, campaign_id, populate_existing=True)
    counts = count(session, campaign_id)
    return {
        "id": str(campaign.id),
        "name": campaign.name,
        "state": campaign.state.value,
        "reason": campaign.reason,
        "balanced": balances(counts),
        "leads": counts,
        "outcomes": outcomes(session, campaign_id),
        "versions": splitting.results(session, campaign),
        "next_at": _iso(next_at(session, campaign_id)),
    }


def next_at(session: Session, campaign_id: UUID) -> datetime | None:
    """Return when the next lead is due; None if none is."""
    return session.scalar(
        select(func.min(Lead.due_at)).where(
            Lead.campaign_id == campaign_id, Lead.state.in_((LeadState.DUE, LeadState.WAITING))
        )
    )


def outcomes(session: Session, campaign_id: UUID) -> dict[str, int]:
    """Disposition → how many calls ended so."""
    rows = session.execute(
        select(Outcome.disposition, func.count())
        .where(Outcome.campaign_id == campaign_id)
        .group_by(Outcome.disposition)
        .order_by(Outcome.disposition)
    )
    return {disposition.value: number for disposition, number in rows}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
