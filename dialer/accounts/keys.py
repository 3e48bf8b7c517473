"""API keys: `dk_` and 43 characters, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

from sqlalchemy.orm import Session

from dialer.accounts import audit, queries
from dialer.accounts.models import ApiKey, Role
from dialer.accounts.principal import NotLoggedIn, Principal
from dialer.errors import BadInput, Conflict

PREFIX = "dk_"
_BYTES = 32


def create(session: Session, organization_id: UUID, name: str, role: Role, *, by: str) -> str:
    """Make a key and return it: nobody can read it again.

    Raises:
        BadInput: the name is empty.
        Conflict: a key of this name is in use.
    """
    name = name.strip()
    if not name:
        raise BadInput("A key needs a name, such as the program that will use it.")
    if queries.key_name_taken(session, organization_id, name):
        raise Conflict(f"There is a key {name!r} already; choose another name.")
    key = PREFIX + secrets.token_urlsafe(_BYTES)
    session.add(ApiKey(organization_id=organization_id, name=name, role=role, key_hash=_hashed(key)))
    audit.write(session, organization_id, by=by, what="key.create", key=name, role=role.value)
    return key


def principal(session: Session, key: str) -> Principal:
    """Return whoever holds this key.

    Raises:
        NotLoggedIn: there is no such key, or it was revoked.
    """
    found = queries.key_by_hash(session, _hashed(key)) if key.startswith(PREFIX) else None
    if found is None:
        raise NotLoggedIn("This API key is not known. Make one with `dialer keys create NAME`.")
    return Principal(found.organization_id, f"key:{found.name}", found.role)


def _hashed(key: str) -> str:
    """Hash a key. It has 256 random bits, so that a plain digest cannot be searched."""
    return hashlib.sha256(key.encode()).hexdigest()
