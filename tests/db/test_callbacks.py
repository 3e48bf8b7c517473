"""What the carrier says of a call: callbacks in any order and number, replies, and answers when asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from dialer.calls import callbacks, settling
from dialer.calls.models import Call, Callback, Stray
from dialer.calls.states import CallState
from dialer.errors import CarrierBusy, CarrierSilent
from dialer.leads.models import LeadState
from dialer.outcomes.models import Disposition, Outcome
from dialer.telephony.base import CarrierStatus
from tests.db.engine import CampaignEngine
from tests.factories import Factory

SID = "CA" + "5" * 32


@pytest.fixture
def placed(engine_room: CampaignEngine, factory: Factory) -> UUID:
    """A call that the carrier accepted."""
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    return call_id


@pytest.fixture
def unknown(engine_room: CampaignEngine, factory: Factory) -> UUID:
    """A call that the carrier accepted without saying so."""
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.carrier.fails.append(CarrierSilent("reply lost"))
    engine_room.carrier.accepts_first = True
    engine_room.place(call_id)
    return call_id


def tell(engine_room: CampaignEngine, call_id: UUID, status: str, carrier_id: str | None = None, **more: str) -> bool:
    """Deliver a status callback; return whether it said that the call is over."""
    params = {"CallSid": carrier_id or str(engine_room.call(call_id).carrier_id), "CallStatus": status, **more}
    digest = callbacks.store(engine_room.sessions, "status", call_id, f"/voice/status/{call_id}", params)
    folded = callbacks.fold(engine_room.sessions, digest)
    return folded is not None and folded.over


@pytest.mark.parametrize("order", list(permutations(["initiated", "ringing", "in-progress", "completed"])))
def test_callbacks_in_any_order_end_alike(engine_room: CampaignEngine, placed: UUID, order: tuple[str, ...]) -> None:
    for status in order:
        tell(engine_room, placed, status, CallDuration="17" if status == "completed" else "")

    call = engine_room.call(placed)
    assert (call.state, call.carrier_status, call.duration_s) == (CallState.ENDED, "completed", 17)


def test_a_repeated_callback_is_stored_and_folded_once(engine_room: CampaignEngine, placed: UUID) -> None:
    assert tell(engine_room, placed, "no-answer") is True
    assert tell(engine_room, placed, "no-answer") is False

    with engine_room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Callback)) == 1
    assert engine_room.why_call(placed)[-1] == "carrier: no-answer"


def test_the_first_terminal_state_stays(engine_room: CampaignEngine, placed: UUID) -> None:
    tell(engine_room, placed, "busy")
    tell(engine_room, placed, "completed")

    assert engine_room.call(placed).carrier_status == "busy"


def test_first_callback_binds_the_carriers_id(engine_room: CampaignEngine, unknown: UUID) -> None:
    tell(engine_room, unknown, "ringing", SID)

    call = engine_room.call(unknown)
    assert (call.state, call.carrier_id) == (CallState.RINGING, SID)


def test_a_second_carrier_call_is_a_stray(engine_room: CampaignEngine, placed: UUID) -> None:
    params = {"CallSid": SID, "CallStatus": "ringing"}
    digest = callbacks.store(engine_room.sessions, "status", placed, "/voice/status", params)
    folded = callbacks.fold(engine_room.sessions, digest)

    assert folded is not None
    assert folded.hang_up == SID
    with engine_room.sessions() as session:
        assert session.scalars(select(Stray.carrier_id)).all() == [SID]


def test_callback_for_no_call_is_kept_and_not_folded_again(engine_room: CampaignEngine) -> None:
    nobody = UUID(int=7)
    assert tell_nobody(engine_room, nobody) is None

    with engine_room.sessions() as session:
        row = session.scalars(select(Callback)).one()
        assert row.folded_wall is not None
        assert "no call" in (row.error or "")


def tell_nobody(engine_room: CampaignEngine, call_id: UUID) -> callbacks.Folded | None:
    params = {"CallSid": SID, "CallStatus": "ringing"}
    return callbacks.fold(
        engine_room.sessions, callbacks.store(engine_room.sessions, "status", call_id, "/voice/status", params)
    )


def test_lost_fold_is_swept(engine_room: CampaignEngine, placed: UUID) -> None:
    params = {"CallSid": str(engine_room.call(placed).carrier_id), "CallStatus": "busy"}
    callbacks.store(engine_room.sessions, "status", placed, "/voice/status", params)
    with engine_room.sessions.begin() as session:
        session.execute(update(Callback).values(received_wall=func.clock_timestamp() - timedelta(seconds=3)))

    (folded,) = callbacks.fold_all(engine_room.sessions)

    assert folded.over
    assert engine_room.call(placed).state is CallState.ENDED


def test_unknown_with_one_candidate_is_adopted(engine_room: CampaignEngine, unknown: UUID) -> None:
    assert settling.settle(unknown, engine_room.settling) == "adopted"

    call = engine_room.call(unknown)
    assert call.state is CallState.PLACED
    assert call.carrier_id in engine_room.carrier.calls
    assert len(engine_room.carrier.placed) == 1


def test_unknown_with_several_candidates_is_told_by_their_events(engine_room: CampaignEngine, unknown: UUID) -> None:
    (ours,) = engine_room.carrier.calls
    call = engine_room.call(unknown)
    engine_room.carrier.add(call.to_number, call.from_number)

    assert settling.settle(unknown, engine_room.settling) == "adopted"
    assert engine_room.call(unknown).carrier_id == ours


def test_unknown_with_several_unclear_candidates_is_held(engine_room: CampaignEngine, unknown: UUID) -> None:
    call = engine_room.call(unknown)
    engine_room.carrier.add(call.to_number, call.from_number)
    engine_room.carrier.urls.clear()

    assert settling.settle(unknown, engine_room.settling) == "held"
    assert engine_room.call(unknown).state is CallState.UNKNOWN


def test_a_call_of_another_row_is_no_candidate(engine_room: CampaignEngine, factory: Factory, placed: UUID) -> None:
    known = engine_room.call(placed)
    tell(engine_room, placed, "completed")
    lead = factory.lead(factory.campaign(), phone=known.to_number, state=LeadState.IN_FLIGHT)
    with engine_room.sessions.begin() as session:
        now = session.scalar(select(func.clock_timestamp()))
    later = factory.call(lead, state=CallState.UNKNOWN, from_number=known.from_number, dialing_wall=now)

    assert settling.settle(later.id, engine_room.settling) == "not there yet"


def test_absence_counts_only_after_the_grace(engine_room: CampaignEngine, unknown: UUID) -> None:
    engine_room.carrier.calls.clear()
    assert settling.settle(unknown, engine_room.settling) == "not there yet"

    engine_room.grace_s = 0.0
    assert settling.settle(unknown, engine_room.settling) == "not placed"

    call = engine_room.call(unknown)
    assert call.state is CallState.FAILED
    with engine_room.sessions() as session:
        assert session.get_one(Outcome, unknown).disposition is Disposition.FAILED
    assert len(engine_room.carrier.placed) == 1


def test_a_carrier_that_cannot_be_asked_holds_the_call(engine_room: CampaignEngine, unknown: UUID) -> None:
    engine_room.grace_s = 0.0
    engine_room.carrier.cannot_be_asked = CarrierBusy("down")

    assert settling.settle(unknown, engine_room.settling) == "held"
    assert engine_room.call(unknown).state is CallState.UNKNOWN


def test_dialing_without_a_reply_becomes_unknown(engine_room: CampaignEngine, factory: Factory) -> None:
    lead = factory.lead(factory.campaign(), state=LeadState.IN_FLIGHT)
    call = factory.call(lead, state=CallState.DIALING)
    with engine_room.sessions.begin() as session:
        session.execute(update(Call).values(dialing_wall=func.clock_timestamp() - timedelta(seconds=16)))

    assert settling.give_up_waiting(engine_room.sessions) == [call.id]
    assert engine_room.call(call.id).state is CallState.UNKNOWN


def test_open_call_with_lost_callbacks_is_polled(engine_room: CampaignEngine, placed: UUID) -> None:
    carrier_id = str(engine_room.call(placed).carrier_id)
    engine_room.carrier.calls[carrier_id] = replace(
        engine_room.carrier.calls[carrier_id], status=CarrierStatus.NO_ANSWER
    )
    with engine_room.sessions.begin() as session:
        quiet_s = engine_room.call(placed).ring_timeout_s + settling.POLL_MARGIN_S
        session.execute(update(Call).values(moved_wall=func.clock_timestamp() - timedelta(seconds=quiet_s - 5)))
        assert settling.to_poll(session, 10) == []
        session.execute(update(Call).values(moved_wall=func.clock_timestamp() - timedelta(seconds=quiet_s + 1)))
        assert settling.to_poll(session, 10) == [placed]

    settling.poll(placed, engine_room.settling)

    assert engine_room.call(placed).carrier_status == "no-answer"


def test_a_call_that_the_carrier_has_forgotten_ends_when_it_can_ring_no_more(
    engine_room: CampaignEngine, placed: UUID
) -> None:
    engine_room.carrier.calls.clear()
    settling.poll(placed, engine_room.settling)
    assert engine_room.call(placed).state is CallState.PLACED

    with engine_room.sessions.begin() as session:
        session.execute(update(Call).values(moved_wall=func.clock_timestamp() - timedelta(hours=3)))
    settling.poll(placed, engine_room.settling)

    assert engine_room.call(placed).state is CallState.ENDED
