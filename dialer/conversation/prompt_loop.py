"""The media loop: what one event sets off is done before the loop looks at its sockets again.

An answer is many small steps (a recognizer's words, a draft, its first sentence, a voice, its first sound), each a task
that wakes the next one. Between two such steps the usual loop reads whatever hundreds of callers have sent meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final, TypeVarTuple

import uvloop

Arguments = TypeVarTuple("Arguments")

MOST_STEPS: Final = 200
"""So many in a row, and the sockets have their turn: what never rests holds up nobody."""


class PromptLoop(uvloop.Loop):
    """uvloop's; what `call_soon` asks for is done in one go, with what that asks for in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: deque[asyncio.Handle] = deque()
        self._coming = False
        """Whether the steps' turn is coming, or has come."""

    def call_soon(
        self, callback: Callable[[*Arguments], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        """Call it once what runs now is done. Not for other threads."""
        step = asyncio.Handle(callback, args, self, context)
        if not self._coming:
            super().call_soon(self._run_steps)
            self._coming = True
        self._steps.append(step)
        return step

    async def create_connection(self, *args: Any, **named: Any) -> Any:
        """Connect, as uvloop does.

        uvloop tells a protocol of its connection in a turn of its own, and dies if there is none any more by then. So
        whoever gives up does it in a turn that comes behind that one, not with the steps, which come before it.
        """
        connecting: asyncio.Task[Any] = self.create_task(super().create_connection(*args, **named))
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close)
            super().call_soon(connecting.cancel)
            await asyncio.wait((connecting,))
            raise

    def _run_steps(self) -> None:
        steps = self._steps
        try:
            for _ in range(MOST_STEPS):
                step = steps.popleft()
                if not step.cancelled():
                    step._run()  # as each loop does with its handles: it tells the loop of an error
                if not steps:
                    break
        finally:
            self._coming = bool(steps)
            if steps:
                super().call_soon(self._run_steps)


def _close(connected: asyncio.Task[Any]) -> None:
    """Close what was connected for somebody who had given up by then."""
    if not connected.cancelled() and connected.exception() is None:
        connected.result()[0].close()
