"""The sandbox's speech and language vendors on a free port of this machine, in a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from dialer.sandbox import deepgram, elevenlabs, gemini, openai, polly
from dialer.sandbox.faults import FaultPlan
from dialer.sandbox.options import Options
from dialer.sandbox.outages import Condition, Mortal, Outages
from dialer.sandbox.world import World

KEY = "sandbox"


@dataclass(frozen=True)
class Sandbox:
    """The world behind the vendors, and where they are."""

    world: World
    outages: Outages
    http: str
    ws: str
    loop: asyncio.AbstractEventLoop

    def strike(self, vendor: str, condition: Condition) -> None:
        """Make a vendor so, and return once it is."""
        done = threading.Event()

        def put() -> None:
            self.outages.put(vendor, condition)
            done.set()

        self.loop.call_soon_threadsafe(put)
        assert done.wait(5)

    def calm(self) -> None:
        """Make everything well again."""
        self.world.faults.plan = FaultPlan()
        for vendor in self.outages.health:
            self.strike(vendor, "well")


@contextmanager
def vendors(home: Path) -> Iterator[Sandbox]:
    """Run the vendors, with short waits, for as long as the context lasts."""
    world = World(Options(data_dir=home, api_keys=(KEY,)))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await world.open()
        loops.append(asyncio.get_running_loop())
        yield
        await world.close()

    loops: list[asyncio.AbstractEventLoop] = []
    outages = Outages()
    app = FastAPI(lifespan=lifespan)
    app.add_middleware(Mortal, outages=outages)
    app.include_router(deepgram.router(world, idle_s=0.5), prefix="/deepgram")
    app.include_router(elevenlabs.router(world), prefix="/elevenlabs")
    app.include_router(polly.router(world), prefix="/polly")
    app.include_router(gemini.router(world, first_token_s=0.01, tokens_per_s=2000), prefix="/gemini")
    app.include_router(openai.router(world, first_token_s=0.01, tokens_per_s=2000), prefix="/openai/v1")
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.01)
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        yield Sandbox(world, outages, f"http://{host}", f"ws://{host}", loops[0])
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
