"""The sweep: what it brings back, and that nothing stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from dialer.calls import callbacks, settling, sweeping
from dialer.calls.models import Callback, Stray
from dialer.calls.states import CallState
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.errors import CarrierSilent
from dialer.leads import optout
from tests.db.engine import SECRET, CampaignEngine
from tests.factories import Factory

SID = "CA" + "7" * 32


@pytest.fixture
def on(engine_room: CampaignEngine) -> sweeping.Sweeping:
    return sweeping.Sweeping(engine_room.settling, "https://dialer.test", ())


@pytest.fixture
def placed(engine_room: CampaignEngine, factory: Factory) -> UUID:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    return call_id


def store(engine_room: CampaignEngine, call_id: UUID, **params: str) -> str:
    """Store a callback that came 3 s ago."""
    digest = callbacks.store(engine_room.sessions, "status", call_id, f"/voice/status/{call_id}", params)
    with engine_room.sessions.begin() as session:
        session.execute(update(Callback).values(received_wall=func.clock_timestamp() - timedelta(seconds=3)))
    return digest


def test_a_callback_that_cannot_be_folded_holds_up_no_other(engine_room: CampaignEngine, placed: UUID) -> None:
    sid = str(engine_room.call(placed).carrier_id)
    store(engine_room, placed, CallSid=sid, CallStatus="ringing", CallDuration="9" * 30)
    store(engine_room, placed, CallSid=sid, CallStatus="busy")

    (folded,) = callbacks.fold_all(engine_room.sessions)

    assert folded.over
    assert engine_room.call(placed).state is CallState.ENDED


def test_a_part_that_fails_stops_no_other(
    engine_room: CampaignEngine, on: sweeping.Sweeping, placed: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(settling, "give_up_waiting", fails)
    store(engine_room, placed, CallSid=str(engine_room.call(placed).carrier_id), CallStatus="busy")

    assert sweeping.sweep(on)["callbacks"] == 1


@pytest.mark.parametrize("destination", ["sms", "email", "google"])
def test_what_is_due_to_no_crm_is_woken_too(
    engine_room: CampaignEngine, factory: Factory, placed: UUID, destination: str
) -> None:
    engine_room.destinations = ()
    with engine_room.sessions.begin() as session:
        kind = {"sms": OutboxKind.SMS, "email": OutboxKind.EMAIL, "google": OutboxKind.MEETING}[destination]
        session.add(
            OutboxRow(
                organization_id=factory.organization.id,
                destination=destination,
                kind=kind,
                key=f"{destination}-1",
                call_id=placed,
            )
        )

    sweeping.sweep(sweeping.Sweeping(engine_room.settling, "https://dialer.test", (destination,)))

    assert ("outbox.drain",) in engine_room.messages.sent


def opt_out_and_die(engine_room: CampaignEngine, call_id: UUID) -> None:
    """Commit an opt-out in a process that ends before it can cancel."""
    call = engine_room.call(call_id)
    optout.opt_out(
        engine_room.sessions,
        call.organization_id,
        [call.to_number],
        how="words",
        source="api",
        by="test",
        secret=SECRET,
        wait=lambda _: None,
    )


def test_a_call_whose_cancelling_was_lost_is_cancelled(
    engine_room: CampaignEngine, on: sweeping.Sweeping, placed: UUID
) -> None:
    opt_out_and_die(engine_room, placed)

    sweeping.sweep(on)

    assert engine_room.messages.ids("leads.hang_up") == [engine_room.call(placed).carrier_id]


def test_a_cancelled_unknown_call_is_hung_up_when_a_callback_names_it(
    engine_room: CampaignEngine, on: sweeping.Sweeping, factory: Factory
) -> None:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.carrier.fails.append(CarrierSilent("reply lost"))
    engine_room.place(call_id)
    settling.cancel([call_id], engine_room.settling)

    folded = callbacks.fold(engine_room.sessions, store(engine_room, call_id, CallSid=SID, CallStatus="ringing"))
    assert folded is not None
    sweeping.act(folded, engine_room.settling)

    assert engine_room.carrier.hung_up == [SID]


def test_a_carrier_call_of_an_attempt_that_was_settled_as_never_placed_is_a_stray(
    engine_room: CampaignEngine, factory: Factory
) -> None:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.carrier.fails.append(CarrierSilent("reply lost"))
    engine_room.place(call_id)
    engine_room.grace_s = 0.0
    assert settling.settle(call_id, engine_room.settling) == "not placed"

    folded = callbacks.fold(engine_room.sessions, store(engine_room, call_id, CallSid=SID, CallStatus="ringing"))

    assert folded is not None
    assert folded.hang_up == SID
    with engine_room.sessions() as session:
        assert session.scalars(select(Stray.carrier_id)).all() == [SID]


def test_a_carrier_call_that_another_row_has_is_a_stray(
    engine_room: CampaignEngine, factory: Factory, placed: UUID
) -> None:
    other = factory.call(state=CallState.UNKNOWN)

    folded = callbacks.fold(
        engine_room.sessions,
        store(engine_room, other.id, CallSid=str(engine_room.call(placed).carrier_id), CallStatus="ringing"),
    )

    assert folded is not None
    assert folded.hang_up == engine_room.call(placed).carrier_id


@pytest.mark.parametrize("whose", ["a transfer", "another attempt", "a stray"])
def test_an_unknown_call_adopts_no_call_that_is_not_its_own(
    engine_room: CampaignEngine, factory: Factory, whose: str
) -> None:
    lead = factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.carrier.fails.append(CarrierSilent("reply lost"))
    engine_room.place(call_id)
    call = engine_room.call(call_id)
    sid = engine_room.carrier.add(lead.phone, call.from_number)
    if whose == "a transfer":
        engine_room.carrier.calls[sid] = replace(engine_room.carrier.calls[sid], direction="outbound-dial")
    if whose == "another attempt":
        engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/answer/{UUID(int=5)}"]
    if whose == "a stray":
        with engine_room.sessions.begin() as session:
            session.add(Stray(carrier_id=sid, call_id=None, at=call.moved_at, why="test"))

    assert settling.settle(call_id, engine_room.settling) == "not there yet"
    assert engine_room.call(call_id).state is CallState.UNKNOWN


def test_a_callback_that_comes_while_the_carrier_is_asked_wins(
    engine_room: CampaignEngine, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.carrier.fails.append(CarrierSilent("reply lost"))
    engine_room.place(call_id)
    engine_room.grace_s = 0.0
    digest = store(engine_room, call_id, CallSid=SID, CallStatus="ringing")

    def find(**_: object) -> list[object]:
        callbacks.fold(engine_room.sessions, digest)
        return []

    monkeypatch.setattr(engine_room.carrier, "find", find)

    assert settling.settle(call_id, engine_room.settling) == "settled before"
    assert engine_room.call(call_id).state is CallState.RINGING
