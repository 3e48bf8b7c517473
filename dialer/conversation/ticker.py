"""One timer for the whole process: voice detection hangs on it, and each call whose frames do not come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from dialer import log

TICK_S: Final = 0.02
PHASES: Final = 4
"""A tick is spread over so many moments, and each call has its own: hundreds at once would hold up their own sound."""
logger = log.get(__name__)


class Ticking(Protocol):
    """Something that wants to know the time every 20 ms."""

    def tick(self, now: float) -> None:
        """Do what is due at `now`, the loop's time in seconds. Must not raise and must not block."""
        ...


class Ticker:
    """Calls everybody every 20 ms. After a stall it goes on from now: missed ticks are not made up for."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        """Begin with nobody.

        Args:
            before: called in front of every second phase: it sees to many calls at a time, and is the cheaper for each
                the more they are.
        """
        self._before = before
        self._phases: tuple[dict[Ticking, None], ...] = tuple({} for _ in range(PHASES))
        self.late_ticks = 0
        self.lag_s = 0.0
        """How late ticks have been lately, in seconds: a second's worth of ticks, the newer the weightier."""

    def add(self, member: Ticking) -> None:
        """Tick it from now on."""
        min(self._phases, key=len)[member] = None

    def remove(self, member: Ticking) -> None:
        """Tick it no more. More than once is no error."""
        for phase in self._phases:
            phase.pop(member, None)

    async def run(self) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        before_s = due - TICK_S
        passed_s = 0.0
        while True:
            for number, phase in enumerate(self._phases):
                due += TICK_S / PHASES
                passed_s += TICK_S / PHASES
                if not phase and number:
                    continue
                wait = due - loop.time()
                if wait < -5 * TICK_S:
                    self.late_ticks += 1
                    due = loop.time()
                await asyncio.sleep(max(wait, 0.0))
                now = loop.time()
                self.lag_s += (max(now - due, -wait, 0.0) - self.lag_s) * passed_s
                passed_s = 0.0
                if number % 2 == 0 and now - before_s >= TICK_S / PHASES:  # once for moments that are late together
                    self._before()
                    before_s = now
                self._tick(phase, now)

    def _tick(self, phase: dict[Ticking, None], now: float) -> None:
        for member in tuple(phase):
            try:
                member.tick(now)
            except Exception:  # one call's fault is not the others'
                logger.exception("tick failed")
                self.remove(member)
