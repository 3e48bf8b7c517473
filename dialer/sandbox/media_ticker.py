"""One 20 ms clock for every call of the world."""

from __future__ import annotations

import asyncio
from typing import Protocol

from dialer import log

FRAME_S = 0.02
FRAME_BYTES = 160
SILENCE = b"\xff" * FRAME_BYTES
"""20 ms of mu-law silence at 8000 Hz."""
_STOOD_STILL_S = 1.0

_log = log.get(__name__)


class Ticking(Protocol):
    """What wants to be called each 20 ms."""

    def tick(self) -> None:
        """Live through 20 ms. Never waits."""
        ...


class Ticker:
    """Calls every line each 20 ms, from one task: tasks per call and frame would cost more than the audio."""

    def __init__(self) -> None:
        self._lines: dict[Ticking, None] = {}

    def add(self, line: Ticking) -> None:
        """Begin to call a line."""
        self._lines[line] = None

    def remove(self, line: Ticking) -> None:
        """Stop calling a line; one that is not called is no error."""
        self._lines.pop(line, None)

    async def run(self) -> None:
        """Tick until cancelled. After a short delay it catches up; after a long one it goes on from there."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += FRAME_S
            now = loop.time()
            if now - due > _STOOD_STILL_S:
                due = now
            await asyncio.sleep(max(0.0, due - now))
            for line in tuple(self._lines):
                try:
                    line.tick()
                except Exception:
                    self.remove(line)
                    _log.exception("sandbox.line_failed")
