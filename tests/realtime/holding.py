"""Calls with the sandbox's people, held in real time over the real pipeline: audio, recognition, model, voices."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import uvicorn
from fastapi import FastAPI

from dialer.agents.definition import AgentDefinition
from dialer.conversation.facts import Briefing, EndReason, Fact, HandedIn, Reply, ToolWanted, TurnFinished
from dialer.conversation.server import MediaServer
from dialer.conversation.vendors import LiveVendors
from dialer.llm.openai import OpenAIBrain
from dialer.sandbox import deepgram, elevenlabs, gemini, openai
from dialer.sandbox.carrier_calls import Call, HangUp
from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.media_line import Line
from dialer.sandbox.media_stream import MediaStream
from dialer.sandbox.options import Options
from dialer.sandbox.people import KNOWN, Meeting
from dialer.sandbox.people_mind import Person
from dialer.sandbox.world import World
from dialer.speech.deepgram import Deepgram
from dialer.speech.elevenlabs import ElevenLabs
from dialer.speech2speech.gemini import GeminiTalker
from dialer.speech2speech.openai import OpenAITalker


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
            told.answer(Reply(transfer_to=briefing.agent.transfer_to if transfers else ""))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


async def ring(world: World, kind: str, url: str) -> None:
    """Answer as somebody of this kind, until either side ends the call."""
    line, call = Line(), Call(sid=f"CA{kind}", to=kind, from_="+12125550100", direction="outbound-api")
    call.line = line
    line.human = Person(world, call, line, Meeting(kind, 0, KNOWN[kind]))
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


def hold(
    folder: Path, agents: Mapping[str, AgentDefinition], *, faults: Mapping[str, float] = MappingProxyType({})
) -> dict[str, Held]:
    """Hold one call with each kind of person, all at once; each with the agent that it is named with.

    `faults` are the rates of what goes wrong at the vendors, as the sandbox names it.
    """
    world = World(Options(data_dir=folder / "sandbox", api_keys=("key",)))
    world.faults.plan = FaultPlan(rates=dict(faults))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await world.open()
        yield
        await world.close()

    app = FastAPI(lifespan=lifespan)
    for vendor in (deepgram, elevenlabs, gemini, openai):
        app.include_router(vendor.router(world), prefix=f"/{vendor.__name__.rpartition('.')[2]}")
    listener = socket.create_server(("127.0.0.1", 0))
    sandbox = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="websockets-sansio"))
    held = {kind: Held([]) for kind in agents}

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
                talkers=(
                    OpenAITalker(
                        base_url=f"{base}/openai", api_key="key", model="gpt-realtime", transcription_model="t"
                    ),
                    GeminiTalker(base_url=f"{base}/gemini/v1beta", api_key="key", model="gemini-3.8-live"),
                ),
            ),
            recordings=folder / "recordings",
        )
        port = await asyncio.to_thread(server.start)
        urls: dict[str, str] = {}
        threads = [commit(server, brief(kind, agent), held[kind], urls, port) for kind, agent in agents.items()]
        await asyncio.gather(*(ring(world, kind, urls[kind]) for kind in agents))
        for thread in threads:
            await asyncio.to_thread(thread.join, 20.0)
        await asyncio.to_thread(server.stop, timeout_s=1.0)
        sandbox.should_exit = True
        await serving

    asyncio.run(main())
    listener.close()
    return held


def brief(kind: str, agent: AgentDefinition) -> Briefing:
    """What the seat knows of a call with somebody of a kind."""
    return Briefing(
        call_id=kind,
        epoch=1,
        agent=agent,
        lead={"first_name": "Pat", "last_name": "Doe", "company": "Acme"},
        organization="o",
        from_number="+12125550100",
        to_number="+12125550101",
        direction="outbound",
        local_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )
