"""The sandbox's CRMs on a free port of their own, without the rest of its world."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from dialer.sandbox.crm import mount
from dialer.sandbox.faults import FaultPlan, Faults
from dialer.sandbox.ledger import Ledger
from dialer.sandbox.options import Options


@dataclass
class CrmWorld:
    """As much of a world as its CRMs touch."""

    options: Options
    ledger: Ledger
    faults: Faults
    url: str

    def always(self, *faults: str) -> None:
        """Let these faults strike every time; none lifts them all."""
        self.faults.plan = FaultPlan(rates=dict.fromkeys(faults, 1.0))

    def records(self, crm: str, name: str | None = None) -> list[dict[str, Any]]:
        """What the CRM keeps, as `GET /world/crm/…` tells."""
        kept = httpx.get(f"{self.url}/world/crm/{crm}", trust_env=False).json()["records"]
        return [record for record in kept if name in (None, record["object"])]

    def writes(self, key: str) -> list[dict[str, Any]]:
        """The ledger's lines about one of our keys."""
        return [line for line in self.ledger.lines(kind="crm.write") if line["key"] == key]


@contextmanager
def running(home: Path) -> Iterator[CrmWorld]:
    """Serve the CRMs, with whatever the ledger below `home` remembers."""
    options = Options(data_dir=home)
    app = FastAPI()
    world = CrmWorld(options, Ledger(options.home / "ledger.jsonl"), Faults(options.seed), "")
    mount(app, world)  # type: ignore[arg-type]
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
