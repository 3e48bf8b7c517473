"""What the console tells of one campaign beyond its line in the list, and which campaigns use which agents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.campaigns.models import Campaign, CampaignAgent, CampaignState
from dialer.leads.models import Lead, LeadState

USING = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
"""States in which a campaign may still call with its agent."""


@dataclass(frozen=True, slots=True)
class Use:
    """A campaign that calls with a version of an agent."""

    campaign_id: UUID
    campaign: str
    state: CampaignState
    percent: int
    """Of its leads that are called with this version; 100 where it is not split."""


def uses(session: Session, organization_id: UUID) -> dict[UUID, list[Use]]:
    """Return for each version of an agent the campaigns that may still call with it."""
    rows = session.execute(
        select(
            Campaign.id,
            Campaign.name,
            Campaign.state,
            Campaign.agent_version_id,
            CampaignAgent.agent_version_id,
            CampaignAgent.weight,
        )
        .outerjoin(CampaignAgent, CampaignAgent.campaign_id == Campaign.id)
        .where(Campaign.organization_id == organization_id, Campaign.state.in_(USING))
        .order_by(Campaign.name)
    ).all()
    total: dict[UUID, int] = defaultdict(int)
    for row in rows:
        total[row[0]] += row[5] or 0
    found: dict[UUID, list[Use]] = defaultdict(list)
    for campaign_id, name, state, pinned, split, weight in rows:
        percent = round(weight * 100 / total[campaign_id]) if weight else 100
        found[split or pinned].append(Use(campaign_id, name, state, percent))
    return found


def pauses(session: Session, campaigns: Iterable[UUID], now: datetime) -> dict[UUID, datetime]:
    """Return when the next lead is due of each of these campaigns that has none due now, and some to come."""
    soonest = func.min(Lead.due_at)
    rows = session.execute(
        select(Lead.campaign_id, soonest)
        .where(Lead.campaign_id.in_(list(campaigns)), Lead.state.in_((LeadState.DUE, LeadState.WAITING)))
        .group_by(Lead.campaign_id)
        .having(soonest > now)
    )
    return {campaign_id: at for campaign_id, at in rows if at is not None}


def reasons(session: Session, campaign_id: UUID) -> dict[LeadState, dict[str, int]]:
    """Count the leads that wait or are blocked, by the reason; the most frequent first."""
    counted = func.count()
    found: dict[LeadState, dict[str, int]] = {}
    for state, reason, count in session.execute(
        select(Lead.state, Lead.reason, counted)
        .where(Lead.campaign_id == campaign_id, Lead.state.in_((LeadState.WAITING, LeadState.BLOCKED)))
        .group_by(Lead.state, Lead.reason)
        .order_by(counted.desc(), Lead.reason)
    ):
        found.setdefault(state, {})[reason] = count
    return found
