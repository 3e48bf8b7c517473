"""A restored database is noticed by the calls that the carrier has and no row knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, update

from dialer.calls import gate, restoring
from dialer.calls.models import Call, Stray
from dialer.calls.states import CallState
from dialer.errors import CarrierSilent
from tests.db.engine import CampaignEngine
from tests.factories import NOON, Factory


@pytest.fixture
def claimed(engine_room: CampaignEngine, factory: Factory) -> UUID:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    return call_id


def shuts(engine_room: CampaignEngine) -> bool:
    restoring.compare(engine_room.sessions, engine_room.carrier, grace_s=900.0)
    with engine_room.sessions() as session:
        return gate.is_shut(session)


def had(engine_room: CampaignEngine, call_id: UUID) -> str:
    """Let the carrier have a call that the row does not know of."""
    call = engine_room.call(call_id)
    sid = engine_room.carrier.add(call.to_number, call.from_number)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/answer/{call_id}"]
    return sid


def test_all_is_well(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.place(claimed)

    assert not shuts(engine_room)


def test_a_call_that_the_rows_have_only_claimed_is_noticed(engine_room: CampaignEngine, claimed: UUID) -> None:
    had(engine_room, claimed)

    assert shuts(engine_room)


def test_a_call_that_is_recorded_while_it_is_looked_for_is_nothing_to_notice(
    engine_room: CampaignEngine, claimed: UUID
) -> None:
    engine_room.carrier.fails, engine_room.carrier.accepts_first = [CarrierSilent("no reply")], True
    engine_room.place(claimed)
    (carrier_id,), to_number = engine_room.carrier.calls, engine_room.call(claimed).to_number
    engine = engine_room.sessions.kw["bind"]
    told = {"carrier_id": carrier_id, "state": CallState.PLACED}

    def record(*seen: Any) -> None:
        if told and any(value in str(seen[3]) for value in (carrier_id, to_number)):
            values = dict(told)
            told.clear()
            with engine_room.sessions.begin() as session:
                session.execute(update(Call).where(Call.id == claimed).values(**values))

    event.listen(engine, "after_cursor_execute", record)
    try:
        assert not shuts(engine_room)
    finally:
        event.remove(engine, "after_cursor_execute", record)
    assert not told, "nobody looked for the call"


def test_the_leg_of_a_transfer_is_nothing_to_notice(engine_room: CampaignEngine, claimed: UUID) -> None:
    sid = engine_room.carrier.add("+12125550190", engine_room.call(claimed).from_number)
    engine_room.carrier.calls[sid] = replace(engine_room.carrier.calls[sid], direction="outbound-dial")

    assert not shuts(engine_room)


def set_aside(engine_room: CampaignEngine, call_id: UUID) -> None:
    """Let the carrier have a call that was set aside as a stray when its callback came."""
    sid = had(engine_room, call_id)
    with engine_room.sessions.begin() as session:
        session.add(Stray(carrier_id=sid, call_id=call_id, at=NOON, why="test"))


def test_a_second_call_that_is_known_as_a_stray_is_nothing_to_notice(
    engine_room: CampaignEngine, claimed: UUID
) -> None:
    engine_room.place(claimed)
    set_aside(engine_room, claimed)

    assert not shuts(engine_room)


def test_a_stray_of_a_call_that_was_never_sent_is_noticed(engine_room: CampaignEngine, claimed: UUID) -> None:
    set_aside(engine_room, claimed)

    assert shuts(engine_room)
