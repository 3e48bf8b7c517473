"""The SQL of accounts. Nothing here commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dialer.accounts.models import ApiKey, AuditEvent, Organization, User

KEY_USE_NOTED_EVERY_S = 60


def organization(session: Session, name: str) -> UUID:
    """Return the id of the organization of this name, which exists afterwards."""
    session.execute(insert(Organization).values(name=name).on_conflict_do_nothing(index_elements=["name"]))
    return session.scalars(select(Organization.id).where(Organization.name == name)).one()


def organization_named(session: Session, name: str) -> UUID | None:
    """Return the id of the organization of this name, if there is one."""
    return session.scalar(select(Organization.id).where(Organization.name == name))


def user_by_email(session: Session, email: str) -> User | None:
    """Find a user by e-mail address, in whatever case it was typed."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def key_by_hash(session: Session, key_hash: str) -> ApiKey | None:
    """Find a key that is not revoked, and note its use at most once a minute."""
    key = session.scalar(select(ApiKey).where(ApiKey.key_hash == key_hash, ApiKey.revoked_at.is_(None)))
    if key is not None:
        long_ago = func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, KEY_USE_NOTED_EVERY_S)
        session.execute(
            update(ApiKey)
            .where(ApiKey.id == key.id, func.coalesce(ApiKey.last_used_at, ApiKey.created_at) < long_ago)
            .values(last_used_at=func.clock_timestamp())
            .execution_options(synchronize_session=False)
        )
    return key


def key_name_taken(session: Session, organization_id: UUID, name: str) -> bool:
    """Whether a key of this name is in use."""
    found = select(ApiKey.id).where(
        ApiKey.organization_id == organization_id, ApiKey.name == name, ApiKey.revoked_at.is_(None)
    )
    return session.scalar(select(found.exists())) or False


def link_used(session: Session, organization_id: UUID, nonce: str) -> bool:
    """Whether a log-in link was redeemed. Of two who ask at once, the second waits for the first."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"login-link:{nonce}"})
    used = select(AuditEvent.id).where(
        AuditEvent.organization_id == organization_id,
        AuditEvent.what == "user.login_link",
        AuditEvent.detail["nonce"].astext == nonce,
    )
    return session.scalar(select(used.exists())) or False
