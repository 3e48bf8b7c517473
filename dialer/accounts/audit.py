"""The audit trail: who did what, and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dialer.accounts.models import AuditEvent


def write(session: Session, organization_id: UUID, *, by: str, what: str, why: str = "", **detail: Any) -> None:
    """Add an event to the transaction that does the thing, so that there is neither without the other.

    `what` is a noun and a verb, as in campaign.start; `detail` JSON values, ids rather than names, and never a secret.
    """
    session.add(AuditEvent(organization_id=organization_id, by=by, what=what, why=why, detail=detail))
