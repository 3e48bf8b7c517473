"""/api/leads."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import FileResponse

from dialer.leads import listing
from dialer.leads.listing import ImportView, LeadDetail, LeadView
from dialer.leads.models import LeadState
from dialer.web import actions, files
from dialer.web.api import paging
from dialer.web.api.paging import Cursor, Limit, Page
from dialer.web.auth import Manager, Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/leads", tags=["leads"])


class NewOptOut(BaseModel):
    """Numbers that are never to be called again."""

    model_config = ConfigDict(extra="forbid")

    phones: list[str] = Field(min_length=1, max_length=10_000, description="With a country code, as in +12125550101.")
    reason: str = Field(default="asked for by API", min_length=1, max_length=500)


class OptedOut(BaseModel):
    """What an opt-out did."""

    suppressed: int = Field(description="Numbers that were not suppressed before.")
    blocked: int = Field(description="Leads that would have been called.")
    withdrawn: int = Field(description="Calls that were about to be placed.")
    cancelling: list[UUID] = Field(description="Calls that may ring already; each is cancelled at the carrier.")


class Imported(BaseModel):
    """What came of an import: rows = imported + unchanged + the sum of rejected."""

    import_id: UUID
    rows: int
    imported: int
    unchanged: int = Field(description="Rows whose number the campaign had already.")
    unblocked: int = Field(description="Of the unchanged: those that got the consent they lacked.")
    rejected: dict[str, int] = Field(description="Reason to number of rows.")
    blocked: dict[str, int] = Field(description="Of the imported: those that cannot be called, by reason.")
    notes: dict[str, int]
    rejects_file: str
    rejects_url: str | None
    mapping: dict[str, str] = Field(description="Our field to the column's header.")
    encoding: str
    delimiter: str


@router.get("")
def leads(
    who: Viewer,
    state: State,
    campaign_id: UUID | None = None,
    lead_state: Annotated[LeadState | None, Query(alias="state")] = None,
    phone: Annotated[str | None, Query(description="E.164.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LeadView]:
    """List leads in the order in which they were imported."""
    with state.sessions() as session:
        found = listing.page(
            session,
            who.organization_id,
            campaign_id=campaign_id,
            state=lead_state,
            phone=phone,
            after=paging.number(cursor),
            limit=limit + 1,
        )
    return paging.cut(found, limit, paging.encode(found[:limit][-1].id) if found else "")


@router.post("", status_code=201)
def upload(
    who: Manager,
    state: State,
    request: Request,
    file: Annotated[UploadFile, File(description="A CSV: any common encoding and delimiter, columns in any order.")],
    campaign: Annotated[str, Form(description="Name or id.")],
    columns: Annotated[
        list[str] | None, Form(alias="map", description="As in phone=Mobile; said in place of what is guessed.")
    ] = None,
    consent: Annotated[str, Form(description="express or written: what you vouch for, for every row.")] = "",
    consent_evidence: Annotated[str, Form(max_length=500, description="What proves it.")] = "",
) -> Imported:
    """Import a CSV into a campaign. Bad rows never stop good ones; the same file again changes nothing."""
    mapping = actions.mapping(columns or [])
    report = actions.import_leads(
        state, who, campaign, file, mapping=mapping, consent=consent, consent_evidence=consent_evidence
    )
    url = str(request.url_for("rejects_file", import_id=report.import_id)) if report.rejects_file else None
    return Imported.model_validate(report.as_json() | {"rejects_url": url})


@router.post("/opt-out")
def opt_out(body: NewOptOut, who: Manager, state: State) -> OptedOut:
    """Never call these numbers again. In force for every dial from the answer on."""
    done = actions.opt_out(state, who, body.phones, body.reason)
    return OptedOut(
        suppressed=done.suppressed, blocked=done.blocked, withdrawn=done.withdrawn, cancelling=list(done.cancel)
    )


@router.get("/imports")
def imports(who: Viewer, state: State, campaign_id: UUID | None = None, limit: Limit = 50) -> list[ImportView]:
    """List the latest imports."""
    with state.sessions() as session:
        return listing.imports(session, who.organization_id, campaign_id=campaign_id, limit=limit)


@router.get("/imports/{import_id}/rejects", response_class=FileResponse, name="rejects_file")
def rejects(import_id: UUID, who: Viewer, state: State) -> FileResponse:
    """Send the rejected rows of an import as a CSV: line, column, value and reason."""
    with state.sessions() as session:
        path = listing.rejects_file(session, who.organization_id, import_id)
    return files.rejects(state.settings, path)


@router.get("/{lead_id}")
def lead(lead_id: int, who: Viewer, state: State) -> LeadDetail:
    """Show a lead with everything that happened to it: why it was (not) called, and when next."""
    with state.sessions() as session:
        return listing.detail(session, who.organization_id, lead_id)
