"""/api/numbers."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from dialer import db
from dialer.calls import numbers
from dialer.calls.numbers import Number
from dialer.web.auth import Manager, Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/numbers", tags=["numbers"])


class Answered(BaseModel):
    """Who answers a number."""

    agent: str | None
    """An agent's name, or a version such as "Ava@3"; null: the agent of the number's latest campaign."""


@router.get("")
def list_all(who: Viewer, state: State) -> list[Number]:
    """List our numbers, with the agent that answers people whom nobody has called from there."""
    with state.sessions() as session:
        return numbers.list_all(session, who.organization_id)


@router.put("/{phone}")
def assign(phone: str, answered: Answered, who: Manager, state: State) -> Number:
    """Let an agent answer a number when a stranger calls it."""
    with db.transaction(state.sessions) as tx:
        return numbers.assign(tx.session, who.organization_id, phone, answered.agent)
