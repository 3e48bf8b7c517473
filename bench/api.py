"""The API at 100 requests a second, and its throughput against a route of FastAPI's that does nothing."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import uvicorn
from fastapi import FastAPI

from bench import processes
from bench.database import Database, database
from bench.rows import Bench, Figure, Row
from bench.spread import Spread, percentile
from dialer.accounts import keys
from dialer.accounts.models import Role
from dialer.db import transaction
from dialer.errors import DialerError
from dialer.supervisor.programs import free_port
from dialer.supervisor.roster import whole_environment

PER_S: Final = 100
SECONDS: Final = 8.0
AT_ONCE: Final = 8
RUNS: Final = 3
START_S: Final = 60.0
READS: Final = ("/api/campaigns", "/api/agents", "/api/calls?limit=20")


def measure(bench: Bench) -> Row:
    """Read at a steady rate, then as fast as it goes."""
    seconds = 2.0 if bench.quick else SECONDS
    with database(bench, "api") as there:
        there.fill(1000)
        headers = {"Authorization": f"Bearer {_key(there)}"}
        with _web(there) as url, _bare(there) as bare:
            steady, full, floor = [], [], []
            for _ in range(RUNS):
                steady.append(percentile(asyncio.run(_steady(url, headers, seconds)), 0.95))
                full.append(asyncio.run(_throughput(url + READS[0], headers, seconds / 2)))
                floor.append(asyncio.run(_throughput(bare, {}, seconds / 2)))
    p95, ours, theirs = Spread.of(steady), Spread.of(full), Spread.of(floor)
    return Row(
        "api",
        (
            Figure(f"a read at {PER_S} requests/s, p95", "ms", p95, {}, "≤ 20", p95.median <= 20),
            Figure(
                f"GET {READS[0]}, {AT_ONCE} at once",
                "1/s",
                ours,
                {"bare FastAPI": theirs},
                "≥ 0.6 of it",
                ours.median >= 0.6 * theirs.median,
            ),
        ),
    )


async def _steady(url: str, headers: dict[str, str], seconds: float) -> list[float]:
    """Milliseconds of each request, sent by the clock whether or not earlier ones were answered."""
    times_ms: list[float] = []

    async def ask(client: httpx.AsyncClient, path: str) -> None:
        began = time.perf_counter()
        (await client.get(url + path)).raise_for_status()
        times_ms.append((time.perf_counter() - began) * 1000)

    async with httpx.AsyncClient(headers=headers, timeout=30.0) as client, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(int(PER_S * seconds)):
            await asyncio.sleep(max(began + number / PER_S - time.perf_counter(), 0))
            group.create_task(ask(client, READS[number % len(READS)]))
    return times_ms


async def _throughput(url: str, headers: dict[str, str], seconds: float) -> float:
    """Requests per second of a few clients that each wait for their answer."""
    until = time.perf_counter() + seconds

    async def ask(client: httpx.AsyncClient) -> int:
        number = 0
        while time.perf_counter() < until:
            (await client.get(url)).raise_for_status()
            number += 1
        return number

    async with httpx.AsyncClient(headers=headers, timeout=30.0) as client:
        return sum(await asyncio.gather(*(ask(client) for _ in range(AT_ONCE)))) / seconds


@contextmanager
def _web(there: Database) -> Iterator[str]:
    port = free_port()
    settings = there.settings.model_copy(update={"web_port": port, "public_url": f"http://127.0.0.1:{port}"})
    with _serving([sys.executable, "-m", "dialer", "web"], port, there, whole_environment(settings, {})):
        yield settings.public_url


@contextmanager
def _bare(there: Database) -> Iterator[str]:
    port = free_port()
    with _serving([sys.executable, "-m", "bench.api", str(port)], port, there, {}):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def _serving(command: list[str], port: int, there: Database, environment: dict[str, str]) -> Iterator[None]:
    log = there.settings.data_dir / "logs" / f"{port}.log"
    with processes.running(command, log=log, core=processes.cores()[0], environment=environment):
        _wait(port)
        yield


def _wait(port: int) -> None:
    give_up = time.monotonic() + START_S
    while not processes.listens(port):
        if time.monotonic() > give_up:
            raise DialerError(f"Nobody listens on port {port} after {START_S:.0f} s.")
        time.sleep(0.1)


def _key(there: Database) -> str:
    with transaction(there.sessions) as tx:
        return keys.create(tx.session, there.organization_id, "bench", Role.ADMIN, by="bench")


def serve(port: int) -> None:
    """Serve the route that does nothing."""
    app = FastAPI()

    @app.get("/")
    async def nothing() -> dict[str, str]:
        return {}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
