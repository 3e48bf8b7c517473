"""A time limit on each of many waits, of which nearly all are short: one timer for all of them, moved when it fires."""

from __future__ import annotations

import asyncio


class Watch:
    """Cancels the task that made it once a wait takes too long. It waits from the beginning."""

    __slots__ = ("_cancelled_before", "_due_s", "_fires_s", "_loop", "_struck", "_task", "_timer", "wait_s")

    def __init__(self, wait_s: float) -> None:
        """Begin to wait, for so long at most."""
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._cancelled_before = task.cancelling()
        self._struck = False
        self._due_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires_s = 0.0
        self.wait(wait_s)

    def rest(self) -> None:
        """What was waited for is there: time counts no more."""
        self._due_s = None

    def wait(self, wait_s: float) -> None:
        """Wait again, for so long at most."""
        self.wait_s = wait_s
        self._due_s = self._loop.time() + wait_s
        if self._timer is None or self._due_s < self._fires_s:
            self._set(self._due_s)

    def stalled(self) -> bool:
        """Whether the task was cancelled by this and by nobody else; asked once, where it is told."""
        struck, self._struck = self._struck, False
        return struck and self._task.uncancel() <= self._cancelled_before

    def stop(self) -> None:
        """Watch no longer."""
        self._unset()
        if self._struck:  # what came of it was told as something else
            self._struck = False
            self._task.uncancel()

    def _unset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, fires_s: float) -> None:
        self._unset()
        self._fires_s = fires_s
        self._timer = self._loop.call_at(fires_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due_s is None:
            return  # nobody waits; the next wait sets the timer
        if self._loop.time() < self._due_s:
            self._set(self._due_s)
            return
        self._struck = True
        self._task.cancel()
