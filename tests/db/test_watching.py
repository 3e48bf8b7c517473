"""A worker's one look at all of its calls."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import update

from dialer import clock
from dialer.calls import answering, seats
from dialer.calls.models import Call
from dialer.calls.moving import move
from dialer.calls.reporting import Report
from dialer.calls.states import CallState
from dialer.calls.watching import Held, Seen
from dialer.telephony.base import CarrierStatus
from tests.db.engine import CampaignEngine
from tests.factories import Factory

WORKER = "calls-1"


@pytest.fixture
def call_id(engine_room: CampaignEngine, factory: Factory) -> UUID:
    """A call that the worker has taken."""
    factory.lead(factory.campaign())
    (claimed,) = engine_room.claim()
    engine_room.place(claimed)
    said = Report(str(engine_room.call(claimed).carrier_id), CarrierStatus.IN_PROGRESS)
    answering.answered(engine_room.sessions, claimed, said, secret="s")
    with engine_room.sessions.begin() as session:
        assert seats.take(session, claimed, 1, worker=WORKER, url="ws://x")
    return claimed


def test_the_carriers_verdict_is_seen_once(engine_room: CampaignEngine, call_id: UUID) -> None:
    held = Held()
    with held.holding(call_id, 1):
        assert held.look(engine_room.sessions, WORKER) == Seen((), ())
        with engine_room.sessions.begin() as session:
            session.execute(update(Call).where(Call.id == call_id).values(answered_by="human"))

        assert held.look(engine_room.sessions, WORKER) == Seen((), ((call_id, "human"),))
        assert held.look(engine_room.sessions, WORKER) == Seen((), ())


def test_a_call_that_another_seat_has_is_lost(engine_room: CampaignEngine, call_id: UUID) -> None:
    held = Held()
    with held.holding(call_id, 1):
        with engine_room.sessions.begin() as session:
            session.execute(update(Call).where(Call.id == call_id).values(seat_epoch=2))

        assert held.look(engine_room.sessions, WORKER).lost == (call_id,)


def test_a_call_that_is_over_at_the_carrier_is_seen(engine_room: CampaignEngine, call_id: UUID) -> None:
    held = Held()
    with held.holding(call_id, 1):
        assert held.look(engine_room.sessions, WORKER).over == ()
        with engine_room.sessions.begin() as session:
            assert move(session, call_id, CallState.ENDED, now=clock.now(session), by="test", why="hung up")

        assert held.look(engine_room.sessions, WORKER).over == (call_id,)


def test_a_call_that_was_let_go_is_not_looked_at(engine_room: CampaignEngine, call_id: UUID) -> None:
    held = Held()
    with held.holding(call_id, 1):
        pass

    assert held.look(engine_room.sessions, "another worker") == Seen((), ())
