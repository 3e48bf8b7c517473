"""Waking what lost its message: everything comes back, at the account's pace, and no queue is flooded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from dialer import clock
from dialer.calls import sweeping
from dialer.calls.dialing import LATE_S
from dialer.calls.models import SeatState
from dialer.calls.states import CallState
from tests.db.engine import CampaignEngine
from tests.factories import NOON, Factory


@pytest.fixture
def on(engine_room: CampaignEngine) -> sweeping.Sweeping:
    return sweeping.Sweeping(engine_room.settling, "https://dialer.test", ())


def claimed(factory: Factory, number: int, *, late_s: float) -> list[UUID]:
    """Calls that were claimed ten seconds ago and missed their slots, the first by `late_s`."""
    campaign = factory.campaign()
    slot = NOON - timedelta(seconds=late_s)
    moved = datetime.now(UTC) - timedelta(seconds=10)
    return [
        factory.call(
            factory.lead(campaign, state="in_flight"), dial_at=slot + timedelta(milliseconds=n), moved_wall=moved
        ).id
        for n in range(number)
    ]


def at_pace(factory: Factory, engine_room: CampaignEngine, cps: float) -> None:
    with engine_room.sessions.begin() as session:
        session.merge(factory.account).cps = cps


def woken(engine_room: CampaignEngine) -> list[UUID]:
    return [UUID(call_id) for call_id in engine_room.messages.ids("leads.place")]


def test_calls_that_missed_their_slots_line_up_for_new_ones(
    engine_room: CampaignEngine, on: sweeping.Sweeping, factory: Factory
) -> None:
    calls = claimed(factory, 4, late_s=60)
    at_pace(factory, engine_room, 10)

    sweeping.wake_claimed(on)

    slots = [engine_room.call(call_id).dial_at for call_id in calls]
    assert slots[0] >= NOON
    assert [later - earlier for earlier, later in pairwise(slots)] == [timedelta(seconds=0.1)] * 3
    assert woken(engine_room) == calls


def test_no_call_is_woken_before_its_slot_is_near(
    engine_room: CampaignEngine, on: sweeping.Sweeping, factory: Factory
) -> None:
    calls = claimed(factory, 6, late_s=60)
    at_pace(factory, engine_room, 1)

    sweeping.wake_claimed(on)
    sweeping.wake_claimed(on)

    with engine_room.sessions() as session:
        near = clock.now(session) + timedelta(seconds=LATE_S)
    assert set(woken(engine_room)) >= set(calls[:3])  # now, in a second and in two
    assert all(engine_room.call(call_id).dial_at <= near for call_id in woken(engine_room))


def test_a_call_whose_wake_up_waits_in_its_queue_is_not_woken_again(
    engine_room: CampaignEngine, on: sweeping.Sweeping, factory: Factory
) -> None:
    calls = claimed(factory, 3, late_s=5)
    engine_room.messages.queued["leads"] = 3

    sweeping.wake_claimed(on)
    assert woken(engine_room) == []

    engine_room.messages.queued["leads"] = 2  # one of three was lost
    sweeping.wake_claimed(on)
    assert woken(engine_room) == calls[2:]


def test_a_call_that_is_forgotten_is_woken_whatever_its_queue_looks_like(
    engine_room: CampaignEngine, on: sweeping.Sweeping, factory: Factory
) -> None:
    calls = claimed(factory, 1, late_s=31)
    engine_room.messages.queued["leads"] = 1000

    sweeping.wake_claimed(on)

    assert woken(engine_room) == calls


def test_outcomes_that_wait_in_their_queue_are_not_asked_for_again(
    engine_room: CampaignEngine, on: sweeping.Sweeping, factory: Factory
) -> None:
    over = datetime.now(UTC) - timedelta(seconds=10)
    calls = [
        factory.call(state=CallState.ENDED, closed_wall=over + timedelta(seconds=n), seat=SeatState.NONE).id
        for n in range(3)
    ]
    engine_room.messages.queued["results"] = 2

    sweeping.sweep(on)

    assert engine_room.messages.ids("results.finish") == [str(calls[0])]
