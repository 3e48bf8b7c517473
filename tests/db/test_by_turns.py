"""Calls without a stream: the carrier speaks and listens, and our webhook answers each turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dialer.calls import answering, seats, tallies
from dialer.calls.models import Call, SeatState, Turn
from dialer.calls.reporting import Report
from dialer.calls.states import CallState
from dialer.campaigns import queries
from dialer.conversation.facts import EndReason
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.errors import TransientError, VendorBusy
from dialer.leads.models import Suppression
from dialer.leads.optout import OptOut
from dialer.llm.base import ToolCall, Usage
from dialer.telephony.base import CarrierStatus
from dialer.web.app import create_app
from dialer.wiring import Wiring
from tests.db.engine import SECRET, CampaignEngine
from tests.db.web_client import web_settings
from tests.factories import Factory, definition
from tests.realtime.scripted import FakeBrain

SIGNED = {"X-Twilio-Signature": "good"}
Post = Callable[..., ElementTree.Element]


class Talk:
    """A call that is held turn by turn, from the carrier's side."""

    def __init__(self, client: TestClient, room: CampaignEngine, call_id: UUID, brain: FakeBrain) -> None:
        self.client, self.room, self.id, self.brain = client, room, call_id, brain
        self.sid = str(room.call(call_id).carrier_id)
        self.action = ""

    def ask(self, url: str, **params: str) -> ElementTree.Element:
        path = url.removeprefix("https://dialer.test").partition("#")[0]
        answer = self.client.post(path, data={"CallSid": self.sid, "CallStatus": "in-progress", **params})
        assert answer.status_code == 200, answer.text
        root = ElementTree.fromstring(answer.text)
        gather, onward = root.find("Gather"), root.find("Redirect")
        if gather is not None:
            self.action = gather.get("action", "")
        elif onward is not None:
            self.action = onward.text or ""
        return root

    def begin(self) -> ElementTree.Element:
        """Pick up where there is no seat, and go where the answer says."""
        self.ask(f"/voice/answer/{self.id}")
        return self.ask(self.action)

    def say(self, words: str) -> ElementTree.Element:
        return self.ask(self.action, SpeechResult=words, Confidence="0.9")

    @property
    def call(self) -> Call:
        return self.room.call(self.id)

    @property
    def wiring(self) -> Wiring:
        return self.client.app.state.dialer.wiring  # type: ignore[attr-defined,no-any-return]

    def turns(self) -> list[tuple[str, str, str]]:
        with self.room.sessions() as session:
            rows = session.execute(select(Turn.speaker, Turn.kind, Turn.text).order_by(Turn.epoch, Turn.number))
            return [tuple(row) for row in rows]


def suppressed(talk: Talk) -> list[str | None]:
    with talk.room.sessions() as session:
        return list(session.scalars(select(Suppression.phone)))


def spoken(root: ElementTree.Element) -> str:
    return " ".join(say.text or "" for say in root.iter("Say"))


@pytest.fixture
def brain() -> FakeBrain:
    return FakeBrain(["It costs forty euros. ", "Shall I book a visit?"])


@pytest.fixture
def talk(
    engine_room: CampaignEngine, factory: Factory, database_url: str, tmp_path: Path, brain: FakeBrain
) -> Iterator[Talk]:
    with engine_room.sessions.begin() as session:
        body = definition(turn_by_turn=True, tools=("end_call", "do_not_call", "transfer"), transfer_to="+12125550199")
        session.merge(factory.agent_version).definition = body.model_dump(mode="json")
    factory.lead(factory.campaign())
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    settings = web_settings(database_url, tmp_path).model_copy(update={"public_url": "https://dialer.test"})
    app = create_app(settings)
    state = app.state.dialer
    state.wiring.__dict__.update(carrier=engine_room.carrier, messages=engine_room.messages)
    state.assistant._crew = Crew(LiveVendors((), (), (brain,)))
    with TestClient(app, headers=SIGNED) as client:
        yield Talk(client, engine_room, call_id, brain)


def test_without_a_seat_the_carrier_says_the_opener_and_listens(talk: Talk) -> None:
    root = talk.begin()

    gather = root.find("Gather")
    assert gather is not None
    assert (gather.get("input"), gather.get("bargeIn"), gather.get("numDigits")) == ("dtmf speech", "false", "1")
    assert spoken(root).startswith("Hi, this is Ava, an AI assistant")
    call = talk.call
    assert (call.state, call.seat) == (CallState.TALKING, SeatState.BY_TURNS)
    assert [kind for _, kind, _ in talk.turns()] == ["opener"]


def test_an_agent_that_may_not_drops_the_call_lawfully(talk: Talk, factory: Factory) -> None:
    with talk.room.sessions.begin() as session:
        session.merge(factory.agent_version).definition = definition().model_dump(mode="json")

    root = talk.ask(f"/voice/answer/{talk.id}")

    assert [verb.tag for verb in root] == ["Say", "Hangup"]
    assert talk.call.seat is SeatState.GIVEN_UP


def test_each_result_is_a_turn_that_the_brain_answers(talk: Talk) -> None:
    talk.begin()

    root = talk.say("What does it cost?")

    assert spoken(root) == "It costs forty euros. Shall I book a visit?"
    assert talk.turns()[1:] == [
        ("person", "talk", "What does it cost?"),
        ("agent", "talk", "It costs forty euros. Shall I book a visit?"),
    ]
    assert [m.role for m in talk.brain.asked[0]] == ["system", "assistant", "user"]


def test_a_repeated_webhook_gets_the_same_words_and_no_second_turn(talk: Talk) -> None:
    talk.begin()
    action = talk.action
    first = talk.say("What does it cost?")

    again = talk.ask(action, SpeechResult="What does it cost?")

    assert spoken(again) == spoken(first)
    assert len(talk.turns()) == 3
    assert len(talk.brain.asked) == 1


def test_a_repeated_answer_says_the_opener_once(talk: Talk) -> None:
    first = talk.begin()

    assert spoken(talk.begin()) == spoken(first)
    assert len(talk.turns()) == 1


@pytest.mark.parametrize("said", [{"Digits": "9"}, {"SpeechResult": "Please never call me again."}])
def test_nine_and_words_opt_out_without_the_brain(talk: Talk, said: dict[str, str]) -> None:
    talk.begin()

    root = talk.ask(talk.action, **said)

    assert [verb.tag for verb in root] == ["Say", "Hangup"]
    assert "not be called again" in spoken(root)
    assert talk.brain.asked == []
    assert talk.call.opted_out_at is not None
    assert talk.call.ending == EndReason.OPT_OUT
    with talk.room.sessions() as session:
        assert session.scalars(select(Suppression.phone)).all() == [talk.call.to_number]


def test_silence_is_prompted_and_then_ended_politely(talk: Talk) -> None:
    talk.begin()

    prompts = [spoken(talk.ask(talk.action)) for _ in range(2)]
    last = talk.ask(talk.action)

    assert prompts == ["Are you still there?"] * 2
    assert last.find("Hangup") is not None
    assert talk.call.ending == EndReason.SILENCE


def test_a_tool_ends_the_call_after_the_last_words(talk: Talk) -> None:
    talk.brain.answers = [["Thank you, goodbye.", ToolCall("1", "end_call", {})]]
    talk.begin()

    root = talk.say("No, thank you.")

    assert spoken(root) == "Thank you, goodbye."
    assert root.find("Hangup") is not None
    assert talk.call.ending == EndReason.AGENT


def test_a_transfer_goes_on_to_where_the_row_says(talk: Talk) -> None:
    talk.brain.answers = [["I will connect you.", ToolCall("1", "transfer", {})]]
    talk.begin()

    root = talk.say("Let me talk to a human.")

    assert spoken(root) == "I will connect you."
    assert re.fullmatch(rf"https://dialer.test/voice/continue/{talk.id}#.*", talk.action)
    onward = talk.ask(talk.action)
    assert onward.find("Dial") is not None


def test_what_its_turns_cost_is_counted_once(talk: Talk) -> None:
    talk.brain.answers = [["Forty euros.", Usage(100, 5)], ["Yes.", Usage(140, 2)]]
    talk.begin()
    asked = talk.action

    talk.say("What does it cost?")
    talk.ask(asked, SpeechResult="What does it cost?", Confidence="0.9")
    talk.say("Each month?")

    with talk.room.sessions() as session:
        assert tallies.total(session, talk.id) == {"completion_tokens": 7, "prompt_tokens": 240}
        told = session.scalars(select(Turn.cost).where(Turn.speaker == "agent").order_by(Turn.number)).all()
    assert told == [{}, {"prompt_tokens": 100, "completion_tokens": 5}, {"prompt_tokens": 140, "completion_tokens": 2}]


def test_without_a_brain_the_call_ends_politely(talk: Talk) -> None:
    talk.brain.answers = [[VendorBusy("brain", "down")]] * 2
    talk.begin()

    root = talk.say("What does it cost?")

    assert "technical trouble" in spoken(root)
    assert talk.call.ending == EndReason.FAILED
    assert len(talk.brain.asked) == 2  # a hiccup would have been forgiven


def test_an_answerphone_gets_its_message(talk: Talk) -> None:
    talk.begin()
    talk.client.post(f"/voice/amd/{talk.id}", data={"CallSid": talk.sid, "AnsweredBy": "machine_end_beep"})

    root = talk.say("Please leave a message after the tone.")

    assert "We will try again" in spoken(root)
    assert talk.call.ending == EndReason.VOICEMAIL


@pytest.mark.parametrize("said", [{"Digits": "9"}, {"SpeechResult": "Please never call me again."}])
def test_a_wish_outranks_the_carriers_verdict(talk: Talk, said: dict[str, str]) -> None:
    talk.begin()
    talk.client.post(f"/voice/amd/{talk.id}", data={"CallSid": talk.sid, "AnsweredBy": "machine_end_other"})

    root = talk.ask(talk.action, **said)

    assert "not be called again" in spoken(root)
    assert talk.call.ending == EndReason.OPT_OUT
    assert suppressed(talk) == [talk.call.to_number]


def test_a_verdict_that_comes_after_turns_with_a_person_is_none(talk: Talk) -> None:
    talk.begin()
    for _ in range(3):
        talk.say("What does it cost?")
    talk.client.post(f"/voice/amd/{talk.id}", data={"CallSid": talk.sid, "AnsweredBy": "machine_end_other"})

    root = talk.say("And each month?")

    assert spoken(root) == "All right."
    assert talk.call.ending is None


@pytest.mark.parametrize("said", [{"Digits": "9"}, {"SpeechResult": "Please never call me again."}])
def test_a_wish_that_could_not_be_committed_is_when_the_carrier_asks_again(talk: Talk, said: dict[str, str]) -> None:
    talk.begin()
    wiring = talk.wiring
    effects = wiring.effects
    wiring.__dict__["effects"] = replace(effects, opt_out=broken)
    asked = {"CallSid": talk.sid, "CallStatus": "in-progress", **said}
    path = talk.action.removeprefix("https://dialer.test").partition("#")[0]
    assert talk.client.post(path, data=asked).status_code == 503
    assert suppressed(talk) == []
    wiring.__dict__["effects"] = effects

    root = talk.ask(talk.action, **said)

    assert "not be called again" in spoken(root)
    assert talk.call.ending == EndReason.OPT_OUT
    assert suppressed(talk) == [talk.call.to_number]
    assert [speaker for speaker, _, _ in talk.turns()] == ["agent", "person", "agent"]


def broken(*_: object) -> OptOut:
    raise TransientError("the database is away")


def take_seat(talk: Talk) -> None:
    """Let a worker take the call, whose stream the carrier is then told to open."""
    said = Report(talk.sid, CarrierStatus.IN_PROGRESS)
    decision = answering.answered(talk.room.sessions, talk.id, said, secret=SECRET)
    with talk.room.sessions.begin() as session:
        assert seats.take(session, talk.id, decision.epoch, worker="w1", url="wss://media/w1")


def test_a_stream_that_the_carrier_refuses_is_replaced_at_once(talk: Talk) -> None:
    take_seat(talk)

    talk.ask(f"/voice/continue/{talk.id}", StreamError="31920: refused")
    root = talk.ask(talk.action)

    assert spoken(root).startswith("Hi, this is Ava")
    assert talk.room.why_call(talk.id)[-1] == "no stream: 31920: refused"


def test_a_call_whose_vendors_failed_goes_on_with_the_carriers_voice(talk: Talk) -> None:
    take_seat(talk)
    with talk.room.sessions.begin() as session:
        session.get_one(Call, talk.id).ending = EndReason.FAILED.value

    talk.ask(f"/voice/continue/{talk.id}")
    root = talk.ask(talk.action)

    assert spoken(root).startswith("Hi, this is Ava")
    assert talk.call.ending is None


def test_the_worker_that_held_the_call_before_cannot_write_any_more(talk: Talk) -> None:
    take_seat(talk)
    before = talk.call.seat_epoch
    talk.ask(f"/voice/continue/{talk.id}", StreamError="31920: refused")

    assert talk.call.seat_epoch == before + 1
    with talk.room.sessions.begin() as session:
        assert seats.orphans(session, database_up_s=0) == []


def test_it_takes_no_seat_from_calling_and_is_not_abandoned(talk: Talk) -> None:
    talk.begin()

    with talk.room.sessions() as session:
        assert sum(queries.open_calls(session).values()) == 0
    talk.say("What does it cost?")
    over = {"CallSid": talk.sid, "CallStatus": "completed", "CallDuration": "20"}
    talk.client.post(f"/voice/status/{talk.id}", data=over)
    assert talk.room.messages.ids("results.finish") == [str(talk.id)]
