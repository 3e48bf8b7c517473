from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dialer.accounts.models import AuditEvent, Role
from dialer.calls.models import Call, Tally, Turn
from dialer.calls.states import CallState
from dialer.campaigns.models import Campaign, CampaignMove, CampaignState
from dialer.db import Sessions
from dialer.leads.models import LeadState
from dialer.outcomes.models import Disposition
from tests.db.web_client import bearer, open_client, web_settings
from tests.factories import NOON, Factory

NEW = {"name": "spring", "agent": "Ava", "region": "US", "windows": "mon-fri 09:00-17:00"}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(database_url: str, data_dir: Path) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, data_dir)) as client:
        yield client


@pytest.fixture
def manager(client: TestClient, factory: Factory) -> TestClient:
    client.headers.update(bearer(factory))
    return client


def recorded_call(factory: Factory, data_dir: Path, name: str = "call.wav") -> Call:
    folder = data_dir / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"RIFF" + bytes(range(100)))
    return factory.call(state=CallState.ENDED, recording=name, carrier_id=f"CA{uuid4().hex}")


@pytest.mark.parametrize("path", ["/api/campaigns", "/api/leads", "/api/calls", "/api/agents", "/api/dialing"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer dk_guessed"}, {"Authorization": "Basic YTpi"}])
def test_api_needs_a_key(client: TestClient, factory: Factory, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/campaigns", NEW),
        ("/api/campaigns/x/start", {}),
        ("/api/leads/opt-out", {"phones": ["+12125550101"]}),
        ("/api/dialing/stop", {"why": "x"}),
    ],
)
def test_viewer_changes_nothing(client: TestClient, factory: Factory, path: str, body: dict[str, object]) -> None:
    answer = client.post(path, json=body, headers=bearer(factory, Role.VIEWER))

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:dialer:problem:not-allowed"


def test_campaign_is_created_as_a_draft_and_written_down(manager: TestClient, sessions: Sessions) -> None:
    answer = manager.post("/api/campaigns", json=NEW)

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["state"], body["agent"], body["agent_version"]) == ("draft", "Ava", 1)
    with sessions() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.what == "campaign.create")).one()
        assert (event.by, event.detail["campaign"]) == ("key:manager key", body["id"])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"windows": "someday"}, 422),
        ({"region": "Narnia"}, 422),
        ({"agent": "Nobody"}, 404),
        ({"concurrency": 0}, 422),
        ({"colour": "red"}, 422),
        ({"name": ""}, 422),
    ],
)
def test_bad_campaign_is_a_problem_and_creates_nothing(
    manager: TestClient, sessions: Sessions, change: dict[str, object], status: int
) -> None:
    answer = manager.post("/api/campaigns", json=NEW | change)

    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    with sessions() as session:
        assert session.scalars(select(Campaign)).all() == []


def test_second_campaign_of_a_name_is_a_conflict(manager: TestClient) -> None:
    manager.post("/api/campaigns", json=NEW)

    assert manager.post("/api/campaigns", json=NEW).status_code == 409


def test_campaign_goes_its_way(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    campaign = factory.campaign(state=CampaignState.DRAFT)
    factory.lead(campaign)

    states = [
        manager.post(f"/api/campaigns/{campaign.id}/{verb}", json={"why": f"to {verb}"}).json()["state"]
        for verb in ("start", "pause", "resume", "stop")
    ]

    assert states == ["running", "paused", "running", "stopped"]
    with sessions() as session:
        moves = session.scalars(select(CampaignMove).order_by(CampaignMove.id)).all()
        assert [(m.by, m.why) for m in moves] == [
            ("key:manager key", f"to {verb}") for verb in ("start", "pause", "resume", "stop")
        ]


def test_illegal_move_is_a_conflict(manager: TestClient, factory: Factory) -> None:
    campaign = factory.campaign(state=CampaignState.STOPPED)

    answer = manager.post(f"/api/campaigns/{campaign.name}/pause")

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:dialer:problem:illegal-move"


def test_status_of_a_campaign_balances(manager: TestClient, factory: Factory) -> None:
    campaign = factory.campaign()
    factory.lead(campaign)
    factory.lead(campaign, state=LeadState.BLOCKED)

    body = manager.get(f"/api/campaigns/{campaign.name}").json()

    assert body["status"]["balanced"] is True
    assert body["status"]["leads"]["total"] == 2
    assert body["progress"]["leads"] == {"due": 1, "blocked": 1}


def test_pages_hold_every_call_once(manager: TestClient, factory: Factory) -> None:
    campaign = factory.campaign()
    made = set()
    for minute in range(7):
        lead = factory.lead(campaign, state=LeadState.IN_FLIGHT)
        made.add(str(factory.call(lead, claimed_at=NOON + timedelta(minutes=minute // 2)).id))

    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = manager.get("/api/calls", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break

    assert len(seen) == 7
    assert set(seen) == made


def test_pages_hold_every_lead_and_campaign_once(manager: TestClient, factory: Factory) -> None:
    campaigns = [factory.campaign() for _ in range(3)]
    for _ in range(3):
        factory.lead(campaigns[0])

    for path in ("/api/leads", "/api/campaigns"):
        first = manager.get(path, params={"limit": 2}).json()
        rest = manager.get(path, params={"limit": 2, "cursor": first["next"]}).json()
        assert len({item["id"] for item in first["items"] + rest["items"]}) == 3
        assert rest["next"] is None


@pytest.mark.parametrize("path", ["/api/calls", "/api/leads", "/api/campaigns"])
@pytest.mark.parametrize("cursor", ["x", "bm8", "W10", "WyIyMDI2IiwgIngiXQ", "eyJhIjoxfQ"])
def test_strange_cursor_is_a_problem(manager: TestClient, path: str, cursor: str) -> None:
    assert manager.get(path, params={"cursor": cursor}).status_code == 422


def test_calls_are_filtered(manager: TestClient, factory: Factory) -> None:
    ended = factory.call(state=CallState.ENDED)
    factory.call()

    for which in ({"state": "ended"}, {"phone": ended.to_number}, {"lead_id": ended.lead_id}):
        items = manager.get("/api/calls", params=which).json()["items"]
        assert [item["id"] for item in items] == [str(ended.id)], which


def test_call_shows_its_turns_in_order(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    call = factory.call(state=CallState.ENDED)
    with sessions.begin() as session:
        for number, speaker, start in ((2, "person", 3.0), (1, "agent", 0.1)):
            session.add(
                Turn(
                    call_id=call.id,
                    epoch=1,
                    number=number,
                    speaker=speaker,
                    kind="talk",
                    text=f"turn {number}",
                    started_s=start,
                    ended_s=start + 1,
                    timings_ms={"first_audio": 420},
                    at=NOON,
                )
            )

    detail = manager.get(f"/api/calls/{call.id}").json()["detail"]

    assert [turn["text"] for turn in detail["turns"]] == ["turn 1", "turn 2"]
    assert detail["turns"][0]["timings_ms"] == {"first_audio": 420}
    assert detail["call"]["disposition"] is None


def test_call_shows_what_all_of_its_seats_counted(manager: TestClient, factory: Factory, sessions: Sessions) -> None:
    call = factory.call(state=CallState.ENDED)
    with sessions.begin() as session:
        session.add(Tally(call_id=call.id, epoch=1, counters={"barge_ins": 1, "eager_wasted_prompt_tokens": 900}))
        session.add(Tally(call_id=call.id, epoch=2, counters={"barge_ins": 2}))

    shown = manager.get(f"/api/calls/{call.id}").json()["detail"]["counters"]

    assert shown == {"barge_ins": 3, "eager_wasted_prompt_tokens": 900}


def test_recording_takes_ranges(manager: TestClient, factory: Factory, data_dir: Path) -> None:
    call = recorded_call(factory, data_dir)
    url = manager.get(f"/api/calls/{call.id}").json()["recording_url"]

    whole = manager.get(url)
    part = manager.get(url, headers={"Range": "bytes=0-3"})

    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    assert (part.status_code, part.content) == (206, b"RIFF")


def test_recording_never_leads_out_of_its_folder(manager: TestClient, factory: Factory, data_dir: Path) -> None:
    recorded_call(factory, data_dir)
    (data_dir / "secret").write_text("secret")
    call = factory.call(state=CallState.ENDED, recording="../secret", carrier_id=f"CA{uuid4().hex}")

    assert manager.get(f"/api/calls/{call.id}/recording").status_code == 404


def test_call_without_recording_has_none(manager: TestClient, factory: Factory) -> None:
    call = factory.call()

    assert manager.get(f"/api/calls/{call.id}").json()["recording_url"] is None
    assert manager.get(f"/api/calls/{call.id}/recording").status_code == 404


def test_lead_is_explained_by_its_moves(manager: TestClient, factory: Factory) -> None:
    lead = factory.lead(factory.campaign())

    manager.post("/api/leads/opt-out", json={"phones": [lead.phone], "reason": "wrote to us"})
    body = manager.get(f"/api/leads/{lead.id}").json()

    assert body["lead"]["state"] == "blocked"
    assert [(m["state"], m["by"]) for m in body["moves"]] == [("blocked", "key:manager key")]


def test_opt_out_with_a_bad_number_changes_nothing(manager: TestClient, factory: Factory) -> None:
    lead = factory.lead(factory.campaign())

    answer = manager.post("/api/leads/opt-out", json={"phones": [lead.phone, "nonsense"]})

    assert answer.status_code == 422
    assert "nonsense" in answer.json()["detail"]
    assert manager.get(f"/api/leads/{lead.id}").json()["lead"]["state"] == "due"


def test_dialing_is_stopped_by_a_manager_and_resumed_by_an_admin(client: TestClient, factory: Factory) -> None:
    manager, admin = bearer(factory), bearer(factory, Role.ADMIN)

    stopped = client.post("/api/dialing/stop", json={"why": "wrong list"}, headers=manager).json()
    refused = client.post("/api/dialing/resume", json={"why": "fixed"}, headers=manager)
    resumed = client.post("/api/dialing/resume", json={"why": "fixed"}, headers=admin).json()

    assert (stopped["shut"], stopped["by"], stopped["why"]) == (True, "key:manager key", "wrong list")
    assert refused.status_code == 403
    assert resumed["shut"] is False


def test_ready_tells_of_gate_and_seats(client: TestClient, factory: Factory) -> None:
    body = client.get("/health/ready").json()

    assert body["dialing"] == "open"
    assert body["seats"] == {"workers": 0, "paced": 0, "taken": 0}


def test_unreachable_database_is_unready_but_alive(data_dir: Path) -> None:
    with open_client(web_settings("postgresql://nobody@127.0.0.1:1/none", data_dir)) as client:
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        assert "dialer_database_up 0.0" in client.get("/metrics").text
        answer = client.get("/api/calls", headers={"Authorization": "Bearer dk_x"})
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:dialer:problem:no-database")


def test_metrics_count_what_is_open(client: TestClient, factory: Factory) -> None:
    factory.call(state=CallState.RINGING)

    text = client.get("/metrics").text

    assert 'dialer_calls_open{state="ringing"} 1.0' in text
    assert 'dialer_leads_unfinished{state="in_flight"} 1.0' in text
    assert Disposition.INTERESTED not in text


def test_openapi_describes_every_route_of_the_api(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()

    for path, item in document["paths"].items():
        for verb, operation in item.items():
            assert operation["summary"], (path, verb)
            assert operation["security"], (path, verb)


def test_requests_are_counted_by_their_pattern(manager: TestClient, factory: Factory) -> None:
    manager.get(f"/api/calls/{factory.call().id}")

    assert 'dialer_http_request_seconds_count{method="GET",route="/api/calls/{call_id}",status="200"} 1.0' in (
        manager.get("/metrics").text
    )
