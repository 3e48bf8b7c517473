"""Any number of beats, and each tick once: whoever is first with it sends it."""

from __future__ import annotations

from typing import Any

import redis
from celery.beat import ScheduleEntry, Scheduler

from dialer import log
from schedules.table import EVERY_S

ANSWER_S = 0.3
"""A beat waits no longer for Redis: a tick that is sent twice is harmless."""
SHARE = 0.9
"""Of its period a tick that was sent keeps other beats from sending it; its own beat may be a little early."""

logger = log.get(__name__)


class SharedScheduler(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """Celery's in-memory scheduler, which leaves out what another beat has sent already.

    Without that a worker that its broker slows down would find more ticks than it can take, until all of them expire
    before their turn.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._redis = redis.Redis.from_url(
            self.app.conf.dialer_redis_url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
        )

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Send a tick, unless another beat has just done so."""
        if self._is_first(entry.task):
            super().apply_entry(entry, producer)

    def _is_first(self, task: str) -> bool:
        try:
            kept_ms = round(EVERY_S[task] * SHARE * 1000)
            return bool(self._redis.set(f"dialer:tick:{task}", "sent", nx=True, px=kept_ms))
        except redis.RedisError as error:
            logger.warning("tick sent without asking", task=task, error=str(error))
            return True
