"""T2, the POST and what came of it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from dialer.calls import gate
from dialer.calls.models import Call, CallMove
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignState
from dialer.db import lock_phone
from dialer.errors import CarrierBusy, CarrierRefused, CarrierSilent, Reach
from dialer.leads import suppression
from dialer.leads.models import LeadState
from dialer.outcomes.models import Disposition, Outcome
from dialer.telephony.models import CallerId, CarrierAccount
from tests.db.engine import SECRET, CampaignEngine
from tests.factories import NOON, Factory


@pytest.fixture
def claimed(engine_room: CampaignEngine, factory: Factory) -> UUID:
    """A claimed call of a due lead."""
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    return call_id


def lead_of(engine_room: CampaignEngine, call_id: UUID) -> int:
    lead_id = engine_room.call(call_id).lead_id
    assert lead_id is not None
    return lead_id


def test_accepted_call_is_placed_under_the_carriers_id(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.place(claimed)

    call = engine_room.call(claimed)
    assert call.state is CallState.PLACED
    assert call.carrier_id in engine_room.carrier.calls
    assert engine_room.lead(lead_of(engine_room, claimed)).attempts == 1


def test_redelivered_message_dials_once(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.place(claimed)
    engine_room.place(claimed)

    assert len(engine_room.carrier.placed) == 1


def test_of_ten_workers_with_the_same_message_one_dials(engine_room: CampaignEngine, claimed: UUID) -> None:
    threads = [threading.Thread(target=engine_room.place, args=(claimed,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(engine_room.carrier.placed) == 1


def test_every_url_given_to_the_carrier_names_the_call(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.place(claimed)

    (order,) = engine_room.carrier.placed
    for url in (order.answer_url, order.fallback_url, order.status_url, order.amd_url):
        assert str(claimed) in url
        assert url.endswith("#rc=3&rp=5xx,ct,rt")


def test_deadline_is_counted_from_the_commit(engine_room: CampaignEngine, claimed: UUID) -> None:
    before = time.monotonic()
    engine_room.place(claimed)

    (deadline,) = engine_room.carrier.deadlines
    assert before < deadline.monotonic_s <= time.monotonic() + 0.5


def test_silence_after_sending_is_unknown_and_holds_the_lead(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.carrier.fails.append(CarrierSilent("reset"))

    engine_room.place(claimed)
    engine_room.place(claimed)

    assert engine_room.call(claimed).state is CallState.UNKNOWN
    assert engine_room.lead(lead_of(engine_room, claimed)).state is LeadState.IN_FLIGHT
    assert engine_room.claim() == []


def test_not_processed_is_withdrawn_and_no_attempt(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.carrier.fails.append(CarrierBusy("429", wait_s=7))

    engine_room.place(claimed)

    assert engine_room.call(claimed).state is CallState.WITHDRAWN
    lead = engine_room.lead(lead_of(engine_room, claimed))
    assert (lead.state, lead.attempts) == (LeadState.WAITING, 0)
    with engine_room.sessions() as session:
        account = session.scalars(select(CarrierAccount)).one()
        assert account.backoff_until is not None


def test_back_off_grows_and_stops_claiming(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign()
    factory.lead(campaign)
    (first,) = engine_room.claim()
    engine_room.carrier.fails.append(CarrierBusy("429", wait_s=30))
    engine_room.place(first)
    factory.lead(campaign)

    assert engine_room.claim() == []


@pytest.mark.parametrize(
    ("code", "reach", "disposition"),
    [("21211", Reach.LEAD, Disposition.INVALID_NUMBER), ("13227", Reach.LEAD, Disposition.FAILED)],
)
def test_refusal_of_a_number_ends_the_attempt_with_its_outcome(
    engine_room: CampaignEngine, claimed: UUID, code: str, reach: Reach, disposition: Disposition
) -> None:
    engine_room.carrier.fails.append(CarrierRefused(code, "no", reach))

    engine_room.place(claimed)

    assert engine_room.call(claimed).state is CallState.FAILED
    with engine_room.sessions() as session:
        assert session.get_one(Outcome, claimed).disposition is disposition
    assert engine_room.lead(lead_of(engine_room, claimed)).state is not LeadState.IN_FLIGHT


def test_refusal_of_the_caller_id_stops_the_caller_id(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.carrier.fails.append(CarrierRefused("21210", "not verified", Reach.CALLER_ID))

    engine_room.place(claimed)

    with engine_room.sessions() as session:
        assert "21210" in (session.scalars(select(CallerId)).one().stopped_reason or "")


def test_refusal_of_the_account_pauses_the_campaign(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.carrier.fails.append(CarrierRefused("20003", "authenticate", Reach.CAMPAIGN))

    engine_room.place(claimed)

    with engine_room.sessions() as session:
        assert session.scalars(select(Campaign)).one().state is CampaignState.PAUSED


def test_opt_out_before_t2_withdraws(engine_room: CampaignEngine, claimed: UUID) -> None:
    call = engine_room.call(claimed)
    engine_room.opt_out(call.organization_id, call.to_number, "words", None, "test")

    engine_room.place(claimed)

    assert engine_room.carrier.placed == []
    assert engine_room.call(claimed).state is CallState.WITHDRAWN


def test_a_dial_waits_for_the_opt_out_that_has_the_phone_and_sees_it(
    engine_room: CampaignEngine, claimed: UUID
) -> None:
    call = engine_room.call(claimed)
    dial = threading.Thread(target=engine_room.place, args=(claimed,))

    with engine_room.sessions.begin() as session:
        lock_phone(session, call.to_number, call.organization_id)
        dial.start()
        dial.join(0.5)
        suppression.suppress(
            session,
            call.organization_id,
            [call.to_number],
            reason="words",
            source="spoken",
            call_id=None,
            now=NOON,
            secret=SECRET,
        )
    dial.join(10)

    assert engine_room.carrier.placed == []
    assert engine_room.call(claimed).state is CallState.WITHDRAWN


def test_shut_gate_withdraws_and_the_lead_is_due_again(engine_room: CampaignEngine, claimed: UUID) -> None:
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="Ann", why="fire drill")

    engine_room.place(claimed)

    assert engine_room.carrier.placed == []
    assert engine_room.call(claimed).reason == "dialing is stopped"
    assert engine_room.lead(lead_of(engine_room, claimed)).state is LeadState.DUE


def test_paused_campaign_withdraws(engine_room: CampaignEngine, claimed: UUID) -> None:
    with engine_room.sessions.begin() as session:
        session.execute(update(Campaign).values(state=CampaignState.PAUSED))

    engine_room.place(claimed)

    assert engine_room.carrier.placed == []


def test_window_that_closed_since_the_claim_withdraws(engine_room: CampaignEngine, factory: Factory) -> None:
    factory.lead(factory.campaign(windows={"tue": [["09:00", "10:30"]]}))
    (call_id,) = engine_room.claim()
    factory.set_clock(NOON + timedelta(minutes=30))

    engine_room.place(call_id)

    assert engine_room.carrier.placed == []
    assert engine_room.call(call_id).reason == "outside calling hours"


def test_late_call_takes_a_new_slot(engine_room: CampaignEngine, factory: Factory, claimed: UUID) -> None:
    factory.set_clock(NOON + timedelta(minutes=10))

    engine_room.place(claimed)

    assert engine_room.call(claimed).dial_at >= NOON + timedelta(minutes=10)
    assert len(engine_room.carrier.placed) == 1


def test_the_database_refuses_a_second_dial(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.place(claimed)

    with pytest.raises(DBAPIError, match="cannot become dialing"), engine_room.sessions.begin() as session:
        session.execute(update(Call).where(Call.id == claimed).values(state=CallState.DIALING))


def test_every_step_is_explained(engine_room: CampaignEngine, claimed: UUID) -> None:
    engine_room.place(claimed)

    with engine_room.sessions() as session:
        moves = session.scalars(select(CallMove).where(CallMove.call_id == claimed).order_by(CallMove.id)).all()
    assert [move.state for move in moves] == [CallState.CLAIMED, CallState.DIALING, CallState.PLACED]
    assert all(move.by and move.why for move in moves)


def test_a_429_that_comes_after_the_sweep_leaves_the_call_to_be_settled(
    engine_room: CampaignEngine, claimed: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(*_: object) -> str:
        with engine_room.sessions.begin() as session:
            session.execute(update(Call).values(state=CallState.UNKNOWN))
        raise CarrierBusy("429", wait_s=7)

    monkeypatch.setattr(engine_room.carrier, "place", place)

    engine_room.place(claimed)

    assert engine_room.call(claimed).state is CallState.UNKNOWN
    with engine_room.sessions() as session:
        assert session.scalars(select(CarrierAccount)).one().backoff_until is not None


def test_refusal_of_the_account_counts_though_the_campaign_was_stopped(
    engine_room: CampaignEngine, claimed: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(*_: object) -> str:
        with engine_room.sessions.begin() as session:
            session.execute(update(Campaign).values(state=CampaignState.STOPPED))
        raise CarrierRefused("20003", "authenticate", Reach.CAMPAIGN)

    monkeypatch.setattr(engine_room.carrier, "place", place)

    engine_room.place(claimed)

    assert engine_room.call(claimed).state is CallState.FAILED
