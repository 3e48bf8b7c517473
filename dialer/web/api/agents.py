"""/api/agents."""

from __future__ import annotations

from fastapi import APIRouter

from dialer.agents import listing
from dialer.agents.listing import AgentView
from dialer.web.auth import Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/agents", tags=["agents"])


@router.get("")
def agents(who: Viewer, state: State) -> list[AgentView]:
    """List agents with their latest version."""
    with state.sessions() as session:
        return listing.latest(session, who.organization_id)
