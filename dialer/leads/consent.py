"""Prior express consent: who gave which kind, and whether it covers a purpose.

Marketing with an artificial voice needs consent in writing; an informational call needs either kind. What was revoked
does not count, and what nobody can read counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, any_, exists, literal, select, update
from sqlalchemy.orm import Session

from dialer.leads.models import Consent, ConsentType

Purpose = Literal["marketing", "informational"]

ENOUGH: dict[str, tuple[ConsentType, ...]] = {
    "marketing": (ConsentType.WRITTEN,),
    "informational": (ConsentType.WRITTEN, ConsentType.EXPRESS),
}
"""Purpose → the kinds of consent of which one is needed. A purpose that is not here is covered by none."""


def covering(organization_id: UUID, phone: ColumnElement[str] | str, purpose: str) -> ColumnElement[bool]:
    """Return the SQL condition that a consent covers a call to `phone`; usable in any statement over leads."""
    return exists(
        select(1).where(
            Consent.organization_id == organization_id,
            Consent.phone == phone,
            Consent.type.in_(ENOUGH.get(purpose, ())),
            Consent.revoked_at.is_(None),
        )
    )


def covers(session: Session, organization_id: UUID, phone: str, purpose: str) -> bool:
    """Whether the person behind an E.164 number agreed to calls for this purpose."""
    return bool(session.scalar(select(covering(organization_id, phone, purpose))))


def among(session: Session, organization_id: UUID, phones: Iterable[str], purpose: str) -> set[str]:
    """Return those of these numbers whose owners agreed to calls for this purpose."""
    return set(
        session.scalars(
            select(Consent.phone)
            .where(
                Consent.organization_id == organization_id,
                Consent.phone == any_(literal(list(phones), ARRAY(Text))),
                Consent.type.in_(ENOUGH.get(purpose, ())),
                Consent.revoked_at.is_(None),
            )
            .distinct()
        )
    )


def grant(
    session: Session,
    organization_id: UUID,
    phone: str,
    type: ConsentType,
    *,
    evidence: str,
    source: str,
    given_at: datetime | None = None,
    text_version: str = "",
) -> Consent:
    """Write down that a person agreed.

    Args:
        evidence: what proves it: a form's id, a recording, a page and its time.
        source: who told us: an import's id, "api", a user.
        given_at: None when nobody knows.
    """
    consent = Consent(
        organization_id=organization_id,
        phone=phone,
        type=type,
        evidence=evidence,
        source=source,
        given_at=given_at,
        text_version=text_version,
    )
    session.add(consent)
    session.flush()
    return consent


def revoke(session: Session, organization_id: UUID, phones: Iterable[str], *, now: datetime) -> int:
    """Revoke every consent that these numbers gave so far; return how many that were. The rows stay as evidence."""
    revoked = session.scalars(
        update(Consent)
        .where(Consent.organization_id == organization_id, Consent.phone.in_(set(phones)), Consent.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Consent.id)
    )
    return len(revoked.all())
