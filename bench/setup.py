"""From the carrier's telling us that a person is on the line to the agent's first audio at the carrier.

It is taken from outside, with the clock of whoever calls: webhook, seat, markup, handshake of the stream and the
opener's first frame. Calls begin one after another while those before them go on; one call rings beforehand, alone, so
that the opener is there, as it is before a campaign's second call.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from picows import WSError, ws_connect

from bench.carrier import Call
from bench.load import HANDSHAKE_S, SLOTS, Load, Plan
from bench.rows import Bench, Figure, Row
from bench.scratch import folder
from bench.spread import Spread, percentile
from bench.world import World, world
from dialer import db
from dialer.demo import timing
from dialer.errors import DialerError

CALLS: Final = 60
QUICK_CALLS: Final = 3
CALLS_PER_S: Final = 4.0
OPENER_S: Final = 8.0
"""Longer than any opener, so that its turn is stored before the calls end."""
GOAL_MS: Final = 150.0


class Caller(Call):
    """A person who notes when the agent was first heard."""

    first_audio_s: float | None = None

    def _hear(self, seconds: float, now: float) -> None:
        if self.first_audio_s is None:
            self.first_audio_s = now
        super()._hear(seconds, now)


class Callers(Load):
    """Calls whose beginning is timed."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._begun: list[tuple[float, Caller]] = []
        self.failed: list[str] = []
        """Why calls could not begin."""

    async def _connect(self, number: int) -> None:
        call = Caller(number, self._plan.seed, self._utterances, self._reply_s, self._tally)
        began = time.perf_counter()
        url = self._plan.url.replace("{n}", str(number))
        try:
            await ws_connect(lambda: call, url, websocket_handshake_timeout=HANDSHAKE_S)
        except (OSError, WSError, TimeoutError) as error:
            self.failed.append(repr(error))
            return
        self._begun.append((began, call))
        self._calls.append(call)
        self._slots[number % SLOTS].append(call)

    def times_ms(self) -> list[float]:
        """Of each call in which the agent was heard."""
        return [(call.first_audio_s - began) * 1000 for began, call in self._begun if call.first_audio_s is not None]


def measure(bench: Bench) -> Row:
    """Have people call, and listen."""
    calls = QUICK_CALLS if bench.quick else CALLS
    with folder(bench, "setup") as place, world(place, seats=calls + 1) as running:
        _called(running, 1)
        callers = _called(running, calls)
        times_ms = callers.times_ms()
        engine = db.engine(running.settings.database_url, pool_size=1)
        try:
            with db.sessions(engine)() as session:
                own = timing.answer_to_first_audio(session)
        finally:
            engine.dispose()
    if not times_ms:
        raise DialerError(f"In none of {calls} calls was the agent heard: {callers.failed[:1]}")
    heard = len(times_ms) == calls
    p50, p95 = (Spread.of([percentile(times_ms, share)]) for share in (0.5, 0.95))
    figures = [
        Figure("webhook to first audio at the carrier, p50", "ms", p50),
        Figure("webhook to first audio at the carrier, p95", "ms", p95, {}, "≤ 150", heard and p95.median <= GOAL_MS),
        Figure("calls in which the agent was heard", "calls", Spread.of([len(times_ms)]), {}, f"{calls}", heard),
    ]
    if own["p95"] is not None:
        figures.append(Figure("of that after our row said answered, p95", "ms", Spread.of([own["p95"]])))
    notes = [f"{calls} calls, {CALLS_PER_S:.0f} more a second", *callers.failed[:3]]
    return Row("setup", tuple(figures), tuple(notes))


def _called(running: World, calls: int) -> Callers:
    """Call so often, and hang up when every opener must be over."""
    plan = Plan(
        url=running.url,
        speech=str(running.speech),
        calls=calls,
        seconds=OPENER_S,
        windows=1,
        warm_up_s=0.0,
        calls_per_s=CALLS_PER_S,
    )
    callers = Callers(plan)
    asyncio.run(callers.run())
    return callers
