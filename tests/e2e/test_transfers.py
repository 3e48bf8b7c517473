"""Warm transfers from the agent's promise to the CRM: carrier, webhooks, seats and speech, and no broker.

All of the people are on the phone at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from dialer import db, wiring
from dialer.agents.models import AgentVersion
from dialer.calls import conversing, dialing, seats
from dialer.calls.models import Call, Turn
from dialer.calls.states import CallState
from dialer.campaigns import claiming
from dialer.conversation.server import MediaServer
from dialer.crm import delivery
from dialer.followups import sending
from dialer.outcomes import finishing
from dialer.outcomes.models import Outcome
from dialer.sandbox.app import Options
from dialer.sandbox.app import create_app as create_sandbox
from dialer.supervisor import local_world
from dialer.web.app import create_app
from tests.contract.phone_sandbox import served, until, unused_port
from tests.databases import Databases
from tests.db.web_client import web_settings
from tests.factories import Factory, definition

pytestmark = pytest.mark.timeout(420)  # people talk in real time, and the first test waits for all of them
COLLEAGUES = {
    "accepts": "+12125550171",
    "declines": "+12125550172",
    "no_answer": "+12125550173",
    "says_nothing": "+12125550174",  # the person hangs up while this one listens
}
AWAY = "none of my colleagues is free right now. Shall somebody call you back?"
MAILBOX = "sales@northwind.example"
WORKER = "calls-1"


@dataclass
class Work:
    """Does at once what a broker would wake somebody for."""

    tasks: dict[str, Callable[..., object]] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(24))
    failed: list[str] = field(default_factory=list)

    def send(self, task: str, *args: str) -> None:
        self.pool.submit(self._do, task, *args)

    def send_all(self, task: str, ids: Iterable[str]) -> None:
        for one in ids:
            self.send(task, one)

    def waiting(self, queue: str) -> int:
        return 0

    def _do(self, task: str, *args: str) -> None:
        try:
            self.tasks[task](*args)
        except Exception as error:
            self.failed.append(f"{task}{args}: {error!r}")


@dataclass
class Story:
    """What became of one person."""

    call: Call
    disposition: str | None
    said: list[tuple[str, str]]
    """Speaker and words."""
    legs: list[str]
    """How the colleague's leg went, by the carrier's ledger."""
    crm: dict[str, list[dict[str, Any]]]
    mails: list[dict[str, Any]]


def begin(on: wiring.Wiring, work: Work, media: MediaServer, port: int) -> None:
    """Be the workers: place, converse, finish, deliver."""
    held = conversing.Seats(on.sessions, media, work, WORKER, f"ws://127.0.0.1:{port}", on.effects)
    work.tasks |= {
        "leads.place": lambda call_id: dialing.place(UUID(call_id), on.dialing),
        "calls.converse": lambda call_id, epoch: conversing.converse(UUID(call_id), int(epoch), held),
        "results.finish": lambda call_id: finishing.finish(UUID(call_id), on.finishing),
        "outbox.deliver": lambda _: None,
        "outbox.drain": lambda: None,
    }
    with on.sessions.begin() as session:
        seats.beat(session, name=WORKER, media_url=held.media_url, seats=10, draining=False)

    def publish(call_id: UUID) -> None:
        work.send("leads.place", str(call_id))

    claiming.claim(on.sessions, publish=publish, ratio=1.0, secret=on.secret)


def people(factory: Factory, sessions: db.Sessions) -> dict[str, str]:
    """A lead for each colleague, with an agent that hands over to that one. Returns their phones."""
    phones: dict[str, str] = {}
    with sessions.begin() as session:
        shared = session.merge(factory.agent_version)
        versions = {}
        for number, (kind, colleague) in enumerate(COLLEAGUES.items(), start=2):
            agent = definition(
                tools=("end_call", "do_not_call", "transfer"),
                transfer_to=colleague,
                transfer_mode="warm",
                transfer_email=MAILBOX,
            )
            version = AgentVersion(
                organization_id=shared.organization_id,
                agent_id=shared.agent_id,
                number=number,
                definition=agent.model_dump(mode="json"),
                sha256=agent.sha256,
            )
            session.add(version)
            session.flush()
            versions[kind] = version.id
    for kind, version_id in versions.items():
        campaign = factory.campaign(agent_version_id=version_id, ring_timeout_s=25)
        lead = factory.lead(campaign, first_name="Sam", last_name=kind.title().replace("_", ""), company="Acme")
        phones[kind] = lead.phone
    return phones


@pytest.fixture(scope="module")
def stories(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Story]]:
    """One call for each kind of colleague, to its end and to the CRM."""
    home: Path = tmp_path_factory.mktemp("transfers")
    with databases.fresh() as url:
        engine = db.engine(url)
        sessions = db.sessions(engine)
        factory = Factory(sessions)
        factory.set_clock()
        port, web_port, mail_port = unused_port(), unused_port(), unused_port()
        public_url, here = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{port}"
        options = Options(data_dir=home, port=port, smtp_port=mail_port, public_url=here, cps=20.0, pace=2.0)
        options = replace(options, numbers=(factory.caller_id.phone,), account_sid=factory.account.account)
        vendors = local_world.vendors(local_world.environment(options))
        settings = web_settings(url, home).model_copy(update={"public_url": public_url, "vendors": vendors})
        work = Work()
        on = wiring.Wiring(settings, pool_size=20)
        on.__dict__.update(messages=work, sessions=sessions)
        app = create_app(settings)
        app.state.dialer.wiring.__dict__.update(messages=work)
        media = MediaServer(
            name=WORKER,
            host="127.0.0.1",
            port=0,
            vendors=wiring.live_vendors(settings),
            recordings=home / "recordings",
        )
        with served(create_sandbox(options), port), served(app, web_port), httpx.Client(base_url=here) as sandbox:
            media_port = media.start()
            try:
                phones = people(factory, sessions)
                for kind, phone in phones.items():
                    sandbox.put(f"/world/people/{phone}", json={"kind": "wants_human"}).raise_for_status()
                    sandbox.put(f"/world/colleagues/{COLLEAGUES[kind]}", json={"kind": kind}).raise_for_status()
                begin(on, work, media, media_port)
                until(lambda: hangs_up(phones["says_nothing"], sessions, sandbox) or work.failed, 200.0)
                until(lambda: written(sessions) == len(phones) or work.failed, 300.0)
                delivery.deliver_due(sessions, on.crms, recordings_url="")
                sending.send_due(on.sending)
                assert not work.failed, work.failed
                yield {kind: tell(kind, phone, sessions, sandbox) for kind, phone in phones.items()}
            finally:
                media.stop(timeout_s=2.0)
                work.pool.shutdown(cancel_futures=True)
                for reader in vars(on.finishing.extractor)["_readers"]:
                    reader.close()
                on.carrier.close()
                app.state.dialer.wiring.carrier.close()
                engine.dispose()


def hangs_up(phone: str, sessions: db.Sessions, sandbox: httpx.Client) -> bool:
    """Have a person hang up once their colleague listens; return whether that is so."""
    ledger = sandbox.get("/world/ledger", params={"kind": "call.status"}).json()
    if not any((line["to"], line["status"]) == (COLLEAGUES["says_nothing"], "answered") for line in ledger):
        return False
    with sessions() as session:
        carrier_id = session.scalars(select(Call.carrier_id).where(Call.to_number == phone)).one()
    sandbox.delete(f"/world/calls/{carrier_id}").raise_for_status()
    return True


def written(sessions: db.Sessions) -> int:
    with sessions() as session:
        return len(session.scalars(select(Outcome.call_id)).all())


def tell(kind: str, phone: str, sessions: db.Sessions, sandbox: httpx.Client) -> Story:
    with sessions() as session:
        call = session.scalars(select(Call).where(Call.to_number == phone)).one()
        disposition = session.scalar(select(Outcome.disposition).where(Outcome.call_id == call.id))
        rows = session.execute(select(Turn.speaker, Turn.text).where(Turn.call_id == call.id).order_by(Turn.id))
        said = [(str(speaker), text) for speaker, text in rows]
    ledger = sandbox.get("/world/ledger").json()
    ours = [line for line in ledger if line["to"] == COLLEAGUES[kind] and line["kind"] == "call.status"]
    records = {crm: sandbox.get(f"/world/crm/{crm}").json()["records"] for crm in ("hubspot", "salesforce")}
    mails = [line for line in ledger if line["kind"] == "email" and kind.title().replace("_", "") in line["subject"]]
    return Story(call, str(disposition), said, [line["status"] for line in ours], records, mails)


def test_whoever_is_taken_by_the_colleague_was_transferred(stories: dict[str, Story]) -> None:
    story = stories["accepts"]

    assert story.disposition == "transferred", story.said
    assert (story.call.state, story.call.transfer) == (CallState.ENDED, "accepted")
    assert story.legs == ["ringing", "answered", "completed"]
    assert story.call.seat_epoch == 1  # the agent left, and did not come back


@pytest.mark.parametrize("kind", COLLEAGUES)
def test_the_agent_promised_it_before_anybody_was_called(stories: dict[str, Story], kind: str) -> None:
    assert any(speaker == "agent" and "connect you to a colleague" in text for speaker, text in stories[kind].said)
    assert stories[kind].legs[0] == "ringing"


@pytest.mark.parametrize("kind", COLLEAGUES)
def test_the_briefing_is_in_both_crms_and_in_the_mailbox(stories: dict[str, Story], kind: str) -> None:
    name = kind.title().replace("_", "")
    story = stories[kind]

    assert len(story.mails) == 1
    assert "Asked to talk to a person" in story.mails[0]["body"]
    for records in story.crm.values():
        assert len([record for record in records if f"hands over Sam {name}" in str(record)]) == 1


@pytest.mark.parametrize(
    ("kind", "legs"), [("declines", ["ringing", "answered", "completed"]), ("no_answer", ["ringing", "no-answer"])]
)
def test_a_colleague_who_does_not_take_the_person_leaves_them_with_the_agent(
    stories: dict[str, Story], kind: str, legs: list[str]
) -> None:
    story = stories[kind]

    assert (story.call.transfer, story.legs) == ("declined", legs)
    assert story.disposition != "transferred"
    assert story.call.seat_epoch == 2
    promise = next(n for n, (_, text) in enumerate(story.said) if "connect you to a colleague" in text)
    assert any(speaker == "agent" and AWAY in text for speaker, text in story.said[promise + 1 :])


def test_a_person_who_hangs_up_meanwhile_takes_the_colleague_off_the_line(stories: dict[str, Story]) -> None:
    story = stories["says_nothing"]

    assert story.legs == ["ringing", "answered", "completed"]
    assert story.disposition != "transferred"
    assert story.call.state is CallState.ENDED
    assert story.call.transfer != "accepted"
