"""The API at 100 requests a second beside live calls, and its throughput against a FastAPI route that does nothing.

The calls are those of the measurement `live`: their call worker has a core of its own, and the web process shares the
other one with the servers, the vendors' stand-ins and the load generator.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import func, select

from bench import processes, workers
from bench.database import Database, drafted
from bench.load import Plan
from bench.rows import Bench, Figure, Row
from bench.scratch import folder
from bench.spread import Spread, percentile
from bench.world import ACCOUNT, NUMBER, World, world
from dialer.accounts import keys
from dialer.accounts.models import Role
from dialer.agents.models import AgentVersion
from dialer.calls.models import Call
from dialer.calls.states import CallState
from dialer.db import transaction
from dialer.settings import Vendors
from dialer.supervisor.programs import free_port

PER_S: Final = 100
WRITES: Final = 5
"""Each so-manieth request writes."""
CALLS: Final = 50
QUICK_CALLS: Final = 2
RAMP_S: Final = 12.0
SECONDS: Final = 8.0
AT_ONCE: Final = 8
RUNS: Final = 3
START_S: Final = 60.0
READS: Final = ("/api/campaigns", "/api/agents", "/api/calls?limit=20")


def measure(bench: Bench) -> Row:
    """Read and write at a steady rate while people talk; before they do, read as fast as it goes."""
    seconds, calls = (2.0, QUICK_CALLS) if bench.quick else (SECONDS, CALLS)
    full, floor, reads, writes, live = [], [], [], [], []
    with folder(bench, "api") as place, world(place, seats=calls) as running, _campaign(running) as there:
        url = running.settings.public_url
        headers = {"Authorization": f"Bearer {_key(there)}"}
        draft = {"agent": _agent(there), "region": "US", "windows": "mon-fri 09:00-17:00"}
        with _bare(there) as bare:
            for _ in range(RUNS):
                full.append(asyncio.run(_throughput(url + READS[0], headers, seconds / 2)))
                floor.append(asyncio.run(_throughput(bare, {}, seconds / 2)))
        with _talking(running, calls, (seconds + 5.0) * RUNS):
            workers.until(lambda: _live(there) >= calls, f"{calls} live calls")
            for _ in range(RUNS):
                read_ms, written_ms = asyncio.run(_steady(url, headers, seconds, draft))
                reads.append(percentile(read_ms, 0.95))
                writes.append(percentile(written_ms, 0.95))
                live.append(_live(there))
    read, write, ours, theirs = (Spread.of(found) for found in (reads, writes, full, floor))
    at_rate = f"at {PER_S} requests/s beside {min(live)} live calls, p95"
    return Row(
        "api",
        (
            Figure(f"a read {at_rate}", "ms", read, {}, "≤ 20", read.median <= 20),
            Figure(f"a write {at_rate}", "ms", write, {}, "≤ 50", write.median <= 50),
            Figure(
                f"GET {READS[0]}, {AT_ONCE} at once, no calls",
                "1/s",
                ours,
                {"bare FastAPI": theirs},
                "≥ 0.6 of it",
                ours.median >= 0.6 * theirs.median,
            ),
        ),
    )


async def _steady(
    url: str, headers: dict[str, str], seconds: float, campaign: dict[str, str]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each read and each write, sent by the clock whether or not earlier ones were answered.

    Args:
        campaign: what a write creates, but for its name.
    """
    read_ms: list[float] = []
    written_ms: list[float] = []

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        writes = number % WRITES == 0
        began = time.perf_counter()
        if writes:
            answer = await client.post(f"{url}/api/campaigns", json=campaign | {"name": f"bench {uuid4()}"})
        else:
            answer = await client.get(url + READS[number % len(READS)])
        answer.raise_for_status()
        (written_ms if writes else read_ms).append((time.perf_counter() - began) * 1000)

    async with httpx.AsyncClient(headers=headers, timeout=30.0) as client, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(int(PER_S * seconds)):
            await asyncio.sleep(max(began + number / PER_S - time.perf_counter(), 0))
            group.create_task(ask(client, number))
    return read_ms, written_ms


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
def _campaign(running: World) -> Iterator[Database]:
    """Have a campaign with leads in the world's database."""
    vendors = Vendors(twilio_account_sid=ACCOUNT, twilio_caller_id=NUMBER)
    with drafted(running.settings.model_copy(update={"vendors": vendors})) as there:
        there.fill(1000)
        yield there


@contextmanager
def _talking(running: World, calls: int, seconds: float) -> Iterator[None]:
    """Have people call and talk for as long as the block lasts, or so many seconds."""
    _, rest = processes.cores()
    plan = Plan(
        url=running.url,
        speech=str(running.speech),
        calls=calls,
        seconds=seconds,
        windows=1,
        warm_up_s=RAMP_S + START_S,
    )
    log = running.settings.data_dir / "logs" / "load.log"
    with processes.running([sys.executable, "-m", "bench.load", plan.as_json()], log=log, core=rest):
        yield


def _live(there: Database) -> int:
    with there.sessions() as session:
        return int(session.scalar(select(func.count()).where(Call.state == CallState.TALKING)) or 0)


@contextmanager
def _bare(there: Database) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "bench.api", str(port)]
    log = there.settings.data_dir / "logs" / "bare.log"
    with processes.running(command, log=log, core=processes.cores()[1]):
        workers.until(lambda: processes.listens(port), f"the bare route; see {log}")
        yield f"http://127.0.0.1:{port}/"


def _agent(there: Database) -> str:
    with there.sessions() as session:
        return str(session.scalars(select(AgentVersion.id)).first())


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
