"""The console page, its live parts, and the drawer of a call."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from dialer import clock
from dialer.accounts.models import Role
from dialer.accounts.principal import Principal
from dialer.agents import listing as agents
from dialer.calls import gate
from dialer.calls import listing as calls
from dialer.calls.listing import CallFilter
from dialer.campaigns import listing as campaigns
from dialer.campaigns.models import CampaignState
from dialer.leads import listing as leads
from dialer.outcomes.models import Disposition
from dialer.web import files, pages
from dialer.web.auth import Looking
from dialer.web.state import State, WebState

CAMPAIGNS_SHOWN = 25
CALLS_SHOWN = 40
IMPORTS_SHOWN = 6
router = APIRouter(include_in_schema=False)


class Shown:
    """Which calls the visitor wants to see; empty means all."""

    def __init__(self, campaign: Annotated[str, Query()] = "", disposition: Annotated[str, Query()] = "") -> None:
        self.campaign = _uuid(campaign)
        self.disposition = Disposition(disposition) if disposition in set(Disposition) else None


Filtered = Annotated[Shown, Depends()]


@router.get("/")
def console(request: Request, visitor: Looking, state: State, shown: Filtered) -> Response:
    """The page, whole."""
    with state.sessions() as session:
        context = (
            _summary(session, visitor.who)
            | _campaigns(session, visitor.who)
            | _calls(session, visitor.who, shown)
            | _imports(session, visitor.who)
            | {"agents": [agent.name for agent in agents.latest(session, visitor.who.organization_id)]}
        )
    context |= {"form_token": visitor.form_token, "user": visitor.who.by.partition(":")[2], "shown": shown}
    context |= {"dispositions": list(Disposition), "region": state.settings.default_region}
    return pages.templates.TemplateResponse(request, "console.html", context)


@router.get("/console/live/summary")
def live_summary(request: Request, visitor: Looking, state: State, seen: str = "") -> Response:
    """Gate, seats and rates."""
    return _live(request, state, "summary", seen, lambda session: _summary(session, visitor.who))


@router.get("/console/live/campaigns")
def live_campaigns(request: Request, visitor: Looking, state: State, seen: str = "") -> Response:
    """The campaigns with their progress."""
    return _live(request, state, "campaigns", seen, lambda session: _campaigns(session, visitor.who))


@router.get("/console/live/calls")
def live_calls(request: Request, visitor: Looking, state: State, shown: Filtered, seen: str = "") -> Response:
    """The latest calls."""
    return _live(request, state, "calls", seen, lambda session: _calls(session, visitor.who, shown))


@router.get("/console/live/imports")
def live_imports(request: Request, visitor: Looking, state: State, seen: str = "") -> Response:
    """The latest imports."""
    return _live(request, state, "imports", seen, lambda session: _imports(session, visitor.who))


@router.get("/console/calls/{call_id}")
def call(request: Request, call_id: UUID, visitor: Looking, state: State, seen: str = "") -> Response:
    """The drawer of a call; while the call is open it asks again, with what it has `seen`."""
    with state.sessions() as session:
        found = calls.detail(session, visitor.who.organization_id, call_id)
    return _unless_seen(request, "call", seen, {"detail": found})


@router.get("/console/calls/{call_id}/recording")
def recording(call_id: UUID, visitor: Looking, state: State) -> Response:
    """The recording, for the player."""
    with state.sessions() as session:
        name = calls.recording(session, visitor.who.organization_id, call_id)
    return files.recording(state.settings, name)


@router.get("/recordings/{name}")
def recording_by_name(name: str, visitor: Looking, state: State) -> Response:
    """The recording, by the link that CRMs hold."""
    with state.sessions() as session:
        name = calls.recording_named(session, visitor.who.organization_id, name)
    return files.recording(state.settings, name)


@router.get("/console/imports/{import_id}/rejects")
def rejects(import_id: UUID, visitor: Looking, state: State) -> Response:
    """The rejected rows of an import."""
    with state.sessions() as session:
        path = leads.rejects_file(session, visitor.who.organization_id, import_id)
    return files.rejects(state.settings, path)


def _summary(session: Session, who: Principal) -> dict[str, Any]:
    return {
        "gate": gate.read(session),
        "seats": calls.seats(session),
        "today": calls.activity(session, who.organization_id, clock.now(session)),
        "may_run": who.may(Role.MANAGER),
        "may_resume": who.may(Role.ADMIN),
    }


def _campaigns(session: Session, who: Principal) -> dict[str, Any]:
    found = campaigns.page(session, who.organization_id, limit=CAMPAIGNS_SHOWN)
    return {
        "campaigns": found,
        "progress": campaigns.progress(session, [c.id for c in found], clock.now(session)),
        "states": CampaignState,
        "may_run": who.may(Role.MANAGER),
    }


def _calls(session: Session, who: Principal, shown: Shown) -> dict[str, Any]:
    which = CallFilter(campaign_id=shown.campaign, disposition=shown.disposition)
    return {"calls": calls.page(session, who.organization_id, which, limit=CALLS_SHOWN)}


def _imports(session: Session, who: Principal) -> dict[str, Any]:
    return {"imports": leads.imports(session, who.organization_id, limit=IMPORTS_SHOWN)}


def _live(request: Request, state: WebState, part: str, seen: str, read: Any) -> Response:
    with state.sessions() as session:
        context = read(session)
    return _unless_seen(request, part, seen, context)


def _unless_seen(request: Request, part: str, seen: str, context: dict[str, Any]) -> Response:
    """Send a part with its digest, or nothing (204) when it is what the page shows already."""
    body = pages.templates.get_template(f"parts/{part}.html").render(context)
    digest = hashlib.blake2b(body.encode(), digest_size=8).hexdigest()
    if seen == digest:
        return Response(status_code=204)
    return Response(
        f'{body}<input type="hidden" id="{part}-seen" name="seen" value="{digest}">', media_type="text/html"
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
