from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from dialer.calls import briefings
from dialer.calls.models import Turn
from dialer.db import Sessions
from dialer.training import queries, training
from dialer.training.models import LabelledUtterance, TrainingState, UnderstandingModel
from dialer.understanding import model
from tests.db.web_client import bearer, open_client, web_settings
from tests.factories import NOON, Factory

WORD = "flabbergasting"
"""Nothing that ships knows it."""


@pytest.fixture
def client(database_url: str, tmp_path: Path, factory: Factory) -> Iterator[TestClient]:
    with open_client(web_settings(database_url, tmp_path / "data")) as client:
        client.headers.update(bearer(factory))
        yield client


def examples(count: int = 24) -> list[dict[str, str]]:
    """Half of them happy about a word of their own, half of them plain."""
    half = range(count // 2)
    happy = [{"text": f"{WORD} {WORD}, take {n}", "emotion": "happy", "intent": "interested"} for n in half]
    plain = [{"text": f"the meter says {n * 7}", "emotion": "neutral", "intent": "inform"} for n in half]
    return [example | {"sentiment": "neutral"} for example in (*happy, *plain)]


def one(sessions: Sessions) -> UnderstandingModel:
    with sessions() as session:
        return session.scalars(select(UnderstandingModel)).one()


@pytest.mark.timeout(600)
def test_a_model_is_trained_reports_its_accuracy_and_serves_once_promoted(
    client: TestClient, factory: Factory, sessions: Sessions
) -> None:
    queued = client.post("/api/voice-ai/train-model", json={"examples": examples()})
    assert (queued.status_code, queued.json()["state"], queued.json()["number"]) == (202, "queued", 1)
    assert client.post("/api/voice-ai/models/1/promote").status_code == 409

    assert training.train(one(sessions).id, sessions) is True
    assert training.train(one(sessions).id, sessions) is False

    trained = client.get("/api/voice-ai/models/1").json()
    assert trained["state"] == "trained", trained["error"]
    assert trained["utterances"] == 24
    own = trained["report"]["emotion"]["own"]
    assert own["held_out"] >= 2
    assert own["accuracy"] > own["shipped_accuracy"]

    said = {"text": f"{WORD} {WORD}"}
    before = client.post("/api/voice-ai/analyze-emotion", json=said).json()["understanding"]
    assert client.post("/api/voice-ai/models/1/promote").json()["serving"] == 1
    after = client.post("/api/voice-ai/analyze-emotion", json=said).json()["understanding"]
    assert (before["model"], after["model"], after["emotion"]) == ("default", "1", "happy")
    call = factory.call()
    with sessions() as session:
        serving = briefings.brief(session, call.id, now=NOON).understanding
    assert serving is not None
    assert serving.name == "1"

    assert client.post("/api/voice-ai/models/0/promote").json()["serving"] == 0
    back = client.post("/api/voice-ai/analyze-emotion", json=said).json()["understanding"]
    assert back["model"] == "default"


def test_too_few_labels_are_refused(client: TestClient, sessions: Sessions) -> None:
    answer = client.post("/api/voice-ai/train-model", json={"examples": examples(10)})

    assert answer.status_code == 422
    with sessions() as session:
        assert session.scalars(select(LabelledUtterance)).all() == []


def test_one_training_at_a_time(client: TestClient) -> None:
    assert client.post("/api/voice-ai/train-model", json={"examples": examples()}).status_code == 202
    assert client.post("/api/voice-ai/train-model", json={}).status_code == 409


def test_a_lost_message_is_brought_back_and_a_dead_worker_too(client: TestClient, sessions: Sessions) -> None:
    client.post("/api/voice-ai/train-model", json={"examples": examples()})
    model_id = one(sessions).id

    def due() -> list[UUID]:
        with sessions.begin() as session:
            return queries.waiting(session)

    def age(by: timedelta) -> None:
        with sessions.begin() as session:
            session.execute(update(UnderstandingModel).values(moved_wall=UnderstandingModel.moved_wall - by))

    age(timedelta(hours=-1))
    assert due() == []
    age(timedelta(hours=1, seconds=10))
    assert due() == [model_id]

    for _ in range(queries.MOST_TRIES):
        with sessions.begin() as session:
            assert queries.begin(session, model_id) is not None
        assert due() == []
        age(timedelta(hours=1))
        again = due()

    assert again == []
    assert one(sessions).state is TrainingState.FAILED


def test_a_worker_that_comes_back_late_changes_nothing(client: TestClient, sessions: Sessions) -> None:
    client.post("/api/voice-ai/train-model", json={"examples": examples()})
    model_id = one(sessions).id
    with sessions.begin() as session:
        queries.begin(session, model_id)
        session.execute(update(UnderstandingModel).values(state=TrainingState.QUEUED))
        queries.begin(session, model_id)

    with sessions.begin() as session:
        assert queries.end(session, model_id, 1, state=TrainingState.FAILED) is False
        assert queries.end(session, model_id, 2, state=TrainingState.FAILED) is True


def test_a_persons_turn_is_labelled_and_its_voice_is_learned_with_it(
    client: TestClient, factory: Factory, sessions: Sessions
) -> None:
    call = factory.call()
    with sessions.begin() as session:
        turns = [
            Turn(
                call_id=call.id, epoch=0, number=number, speaker=speaker, kind="talk", text="Hm, well.", started_s=0.0,
                ended_s=1.0, at=NOON, understanding={"deviations": {"energy": 1.5, "pitch": -0.5}},
            )
            for number, speaker in enumerate(("person", "agent"))
        ]  # fmt: skip
        session.add_all(turns)
    person, agent = (turn.id for turn in turns)

    assert client.post("/api/voice-ai/labels", json={"turn_id": person, "emotion": "sad"}).status_code == 204
    assert client.post("/api/voice-ai/labels", json={"turn_id": person, "intent": "inform"}).status_code == 204
    assert client.post("/api/voice-ai/labels", json={"turn_id": agent, "emotion": "sad"}).status_code == 404
    assert client.post("/api/voice-ai/labels", json={"turn_id": person}).status_code == 422

    with sessions() as session:
        (labelled,) = queries.labelled(session, factory.organization.id)
    assert (labelled.text, labelled.emotion, labelled.intent) == ("Hm, well.", "sad", "inform")
    assert labelled.voice == (1.5, -0.5, 0.0, 0.0)


def test_another_tenants_turns_labels_and_models_are_not_there(
    client: TestClient, factory: Factory, sessions: Sessions
) -> None:
    client.post("/api/voice-ai/train-model", json={"examples": examples()})
    other = Factory(sessions, "other")
    call = factory.call()
    with sessions.begin() as session:
        turn = Turn(
            call_id=call.id, epoch=0, number=1, speaker="person", kind="talk", text="Hm.", started_s=0.0, ended_s=1.0,
            at=NOON,
        )  # fmt: skip
        session.add(turn)
    theirs = bearer(other)

    assert client.get("/api/voice-ai/models", headers=theirs).json() == {"serving": 0, "models": []}
    assert client.get("/api/voice-ai/models/1", headers=theirs).status_code == 404
    assert client.post("/api/voice-ai/models/1/promote", headers=theirs).status_code == 404
    label = client.post("/api/voice-ai/labels", json={"turn_id": turn.id, "emotion": "sad"}, headers=theirs)
    assert label.status_code == 404
    with sessions() as session:
        assert queries.labelled(session, other.organization.id) == []


def test_a_model_that_cannot_be_read_gives_way_to_the_one_that_ships(
    client: TestClient, factory: Factory, sessions: Sessions
) -> None:
    client.post("/api/voice-ai/train-model", json={"examples": examples()})
    with sessions.begin() as session:
        trained = {"state": TrainingState.TRAINED, "weights": b"other", "promoted_at": NOON}
        session.execute(update(UnderstandingModel).values(trained))
    call = factory.call()

    with sessions() as session:
        assert briefings.brief(session, call.id, now=NOON).understanding is model.shipped()
