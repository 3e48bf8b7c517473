"""What the console's forms do. Each answers with a note, and tells the page's live parts to look again."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from dialer.campaigns import lifecycle, splitting
from dialer.leads import importing
from dialer.leads.mapping import FIELDS
from dialer.web import actions, pages
from dialer.web.actions import Verb
from dialer.web.auth import Acting
from dialer.web.state import State

router = APIRouter(include_in_schema=False)


@router.post("/console/campaigns")
def create_campaign(
    request: Request,
    visitor: Acting,
    state: State,
    name: Annotated[str, Form(max_length=120)],
    agent: Annotated[str, Form()],
    region: Annotated[str, Form()],
    windows: Annotated[str, Form()],
    concurrency: Annotated[int, Form()] = 10,
    cps: Annotated[float, Form()] = 1.0,
    max_attempts: Annotated[int, Form()] = 3,
    split_version: Annotated[list[str] | None, Form()] = None,
    split_weight: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Create a campaign; its leads may be split over versions of agents."""
    made = actions.create_campaign(
        state,
        visitor.who,
        name=name,
        agent=agent,
        region=region,
        windows=windows,
        concurrency=concurrency,
        cps=cps,
        max_attempts=max_attempts,
        agent_split=_split(split_version or [], split_weight or []),
    )
    response = done(request, f"{made.name} is created. Give it leads, then start it.")
    # The list of campaigns to import into is part of the page, and the new one must be in it.
    response.headers["HX-Refresh"] = "true"
    return response


@router.post("/console/campaigns/{campaign}/{verb}")
def move_campaign(request: Request, campaign: str, verb: Verb, visitor: Acting, state: State) -> Response:
    """Start, pause, resume or stop a campaign."""
    moved = actions.move_campaign(state, visitor.who, campaign, verb)
    return done(request, f"{moved.name} is {moved.state}.")


@router.post("/console/leads/columns")
def columns(
    request: Request,
    visitor: Acting,
    state: State,
    file: Annotated[UploadFile, File()],
    campaign: Annotated[str, Form()],
) -> Response:
    """Show which column of a file (its beginning is enough) is which of our fields, to be changed where it is wrong."""
    with state.sessions() as session:
        region = lifecycle.find(session, visitor.who.organization_id, campaign).region
    found = importing.open_source(file.file, region, {}).columns
    context = {"mapping": found.named(), "headers": found.headers, "fields": FIELDS}
    return pages.templates.TemplateResponse(request, "parts/columns.html", context)


@router.post("/console/leads")
def import_leads(
    request: Request,
    visitor: Acting,
    state: State,
    file: Annotated[UploadFile, File()],
    campaign: Annotated[str, Form()],
    columns: Annotated[list[str] | None, Form(alias="map")] = None,
    consent: Annotated[str, Form()] = "",
    consent_evidence: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Import a CSV, and show what came of it."""
    report = actions.import_leads(
        state,
        visitor.who,
        campaign,
        file,
        mapping=actions.mapping(columns or []),
        consent=consent,
        consent_evidence=consent_evidence,
    )
    headers = {"HX-Trigger": "changed"}
    return pages.templates.TemplateResponse(request, "parts/import_result.html", {"report": report}, headers=headers)


@router.post("/console/test-call")
def test_call(
    request: Request,
    visitor: Acting,
    state: State,
    agent: Annotated[str, Form()],
    phone: Annotated[str, Form(max_length=40)],
) -> Response:
    """Let an agent call the visitor's own phone."""
    actions.test_call(state, visitor.who, agent=agent, phone=phone)
    return done(request, f"{agent} is about to call {phone}.")


@router.post("/console/dialing/stop")
def stop_dialing(
    request: Request, visitor: Acting, state: State, why: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Stop all dialing."""
    actions.set_gate(state, visitor.who, shut=True, why=why)
    return done(request, "All dialing is stopped. Calls that ring or talk go on.")


@router.post("/console/dialing/resume")
def resume_dialing(
    request: Request, visitor: Acting, state: State, why: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Let dialing go on."""
    actions.set_gate(state, visitor.who, shut=False, why=why)
    return done(request, "Dialing goes on.")


def _split(versions: list[str], weights: list[str]) -> dict[str, int] | None:
    """Read the rows of the form that name a version."""
    rows = [f"{version}={weight}" for version, weight in zip(versions, weights, strict=False) if version]
    return splitting.parse(",".join(rows)) if rows else None


def done(request: Request, message: str) -> Response:
    """Answer with a note, close the dialog that it came from, and have the live parts look again."""
    headers = {
        "HX-Retarget": "#notes",
        "HX-Reswap": "beforeend",
        "HX-Trigger": json.dumps({"changed": "", "done": ""}),
    }
    return pages.templates.TemplateResponse(request, "note.html", {"message": message}, headers=headers)
