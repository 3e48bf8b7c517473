"""Numbers that an organization never calls again. Rows are only ever added.

Each is kept under its number and under the number's keyed hash. The hash outlives an erasure of the number, so both are
looked at: a row counts if either says that it is this number's.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dialer.leads.models import Suppression


def phone_hash(secret: str, phone: str) -> str:
    """Return the keyed hash (HMAC-SHA256, hex) of an E.164 number. Without the key a number cannot be tried out."""
    return hmac.digest(secret.encode(), phone.encode(), "sha256").hex()


def suppress(
    session: Session,
    organization_id: UUID,
    phones: Iterable[str],
    *,
    reason: str,
    source: str,
    call_id: UUID | None,
    now: datetime,
    secret: str,
) -> int:
    """Suppress numbers; what is suppressed already stays as it was.

    The caller holds the per-phone locks (`dialer.db.lock_phone`): only then has no dial started in between.

    Args:
        phones: E.164.
        source: spoken, digit, sms, api, csv, carrier, operator.

    Returns:
        How many numbers are newly suppressed.
    """
    rows = [
        {
            "organization_id": organization_id,
            "phone": phone,
            "phone_hash": phone_hash(secret, phone),
            "reason": reason,
            "source": source,
            "call_id": call_id,
            "at": now,
        }
        for phone in sorted(set(phones))
    ]
    if not rows:
        return 0
    added = insert(Suppression).values(rows).on_conflict_do_nothing().returning(Suppression.id)
    return len(session.scalars(added).all())


def is_suppressed(session: Session, organization_id: UUID, phone: str, secret: str) -> bool:
    """Whether the organization must not call this number."""
    found = session.scalar(
        select(Suppression.id)
        .where(
            Suppression.organization_id == organization_id,
            or_(Suppression.phone == phone, Suppression.phone_hash == phone_hash(secret, phone)),
        )
        .limit(1)
    )
    return found is not None


def among(session: Session, organization_id: UUID, phones: Iterable[str], secret: str) -> set[str]:
    """Return those of these numbers that the organization must not call."""
    hashes = {phone_hash(secret, phone): phone for phone in phones}
    found = session.execute(
        select(Suppression.phone, Suppression.phone_hash).where(
            Suppression.organization_id == organization_id,
            or_(
                Suppression.phone_hash == any_(literal(list(hashes), ARRAY(Text))),
                Suppression.phone == any_(literal(list(hashes.values()), ARRAY(Text))),
            ),
        )
    )
    return {phone or hashes[digest] for phone, digest in found}
