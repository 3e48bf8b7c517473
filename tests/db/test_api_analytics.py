from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dialer.calls.models import Call, Purpose, Tally, Turn
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign
from dialer.db import Sessions
from dialer.leads.models import LeadMove, LeadState
from dialer.outcomes.models import Disposition, Outcome
from tests.db.web_client import bearer, open_client, web_settings
from tests.factories import NOON, Factory


@pytest.fixture
def client(database_url: str, tmp_path: Path, factory: Factory) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        client.headers.update(bearer(factory))
        yield client


def ended(
    factory: Factory, campaign: Campaign, disposition: Disposition, *, talk_s: float | None = 30.0, **changes: Any
) -> Call:
    """A call with its outcome, answered if anybody talked."""
    values = {
        "state": CallState.ENDED,
        "talk_s": talk_s,
        "answered_at": NOON if talk_s else None,
        "ended_at": NOON,
        "outcome_at": NOON,
    }
    call = factory.call(factory.lead(campaign, state=LeadState.DONE), **(values | changes))
    with factory.sessions.begin() as session:
        session.add(
            LeadMove(lead_id=call.lead_id, call_id=call.id, state=LeadState.DONE, at=NOON, by="test", why="it is over")
        )
        session.add(
            Outcome(
                call_id=call.id,
                organization_id=call.organization_id,
                lead_id=call.lead_id,
                campaign_id=call.campaign_id,
                disposition=disposition,
                next_step="done",
                deliveries=0,
                at=NOON,
            )
        )
    return call


def test_calls_are_counted_by_campaign_agent_hour_and_disposition(client: TestClient, factory: Factory) -> None:
    solar, roof = factory.campaign(name="solar"), factory.campaign(name="roof")
    ended(factory, solar, Disposition.INTERESTED)
    ended(factory, solar, Disposition.INTERESTED, talk_s=90.0)
    ended(factory, solar, Disposition.NO_ANSWER, talk_s=None, claimed_at=NOON - timedelta(hours=2))
    ended(factory, roof, Disposition.DO_NOT_CALL)

    answer = client.get("/api/analytics", params={"by": ["campaign"], "timezone": "America/New_York"}).json()
    hours = client.get("/api/analytics?by=hour&by=agent_version&timezone=America/New_York").json()
    kinds = client.get("/api/analytics", params={"by": ["disposition"]}).json()

    assert answer["total"]["calls"] == 4
    assert answer["total"]["dispositions"] == {"do_not_call": 1, "interested": 2, "no_answer": 1}
    assert [(group["group"]["campaign"], group["calls"], group["answered"]) for group in answer["groups"]] == [
        ("roof", 1, 1),
        ("solar", 3, 2),
    ]
    assert answer["groups"][1]["mean_talk_s"] == 60.0
    assert [(group["group"], group["calls"]) for group in hours["groups"]] == [
        ({"hour": 8, "agent_version": "Ava v1"}, 1),
        ({"hour": 10, "agent_version": "Ava v1"}, 3),
    ]
    assert [(group["group"]["disposition"], group["calls"]) for group in kinds["groups"]] == [
        ("do_not_call", 1),
        ("interested", 2),
        ("no_answer", 1),
    ]


def test_test_calls_unsent_attempts_and_other_times_are_left_out(client: TestClient, factory: Factory) -> None:
    campaign = factory.campaign()
    ended(factory, campaign, Disposition.INTERESTED)
    factory.call(purpose=Purpose.TEST, lead_id=None, campaign_id=None, attempt=None, state=CallState.ENDED)
    ended(factory, campaign, Disposition.INTERESTED, claimed_at=NOON - timedelta(days=40))
    factory.call(factory.lead(campaign), state=CallState.WITHDRAWN)

    assert client.get("/api/analytics").json()["total"]["calls"] == 1


def test_another_tenants_calls_are_not_counted(client: TestClient, sessions: Sessions) -> None:
    other = Factory(sessions, "other")
    campaign = other.campaign(name="theirs")
    ended(other, campaign, Disposition.INTERESTED)

    answer = client.get("/api/analytics", params={"by": "campaign"})
    filtered = client.get("/api/analytics", params={"campaign_id": str(campaign.id)})

    assert answer.json()["total"]["calls"] == filtered.json()["total"]["calls"] == 0
    assert "theirs" not in answer.text


def test_what_was_thrown_away_is_counted_with_what_was_used(client: TestClient, factory: Factory) -> None:
    solar, roof = factory.campaign(name="solar"), factory.campaign(name="roof")
    taken_over, other = (ended(factory, campaign, Disposition.INTERESTED) for campaign in (solar, roof))
    with factory.sessions.begin() as session:
        session.add_all(
            Tally(call_id=call.id, epoch=epoch, counters={"prompt_tokens": 100, "eager_wasted_prompt_tokens": wasted})
            for call, epoch, wasted in ((taken_over, 1, 30), (taken_over, 2, 0), (other, 1, 5))
        )

    answer = client.get("/api/analytics", params={"by": "campaign"}).json()

    assert [
        (group["group"]["campaign"], group["calls"], group["usage"]["prompt_tokens"]) for group in answer["groups"]
    ] == [("roof", 1, 105), ("solar", 1, 230)]
    assert answer["total"]["usage"] == {
        "prompt_tokens": 335, "completion_tokens": 0, "wasted_prompt_tokens": 35, "wasted_completion_tokens": 0,
        "stt_s": 0.0, "tts_characters": 0,
    }  # fmt: skip


def test_feelings_are_counted_by_turns(client: TestClient, factory: Factory) -> None:
    call = ended(factory, factory.campaign(), Disposition.INTERESTED)
    with factory.sessions.begin() as session:
        for number, (emotion, sentiment) in enumerate([("angry", -0.8), ("happy", 0.6), ("angry", -0.7)]):
            session.add(
                Turn(
                    call_id=call.id, epoch=0, number=number, speaker="person", kind="talk", text="x", started_s=0.0,
                    ended_s=1.0, at=NOON,
                    understanding={"emotion": emotion, "intent": "inform", "sentiment": sentiment},
                )
            )  # fmt: skip

    total = client.get("/api/analytics/emotions").json()["total"]

    assert total == {
        "turns": 3, "mean_sentiment": -0.3, "emotions": {"angry": 2, "happy": 1}, "intents": {"inform": 3},
    }  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        {"timezone": "Mars/Base"},
        {"by": "phone"},
        {"since": "2026-01-01T00:00:00"},
        {"since": "2026-12-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"},
        {"since": "2020-12-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_asked_is_a_problem(client: TestClient, query: dict[str, str]) -> None:
    answer = client.get("/api/analytics", params=query)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
