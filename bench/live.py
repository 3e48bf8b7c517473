"""Live calls on one core: Dialer's call worker as in production, against Pipecat and the limit, in one run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from bench import contestants, processes
from bench.contestants import Server
from bench.load import Plan
from bench.rows import Bench, Figure, Row
from bench.spread import Spread
from dialer.errors import DialerError

OURS: Final = "dialer"
ADAPTERS: Final = "dialer with its adapters"
"""The same worker, its vendors not timers in its own process but servers that its real adapters talk to."""
PEER: Final = "pipecat"
LIMIT: Final = "bare Python"
LADDERS: Final = {
    OURS: (1, 100, 150, 200, 250, 300, 350, 400, 500, 600),
    ADAPTERS: (1, 100, 150, 200, 250, 300, 400),
    PEER: (1, 8, 12, 16, 20, 24, 34, 44),
    LIMIT: (1, 250, 500, 1000),
}
"""Calls at once, ascending; a contestant that fails a rung is not asked for the next."""
QUICK: Final = {OURS: (1, 5), ADAPTERS: (1, 5), PEER: (1, 2), LIMIT: (1, 10)}
MOST_ADDED_MS: Final = 100.0
"""p95 of the turn latency over the median with a single call, at which a server still holds its calls."""
MOST_STARVED: Final = 0.01
WINDOW_S: Final = 8.0
TIMES_THE_PEER: Final = 15
"""As many times the peer's calls are to be held, and at that load little is to be added to an answer."""
MOST_ADDED_THERE_MS: Final = 10.0
CALLS_PER_S: Final = 10.0
"""New calls a second, until all are there: taking one costs the worker 20 ms of the core that those who talk are on."""
SLACK_S: Final = 120.0


@dataclass(slots=True)
class Climb:
    """What one contestant did."""

    rungs: list[dict[str, Any]] = field(default_factory=list)
    base_ms: float = 0.0

    @property
    def held(self) -> dict[str, Any] | None:
        """The highest rung that was held."""
        return next((rung for rung in reversed(self.rungs) if rung["held"]), None)

    def of(self, name: str) -> Spread:
        """One figure over the windows of the rung that tells most."""
        return Spread.of([window[name] for window in self.best["windows"]])

    @property
    def best(self) -> dict[str, Any]:
        """The highest rung that was held; if none was, the lowest with more than a single call."""
        return self.held or self.rungs[min(1, len(self.rungs) - 1)]


def measure(bench: Bench) -> Row:
    """Let each climb its ladder; ours has a rung for what the peer's calls ask of us."""
    ladders = dict(QUICK if bench.quick else LADDERS)
    notes: list[str] = []
    climbs: dict[str, Climb] = {}
    asked = 0
    try:
        python = contestants.peers_python(bench)
        climbs[PEER] = _climb(bench, partial(contestants.peer, bench, python), PEER, ladders[PEER])
        if climbs[PEER].held is not None and not bench.quick:
            asked = TIMES_THE_PEER * climbs[PEER].best["calls"]
            ladders[OURS] = tuple(sorted({*ladders[OURS], asked}))
    except DialerError as error:
        notes.append(str(error))
        bench.tell(str(error))
    for name, timers in ((OURS, True), (ADAPTERS, False)):
        start = partial(contestants.dialer, bench, calls=max(ladders[name]), timers=timers)
        climbs[name] = _climb(bench, start, name, ladders[name])
    climbs[LIMIT] = _climb(bench, partial(contestants.limit, bench), LIMIT, ladders[LIMIT])
    raw = {name: climb.rungs for name, climb in climbs.items()}
    if not climbs[OURS].rungs:
        raise DialerError("Dialer's call worker could not be measured.")
    if asked and not any(rung["calls"] == asked for rung in climbs[OURS].rungs):
        notes.append(
            f"What the load adds with {asked} calls, {TIMES_THE_PEER} times pipecat's, is not known: fewer failed."
        )
    notes += [
        f"{name} held none of its rungs: its figures are those of {climb.best['calls']} calls"
        for name, climb in climbs.items()
        if climb.held is None
    ]
    return Row("live", tuple(_figures(climbs, asked)), tuple(notes), raw)


def _climb(
    bench: Bench, start: Callable[[], AbstractContextManager[Server]], name: str, ladder: tuple[int, ...]
) -> Climb:
    climb = Climb()
    with start() as server:
        for calls in ladder:
            bench.tell(f"{name}: {calls} calls …")
            rung = _rung(server, calls, quick=bench.quick)
            climb.base_ms = climb.base_ms or Spread.of([w["latency_p50_ms"] for w in rung["windows"]]).median
            rung["held"] = calls > 1 and _held(rung, climb.base_ms)
            climb.rungs.append(rung)
            if calls > 1 and not rung["held"]:
                break
    return climb


def _rung(server: Server, calls: int, *, quick: bool) -> dict[str, Any]:
    plan = Plan(
        url=server.url,
        speech=str(server.speech),
        calls=calls,
        seconds=WINDOW_S,
        warm_up_s=10.0,
        calls_per_s=CALLS_PER_S,
        pid=server.pid,
    )
    if quick or calls == 1:  # a single call has a turn every eight seconds
        plan = replace(plan, seconds=3 * WINDOW_S, windows=1)
    _, rest = processes.cores()
    command = ["taskset", "-c", str(rest), sys.executable, "-m", "bench.load", plan.as_json()]
    limit_s = calls / plan.calls_per_s + plan.warm_up_s + plan.seconds * plan.windows + SLACK_S
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    if done.returncode:
        raise DialerError(f"The load generator failed: {done.stderr[-600:]}")
    rung: dict[str, Any] = json.loads(done.stdout)
    return rung


def _held(rung: dict[str, Any], base_ms: float) -> bool:
    windows = rung["windows"]
    latency_ms = Spread.of([window["latency_p95_ms"] for window in windows]).median
    starved = Spread.of([window["starved_share"] for window in windows]).median
    return (
        all(window["alive"] == rung["calls"] and not window["errors"] for window in windows)
        and latency_ms <= base_ms + MOST_ADDED_MS
        and starved <= MOST_STARVED
    )


def _figures(climbs: dict[str, Climb], asked: int) -> list[Figure]:
    ours = climbs[OURS]
    others = {name: climb for name, climb in climbs.items() if name != OURS}

    def figure(what: str, unit: str, of: Callable[[Climb], Spread], goal: str, limit: float | None) -> Figure:
        found = of(ours)
        against = {name: of(climb) for name, climb in others.items()}
        return Figure(what, unit, found, against, goal, None if limit is None else found.median <= limit)

    held = figure("calls held on one core", "calls", _held_calls, f"{TIMES_THE_PEER} times pipecat, 500 at least", None)
    enough = held.ours.median >= max(500, asked)
    added = figure(
        "added by the load: p95 over a single call's p50", "ms", lambda c: _added(c.best, c.base_ms), "", None
    )
    there = next((rung for rung in ours.rungs if rung["calls"] == asked), None) if asked else ours.best
    added_there = _added(there, ours.base_ms) if there is not None else None
    most = f"≤ {MOST_ADDED_THERE_MS:.0f} with {TIMES_THE_PEER} times pipecat's"
    little = added_there is not None and added_there.median <= MOST_ADDED_THERE_MS
    what = f"the same with {asked} calls, {TIMES_THE_PEER} times pipecat's"
    return [
        replace(held, met=enough),
        figure("CPU per call-second", "ms", lambda c: c.of("cpu_ms_per_call_s"), "≤ 1.7", 1.7),
        figure("memory per call", "MB", _memory, "≤ 0.5", 0.5),
        figure("memory of the process", "MB", lambda c: _single(c.best["memory_mb"]), "", None),
        figure("turn latency, p50", "ms", lambda c: c.of("latency_p50_ms"), "", None),
        figure("turn latency, p95", "ms", lambda c: c.of("latency_p95_ms"), "", None),
        replace(added, goal=most, met=little),
        *([Figure(what, "ms", added_there)] if asked and added_there is not None else []),
        figure("barge-in to clear, p50", "ms", lambda c: c.of("barge_in_p50_ms"), "", None),
        figure("barge-in to clear, p95", "ms", lambda c: c.of("barge_in_p95_ms"), "≤ 200", 200.0),
    ]


def _single(value: float) -> Spread:
    return Spread.of([value])


def _held_calls(climb: Climb) -> Spread:
    return _single(float(climb.held["calls"]) if climb.held else 0.0)


def _memory(climb: Climb) -> Spread:
    """What each call takes beside the first. A process gives little back, so that no rung's begin tells it."""
    first, best = climb.rungs[0], climb.best
    return _single((best["memory_mb"] - first["memory_mb"]) / max(best["calls"] - first["calls"], 1))


def _added(rung: dict[str, Any], base_ms: float) -> Spread:
    found = Spread.of([window["latency_p95_ms"] for window in rung["windows"]])
    return Spread(found.median - base_ms, found.low - base_ms, found.high - base_ms, found.runs)
