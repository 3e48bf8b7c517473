"""A warm transfer over the carrier's webhooks: the colleague accepts, or the person is back with the agent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dialer import clock
from dialer.agents.models import AgentVersion
from dialer.calls import answering, briefings, facts, gate, seats
from dialer.calls.answering import Do
from dialer.calls.models import Call
from dialer.calls.reporting import Report
from dialer.calls.states import CallState
from dialer.conversation.facts import Ending, EndReason, HandedIn, Reply, StreamStarted, ToolWanted
from dialer.crm.models import OutboxKind, OutboxRow
from dialer.db import lock_phone
from dialer.followups.models import FollowUp, FollowUpKind, Notice
from dialer.leads import suppression
from dialer.leads.models import LeadState
from dialer.outcomes import queries as outcomes
from dialer.telephony.base import CarrierStatus
from dialer.web.app import create_app
from tests.db.engine import CampaignEngine
from tests.db.toolroom import seated
from tests.db.web_client import web_settings
from tests.factories import NOON, Factory, definition

COLLEAGUE = "+12125550157"
SIGNED = {"X-Twilio-Signature": "good"}


@dataclass
class Handover:
    """A call whose agent has just agreed to hand the person over, and the carrier's end of the web process."""

    room: CampaignEngine
    call_id: UUID
    carrier: TestClient

    @property
    def row(self) -> Call:
        return self.room.call(self.call_id)

    def ask(self, kind: str, *, status: str = "in-progress", **params: str) -> ElementTree.Element:
        about = {"CallSid": str(self.row.carrier_id), "CallStatus": status, **params}
        answer = self.carrier.post(f"/voice/{kind}/{self.call_id}", data=about)
        assert answer.status_code == 200, answer.text
        return ElementTree.fromstring(answer.text)

    def back(self, status: CarrierStatus = CarrierStatus.IN_PROGRESS) -> answering.Decision:
        """The leg is over, as the row decides it."""
        said = Report(str(self.row.carrier_id), status)
        return answering.came_back(self.room.sessions, self.call_id, said, secret="s" * 32)


@pytest.fixture
def mode() -> str:
    return "warm"


@pytest.fixture
def handover(
    engine_room: CampaignEngine, factory: Factory, database_url: str, tmp_path: Path, mode: str
) -> Iterator[Handover]:
    agent = definition(tools=("end_call", "do_not_call", "transfer"), transfer_to=COLLEAGUE, transfer_mode=mode)
    with factory.sessions.begin() as session:
        version = session.get_one(AgentVersion, factory.agent_version.id)
        version.definition = agent.model_dump(mode="json")
    factory.lead(factory.campaign(), first_name="Sam", last_name="Lee", company="Acme")
    (call_id,) = engine_room.claim()
    engine_room.place(call_id)
    said = Report(str(engine_room.call(call_id).carrier_id), CarrierStatus.IN_PROGRESS)
    answering.answered(engine_room.sessions, call_id, said, secret="s" * 32)
    with factory.sessions.begin() as session:
        assert seats.take(session, call_id, 1, worker="calls-1", url="ws://x")
    effects = facts.Effects(opt_out=engine_room.opt_out, cancel=lambda _: None)
    for fact in (
        StreamStarted("MZ1"),
        ToolWanted("1.1", "transfer", {"reason": "Wants a price for forty people."}),
        Ending(EndReason.TRANSFER, COLLEAGUE),
        HandedIn(EndReason.TRANSFER, "a.wav", 12.0),
    ):
        came = facts.apply(fact, facts.Seat(call_id, 1, "calls-1"), engine_room.sessions, effects)
        assert isinstance(came, Reply)
        assert came.ok
    settings = web_settings(database_url, tmp_path).model_copy(update={"public_url": "https://dialer.test"})
    app = create_app(settings)
    app.state.dialer.wiring.__dict__.update(carrier=engine_room.carrier, messages=engine_room.messages)
    with TestClient(app, headers=SIGNED, raise_server_exceptions=False) as carrier:
        yield Handover(engine_room, call_id, carrier)


def test_the_colleague_is_called_with_our_number_and_a_briefing_of_their_own(handover: Handover) -> None:
    (dial,) = handover.ask("continue")

    (number,) = dial
    assert (dial.tag, dial.get("callerId"), number.text) == ("Dial", handover.row.from_number, COLLEAGUE)
    assert (number.get("url") or "").startswith(f"https://dialer.test/voice/whisper/{handover.call_id}")
    assert (dial.get("action") or "").startswith(f"https://dialer.test/voice/transferred/{handover.call_id}")
    assert (handover.row.state, handover.row.transfer) == (CallState.TALKING, "asked")


def test_the_colleague_hears_who_it_is_and_why(handover: Handover) -> None:
    handover.ask("continue")

    gather, hangup = handover.ask("whisper", CallSid="CA" + "c" * 32)

    said = "".join(gather.itertext())
    assert "Sam Lee, Acme" in said
    assert "Wants a price for forty people." in said
    assert "Press 1" in said
    assert hangup.tag == "Hangup"


def test_pressing_one_connects_the_two(handover: Handover) -> None:
    handover.ask("continue")

    assert list(handover.ask("accept", CallSid="CA" + "c" * 32, Digits="1")) == []
    assert (handover.row.state, handover.row.transfer) == (CallState.TRANSFERRED, "accepted")

    assert [verb.tag for verb in handover.ask("transferred")] == ["Hangup"]
    assert handover.row.ending == "transfer"


@pytest.mark.parametrize("digits", ["2", "", "11", "9"])
def test_any_other_key_sends_the_person_back(handover: Handover, digits: str) -> None:
    handover.ask("continue")

    assert [verb.tag for verb in handover.ask("accept", Digits=digits)] == ["Hangup"]

    assert handover.row.transfer == "declined"
    assert (decision := handover.back()).do is Do.WAIT
    assert decision.epoch == 2


def test_a_colleague_who_does_not_answer_leaves_the_person_with_the_agent(handover: Handover) -> None:
    handover.ask("continue")

    assert handover.back().do is Do.WAIT

    row = handover.row
    assert (row.state, row.ending, row.transfer, row.transfer_to) == (CallState.TALKING, None, "declined", None)
    with handover.room.sessions() as session:
        agent = briefings.brief(session, handover.call_id, now=clock.now(session)).agent
    assert agent.apology == agent.colleague_away != ""


def test_an_acceptance_that_comes_too_late_connects_nobody(handover: Handover) -> None:
    handover.ask("continue")
    handover.back()

    assert [verb.tag for verb in handover.ask("accept", Digits="1")] == ["Hangup"]
    assert [verb.tag for verb in handover.ask("whisper")] == ["Hangup"]
    assert handover.row.state is CallState.TALKING


def test_asked_again_the_markup_is_the_same(handover: Handover) -> None:
    first, again = handover.ask("continue"), handover.ask("continue")

    assert ElementTree.tostring(first) == ElementTree.tostring(again)


def test_accepted_twice_is_accepted(handover: Handover) -> None:
    handover.ask("continue")

    assert list(handover.ask("accept", Digits="1")) == list(handover.ask("accept", Digits="1")) == []


def test_a_person_who_hangs_up_meanwhile_was_not_transferred(handover: Handover) -> None:
    handover.ask("continue")

    assert list(handover.ask("transferred", status="completed")) == []

    assert handover.row.state is CallState.ENDED
    with handover.room.sessions() as session:
        finished = outcomes.ready(session, handover.call_id)
    assert finished is not None
    assert not finished.evidence.transferred


def test_an_accepted_transfer_counts_as_one(handover: Handover) -> None:
    handover.ask("continue")
    handover.ask("accept", Digits="1")
    handover.ask("transferred", status="completed")

    with handover.room.sessions() as session:
        finished = outcomes.ready(session, handover.call_id)
    assert finished is not None
    assert finished.evidence.transferred


@pytest.mark.parametrize("mode", ["warm", "cold"])
def test_the_emergency_stop_calls_no_colleague(handover: Handover) -> None:
    with handover.room.sessions.begin() as session:
        gate.shut(session, by="test", why="stop")

    said = Report(str(handover.row.carrier_id), CarrierStatus.IN_PROGRESS)
    decision = answering.continued(handover.room.sessions, handover.call_id, said, secret="s" * 32)

    assert decision.do is Do.WAIT
    assert (handover.row.transfer, handover.row.ending) == ("declined", None)


@pytest.mark.parametrize("mode", ["warm", "cold"])
def test_a_colleague_whose_number_wants_no_calls_is_not_called(handover: Handover) -> None:
    row = handover.row
    with handover.room.sessions.begin() as session:
        lock_phone(session, COLLEAGUE, row.organization_id)
        suppression.suppress(
            session,
            row.organization_id,
            [COLLEAGUE],
            reason="asked",
            source="operator",
            call_id=None,
            now=NOON,
            secret="s" * 32,
        )

    said = Report(str(row.carrier_id), CarrierStatus.IN_PROGRESS)
    assert answering.continued(handover.room.sessions, handover.call_id, said, secret="s" * 32).do is Do.WAIT


@pytest.mark.parametrize("kind", ["whisper", "accept", "transferred"])
def test_only_the_carrier_may_ask(handover: Handover, kind: str) -> None:
    handover.ask("continue")

    answer = handover.carrier.post(
        f"/voice/{kind}/{handover.call_id}", data={"Digits": "1"}, headers={"X-Twilio-Signature": "forged"}
    )

    assert answer.status_code == 403
    with handover.room.sessions() as session:
        assert session.scalar(select(Call.transfer).where(Call.id == handover.call_id)) == "asked"


def test_the_colleague_is_briefed_in_writing_once(factory: Factory) -> None:
    agent = {"transfer_to": COLLEAGUE, "transfer_mode": "warm", "transfer_email": "sales@loomline.example"}
    lead = factory.lead(factory.campaign(), state=LeadState.IN_FLIGHT, first_name="Sam", last_name="Lee")
    room = seated(factory, {}, lead=lead, tools=("end_call", "do_not_call", "transfer"), **agent)

    for _ in range(2):
        assert room.want("transfer", reason="Wants a price.").transfer_to == COLLEAGUE

    with room.sessions() as session:
        task = session.scalars(select(FollowUp)).one()
        rows = session.execute(select(OutboxRow.destination, OutboxRow.kind).order_by(OutboxRow.id)).all()
        mail = session.scalars(select(Notice)).one()
    assert (task.kind, task.body) == (FollowUpKind.TRANSFER_BRIEFING, "Wants a price.")
    assert [tuple(row) for row in rows] == [("hubspot", OutboxKind.TASK), ("email", OutboxKind.EMAIL)]
    assert mail.to_address == "sales@loomline.example"
    assert "Sam Lee" in mail.subject
