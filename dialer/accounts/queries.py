"""The SQL of accounts. Nothing here commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dialer.accounts.models import ApiKey, AuditEvent, Organization, Role, User

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


def users(session: Session, organization_id: UUID) -> list[User]:
    """Return an organization's users, in order of their addresses."""
    return list(session.scalars(select(User).where(User.organization_id == organization_id).order_by(User.email)))


def user_for_change(session: Session, organization_id: UUID, user_id: UUID) -> User | None:
    """Lock an organization's users, so that two admins cannot disable each other at once; return one of them."""
    mine = select(User).where(User.organization_id == organization_id).order_by(User.id).with_for_update()
    return next((user for user in session.scalars(mine) if user.id == user_id), None)


def another_admin(session: Session, user: User) -> bool:
    """Whether somebody else of this user's organization may administer."""
    others = select(User.id).where(
        User.organization_id == user.organization_id,
        User.id != user.id,
        User.role == Role.ADMIN,
        User.disabled_at.is_(None),
    )
    return session.scalar(select(others.exists())) or False


def trail(
    session: Session, organization_id: UUID, *, by: str | None, what: str | None, before: int, limit: int
) -> list[AuditEvent]:
    """Return who did what, the latest first; `before` is the id of the last event that was seen, 0 for none."""
    events = select(AuditEvent).where(AuditEvent.organization_id == organization_id)
    if by is not None:
        events = events.where(AuditEvent.by == by)
    if what is not None:
        events = events.where(AuditEvent.what.startswith(what, autoescape=True))
    if before:
        events = events.where(AuditEvent.id < before)
    return list(session.scalars(events.order_by(AuditEvent.id.desc()).limit(limit)))
