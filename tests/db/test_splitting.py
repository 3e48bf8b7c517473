"""Campaigns that try versions of an agent against each other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from dialer.agents import store
from dialer.agents.models import AgentVersion
from dialer.calls.states import CallState
from dialer.campaigns import balance, lifecycle, listing, splitting
from dialer.campaigns.models import Campaign
from dialer.db import Sessions
from dialer.errors import BadInput, NotFound
from tests.db.engine import CampaignEngine
from tests.db.web_client import bearer, open_client, web_settings
from tests.factories import NOON, Factory, definition


@pytest.fixture
def versions(sessions: Sessions, factory: Factory) -> list[AgentVersion]:
    with sessions.begin() as session:
        return [
            store.save(session, factory.organization.id, definition(name="Max", goal=f"Ask for visit number {n}."))
            for n in (1, 2)
        ]


def split_campaign(sessions: Sessions, factory: Factory, **changes: object) -> Campaign:
    values: dict[str, object] = {"agent": "Max", "agent_split": {"Max@1": 70, "Max@2": 30}}
    with sessions.begin() as session:
        return lifecycle.create(
            session,
            organization_id=factory.organization.id,
            name="trial",
            region="US",
            windows="mon-sun 00:00-24:00",
            concurrency=10,
            cps=50.0,
            now=NOON,
            by="test",
            **(values | changes),  # type: ignore[arg-type]
        )


def test_leads_are_shared_out_by_weight_and_each_keeps_its_version() -> None:
    one, other = uuid4(), uuid4()
    split = splitting.Split(uuid4(), ((one, 70), (other, 30)))

    shares = Counter(split.version(lead_id) for lead_id in range(5000))

    assert shares[one] + shares[other] == 5000
    assert 0.66 < shares[one] / 5000 < 0.74
    assert all(split.version(lead_id) == split.version(lead_id) for lead_id in range(100))


def test_two_campaigns_share_out_the_same_leads_differently() -> None:
    weights = ((uuid4(), 1), (uuid4(), 1))
    first, second = (splitting.Split(uuid4(), weights) for _ in range(2))

    assert any(first.version(lead_id) != second.version(lead_id) for lead_id in range(64))


def test_claimed_call_bears_its_leads_version(
    engine_room: CampaignEngine, sessions: Sessions, factory: Factory, versions: list[AgentVersion]
) -> None:
    campaign = split_campaign(sessions, factory)
    leads = [factory.lead(campaign) for _ in range(10)]
    with sessions.begin() as session:
        lifecycle.start(session, campaign.id, now=NOON, by="test")

    calls = [engine_room.call(call_id) for call_id in engine_room.claim()]

    with sessions() as session:
        split = splitting.of(session, campaign)
    assert {call.lead_id: call.agent_version_id for call in calls} == {
        lead.id: split.version(lead.id) for lead in leads
    }
    assert {version.id for version in versions} >= {call.agent_version_id for call in calls}


def test_status_counts_calls_and_outcomes_of_each_version(
    engine_room: CampaignEngine, sessions: Sessions, factory: Factory, versions: list[AgentVersion]
) -> None:
    campaign = split_campaign(sessions, factory)
    for version, state in ((versions[0], CallState.ENDED), (versions[1], CallState.WITHDRAWN)):
        factory.call(factory.lead(campaign), agent_version_id=version.id, state=state)

    with sessions() as session:
        shown = balance.status(session, campaign.id)["versions"]

    assert shown == {
        "Max@1": {"weight": 70, "calls": 1, "outcomes": {}},
        "Max@2": {"weight": 30, "calls": 0, "outcomes": {}},
    }


def test_campaign_without_a_split_shows_its_one_version(sessions: Sessions, factory: Factory) -> None:
    campaign = factory.campaign()

    with sessions() as session:
        assert balance.status(session, campaign.id)["versions"] == {"Ava@1": {"weight": 1, "calls": 0, "outcomes": {}}}
        assert listing.view(session, campaign).agent_split == {}


@pytest.mark.usefixtures("versions")
def test_list_shows_the_split(sessions: Sessions, factory: Factory) -> None:
    split_campaign(sessions, factory)

    with sessions() as session:
        (view,) = listing.page(session, factory.organization.id)

    assert view.agent_split == {"Max@1": 70, "Max@2": 30}


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ({"Max@1": 100}, BadInput),
        ({"Max@1": 0, "Max@2": 1}, BadInput),
        ({"Max": 1, "Max@2": 1}, BadInput),
        ({"Max@1": 1, "Max@9": 1}, NotFound),
    ],
)
def test_split_that_means_nothing_creates_no_campaign(
    sessions: Sessions, factory: Factory, weights: dict[str, int], error: type[Exception]
) -> None:
    with pytest.raises(error):
        split_campaign(sessions, factory, agent_split=weights)

    with sessions() as session:
        assert listing.page(session, factory.organization.id) == []


def test_versions_of_different_purposes_are_not_tried_against_each_other(sessions: Sessions, factory: Factory) -> None:
    with sessions.begin() as session:
        store.save(session, factory.organization.id, definition(name="Max", purpose="marketing"))
        store.save(session, factory.organization.id, definition(name="Max", purpose="informational"))

    with pytest.raises(BadInput, match="purpose"):
        split_campaign(sessions, factory)


@pytest.mark.parametrize("text", ["", "Max@1", "Max@1=x", "Max@1=1,Max@1=2", "Max@1=1,,Max@2=1"])
def test_split_written_otherwise_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="Ava@3=70"):
        splitting.parse(text)


@pytest.mark.usefixtures("versions")
def test_api_takes_a_split_and_shows_it(database_url: str, tmp_path: Path, factory: Factory) -> None:
    body = {"name": "trial", "agent": "Max@1", "region": "US", "windows": "mon-fri 09:00-17:00"}
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        client.headers.update(bearer(factory))
        made = client.post("/api/campaigns", json=body | {"agent_split": {"Max@1": 1, "Max@2": 3}})
        shown = client.get("/api/campaigns/trial").json()

    assert made.status_code == 201, made.text
    assert (made.json()["agent_version"], made.json()["agent_split"]) == (1, {"Max@1": 1, "Max@2": 3})
    assert shown["status"]["versions"]["Max@2"] == {"weight": 3, "calls": 0, "outcomes": {}}
