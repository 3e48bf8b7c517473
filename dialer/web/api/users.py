"""/api/users: people who log in, their roles, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from dialer import db
from dialer.accounts import queries, users
from dialer.accounts.models import Role, User
from dialer.accounts.principal import Principal
from dialer.web.api import paging
from dialer.web.api.paging import Cursor, Limit, Page
from dialer.web.auth import by_key
from dialer.web.state import State

router = APIRouter(prefix="/api/users", tags=["users"])


def _admin(who: Annotated[Principal, Depends(by_key)]) -> Principal:
    who.require(Role.ADMIN)
    return who


Admin = Annotated[Principal, Depends(_admin)]


class UserView(BaseModel):
    """A person who logs in. The password is never told."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None


class NewUser(BaseModel):
    """A person who shall log in."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=254)
    password: str = Field(min_length=12, max_length=1024)
    role: Role = Role.VIEWER


class NewRole(BaseModel):
    """What a user may do from now on: look, run campaigns, or everything."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class EventView(BaseModel):
    """Something that a person or a key did."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    by: str
    what: str
    why: str
    detail: dict[str, Any]


@router.get("")
def list_users(who: Admin, state: State) -> list[UserView]:
    """List the organization's users."""
    with state.sessions() as session:
        return [UserView.model_validate(user) for user in queries.users(session, who.organization_id)]


@router.post("", status_code=201)
def create(body: NewUser, who: Admin, state: State) -> UserView:
    """Add a user."""
    with db.transaction(state.sessions) as tx:
        user = users.create(tx.session, who.organization_id, body.email, body.password, body.role, by=who.by)
        return _view(tx, user)


@router.get("/audit")
def trail(
    who: Admin,
    state: State,
    by: Annotated[str | None, Query(max_length=300, description="As events name it: user:EMAIL or key:NAME.")] = None,
    what: Annotated[str | None, Query(max_length=60, description="How it begins, as in campaign. or user.role")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EventView]:
    """Tell who did what in the organization, the latest first."""
    with state.sessions() as session:
        found = [
            EventView.model_validate(event)
            for event in queries.trail(
                session,
                who.organization_id,
                by=by,
                what=what,
                before=paging.number(cursor),
                limit=limit + 1,
            )
        ]
    return paging.cut(found, limit, paging.encode(found[:limit][-1].id) if found else "")


@router.post("/{user_id}/role")
def change_role(user_id: UUID, body: NewRole, who: Admin, state: State) -> UserView:
    """Give a user another role. The last admin stays one."""
    with db.transaction(state.sessions) as tx:
        return _view(tx, users.change_role(tx.session, who.organization_id, user_id, body.role, by=who.by))


@router.post("/{user_id}/disable")
def disable(user_id: UUID, who: Admin, state: State) -> UserView:
    """Keep a user out from their next request on. The last admin cannot be."""
    with db.transaction(state.sessions) as tx:
        return _view(tx, users.disable(tx.session, who.organization_id, user_id, by=who.by))


@router.post("/{user_id}/enable")
def enable(user_id: UUID, who: Admin, state: State) -> UserView:
    """Let a disabled user in again."""
    with db.transaction(state.sessions) as tx:
        return _view(tx, users.enable(tx.session, who.organization_id, user_id, by=who.by))


def _view(tx: db.Transaction, user: User) -> UserView:
    tx.session.flush()
    tx.session.refresh(user)
    return UserView.model_validate(user)
