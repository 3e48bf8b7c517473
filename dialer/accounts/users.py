"""People who log in."""

from __future__ import annotations

import re
from uuid import UUID

from sqlalchemy.orm import Session

from dialer import clock
from dialer.accounts import audit, passwords, queries
from dialer.accounts.models import Role, User
from dialer.accounts.principal import NotLoggedIn, Principal
from dialer.errors import BadInput, Conflict, NotFound

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def create(session: Session, organization_id: UUID, email: str, password: str, role: Role, *, by: str) -> User:
    """Add a user.

    Raises:
        BadInput: no e-mail address, or a password that is too short.
        Conflict: the address belongs to a user already.
    """
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise BadInput(f"{email!r} is no e-mail address.")
    if queries.user_by_email(session, email) is not None:
        raise Conflict(f"There is a user {email} already.")
    user = User(organization_id=organization_id, email=email, password_hash=passwords.hashed(password), role=role)
    session.add(user)
    audit.write(session, organization_id, by=by, what="user.create", email=email, role=role.value)
    session.flush()
    return user


def change_role(session: Session, organization_id: UUID, user_id: UUID, role: Role, *, by: str) -> User:
    """Give a user another role. Doing it twice is no error.

    Raises:
        NotFound: the organization has no such user.
        Conflict: nobody would be left who may administer.
    """
    user = _mine(session, organization_id, user_id)
    if user.role is not role:
        _not_the_last_admin(session, user)
        was, user.role = user.role, role
        audit.write(
            session, organization_id, by=by, what="user.role", user=str(user.id), role=role.value, was=was.value
        )
    return user


def disable(session: Session, organization_id: UUID, user_id: UUID, *, by: str) -> User:
    """Keep a user out, from their next request on. Doing it twice is no error.

    Raises:
        NotFound: the organization has no such user.
        Conflict: nobody would be left who may administer.
    """
    user = _mine(session, organization_id, user_id)
    if user.disabled_at is None:
        _not_the_last_admin(session, user)
        user.disabled_at = clock.wall(session)
        audit.write(session, organization_id, by=by, what="user.disable", user=str(user.id))
    return user


def enable(session: Session, organization_id: UUID, user_id: UUID, *, by: str) -> User:
    """Let a disabled user in again. Doing it twice is no error.

    Raises:
        NotFound: the organization has no such user.
    """
    user = _mine(session, organization_id, user_id)
    if user.disabled_at is not None:
        user.disabled_at = None
        audit.write(session, organization_id, by=by, what="user.enable", user=str(user.id))
    return user


def _mine(session: Session, organization_id: UUID, user_id: UUID) -> User:
    user = queries.user_for_change(session, organization_id, user_id)
    if user is None:
        raise NotFound("user", user_id)
    return user


def _not_the_last_admin(session: Session, user: User) -> None:
    administers = user.role is Role.ADMIN and user.disabled_at is None
    if administers and not queries.another_admin(session, user):
        raise Conflict("This is the last user who may administer: make somebody else an admin first.")


def log_in(session: Session, email: str, password: str) -> User:
    """Return the user whose password this is, and write down that they came.

    Raises:
        NotLoggedIn: no such user, wrong password, or the user is disabled; which of these is not told.
    """
    user = queries.user_by_email(session, email)
    right = passwords.matches(password, user.password_hash if user else None)
    if user is None or not right or user.disabled_at is not None:
        raise NotLoggedIn("E-mail address or password is wrong.")
    audit.write(session, user.organization_id, by=name(user), what="user.login")
    return user


def name(user: User) -> str:
    """How moves and audit events name the user."""
    return f"user:{user.email}"


def principal(user: User) -> Principal:
    """Return the user as one who asks."""
    return Principal(user.organization_id, name(user), user.role)
