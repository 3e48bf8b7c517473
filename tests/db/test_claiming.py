"""T1: what is claimed, how much at once, and what becomes of leads that may not be."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from sqlalchemy import func, select

from dialer.calls import gate
from dialer.calls.models import Call, Worker
from dialer.calls.states import CallState
from dialer.campaigns.claiming import CLAIM_LOCK
from dialer.leads import suppression
from dialer.leads.models import ConsentType, LeadState
from dialer.telephony.models import CarrierAccount
from tests.db.engine import SECRET, CampaignEngine
from tests.factories import NOON, Factory


def test_due_lead_gets_a_claimed_call_and_is_in_flight(engine_room: CampaignEngine, factory: Factory) -> None:
    lead = factory.lead(factory.campaign())

    (call_id,) = engine_room.claim()

    call = engine_room.call(call_id)
    assert (call.state, call.lead_id, call.attempt, call.to_number) == (CallState.CLAIMED, lead.id, 1, lead.phone)
    assert engine_room.lead(lead.id).state is LeadState.IN_FLIGHT
    assert engine_room.why_lead(lead.id)[-1] == "claimed"


def test_no_live_seat_claims_nothing(engine_room: CampaignEngine, factory: Factory) -> None:
    factory.lead(factory.campaign())
    with engine_room.sessions.begin() as session:
        session.get_one(Worker, "calls-1").heartbeat_wall = func.clock_timestamp() - timedelta(seconds=6)

    assert engine_room.claim() == []


def test_open_calls_never_exceed_seats(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign(concurrency=100)
    for _ in range(15):
        factory.lead(campaign)

    assert len(engine_room.claim()) == 10
    assert engine_room.claim() == []


def test_a_campaign_keeps_its_concurrency(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign(concurrency=3)
    for _ in range(5):
        factory.lead(campaign)

    assert len(engine_room.claim()) == 3


def test_slots_keep_calls_per_second(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign(cps=2.0)
    for _ in range(9):
        factory.lead(campaign)

    slots = sorted(engine_room.call(call_id).dial_at for call_id in engine_room.claim())

    assert len(slots) <= 5  # two seconds' worth, and the one at once
    assert all(later - earlier >= timedelta(seconds=0.5) for earlier, later in pairwise(slots))


def test_shut_gate_claims_nothing(engine_room: CampaignEngine, factory: Factory) -> None:
    factory.lead(factory.campaign())
    with engine_room.sessions.begin() as session:
        gate.shut(session, by="test", why="stop")

    assert engine_room.claim() == []


def test_closed_window_leaves_the_lead_due_and_others_go_first(engine_room: CampaignEngine, factory: Factory) -> None:
    # NOON is 10:00 in New York and 02:00 the next day in Sydney.
    campaign = factory.campaign(windows={"tue": [["09:00", "17:00"]]})
    asleep = factory.lead(campaign, place="AU|Australia/Sydney", due_at=NOON - timedelta(hours=5))
    awake = factory.lead(campaign)

    (call_id,) = engine_room.claim()

    assert engine_room.call(call_id).lead_id == awake.id
    assert engine_room.lead(asleep.id).state is LeadState.DUE


def test_window_closes_early_by_ringing_and_queue(engine_room: CampaignEngine, factory: Factory) -> None:
    factory.lead(factory.campaign(windows={"tue": [["09:00", "10:00"]]}))
    factory.set_clock(NOON - timedelta(seconds=30))

    assert engine_room.claim() == []


def test_every_candidate_zone_must_be_open(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign(windows={"tue": [["09:00", "17:00"]]})
    factory.lead(campaign, place="US|America/Los_Angeles,America/New_York")

    assert engine_room.claim() == []


def test_suppressed_lead_is_blocked_with_its_reason(engine_room: CampaignEngine, factory: Factory) -> None:
    lead = factory.lead(factory.campaign())
    with engine_room.sessions.begin() as session:
        suppression.suppress(
            session, lead.organization_id, [lead.phone], reason="asked", source="api", call_id=None, now=NOON,
            secret=SECRET,
        )  # fmt: skip

    assert engine_room.claim() == []
    blocked = engine_room.lead(lead.id)
    assert (blocked.state, blocked.reason) == (LeadState.BLOCKED, "suppressed")


def test_marketing_needs_written_consent(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign()
    spoken = factory.lead(campaign, consent=ConsentType.EXPRESS)
    none = factory.lead(campaign, consent=None)

    assert engine_room.claim() == []
    assert {engine_room.lead(lead.id).reason for lead in (spoken, none)} == {"no consent"}


def test_lead_whose_phone_is_being_called_waits(engine_room: CampaignEngine, factory: Factory) -> None:
    first = factory.lead(factory.campaign())
    engine_room.claim()
    second = factory.lead(factory.campaign(), phone=first.phone)

    assert engine_room.claim() == []
    waiting = engine_room.lead(second.id)
    assert (waiting.state, waiting.reason) == (LeadState.WAITING, "phone busy")
    assert waiting.due_at is not None


def test_waiting_lead_is_woken_when_its_time_has_come(engine_room: CampaignEngine, factory: Factory) -> None:
    lead = factory.lead(factory.campaign(), state=LeadState.WAITING, due_at=NOON + timedelta(hours=1))
    assert engine_room.claim() == []

    factory.set_clock(NOON + timedelta(hours=1))

    assert len(engine_room.claim()) == 1
    assert engine_room.why_lead(lead.id) == ["its waiting time is over", "claimed"]


def test_only_one_claims_at_a_time(engine_room: CampaignEngine, factory: Factory) -> None:
    factory.lead(factory.campaign())
    with engine_room.sessions.begin() as other:
        other.execute(select(func.pg_advisory_xact_lock(CLAIM_LOCK)))
        assert engine_room.claim() == []

    assert len(engine_room.claim()) == 1


def test_an_old_unknown_call_takes_no_seat_but_holds_its_lead(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign()
    held = factory.lead(campaign, state=LeadState.IN_FLIGHT)
    factory.call(held, state=CallState.UNKNOWN, dialing_wall=NOON - timedelta(days=400))
    engine_room.have_seats(1)
    factory.lead(campaign)

    (call_id,) = engine_room.claim()

    assert engine_room.call(call_id).lead_id != held.id
    with engine_room.sessions() as session:
        assert session.scalar(select(func.count()).where(Call.lead_id == held.id)) == 1


def test_a_busy_number_lets_no_two_calls_have_one_slot(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign()
    leads = sorted((factory.lead(campaign) for _ in range(3)), key=lambda lead: lead.phone)
    other = factory.lead(factory.campaign(), phone=leads[1].phone, state=LeadState.IN_FLIGHT)
    factory.call(other)

    calls = engine_room.claim()

    last = max(engine_room.call(call_id).dial_at for call_id in calls)
    with engine_room.sessions() as session:
        assert session.scalars(select(CarrierAccount.next_slot)).one() > last


def test_a_campaign_whose_calendar_cannot_be_read_stops_no_other(engine_room: CampaignEngine, factory: Factory) -> None:
    factory.lead(factory.campaign(windows={"noday": []}))
    factory.lead(factory.campaign())

    assert len(engine_room.claim()) == 1
