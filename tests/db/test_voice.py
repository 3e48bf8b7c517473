"""The carrier's webhooks over HTTP: who may call them, and what the carrier is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from dialer.calls import seats
from dialer.calls.models import Call, Callback, Direction, SeatState
from dialer.calls.states import CallState
from dialer.leads.models import Suppression
from dialer.web.app import create_app
from tests.db.engine import CampaignEngine
from tests.db.web_client import web_settings
from tests.factories import Factory
from tests.fakes import FakeMessages

SIGNED = {"X-Twilio-Signature": "good"}
PERSON = "+12125550177"


@pytest.fixture
def carrier(engine_room: CampaignEngine, database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """The carrier's end of the web process; its signature is the word "good"."""
    settings = web_settings(database_url, tmp_path).model_copy(update={"public_url": "https://dialer.test"})
    app = create_app(settings)
    wiring = app.state.dialer.wiring
    wiring.__dict__.update(carrier=engine_room.carrier, messages=engine_room.messages)
    with TestClient(app, headers=SIGNED, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def placed(engine_room: CampaignEngine, factory: Factory) -> UUID:
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    return call_id


def sid(room: CampaignEngine, call_id: UUID) -> str:
    return str(room.call(call_id).carrier_id)


def verbs(answer: str) -> list[str]:
    return [element.tag for element in ElementTree.fromstring(answer)]


@pytest.mark.parametrize("kind", ["answer", "continue", "status", "amd", "recording", "digits"])
def test_an_unsigned_webhook_is_refused_and_changes_nothing(
    carrier: TestClient, engine_room: CampaignEngine, placed: UUID, kind: str
) -> None:
    params = {"CallSid": sid(engine_room, placed), "CallStatus": "completed", "Digits": "9"}

    answer = carrier.post(f"/voice/{kind}/{placed}", data=params, headers={"X-Twilio-Signature": "forged"})

    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert engine_room.call(placed).state is CallState.PLACED
    with engine_room.sessions() as session:
        assert session.scalars(select(Callback)).all() == []


@pytest.mark.parametrize("path", ["/voice/inbound", "/sms/inbound"])
def test_an_unsigned_person_is_nobody(carrier: TestClient, path: str) -> None:
    assert carrier.post(path, data={"From": PERSON}, headers={"X-Twilio-Signature": ""}).status_code == 403


@pytest.mark.parametrize("kind", ["answer", "continue"])
def test_a_webhook_for_an_unknown_call_is_a_404(carrier: TestClient, kind: str) -> None:
    answer = carrier.post(f"/voice/{kind}/{uuid4()}", data={"CallSid": "CA1", "CallStatus": "in-progress"})

    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_status_is_stored_folded_and_answered(carrier: TestClient, engine_room: CampaignEngine, placed: UUID) -> None:
    params = {"CallSid": sid(engine_room, placed), "CallStatus": "completed", "CallDuration": "9"}

    assert carrier.post(f"/voice/status/{placed}", data=params).status_code == 204
    assert engine_room.call(placed).state is CallState.ENDED
    assert engine_room.messages.ids("results.finish") == [str(placed)]


def test_a_callback_that_cannot_be_stored_is_a_503(
    carrier: TestClient, engine_room: CampaignEngine, placed: UUID
) -> None:
    params = {"CallSid": sid(engine_room, placed), "CallStatus": "ringing"}
    with engine_room.sessions.begin() as session:
        session.execute(text("ALTER TABLE callbacks RENAME TO hidden"))

    assert carrier.post(f"/voice/status/{placed}", data=params).status_code == 503


def test_an_answer_without_a_seat_is_dropped_lawfully(
    carrier: TestClient, engine_room: CampaignEngine, placed: UUID
) -> None:
    answer = carrier.post(f"/voice/answer/{placed}", data={"CallSid": sid(engine_room, placed)})

    assert verbs(answer.text) == ["Say", "Hangup"]
    assert "Northwind Solar" in answer.text
    assert engine_room.call(placed).seat is SeatState.GIVEN_UP
    asked = [message for message in engine_room.messages.sent if message[0] == "calls.converse"]
    assert len(asked) > 2  # again every 300 ms
    assert set(asked) == {("calls.converse", str(placed), "1")}


class Taking(FakeMessages):
    """A worker that takes every call that it is told of."""

    def __init__(self, room: CampaignEngine) -> None:
        super().__init__()
        self.room = room

    def send(self, task: str, *args: str) -> None:
        super().send(task, *args)
        if task == "calls.converse":
            threading.Thread(target=self._take, args=(UUID(args[0]), int(args[1]))).start()

    def _take(self, call_id: UUID, epoch: int) -> None:
        time.sleep(0.05)
        with self.room.sessions.begin() as session:
            seats.take(
                session, call_id, epoch, worker="calls-1", url=f"wss://media.test/media/calls-1/{call_id}/secret"
            )


def test_an_answer_with_a_seat_is_connected_to_exactly_that_worker(
    carrier: TestClient, engine_room: CampaignEngine, placed: UUID
) -> None:
    carrier.app.state.dialer.wiring.__dict__["messages"] = Taking(engine_room)  # type: ignore[attr-defined]

    answer = carrier.post(f"/voice/answer/{placed}", data={"CallSid": sid(engine_room, placed)})

    connect = ElementTree.fromstring(answer.text).find("Connect")
    assert connect is not None
    assert connect.attrib["action"].startswith(f"https://dialer.test/voice/continue/{placed}")
    stream = connect.find("Stream")
    assert stream is not None
    assert stream.attrib["url"] == f"wss://media.test/media/calls-1/{placed}/secret"


def test_a_stray_is_hung_up_at_the_carrier(carrier: TestClient, engine_room: CampaignEngine, placed: UUID) -> None:
    answer = carrier.post(f"/voice/answer/{placed}", data={"CallSid": "CA" + "f" * 32})

    assert verbs(answer.text) == ["Hangup"]
    assert engine_room.carrier.hung_up == ["CA" + "f" * 32]


def test_who_calls_back_gets_the_agent_and_lead_of_their_call(
    carrier: TestClient, engine_room: CampaignEngine, placed: UUID
) -> None:
    ours = engine_room.call(placed)
    carrier.post(f"/voice/status/{placed}", data={"CallSid": sid(engine_room, placed), "CallStatus": "no-answer"})

    params = {"CallSid": "CA" + "a" * 32, "From": ours.to_number, "To": ours.from_number}
    first = carrier.post("/voice/inbound", data=params)
    again = carrier.post("/voice/inbound", data=params)

    assert verbs(first.text) == verbs(again.text) == ["Gather", "Hangup"]
    with engine_room.sessions() as session:
        (call,) = session.scalars(select(Call).where(Call.direction == Direction.INBOUND)).all()
    assert (call.lead_id, call.agent_version_id) == (ours.lead_id, ours.agent_version_id)


def test_a_stranger_who_calls_gets_the_agent_of_the_number(
    carrier: TestClient, engine_room: CampaignEngine, factory: Factory
) -> None:
    factory.campaign()

    answer = carrier.post(
        "/voice/inbound", data={"CallSid": "CA" + "b" * 32, "From": PERSON, "To": factory.caller_id.phone}
    )

    assert "press 9" in answer.text
    with engine_room.sessions() as session:
        assert session.scalars(select(Call.lead_id).where(Call.from_number == PERSON)).one() is None


def test_nine_ends_all_calls_to_who_called(carrier: TestClient, engine_room: CampaignEngine, factory: Factory) -> None:
    factory.campaign()
    params = {"CallSid": "CA" + "c" * 32, "From": PERSON, "To": factory.caller_id.phone}
    carrier.post("/voice/inbound", data=params)
    with engine_room.sessions() as session:
        call_id = session.scalars(select(Call.id).where(Call.from_number == PERSON)).one()

    answer = carrier.post(f"/voice/digits/{call_id}", data={**params, "Digits": "9"})

    assert verbs(answer.text) == ["Say", "Hangup"]
    with engine_room.sessions() as session:
        assert session.scalars(select(Suppression.phone)).all() == [PERSON]


def test_a_number_that_is_not_ours_is_a_404(carrier: TestClient) -> None:
    params = {"CallSid": "CA" + "d" * 32, "From": PERSON, "To": "+12125550199"}

    assert carrier.post("/voice/inbound", data=params).status_code == 404


@pytest.mark.parametrize(
    ("words", "stops"),
    [
        *(
            (text, True)
            for text in ("STOP", " stop. ", "Stop calling me please", "STOP STOP", "please stop", "Pls STOP!")
        ),
        *(
            (text, True)
            for text in ("OPT OUT", "opt-out", "OptOut", "stop calls", "Stop all calls now", "Unsubscribe me")
        ),
        *((text, True) for text in ("don't call me", "Dont call me again", "Remove me", "take me off your list")),
        *((text, True) for text in ("मुझे कॉल मत करो", "dobara call mat karna", "मेरा नंबर हटा दो")),
        *((text, False) for text in ("stop by at ten", "", "please", "I can't stop laughing", "Please call at ten")),
        *((text, False) for text in ("don't text me, call me", "Don't call me before five", "cancel my appointment")),
        *(
            (text, False)
            for text in ("End of the week is fine", "I don't want to opt out", "Yes", "abhi call mat karo")
        ),
    ],
)
def test_stop_by_text_message(
    carrier: TestClient, engine_room: CampaignEngine, factory: Factory, words: str, *, stops: bool
) -> None:
    answer = carrier.post("/sms/inbound", data={"From": PERSON, "To": factory.caller_id.phone, "Body": words})

    assert answer.status_code == 200
    with engine_room.sessions() as session:
        assert bool(session.scalars(select(Suppression.id)).all()) is stops


@pytest.mark.parametrize(("kind", "stops"), [("STOP", True), ("HELP", False), ("START", False)])
def test_what_the_carrier_takes_for_a_stop_is_one(
    carrier: TestClient, engine_room: CampaignEngine, factory: Factory, kind: str, *, stops: bool
) -> None:
    message = {"From": PERSON, "To": factory.caller_id.phone, "Body": "Genug jetzt", "OptOutType": kind}

    assert carrier.post("/sms/inbound", data=message).status_code == 200

    with engine_room.sessions() as session:
        assert bool(session.scalars(select(Suppression.id)).all()) is stops
