"""Calls without a stream: which may be held turn by turn, and the rows of each turn.

There is no seat and no worker. The row's seat says `by_turns`, its epoch has moved on, and whoever answers the next
webhook writes under it: a worker that held the call before finds that it has lost it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dialer import clock, log
from dialer.agents.models import AgentVersion
from dialer.calls import briefings, facts, queries, tallies
from dialer.calls.models import Call, SeatState
from dialer.calls.moving import move
from dialer.calls.states import LIVE, CallState
from dialer.conversation.facts import Briefing, Fact, Reply
from dialer.db import Sessions, transaction

WORKER: Final = "carrier"
"""Stands in the row where a worker's name stands otherwise."""
BY: Final = "carrier turns"
logger = log.get(__name__)


def allowed(session: Session, call: Call) -> bool:
    """Whether the call's agent may talk this way."""
    return bool(session.get_one(AgentVersion, call.agent_version_id).definition.get("turn_by_turn"))


def take(session: Session, call: Call, *, why: str) -> bool:
    """Hold a live call turn by turn from now on. Of this and a worker that takes its seat, one wins."""
    won = session.scalar(
        update(Call)
        .where(
            Call.id == call.id,
            Call.state.in_(LIVE),
            Call.seat_epoch == call.seat_epoch,
            Call.seat == call.seat,
        )
        .values(
            seat=SeatState.BY_TURNS,
            seat_epoch=Call.seat_epoch + 1,
            seat_worker=WORKER,
            seat_url=None,
            seat_wall=func.clock_timestamp(),
            ending=None,
        )
        .returning(Call.id)
    )
    if won is None:
        return False
    move(session, call.id, CallState.TALKING, now=clock.now(session), by=BY, why=why)
    session.refresh(call)
    return True


@dataclass(frozen=True, slots=True)
class Held:
    """A call that is held turn by turn, as it stands."""

    briefing: Briefing
    answered_by: str
    age_s: float
    """Since when the person is on the line."""


def held(sessions: Sessions, call_id: UUID) -> Held | None:
    """Look at a call; None: it is not held this way, or is over.

    Raises:
        NotFound: there is no such call.
    """
    with transaction(sessions) as tx:
        call = queries.one(tx.session, call_id)
        if call.seat is not SeatState.BY_TURNS or call.state not in LIVE or call.ending is not None:
            return None
        now = clock.now(tx.session)
        age_s = (now - call.answered_at).total_seconds() if call.answered_at else 0.0
        return Held(briefings.brief(tx.session, call_id, now=now), call.answered_by or "", max(age_s, 0.0))


class WebHand:
    """The way of one turn's facts to the database: each is committed on a thread, in the order in which they came."""

    def __init__(self, call_id: UUID, epoch: int, sessions: Sessions, effects: facts.Effects) -> None:
        self._seat = facts.Seat(call_id, epoch, WORKER)
        self._sessions = sessions
        self._effects = effects
        self._last: asyncio.Task[Reply] | None = None

    def post(self, fact: Fact) -> asyncio.Future[Reply]:
        """Put a fact in line and go on."""
        return self._queue(fact)

    async def tell(self, fact: Fact) -> Reply:
        """Return once the fact is committed."""
        return await asyncio.shield(self._queue(fact))

    async def settled(self) -> None:
        """Wait until every fact is committed, and what the call has cost."""
        if self._last is not None:
            await asyncio.gather(self._last, return_exceptions=True)
            await asyncio.to_thread(self._count)

    def _count(self) -> None:
        try:
            with transaction(self._sessions) as tx:
                tallies.store_cost(tx.session, self._seat.call_id, self._seat.epoch)
        except SQLAlchemyError as error:  # the next turn counts again; this one is to be answered
            logger.warning("not counted", call_id=str(self._seat.call_id), error=repr(error))

    def _queue(self, fact: Fact) -> asyncio.Task[Reply]:
        self._last = asyncio.get_running_loop().create_task(self._commit(fact, self._last))
        return self._last

    async def _commit(self, fact: Fact, before: asyncio.Task[Reply] | None) -> Reply:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        return await asyncio.to_thread(self._apply, fact)

    def _apply(self, fact: Fact) -> Reply:
        came = facts.apply(fact, self._seat, self._sessions, self._effects)
        return came if isinstance(came, Reply) else came.finish()
