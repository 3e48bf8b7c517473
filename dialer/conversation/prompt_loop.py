"""The media loop: what one event sets off is done before the loop looks at its sockets again.

An answer is many small steps (a recognizer's words, a draft, its first sentence, a voice, its first sound), each a task
that wakes the next one. Between two such steps the usual loop reads whatever hundreds of callers have sent meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Final, TypeVarTuple

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
