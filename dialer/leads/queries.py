"""What others read and lock of leads."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dialer.leads.models import Lead


def hold_lead(session: Session, lead_id: int | None) -> None:
    """Lock a lead before its call is locked: the lock order is phone, campaign, lead, call."""
    if lead_id is not None:
        session.execute(select(Lead.id).where(Lead.id == lead_id).with_for_update())
