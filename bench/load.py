"""The load: so many calls at once against a WebSocket URL, from the carrier's side, in one process.

`python -m bench.load '{"url": "ws://127.0.0.1:9000/{n}", "calls": 50, ...}'` prints one JSON object. `{n}` is the
call's number. A handshake that is answered with a redirect is followed, as the door of `bench.door` wants it.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import uvloop
from picows import WSError, ws_connect

from bench import speech
from bench.carrier import Call
from bench.processes import Usage
from bench.tally import Tally

SLOTS: Final = 20
"""Calls send in turn, one of 20 groups each millisecond."""
HANDSHAKE_S: Final = 15.0
HUNG_UP_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    url: str
    speech: str
    """The folder that `bench.speech` wrote."""
    calls: int
    seconds: float
    """Of one window."""
    windows: int = 3
    """How often it is measured, one right after the other: the spread comes from them."""
    warm_up_s: float = 8.0
    calls_per_s: float = 20.0
    pid: int = 0
    """The server under test, to be watched; 0 for none."""
    seed: int = 1

    def as_json(self) -> str:
        """The argument of the command."""
        return json.dumps(asdict(self))


class Load:
    """All calls of a run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        folder = Path(plan.speech)
        self._utterances = [[base64.b64encode(frame) for frame in frames] for frames in speech.utterances(folder)]
        self._reply_s = speech.reply_ms(folder) / 1000
        self._tally = Tally()
        self._calls: list[Call] = []
        self._slots: list[list[Call]] = [[] for _ in range(SLOTS)]

    async def run(self) -> dict[str, Any]:
        """Ramp up, warm up, measure, hang up."""
        server = Usage(self._plan.pid) if self._plan.pid else None
        ticking = asyncio.create_task(self._tick())
        await self._ramp()
        await asyncio.sleep(self._plan.warm_up_s)
        windows = [await self._window(server) for _ in range(self._plan.windows)]
        full_mb = server.memory_mb() if server else 0.0
        for call in self._calls:
            call.hang_up()
        await asyncio.sleep(HUNG_UP_S)
        for call in self._calls:
            call.drop()
        ticking.cancel()
        return {
            "calls": self._plan.calls,
            "windows": windows,
            "memory_mb": full_mb,
        }

    async def _window(self, server: Usage | None) -> dict[str, Any]:
        self._tally.begin(time.perf_counter())
        cpu_s, own_s, began_s = server.cpu_s() if server else 0.0, time.process_time(), time.perf_counter()
        await asyncio.sleep(self._plan.seconds)
        seconds = time.perf_counter() - began_s
        cpu_s = server.cpu_s() - cpu_s if server else 0.0
        alive = sum(not call.closed for call in self._calls)
        return self._tally.end() | {
            "alive": alive,
            "cpu_share": cpu_s / seconds,
            "cpu_ms_per_call_s": cpu_s * 1000 / seconds / max(alive, 1),
            "generator_cpu_share": (time.process_time() - own_s) / seconds,
        }

    async def _ramp(self) -> None:
        pending = []
        due = time.perf_counter()
        for number in range(self._plan.calls):
            pending.append(asyncio.create_task(self._connect(number)))
            due += 1 / self._plan.calls_per_s
            await asyncio.sleep(max(due - time.perf_counter(), 0))
        await asyncio.gather(*pending)

    async def _connect(self, number: int) -> None:
        call = Call(number, self._plan.seed, self._utterances, self._reply_s, self._tally)
        try:
            url = self._plan.url.replace("{n}", str(number))
            await ws_connect(lambda: call, url, websocket_handshake_timeout=HANDSHAKE_S)
        except (OSError, WSError, TimeoutError) as error:
            self._tally.errors[f"not connected: {type(error).__name__}"] += 1
            return
        self._calls.append(call)
        self._slots[number % SLOTS].append(call)

    async def _tick(self) -> None:
        """Send every call's frame every 20 ms, by the absolute clock: what is late is caught up."""
        began_s, number = time.perf_counter(), 0
        while True:
            due = began_s + number / 1000
            now = time.perf_counter()
            if due > now:
                await asyncio.sleep(due - now)
                continue
            if self._tally.measuring:
                self._tally.lag_ms.append((now - due) * 1000)
            for call in self._slots[number % SLOTS]:
                call.tick(time.perf_counter())
            number += 1
            await asyncio.sleep(0)


def main() -> None:
    """Run the plan of the command line."""
    load = Load(Plan(**json.loads(sys.argv[1])))
    gc.collect()
    gc.freeze()
    sys.stdout.write(json.dumps(uvloop.run(load.run())) + "\n")


if __name__ == "__main__":
    main()
