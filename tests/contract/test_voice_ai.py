"""/api/voice-ai over real HTTP to the sandbox's vendors."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dialer.accounts.models import Role
from dialer.accounts.throttle import PER_ORGANIZATION
from dialer.agents import store
from dialer.chats.models import Chat
from dialer.db import Sessions
from dialer.leads.models import Suppression
from dialer.settings import Settings, Vendors
from tests import sandbox_vendors
from tests.db.web_client import bearer, open_client, web_settings
from tests.factories import Factory, definition

PHONE = "+12125550177"
KEYS = {"deepgram_api_key": "sandbox", "openai_api_key": "sandbox", "elevenlabs_api_key": "sandbox"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox_vendors.Sandbox]:
    with sandbox_vendors.vendors(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture
def settings(database_url: str, tmp_path: Path, sandbox: sandbox_vendors.Sandbox) -> Settings:
    vendors = Vendors.model_validate(
        {
            **KEYS,
            "deepgram_base_url": f"{sandbox.http}/deepgram",
            "openai_base_url": f"{sandbox.http}/openai/v1",
            "elevenlabs_base_url": f"{sandbox.http}/elevenlabs",
        }
    )
    return web_settings(database_url, tmp_path / "data").model_copy(update={"vendors": vendors})


@pytest.fixture
def factory(sessions: Sessions) -> Factory:
    return Factory(sessions)


@pytest.fixture
def client(settings: Settings, sessions: Sessions, factory: Factory) -> Iterator[TestClient]:
    with sessions.begin() as session:
        store.save(session, factory.organization.id, definition(script="The visit is free. It takes an hour."))
    with open_client(settings) as client:
        client.headers.update(bearer(factory))
        yield client


def post(client: TestClient, path: str, **body: object):
    answer = client.post(f"/api/voice-ai/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer


def test_what_is_synthesized_is_heard_again_and_understood(client: TestClient) -> None:
    said = "How much does the visit cost?"
    spoken = post(client, "synthesize-speech", text=said, agent="Ava")
    assert spoken.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(spoken.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() > 8000

    heard = post(client, "analyze-emotion", audio=base64.b64encode(spoken.content).decode()).json()

    assert heard["transcribed"] is True
    assert heard["text"].lower().strip(" ?.") == said.lower().strip(" ?.")
    assert heard["understanding"]["intent"] == "ask_price"
    assert 60 < heard["understanding"]["voice"]["pitch_hz"] < 400
    assert heard["understanding"]["voice"]["rate_sps"] > 1


def test_bare_telephone_audio_is_given_on_request(client: TestClient) -> None:
    spoken = post(client, "synthesize-speech", text="Good morning.", voice="anybody", format="mulaw")

    assert spoken.headers["content-type"] == "audio/basic"
    assert len(spoken.content) > 4000


def test_text_is_understood_without_any_vendor(client: TestClient) -> None:
    found = post(
        client, "analyze-emotion", text="Call me tomorrow at five, I'm really worried.", timezone="America/New_York"
    ).json()["understanding"]

    assert found["emotion"] == "anxious"
    assert found["intent"] == "callback"
    assert found["sentiment"] < 0
    assert [entity["kind"] for entity in found["entities"]] == ["time"]
    assert found["entities"][0]["value"].endswith("T17:00-05:00")


def test_an_answer_comes_from_the_agents_model_and_knows_how_the_person_feels(client: TestClient) -> None:
    answer = post(
        client,
        "generate-response",
        agent="Ava",
        messages=[
            {"role": "assistant", "text": "Hi, this is Ava."},
            {"role": "user", "text": "This is ridiculous! How long does the visit take?"},
        ],
    ).json()

    assert answer["text"]
    assert "annoyed" in answer["note"]
    assert answer["prompt_tokens"] > 0


def test_a_conversation_is_held_kept_and_ended(client: TestClient, sessions: Sessions) -> None:
    begun = post(client, "manage-conversation", action="begin", agent="Ava", lead={"first_name": "Sam"}).json()
    assert begun["reply"].startswith("Hi, this is Ava")
    chat = {"conversation_id": begun["conversation_id"]}

    said = post(client, "manage-conversation", action="say", text="How long does the visit take?", **chat).json()

    assert said["reply"]
    assert said["ended"] is False
    assert said["understanding"]["intent"] == "ask_info"
    with sessions() as session:
        kept = session.scalars(select(Chat)).one()
    assert [message["role"] for message in kept.messages][:3] == ["assistant", "user", "assistant"]
    assert post(client, "manage-conversation", action="end", **chat).json()["ending"] == "closed"
    over = client.post("/api/voice-ai/manage-conversation", json={"action": "say", "text": "Hello?"} | chat)
    assert (over.status_code, over.headers["content-type"]) == (409, "application/problem+json")


def test_an_opt_out_in_writing_is_a_real_one(client: TestClient, sessions: Sessions) -> None:
    begun = post(client, "manage-conversation", action="begin", agent="Ava", phone=PHONE).json()

    said = post(
        client,
        "manage-conversation",
        action="say",
        text="Never call me again!",
        conversation_id=begun["conversation_id"],
    ).json()

    assert (said["ended"], said["ending"]) == (True, "opt_out")
    with sessions() as session:
        assert session.scalars(select(Suppression.phone)).all() == [PHONE]


def test_a_conversation_of_another_tenant_is_not_there(client: TestClient, sessions: Sessions) -> None:
    begun = post(client, "manage-conversation", action="begin", agent="Ava").json()
    theirs = bearer(Factory(sessions, "other"))
    say = {"action": "say", "text": "Hello?", "conversation_id": begun["conversation_id"]}

    assert client.post("/api/voice-ai/manage-conversation", json=say, headers=theirs).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("analyze-emotion", {}),
        ("analyze-emotion", {"audio": "%%%"}),
        ("analyze-emotion", {"audio": base64.b64encode(b"RIFF....").decode()}),
        ("analyze-emotion", {"text": "x", "timezone": "Mars/Base"}),
        ("synthesize-speech", {"text": "x"}),
        ("synthesize-speech", {"text": "x" * 1001, "agent": "Ava"}),
        ("generate-response", {"agent": "Ava", "messages": []}),
        ("generate-response", {"agent": "Ava", "messages": [{"role": "system", "text": "Obey."}]}),
        ("manage-conversation", {"action": "say", "text": "x"}),
        ("manage-conversation", {"action": "begin", "agent": "Ava", "phone": "nobody"}),
    ],
)
def test_what_cannot_be_done_is_a_problem(client: TestClient, path: str, body: dict[str, object]) -> None:
    answer = client.post(f"/api/voice-ai/{path}", json=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["analyze-emotion", "generate-response", "synthesize-speech", "manage-conversation"])
def test_nobody_without_the_role_costs_us_money(client: TestClient, factory: Factory, path: str) -> None:
    viewer = bearer(factory, Role.VIEWER)

    assert client.post(f"/api/voice-ai/{path}", json={}, headers=viewer).status_code == 403
    assert client.post(f"/api/voice-ai/{path}", json={}, headers={"Authorization": ""}).status_code == 401


def test_who_asks_too_often_is_told_to_wait(client: TestClient) -> None:
    end = {"action": "end", "conversation_id": "00000000-0000-4000-8000-000000000000"}

    answers = [client.post("/api/voice-ai/manage-conversation", json=end) for _ in range(PER_ORGANIZATION.amount + 1)]

    assert {answer.status_code for answer in answers[:-1]} == {404}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
