"""The audit against the carrier's own list: it sees what is broken, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, text, update

from dialer import audit
from dialer.calls.models import Call
from dialer.calls.states import CallState
from dialer.leads.models import LeadMove, LeadState
from tests.db.engine import CampaignEngine
from tests.factories import Factory


@pytest.fixture
def placed(engine_room: CampaignEngine, factory: Factory) -> UUID:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    return call_id


def broken(engine_room: CampaignEngine) -> set[str]:
    """Laws that the audit says are broken; the factories write no moves, so law 8 is left out."""
    with engine_room.sessions() as session:
        counts = audit.laws(session, carrier=engine_room.carrier)
    return {law for law, count in counts.items() if count} - {"every_move_explained"}


def age(engine_room: CampaignEngine, call_id: UUID, by: timedelta) -> None:
    """Let the carrier have taken the call so much later."""
    sid = str(engine_room.call(call_id).carrier_id)
    engine_room.carrier.calls[sid] = replace(engine_room.carrier.calls[sid], created_at=datetime.now(UTC) + by)


def test_all_is_well(engine_room: CampaignEngine, placed: UUID) -> None:
    assert broken(engine_room) == set()


def test_the_leg_of_a_transfer_breaks_no_law(engine_room: CampaignEngine, placed: UUID) -> None:
    sid = engine_room.carrier.add("+12125550190", engine_room.call(placed).from_number)
    engine_room.carrier.calls[sid] = replace(engine_room.carrier.calls[sid], direction="outbound-dial")

    assert broken(engine_room) == set()


def test_a_call_that_the_carrier_took_after_its_window_is_seen(engine_room: CampaignEngine, placed: UUID) -> None:
    age(engine_room, placed, timedelta(days=30))

    assert broken(engine_room) == {"lawful_at_ring_time"}


def test_a_call_that_the_carrier_took_after_an_opt_out_is_seen(engine_room: CampaignEngine, placed: UUID) -> None:
    call = engine_room.call(placed)
    engine_room.opt_out(call.organization_id, call.to_number, "words", None, "test")
    age(engine_room, placed, timedelta(minutes=1))

    assert broken(engine_room) == {"opt_out_wins"}


def test_an_unknown_call_that_nobody_asks_about_is_seen(engine_room: CampaignEngine, factory: Factory) -> None:
    call = factory.call(state=CallState.UNKNOWN)
    with engine_room.sessions.begin() as session:
        session.execute(
            update(Call).where(Call.id == call.id).values(moved_wall=func.clock_timestamp() - timedelta(seconds=90))
        )

    assert "nothing_is_stuck" in broken(engine_room)


def test_an_outcome_without_the_leads_next_step_is_seen(engine_room: CampaignEngine, factory: Factory) -> None:
    lead = factory.lead(factory.campaign(), state=LeadState.DONE)
    call = factory.call(lead, state=CallState.ENDED)
    with engine_room.sessions.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger
        session.execute(update(Call).where(Call.id == call.id).values(outcome_at=func.clock_timestamp()))
        session.add(
            LeadMove(
                lead_id=lead.id, state=LeadState.IN_FLIGHT, at=call.moved_at, by="t", why="claimed", call_id=call.id
            )
        )
        session.execute(
            text(
                "INSERT INTO outcomes (call_id, organization_id, lead_id, disposition, next_step, deliveries, at)"
                " VALUES (:call, :organization, :lead, 'busy', 'done', 0, clock_timestamp())"
            ),
            {"call": call.id, "organization": call.organization_id, "lead": lead.id},
        )

    assert "outcome_is_whole" in broken(engine_room)
