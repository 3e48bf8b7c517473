"""What the API and the console read about campaigns. Nothing here changes a row.

The views below are what `/api/campaigns` answers, field by field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.agents.models import Agent, AgentVersion
from dialer.calls.models import Call
from dialer.calls.states import OPEN
from dialer.campaigns import splitting
from dialer.campaigns.models import Campaign, CampaignState
from dialer.leads.models import Lead
from dialer.outcomes.models import Outcome
from dialer.telephony.models import CallerId

RATE_OVER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign, as a list shows it."""

    id: UUID
    name: str
    state: CampaignState
    reason: str
    moved_at: datetime
    agent: str
    agent_version: int
    agent_split: dict[str, int]
    """Versions ("Ava@3") and weights over which its leads are split; empty if they are not."""
    caller_id: str
    region: str
    windows: dict[str, list[list[str]]]
    starts_on: date | None
    ends_on: date | None
    concurrency: int
    cps: float
    ring_timeout_s: int
    max_attempts: int
    retries: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is, cheap enough to be asked every second or two."""

    leads: dict[str, int]
    """State → leads."""
    outcomes: dict[str, int]
    """Disposition → calls, the most frequent first."""
    open_calls: int
    calls_last_minute: int
    """Claimed within the last minute of campaign time."""

    @property
    def total(self) -> int:
        """All leads."""
        return sum(self.leads.values())

    @property
    def done_percent(self) -> int:
        """Leads that nothing more will happen to, rounded down so that 100 means all of them."""
        finished = self.leads.get("done", 0) + self.leads.get("blocked", 0)
        return finished * 100 // self.total if self.total else 0


def page(
    session: Session, organization_id: UUID, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[CampaignView]:
    """Return campaigns, the newest first."""
    wanted = (
        select(Campaign, Agent.name, AgentVersion.number, CallerId.phone)
        .join(AgentVersion, AgentVersion.id == Campaign.agent_version_id)
        .join(Agent, Agent.id == AgentVersion.agent_id)
        .join(CallerId, CallerId.id == Campaign.caller_id_id)
        .where(Campaign.organization_id == organization_id)
        .order_by(Campaign.created_at.desc(), Campaign.id.desc())
        .limit(limit)
    )
    if before is not None:
        created_at, campaign_id = before
        wanted = wanted.where(
            (Campaign.created_at < created_at) | ((Campaign.created_at == created_at) & (Campaign.id < campaign_id))
        )
    rows = session.execute(wanted).all()
    splits = splitting.named(session, [row[0].id for row in rows])
    return [_view(row[0], splits.get(row[0].id, {}), *row[1:]) for row in rows]


def view(session: Session, campaign: Campaign) -> CampaignView:
    """Return one campaign as the list shows it."""
    row = session.execute(
        select(Agent.name, AgentVersion.number, CallerId.phone)
        .select_from(AgentVersion)
        .join(Agent, Agent.id == AgentVersion.agent_id)
        .join(CallerId, CallerId.id == campaign.caller_id_id)
        .where(AgentVersion.id == campaign.agent_version_id)
    ).one()
    return _view(campaign, splitting.named(session, [campaign.id]).get(campaign.id, {}), *row)


def progress(session: Session, campaign_ids: Iterable[UUID], now: datetime) -> dict[UUID, Progress]:
    """Return the progress of campaigns by id; the caller has made sure whose they are."""
    ids = list(campaign_ids)
    leads: dict[UUID, dict[str, int]] = defaultdict(dict)
    outcomes: dict[UUID, dict[str, int]] = defaultdict(dict)
    counted = func.count()
    for campaign_id, state, count in session.execute(
        select(Lead.campaign_id, Lead.state, counted)
        .where(Lead.campaign_id.in_(ids))
        .group_by(Lead.campaign_id, Lead.state)
    ):
        leads[campaign_id][state.value] = count
    for of, disposition, count in session.execute(
        select(Outcome.campaign_id, Outcome.disposition, counted)
        .where(Outcome.campaign_id.in_(ids))
        .group_by(Outcome.campaign_id, Outcome.disposition)
        .order_by(counted.desc(), Outcome.disposition)
    ):
        if of is not None:
            outcomes[of][disposition.value] = count
    still = _count_by_campaign(session, Call.campaign_id.in_(ids), Call.state.in_(OPEN))
    recent = _count_by_campaign(session, Call.campaign_id.in_(ids), Call.claimed_at > now - RATE_OVER)
    return {i: Progress(leads[i], outcomes[i], still.get(i, 0), recent.get(i, 0)) for i in ids}


def caller_ids(session: Session, organization_id: UUID) -> list[str]:
    """Numbers that campaigns may show."""
    mine = select(CallerId.phone).where(CallerId.organization_id == organization_id, CallerId.stopped_reason.is_(None))
    return list(session.scalars(mine.order_by(CallerId.phone)))


def _count_by_campaign(session: Session, *conditions: Any) -> dict[UUID, int]:
    rows = session.execute(select(Call.campaign_id, func.count()).where(*conditions).group_by(Call.campaign_id))
    return {campaign_id: count for campaign_id, count in rows if campaign_id is not None}


def _view(campaign: Campaign, split: dict[str, int], agent: str, version: int, caller_id: str) -> CampaignView:
    return CampaignView(
        id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        reason=campaign.reason,
        moved_at=campaign.moved_at,
        agent=agent,
        agent_version=version,
        agent_split=split,
        caller_id=caller_id,
        region=campaign.region,
        windows=campaign.windows,
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        concurrency=campaign.concurrency,
        cps=campaign.cps,
        ring_timeout_s=campaign.ring_timeout_s,
        max_attempts=campaign.max_attempts,
        retries=campaign.retries,
        created_at=campaign.created_at,
    )
