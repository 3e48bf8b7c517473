"""/api/calls."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import FileResponse

from dialer.calls import listing
from dialer.calls.listing import CallDetail, CallFilter, CallView
from dialer.calls.models import Purpose
from dialer.calls.states import CallState
from dialer.outcomes.models import Disposition
from dialer.web import actions, files
from dialer.web.api import paging
from dialer.web.api.paging import Cursor, Limit, Page
from dialer.web.auth import Manager, Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/calls", tags=["calls"])


class NewTestCall(BaseModel):
    """Which agent calls which phone."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field(description="An agent's name, or the id of one of its versions.")
    phone: str = Field(max_length=40, description="With its country code.", examples=["+12125550100"])


class TestCall(BaseModel):
    """The call that is about to be placed."""

    call_id: UUID


class OneCall(BaseModel):
    """A call with everything that is known of it."""

    detail: CallDetail
    recording_url: str | None


@router.get("")
def calls(
    who: Viewer,
    state: State,
    campaign_id: UUID | None = None,
    lead_id: int | None = None,
    call_state: Annotated[CallState | None, Query(alias="state")] = None,
    purpose: Purpose | None = None,
    disposition: Disposition | None = None,
    phone: Annotated[str | None, Query(description="Either side's number, E.164.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CallView]:
    """List calls, the latest first."""
    which = CallFilter(campaign_id, lead_id, call_state, purpose, disposition, phone)
    with state.sessions() as session:
        before = paging.moment_and_id(cursor)
        found = listing.page(session, who.organization_id, which, before=before, limit=limit + 1)
    last = found[:limit][-1] if found else None
    return paging.cut(found, limit, paging.encode(last.claimed_at.isoformat(), last.id) if last else "")


@router.post("/test", status_code=202)
def test(body: NewTestCall, who: Manager, state: State) -> TestCall:
    """Let an agent call a phone of your own, as it would call a lead."""
    return TestCall(call_id=actions.test_call(state, who, agent=body.agent, phone=body.phone))


@router.get("/{call_id}")
def call(call_id: UUID, who: Viewer, state: State, request: Request) -> OneCall:
    """Show a call: its turns with their timings, its moves, tools, outcome and effects."""
    with state.sessions() as session:
        found = listing.detail(session, who.organization_id, call_id)
    url = str(request.url_for("recording", call_id=call_id)) if found.call.recorded else None
    return OneCall(detail=found, recording_url=url)


@router.get("/{call_id}/recording", response_class=FileResponse)
def recording(call_id: UUID, who: Viewer, state: State) -> FileResponse:
    """Send the recording: a WAV of two channels, the person left and the agent right. Takes `Range`."""
    with state.sessions() as session:
        name = listing.recording(session, who.organization_id, call_id)
    return files.recording(state.settings, name)
