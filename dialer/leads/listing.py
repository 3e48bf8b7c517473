"""What the API and the console read about leads and imports. Nothing here changes a row.

The views below are what `/api/leads` answers, field by field.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dialer.errors import NotFound
from dialer.leads.models import Import, Lead, LeadMove, LeadState


@dataclass(frozen=True, slots=True)
class LeadView:
    """One lead. Times are campaign time."""

    id: int
    campaign_id: UUID
    phone: str
    first_name: str
    last_name: str
    company: str
    email: str
    place: str
    fields: dict[str, Any]
    state: LeadState
    reason: str
    due_at: datetime | None
    attempts: int
    disposition: str | None
    import_id: UUID | None
    line: int | None


@dataclass(frozen=True, slots=True)
class LeadMoveView:
    """A change of the lead's state: when, who and why, until when, and the call that caused it."""

    state: LeadState
    at: datetime
    by: str
    why: str
    due_at: datetime | None
    call_id: UUID | None


@dataclass(frozen=True, slots=True)
class LeadDetail:
    """One lead with everything that happened to it, the oldest first."""

    lead: LeadView
    moves: list[LeadMoveView]


@dataclass(frozen=True, slots=True)
class ImportView:
    """One run of a file into a campaign. rows = imported + unchanged + the sum of rejected."""

    id: UUID
    campaign_id: UUID
    filename: str
    at: datetime
    by: str
    rows: int
    imported: int
    unchanged: int
    rejected: dict[str, int]
    """Reason → number of rows."""
    mapping: dict[str, str]
    """Our field → the column's header."""
    has_rejects: bool


def page(
    session: Session,
    organization_id: UUID,
    *,
    campaign_id: UUID | None = None,
    state: LeadState | None = None,
    phone: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[LeadView]:
    """Return leads in order of their ids, those after the id `after`."""
    wanted = select(Lead).where(Lead.organization_id == organization_id, Lead.id > after)
    for column, value in ((Lead.campaign_id, campaign_id), (Lead.state, state), (Lead.phone, phone)):
        if value is not None:
            wanted = wanted.where(column == value)
    return [_view(lead) for lead in session.scalars(wanted.order_by(Lead.id).limit(limit))]


def detail(session: Session, organization_id: UUID, lead_id: int) -> LeadDetail:
    """Return a lead and its moves.

    Raises:
        NotFound: the organization has no such lead.
    """
    lead = session.scalar(select(Lead).where(Lead.organization_id == organization_id, Lead.id == lead_id))
    if lead is None:
        raise NotFound("lead", lead_id)
    moves = session.scalars(select(LeadMove).where(LeadMove.lead_id == lead_id).order_by(LeadMove.id))
    return LeadDetail(_view(lead), [LeadMoveView(m.state, m.at, m.by, m.why, m.due_at, m.call_id) for m in moves])


def imports(
    session: Session, organization_id: UUID, *, campaign_id: UUID | None = None, limit: int = 50
) -> list[ImportView]:
    """Return the latest imports, the newest first."""
    wanted = select(Import).where(Import.organization_id == organization_id)
    if campaign_id is not None:
        wanted = wanted.where(Import.campaign_id == campaign_id)
    return [_import(row) for row in session.scalars(wanted.order_by(Import.at.desc(), Import.id).limit(limit))]


def rejects_file(session: Session, organization_id: UUID, import_id: UUID) -> str:
    """Return where the rejected rows of an import are.

    Raises:
        NotFound: there is no such import, or it rejected nothing.
    """
    path = session.scalar(
        select(Import.rejects_file).where(Import.organization_id == organization_id, Import.id == import_id)
    )
    if not path:
        raise NotFound("rejects file of import", import_id)
    return path


def unfinished_by_state(session: Session) -> dict[str, int]:
    """Count the leads of all organizations that are due, waiting or in flight, each over its partial index."""
    states = (LeadState.DUE, LeadState.WAITING, LeadState.IN_FLIGHT)
    counts = select(*(select(func.count()).where(Lead.state == state).scalar_subquery() for state in states))
    return {state.value: count for state, count in zip(states, session.execute(counts).one(), strict=True)}


def _view(lead: Lead) -> LeadView:
    return LeadView(
        id=lead.id,
        campaign_id=lead.campaign_id,
        phone=lead.phone,
        first_name=lead.first_name,
        last_name=lead.last_name,
        company=lead.company,
        email=lead.email,
        place=lead.place,
        fields=lead.fields,
        state=lead.state,
        reason=lead.reason,
        due_at=lead.due_at,
        attempts=lead.attempts,
        disposition=lead.disposition,
        import_id=lead.import_id,
        line=lead.line,
    )


def _import(row: Import) -> ImportView:
    return ImportView(
        id=row.id,
        campaign_id=row.campaign_id,
        filename=row.filename,
        at=row.at,
        by=row.by,
        rows=row.rows,
        imported=row.imported,
        unchanged=row.unchanged,
        rejected=row.rejected,
        mapping=row.mapping,
        has_rejects=bool(row.rejects_file),
    )
