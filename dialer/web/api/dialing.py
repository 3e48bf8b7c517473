"""/api/dialing: the emergency stop."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from dialer.calls import gate, listing
from dialer.calls.listing import SeatsView
from dialer.web import actions
from dialer.web.auth import Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/dialing", tags=["dialing"])


class Why(BaseModel):
    """Why dialing is stopped, or may go on."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field(min_length=1, max_length=500)


class Dialing(BaseModel):
    """Whether anything is dialed at all, since when, who decided it, and the seats there are."""

    shut: bool
    by: str
    why: str
    since: datetime
    seats: SeatsView


@router.get("")
def dialing(who: Viewer, state: State) -> Dialing:
    """Tell whether all dialing is stopped."""
    return _dialing(state)


@router.post("/stop")
def stop(body: Why, who: Viewer, state: State) -> Dialing:
    """Stop all dialing, effective at the next dial. Calls that ring or talk go on."""
    actions.set_gate(state, who, shut=True, why=body.why)
    return _dialing(state)


@router.post("/resume")
def resume(body: Why, who: Viewer, state: State) -> Dialing:
    """Let dialing go on. Takes an admin."""
    actions.set_gate(state, who, shut=False, why=body.why)
    return _dialing(state)


def _dialing(state: State) -> Dialing:
    with state.sessions() as session:
        now, seats = gate.read(session), listing.seats(session)
    return Dialing(shut=now.shut, by=now.by, why=now.why, since=now.since, seats=seats)
