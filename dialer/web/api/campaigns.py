"""/api/campaigns."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from dialer import clock
from dialer.campaigns import balance, lifecycle, listing
from dialer.campaigns.listing import CampaignView, Progress
from dialer.web import actions
from dialer.web.actions import Verb
from dialer.web.api import paging
from dialer.web.api.paging import Cursor, Limit, Page
from dialer.web.auth import Manager, Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"])


class NewCampaign(BaseModel):
    """A campaign to create: a draft until it is started."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    agent: str = Field(description="An agent's name, one of its versions such as Ava@3, or a version's id.")
    region: str = Field(description="ISO country: how a number without a country code is read.", examples=["US"])
    windows: str | dict[str, list[list[str]]] = Field(
        description="When to call, in each lead's own time.", examples=["mon-fri 09:00-17:00; sat 10:00-14:00"]
    )
    concurrency: int = Field(default=10, description="Open calls at most.")
    cps: float = Field(default=1.0, description="Calls per second.")
    ring_timeout_s: int = 25
    max_attempts: int = 3
    retries: dict[str, dict[str, int]] | None = Field(
        default=None, examples=[{"busy": {"after_s": 900, "attempts": 3}}]
    )
    starts_on: date | None = None
    ends_on: date | None = None
    caller_id: str | None = Field(default=None, description="One of the organization's numbers, E.164.")
    agent_split: dict[str, int] | None = Field(
        default=None,
        description="Versions and weights: each lead is called by one of them, always the same.",
        examples=[{"Ava@3": 70, "Ava@4": 30}],
    )


class Reason(BaseModel):
    """Why something is done; it is kept with the move."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field(default="", max_length=500)


class CampaignDetail(BaseModel):
    """A campaign, its balance and its progress."""

    campaign: CampaignView
    status: dict[str, Any] = Field(description="As `dialer campaign status --json`: state, balanced, leads.")
    progress: Progress


@router.get("")
def campaigns(who: Viewer, state: State, cursor: Cursor = None, limit: Limit = 50) -> Page[CampaignView]:
    """List campaigns, the newest first."""
    with state.sessions() as session:
        found = listing.page(session, who.organization_id, before=paging.moment_and_id(cursor), limit=limit + 1)
    last = found[:limit][-1] if found else None
    return paging.cut(found, limit, paging.encode(last.created_at.isoformat(), last.id) if last else "")


@router.post("", status_code=201)
def create(body: NewCampaign, who: Manager, state: State) -> CampaignView:
    """Create a campaign."""
    return actions.create_campaign(state, who, **body.model_dump())


@router.get("/{campaign}")
def campaign(campaign: str, who: Viewer, state: State) -> CampaignDetail:
    """Show a campaign, by name or id."""
    with state.sessions() as session:
        found = lifecycle.find(session, who.organization_id, campaign)
        return CampaignDetail(
            campaign=listing.view(session, found),
            status=balance.status(session, found.id),
            progress=listing.progress(session, [found.id], clock.now(session))[found.id],
        )


@router.post("/{campaign}/{verb}")
def move(campaign: str, verb: Verb, who: Manager, state: State, body: Reason | None = None) -> CampaignView:
    """Start, pause, resume or stop a campaign, by name or id. Doing it twice is no error."""
    return actions.move_campaign(state, who, campaign, verb, body.why if body else "")
