"""After a restore: the calls of the gap get their rows back, and no attempt is made twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from dialer import audit
from dialer.calls import gate, restoring
from dialer.calls.gap_settling import Restored
from dialer.calls.models import Call, CallMove, Purpose, Stray
from dialer.calls.states import CallState
from dialer.campaigns.models import CampaignMove, CampaignState
from dialer.errors import CarrierSilent
from dialer.leads.models import Lead, LeadState
from dialer.outcomes.models import Outcome
from dialer.telephony.base import CarrierStatus
from tests.db.engine import CampaignEngine
from tests.db.restore.going_back import dial, go_back, notice, reopen, rows, settle
from tests.factories import NOON, Factory


def test_call_of_the_gap_gets_its_row_back(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    call_id = dial(engine_room)
    before = engine_room.call(call_id)
    go_back(engine_room)

    (made,) = settle(restored).made

    call = engine_room.call(call_id)
    assert (made.call_id, call.carrier_id, call.lead_id, call.attempt) == (call_id, before.carrier_id, lead.id, 1)
    assert call.state is CallState.ENDED
    assert engine_room.lead(lead.id).attempts == 1
    with engine_room.sessions() as session:
        assert set(session.scalars(select(CallMove.by).where(CallMove.call_id == call_id))) == {"dialer settle"}
        assert session.get(Outcome, call_id) is not None


def test_second_time_changes_nothing(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    dial(engine_room)
    go_back(engine_room)
    settle(restored)
    before = rows(engine_room)

    again = settle(restored)

    assert (again.made, again.held, again.known) == ([], [], 1)
    assert rows(engine_room) == before


def test_lead_is_not_dialed_again_for_its_attempt(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    dial(engine_room, CarrierStatus.IN_PROGRESS)
    go_back(engine_room)
    assert engine_room.claim() == []

    settle(restored)
    reopen(engine_room)

    assert engine_room.claim() == []
    assert engine_room.lead(lead.id).state is LeadState.IN_FLIGHT
    assert restoring.compare(engine_room.sessions, engine_room.carrier, grace_s=900.0) == []
    assert len(engine_room.carrier.placed) == 1


def test_laws_hold_by_the_carriers_own_list(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    dial(engine_room)
    go_back(engine_room)
    settle(restored)
    with engine_room.sessions.begin() as session:
        session.add(
            CampaignMove(campaign_id=lead.campaign_id, state=CampaignState.RUNNING, at=NOON, by="test", why="started")
        )

    with engine_room.sessions() as session:
        laws = audit.laws(session, carrier=engine_room.carrier)

    assert {name: count for name, count in laws.items() if count} == {}


def test_call_that_the_restored_rows_have_claimed_is_sent_on(
    engine_room: CampaignEngine, lead: Lead, restored: Restored
) -> None:
    (call_id,) = engine_room.claim()
    sid = engine_room.carrier.add(lead.phone, engine_room.call(call_id).from_number, CarrierStatus.RINGING)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/status/{call_id}"]
    notice(engine_room)

    settle(restored)
    engine_room.place(call_id)

    assert engine_room.call(call_id).state is CallState.RINGING
    assert engine_room.lead(lead.id).attempts == 1
    assert engine_room.carrier.placed == []


def test_what_is_claimed_when_a_restore_is_noticed_stays_so_until_it_is_settled(
    engine_room: CampaignEngine, lead: Lead, restored: Restored
) -> None:
    """It may have been dialed in the gap, and its effects at the CRMs bear its id."""
    (call_id,) = engine_room.claim()
    sid = engine_room.carrier.add(lead.phone, engine_room.call(call_id).from_number, CarrierStatus.BUSY)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/status/{call_id}"]
    notice(engine_room)

    engine_room.place(call_id)
    assert engine_room.call(call_id).state is CallState.CLAIMED
    (made,) = settle(restored).made

    assert made.call_id == call_id
    assert engine_room.call(call_id).state is CallState.ENDED
    assert engine_room.carrier.placed == []


def test_what_was_claimed_and_not_dialed_is_dialed_when_dialing_is_opened(
    engine_room: CampaignEngine, lead: Lead
) -> None:
    (call_id,) = engine_room.claim()
    with engine_room.sessions.begin() as session:
        gate.shut(session, by=gate.RESTORE, why="another cluster")
    engine_room.place(call_id)

    with engine_room.sessions.begin() as session:
        gate.open_gate(session, by="Ann", why="settled")
    engine_room.place(call_id)

    assert [order.to_number for order in engine_room.carrier.placed] == [lead.phone]


def test_call_that_the_shut_gate_took_back_counts_all_the_same(
    engine_room: CampaignEngine, lead: Lead, restored: Restored
) -> None:
    """Dialing was stopped by hand before the restored rows were looked at."""
    (call_id,) = engine_room.claim()
    sid = engine_room.carrier.add(lead.phone, engine_room.call(call_id).from_number, CarrierStatus.BUSY)
    engine_room.carrier.urls[sid] = [f"https://dialer.test/voice/status/{call_id}"]
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="Ann", why="restore")
    engine_room.place(call_id)
    with engine_room.sessions.begin() as session:  # a callback came before the settling did
        session.add(Stray(carrier_id=sid, call_id=call_id, at=NOON, why="call is withdrawn"))

    (made,) = settle(restored).made

    assert engine_room.call(call_id).state is CallState.WITHDRAWN
    assert (made.lead_id, made.attempt) == (lead.id, 1)
    assert engine_room.lead(lead.id).attempts == 1
    with engine_room.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Stray)) == 0


def test_two_calls_of_one_lead_are_two_attempts(engine_room: CampaignEngine, lead: Lead, restored: Restored) -> None:
    first = dial(engine_room, CarrierStatus.BUSY)
    sid = engine_room.call(first).carrier_id or ""
    second = UUID(int=7)
    later = engine_room.carrier.add(lead.phone, engine_room.call(first).from_number, CarrierStatus.NO_ANSWER)
    engine_room.carrier.urls[later] = [f"https://dialer.test/voice/status/{second}"]
    engine_room.carrier.calls = {name: engine_room.carrier.calls[name] for name in (later, sid)}  # newest first
    go_back(engine_room)

    settle(restored)

    assert [engine_room.call(call_id).attempt for call_id in (first, second)] == [1, 2]
    assert engine_room.lead(lead.id).attempts == 2


def test_call_to_a_number_of_no_lead_is_kept_without_one(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored
) -> None:
    dial(engine_room)
    sid = engine_room.carrier.add("+12125559999", factory.caller_id.phone, CarrierStatus.COMPLETED)
    go_back(engine_room)

    done = settle(restored)

    with engine_room.sessions() as session:
        call = session.scalars(select(Call).where(Call.carrier_id == sid)).one()
    assert (call.lead_id, call.purpose, call.state) == (None, Purpose.TEST, CallState.ENDED)
    assert any("+12125559999" in line for line in done.lost)


def test_call_that_asked_somebody_else_is_let_be(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored
) -> None:
    dial(engine_room)
    sid = engine_room.carrier.add("+12125559999", factory.caller_id.phone)
    engine_room.carrier.urls[sid] = ["https://somebody.test/else"]
    go_back(engine_room)

    done = settle(restored)

    assert (done.foreign, len(done.made)) == (1, 1)


def test_call_that_cannot_be_asked_about_hides_no_other(
    engine_room: CampaignEngine, factory: Factory, lead: Lead, restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = dial(engine_room)
    sid = engine_room.carrier.add("+12125559999", factory.caller_id.phone, created_at=NOON - timedelta(days=365))
    go_back(engine_room)
    asked = engine_room.carrier.asked_urls

    def silent(carrier_id: str) -> list[str]:
        if carrier_id == sid:
            raise CarrierSilent("no answer")
        return asked(carrier_id)

    monkeypatch.setattr(engine_room.carrier, "asked_urls", silent)

    done = settle(restored)

    assert [made.call_id for made in done.made] == [call_id]
    assert [sid in line for line in done.held] == [True]
