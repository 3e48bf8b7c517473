"""The pages of agents: who there is, in which versions, and what a version says and does."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dialer.agents import listing
from dialer.agents.definition import AgentDefinition
from dialer.campaigns import detail
from dialer.errors import NotFound
from dialer.web.auth import Looking
from dialer.web.console import frame
from dialer.web.state import State

HERE = "/agents"
router = APIRouter(include_in_schema=False)


@router.get(HERE)
def agents(request: Request, visitor: Looking, state: State) -> Response:
    """Every agent, by the version that its name stands for."""
    with state.sessions() as session:
        versions = listing.versions(session, visitor.who.organization_id)
        uses = detail.uses(session, visitor.who.organization_id)
        counts: dict[str, int] = defaultdict(int)
        campaigns: dict[str, set[str]] = defaultdict(set)
        for v in versions:
            counts[v.agent] += 1
            campaigns[v.agent] |= {use.campaign for use in uses.get(v.id, ())}
        shown = [(v, AgentDefinition.model_validate(v.definition)) for v in versions if v.current]
        context = {"shown": shown, "counts": counts, "campaigns": campaigns}
        return frame.page(request, "agents.html", visitor, session, HERE, context)


@router.get(f"{HERE}/{{version_id}}")
def version(request: Request, version_id: UUID, visitor: Looking, state: State) -> Response:
    """One version of an agent, beside the others of its name."""
    with state.sessions() as session:
        everybody = listing.versions(session, visitor.who.organization_id)
        shown = next((v for v in everybody if v.id == version_id), None)
        if shown is None:
            raise NotFound("version of an agent", version_id)
        agent = AgentDefinition.model_validate(shown.definition)
        context = {
            "shown": shown,
            "versions": [v for v in everybody if v.agent == shown.agent],
            "uses": detail.uses(session, visitor.who.organization_id),
            "agent": agent,
            "states": agent.flow.in_order() if agent.flow else [],
            "turntaking": agent.turntaking.model_dump(exclude_defaults=True),
        }
        return frame.page(request, "agent.html", visitor, session, HERE, context)
