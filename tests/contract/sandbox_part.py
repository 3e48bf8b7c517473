"""A part of the sandbox on a free port of its own, without the rest of its world."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from dialer.sandbox.faults import FaultPlan, Faults
from dialer.sandbox.ledger import Ledger
from dialer.sandbox.options import Options


@dataclass
class PartOfWorld:
    """As much of a world as a part of it touches."""

    options: Options
    ledger: Ledger
    faults: Faults
    url: str

    def always(self, *faults: str) -> None:
        """Let these faults strike every time; none lifts them all."""
        self.faults.plan = FaultPlan(rates=dict.fromkeys(faults, 1.0))


P = TypeVar("P", bound=PartOfWorld)


@contextmanager
def running(kind: type[P], mount: Callable[[FastAPI, Any], None], home: Path) -> Iterator[P]:
    """Serve what `mount` puts into an app, with whatever the ledger below `home` remembers."""
    options = Options(data_dir=home)
    app = FastAPI()
    world = kind(options, Ledger(options.home / "ledger.jsonl"), Faults(options.seed), "")
    mount(app, world)
    with served(app) as url:
        world.url = url
        yield world
    world.ledger.close()


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Run an application on a free loopback port; yield its URL."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        listening.close()


def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
