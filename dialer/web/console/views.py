"""The console page, its live parts, and the drawer of a call."""

from __future__ import annotations

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
from dialer.campaigns import balance, detail, lifecycle
from dialer.campaigns import listing as campaigns
from dialer.campaigns.models import CampaignState
from dialer.leads import explaining
from dialer.leads import listing as leads
from dialer.outcomes.models import Disposition
from dialer.web import files
from dialer.web.auth import Looking
from dialer.web.console import frame
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
    """The page of campaigns and calls."""
    with state.sessions() as session:
        context = (
            _summary(session, visitor.who)
            | _campaigns(session, visitor.who)
            | _calls(session, visitor.who, shown)
            | _imports(session, visitor.who)
            | {"versions": agents.versions(session, visitor.who.organization_id), "shown": shown}
            | {"dispositions": list(Disposition), "region": state.settings.default_region}
        )
        return frame.page(request, "console.html", visitor, session, "/", context)


@router.get("/console/live/summary")
def live_summary(visitor: Looking, state: State, seen: str = "") -> Response:
    """Gate, seats and rates."""
    return _live(state, "summary", seen, lambda session: _summary(session, visitor.who))


@router.get("/console/live/campaigns")
def live_campaigns(visitor: Looking, state: State, seen: str = "") -> Response:
    """The campaigns with their progress."""
    return _live(state, "campaigns", seen, lambda session: _campaigns(session, visitor.who))


@router.get("/console/live/calls")
def live_calls(visitor: Looking, state: State, shown: Filtered, seen: str = "") -> Response:
    """The latest calls."""
    return _live(state, "calls", seen, lambda session: _calls(session, visitor.who, shown))


@router.get("/console/live/imports")
def live_imports(visitor: Looking, state: State, seen: str = "") -> Response:
    """The latest imports."""
    return _live(state, "imports", seen, lambda session: _imports(session, visitor.who))


@router.get("/console/campaigns/{campaign}")
def campaign(request: Request, campaign: str, visitor: Looking, state: State) -> Response:
    """The drawer of a campaign: its settings, what keeps its leads, and how the versions of its agent do."""
    with state.sessions() as session:
        found = lifecycle.find(session, visitor.who.organization_id, campaign)
        context = {
            "campaign": campaigns.view(session, found),
            "status": balance.status(session, found.id),
            "next_at": balance.next_at(session, found.id),
            "reasons": detail.reasons(session, found.id),
        }
    return frame.part(request, "campaign", context)


@router.get("/console/campaigns/{campaign}/lead")
def lead(request: Request, campaign: str, visitor: Looking, state: State, phone: str = "") -> Response:
    """Why one lead was called or not, and when it will be."""
    who = visitor.who
    with state.sessions() as session:
        found = lifecycle.find(session, who.organization_id, campaign)
        now = clock.now(session)
        told = explaining.explain(session, who.organization_id, found.id, phone, now, secret=state.secret)
    return frame.part(request, "lead", {"told": told})


@router.get("/console/calls/{call_id}")
def call(call_id: UUID, visitor: Looking, state: State, seen: str = "") -> Response:
    """The drawer of a call; while the call is open it asks again, with what it has `seen`."""
    with state.sessions() as session:
        found = calls.detail(session, visitor.who.organization_id, call_id)
    return frame.unless_seen("call", seen, {"detail": found})


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
    ids, now = [c.id for c in found], clock.now(session)
    return {
        "campaigns": found,
        "progress": campaigns.progress(session, ids, now),
        "pauses": detail.pauses(session, ids, now),
        "states": CampaignState,
        "may_run": who.may(Role.MANAGER),
    }


def _calls(session: Session, who: Principal, shown: Shown) -> dict[str, Any]:
    which = CallFilter(campaign_id=shown.campaign, disposition=shown.disposition)
    return {"calls": calls.page(session, who.organization_id, which, limit=CALLS_SHOWN)}


def _imports(session: Session, who: Principal) -> dict[str, Any]:
    return {"imports": leads.imports(session, who.organization_id, limit=IMPORTS_SHOWN)}


def _live(state: WebState, part: str, seen: str, read: Any) -> Response:
    with state.sessions() as session:
        context = read(session)
    return frame.unless_seen(part, seen, context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
