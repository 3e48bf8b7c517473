"""People who call us: who answers, what the agent knows of them, and the seats that are kept free for them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from dialer import db
from dialer.agents import store
from dialer.calls import briefings, numbers, receiving
from dialer.calls.models import Call, Direction, Purpose, Turn
from dialer.calls.states import CallState
from dialer.campaigns import claiming, pacing
from dialer.errors import NotFound
from dialer.leads.models import LeadState
from dialer.outcomes import finishing
from dialer.outcomes.models import Disposition
from tests.db.engine import SECRET, CampaignEngine
from tests.db.web_client import bearer, open_client, web_settings
from tests.factories import NOON, Factory, definition, other_organization

STRANGER = "+12125550177"


def ring(factory: Factory, person: str) -> Call:
    """Let a person call our number; return the row."""
    call_id = receiving.receive(
        factory.sessions, carrier_id=f"CA{uuid4().hex}", from_number=person, to_number=factory.caller_id.phone
    )
    with factory.sessions() as session:
        return session.get_one(Call, call_id)


def keep(factory: Factory, name: str) -> UUID:
    with db.transaction(factory.sessions) as tx:
        return store.save(tx.session, factory.organization.id, definition(name=name)).id


def assign(factory: Factory, agent: str | None) -> None:
    with db.transaction(factory.sessions) as tx:
        numbers.assign(tx.session, factory.organization.id, factory.caller_id.phone, agent)


def brief(session: Session, call: Call) -> dict[str, object]:
    return dict(briefings.brief(session, call.id, now=NOON).lead)


def test_a_call_finds_the_lead_and_the_agent_of_the_call_before(factory: Factory) -> None:
    mia = keep(factory, "Mia")
    assign(factory, "Mia")
    before = factory.call(state=CallState.ENDED, answered_at=NOON)

    call = ring(factory, before.to_number)

    assert (call.lead_id, call.campaign_id) == (before.lead_id, before.campaign_id)
    assert call.agent_version_id == before.agent_version_id != mia
    assert call.direction is Direction.INBOUND


def test_a_call_that_never_reached_anybody_is_no_acquaintance(factory: Factory) -> None:
    withdrawn = factory.call(state=CallState.WITHDRAWN)

    assert ring(factory, withdrawn.to_number).lead_id is None


def test_a_stranger_gets_the_numbers_agent_as_its_name_stands_now(factory: Factory) -> None:
    factory.campaign()
    assert ring(factory, STRANGER).agent_version_id == factory.agent_version.id

    first = keep(factory, "Mia")
    assign(factory, "Mia")
    assert ring(factory, STRANGER).agent_version_id == first

    with db.transaction(factory.sessions) as tx:
        body = definition(name="Mia", goal="Find out what they want.")
        newer = store.save(tx.session, factory.organization.id, body).id
    assert ring(factory, STRANGER).agent_version_id == newer

    assign(factory, None)
    assert ring(factory, STRANGER).agent_version_id == factory.agent_version.id


def test_an_agent_knows_what_came_of_the_calls_before(engine_room: CampaignEngine, factory: Factory) -> None:
    lead = factory.lead(factory.campaign(), state=LeadState.IN_FLIGHT)
    summed_up = factory.call(lead, state=CallState.ENDED, answered_at=NOON - timedelta(days=2), attempt=1)
    fresh = factory.call(lead, state=CallState.ENDED, answered_at=NOON - timedelta(hours=1), attempt=2)
    result = finishing.Result(Disposition.INTERESTED, summary="They want a quote in spring.")
    with db.transaction(engine_room.sessions) as tx:
        finishing.write(tx, summed_up.id, result, engine_room.finishing)
        words = Turn(call_id=fresh.id, epoch=1, number=1, speaker="person", kind="talk", text="Call me on Tuesday.")
        words.started_s, words.ended_s, words.at = 0.0, 1.0, NOON
        tx.session.add(words)

    call = ring(factory, lead.phone)

    with engine_room.sessions() as session:
        told = brief(session, call)["earlier_calls"]
    assert isinstance(told, list)
    assert [(one["outcome"], one.get("summary"), one.get("last_words")) for one in told] == [
        ("interested", "They want a quote in spring.", None),
        ("not written yet", None, "person: Call me on Tuesday."),
    ]


def test_an_agent_is_told_nothing_of_other_people(factory: Factory, sessions: db.Sessions) -> None:
    factory.call(state=CallState.ENDED, answered_at=NOON)

    with sessions() as session:
        assert "earlier_calls" not in brief(session, ring(factory, STRANGER))


@pytest.mark.parametrize(("inbound", "free"), [(0, 6), (2, 6), (4, 6), (5, 5), (12, 0)])
def test_calls_to_us_use_the_reserve_before_they_take_from_calling(inbound: int, free: int) -> None:
    assert pacing.room(10, 1.0, outbound=0, inbound=inbound, reserve=4) == free


def test_calling_leaves_the_reserve_free(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign()
    for _ in range(5):
        factory.lead(campaign)
    engine_room.have_seats(4)

    claimed: list[UUID] = []
    claiming.claim(engine_room.sessions, publish=claimed.append, ratio=1.0, secret=SECRET, reserve=3)

    assert len(claimed) == 1


def test_a_call_to_us_takes_no_place_of_its_campaign(engine_room: CampaignEngine, factory: Factory) -> None:
    campaign = factory.campaign(concurrency=1)
    lead = factory.lead(campaign)
    factory.call(lead, state=CallState.TALKING, direction=Direction.INBOUND, purpose=Purpose.INBOUND, attempt=None)
    engine_room.have_seats(4)

    assert len(engine_room.claim()) == 1


def test_numbers_are_listed_and_assigned_by_api(factory: Factory, database_url: str, tmp_path: Path) -> None:
    keep(factory, "Mia")
    phone = factory.caller_id.phone
    with open_client(web_settings(database_url, tmp_path)) as client:
        headers = bearer(factory)
        answer = client.put(f"/api/numbers/{phone}", json={"agent": "Mia"}, headers=headers)
        assert (answer.status_code, answer.json()["agent"]) == (200, "Mia")
        assert [number["agent"] for number in client.get("/api/numbers", headers=headers).json()] == ["Mia"]
        assert client.put(f"/api/numbers/{phone}", json={"agent": "Nobody"}, headers=headers).status_code == 404


def test_a_number_of_another_organization_does_not_exist(factory: Factory, sessions: db.Sessions) -> None:
    other = other_organization(sessions)
    with pytest.raises(NotFound), db.transaction(sessions) as tx:
        numbers.assign(tx.session, other, factory.caller_id.phone, None)
