"""The only way to move one lead: compare-and-set, and a row that says when, who and why."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from dialer.leads.models import Lead, LeadMove, LeadState


def move(
    session: Session,
    lead_id: int,
    to: LeadState,
    *,
    before: LeadState,
    now: datetime,
    by: str,
    why: str,
    due_at: datetime | None = None,
    call_id: UUID | None = None,
    disposition: str | None = None,
    attempts_by: int = 0,
) -> bool:
    """Move a lead from `before` to `to` and write down why.

    Args:
        due_at: campaign time of the next attempt; needed for `due` and `waiting`, and for them only.
        call_id: the call that caused the move.
        disposition: of the outcome that caused it; kept as it was when None.
        attempts_by: by how much the count of attempts changes.

    Returns:
        Whether the lead was in `before`, and so was moved.
    """
    values: dict[str, object] = {"state": to, "reason": why, "due_at": due_at, "moved_at": now}
    if disposition is not None:
        values["disposition"] = disposition
    if attempts_by:
        values["attempts"] = Lead.attempts + attempts_by
    won = session.scalar(
        update(Lead).where(Lead.id == lead_id, Lead.state == before).values(**values).returning(Lead.id)
    )
    if won is None:
        return False
    session.add(LeadMove(lead_id=lead_id, state=to, at=now, by=by, why=why, due_at=due_at, call_id=call_id))
    return True
