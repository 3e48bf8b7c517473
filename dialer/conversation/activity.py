"""The one thing that a conversation is busy with: an answer, a farewell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Activity:
    """At most one task at a time. Starting another cancels it; a task that starts its successor is not cut by that."""

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self._on_error = on_error
        self._task: asyncio.Task[None] | None = None
        self._refuses = False

    @property
    def busy(self) -> bool:
        """Whether something is going on."""
        return self._task is not None and not self._task.done()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this, and nothing else."""
        if self._refuses:
            work.close()
            return
        self.cancel()
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._done)

    def cancel(self) -> None:
        """Do nothing."""
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def refuse(self) -> None:
        """Start nothing any more; what goes on goes on."""
        self._refuses = True

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_error(error)
