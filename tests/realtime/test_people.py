"""The sandbox's people talk with the real pipeline: real audio, recognition, model, voices and voice detection."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from dialer import resources
from dialer.agents import definition
from dialer.conversation.facts import (
    Briefing,
    Ending,
    EndReason,
    Fact,
    HandedIn,
    MachineHeard,
    OpenerCompleted,
    OptedOut,
    Reply,
    ToolWanted,
    TurnFinished,
)
from dialer.conversation.server import MediaServer
from dialer.conversation.vendors import LiveVendors
from dialer.llm.openai import OpenAIBrain
from dialer.sandbox import deepgram, elevenlabs, openai
from dialer.sandbox.carrier_calls import Call, HangUp
from dialer.sandbox.media_line import Line
from dialer.sandbox.media_stream import MediaStream
from dialer.sandbox.options import Options
from dialer.sandbox.people import Meeting
from dialer.sandbox.people_kinds import BY_NAME
from dialer.sandbox.people_mind import Person
from dialer.sandbox.world import World
from dialer.speech.deepgram import Deepgram
from dialer.speech.elevenlabs import ElevenLabs

AGENT = definition.read(resources.config_dir() / "agents" / "solar.toml")
MENU_AGENT = AGENT.model_copy(update={"tools": (*AGENT.tools, "press_digits")})
pytestmark = pytest.mark.timeout(240)  # the calls are held in real time, and the first test waits for all of them
KINDS = (
    "interested",
    "callback",
    "not_interested",
    "never_again",
    "presses_nine",
    "interrupts",
    "hums",
    "wants_human",
    "voicemail",
    "screening",
    "ivr",
    "silent",
)


@dataclass
class Held:
    """One call as the seat saw it."""

    facts: list[Fact]

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def turns(self, kind: str = "") -> list[TurnFinished]:
        return [turn for turn in self.of(TurnFinished) if not kind or turn.kind == kind]

    @property
    def reason(self) -> EndReason:
        assert isinstance(self.facts[-1], HandedIn)
        return self.facts[-1].reason

    def __str__(self) -> str:
        return "\n".join(map(str, self.facts))


def commit(server: MediaServer, briefing: Briefing, held: Held, urls: dict[str, str], port: int) -> threading.Thread:
    """Be the seat's thread of a call."""
    hand = server.expect(briefing, f"token-{briefing.call_id}")
    urls[briefing.call_id] = f"ws://127.0.0.1:{port}/media/w1/{briefing.call_id}/token-{briefing.call_id}"

    def work() -> None:
        while not held.facts or not isinstance(held.facts[-1], HandedIn):
            told = hand.take(90.0)
            assert told is not None
            held.facts.append(told.fact)
            transfers = isinstance(told.fact, ToolWanted) and told.fact.name == "transfer"
            told.answer(Reply(transfer_to=AGENT.transfer_to if transfers else ""))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


async def ring(world: World, kind: str, url: str) -> None:
    """Answer as somebody of this kind, until either side ends the call."""
    line, call = Line(), Call(sid=f"CA{kind}", to=kind, from_="+12125550100", direction="outbound-api")
    call.line = line
    line.human = Person(world, call, line, Meeting(kind, 0, BY_NAME[kind]))
    media = MediaStream(line, "AC1", call.sid, {})
    await media.open(url)
    world.ticker.add(line)
    try:
        over, command = asyncio.ensure_future(media.over.wait()), asyncio.ensure_future(call.commands.get())
        await asyncio.wait((over, command), timeout=80.0, return_when=asyncio.FIRST_COMPLETED)
        assert not command.done() or isinstance(command.result(), HangUp)
        for task in (over, command):
            task.cancel()
    finally:
        world.ticker.remove(line)
        await media.close()


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Held]:
    """One call with each kind of person, all at once."""
    folder: Path = tmp_path_factory.mktemp("people")
    world = World(Options(data_dir=folder / "sandbox", api_keys=("key",)))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await world.open()
        yield
        await world.close()

    app = FastAPI(lifespan=lifespan)
    for vendor in (deepgram, elevenlabs, openai):
        app.include_router(vendor.router(world), prefix=f"/{vendor.__name__.rpartition('.')[2]}")
    listener = socket.create_server(("127.0.0.1", 0))
    sandbox = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="websockets-sansio"))
    held = {kind: Held([]) for kind in KINDS}

    async def main() -> None:
        serving = asyncio.create_task(sandbox.serve(sockets=[listener]))
        while not sandbox.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = MediaServer(
            name="w1",
            host="127.0.0.1",
            port=0,
            vendors=LiveVendors(
                (Deepgram(base_url=f"{base}/deepgram", api_key="key", model="nova-3"),),
                (ElevenLabs(base_url=f"{base}/elevenlabs", api_key="key", model="eleven_flash_v2_5"),),
                (OpenAIBrain(base_url=f"{base}/openai", api_key="key", model="gpt-5.4-mini"),),
            ),
            recordings=folder / "recordings",
        )
        port = await asyncio.to_thread(server.start)
        urls: dict[str, str] = {}
        threads = [commit(server, brief(kind), held[kind], urls, port) for kind in KINDS]
        await asyncio.gather(*(ring(world, kind, urls[kind]) for kind in KINDS))
        for thread in threads:
            await asyncio.to_thread(thread.join, 20.0)
        await asyncio.to_thread(server.stop, timeout_s=1.0)
        sandbox.should_exit = True
        await serving

    asyncio.run(main())
    listener.close()
    return held


def brief(kind: str) -> Briefing:
    return Briefing(
        call_id=kind,
        epoch=1,
        agent=(MENU_AGENT if kind == "ivr" else AGENT).model_dump(mode="json"),
        lead={"first_name": "Pat", "last_name": "Doe", "company": "Acme"},
        organization="o",
        from_number="+12125550100",
        to_number="+12125550101",
        direction="outbound",
        local_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_is_handed_in_once_with_its_recording(calls: dict[str, Held], kind: str) -> None:
    held = calls[kind]
    print(kind, held, sep="\n")  # noqa: T201 - shown when the test fails
    assert len(held.of(HandedIn)) == 1
    assert held.facts[-1].recording == f"{kind}-1.wav"
    assert held.reason not in (EndReason.FAILED, EndReason.LOST)


@pytest.mark.parametrize("kind", ["never_again", "presses_nine"])
def test_whoever_wants_no_more_calls_is_opted_out(calls: dict[str, Held], kind: str) -> None:
    assert calls[kind].of(OptedOut)
    assert calls[kind].reason is EndReason.OPT_OUT


def test_a_voicemail_gets_its_message_once(calls: dict[str, Held]) -> None:
    held = calls["voicemail"]
    assert held.of(MachineHeard)[0].verdict == "voicemail"
    assert len(held.turns("voicemail")) == 1
    assert held.reason is EndReason.VOICEMAIL
    assert not held.of(ToolWanted)


def test_a_screener_is_told_who_calls(calls: dict[str, Held]) -> None:
    held = calls["screening"]
    assert held.of(MachineHeard)[0].verdict == "screening"
    assert held.turns("screening")
    assert held.reason is EndReason.SCREENED


def test_the_person_behind_a_phone_menu_is_reached_by_keys_and_greeted(calls: dict[str, Held]) -> None:
    held = calls["ivr"]
    assert [heard.verdict for heard in held.of(MachineHeard)] == ["ivr", "human"]
    assert [tool.arguments["digits"] for tool in held.of(ToolWanted) if tool.name == "press_digits"] == ["2", "3"]
    assert [turn.text for turn in held.turns("digits")] == ["2", "3"]
    came = held.facts.index(held.of(MachineHeard)[1])
    assert any(isinstance(fact, OpenerCompleted) for fact in held.facts[came:])
    assert not any(isinstance(fact, OpenerCompleted) for fact in held.facts[:came])


def test_silence_is_ended(calls: dict[str, Held]) -> None:
    assert calls["silent"].reason is EndReason.SILENCE


def test_whoever_asks_for_a_person_is_transferred(calls: dict[str, Held]) -> None:
    assert calls["wants_human"].of(Ending) == [Ending(EndReason.TRANSFER, AGENT.transfer_to)]


def test_a_callback_is_a_row(calls: dict[str, Held]) -> None:
    wanted = [tool for tool in calls["callback"].of(ToolWanted) if tool.name == "schedule_callback"]
    assert wanted[0].arguments["when"].startswith("2026-11-24T10:00")


def test_an_interrupted_turn_is_what_was_heard(calls: dict[str, Held]) -> None:
    assert any(turn.interrupted and turn.kind == "talk" for turn in calls["interrupts"].turns())


def test_people_hear_the_opener_to_its_end(calls: dict[str, Held]) -> None:
    assert calls["interested"].of(OpenerCompleted)
    assert calls["silent"].of(OpenerCompleted)
