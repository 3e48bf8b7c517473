"""Wake-ups. A message carries ids only and is a hint: losing or doubling one is harmless, for the row is the truth.

Task names are `queue.verb`, so the name says the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import KombuError

from dialer import log

WORKERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"campaigns": ("campaigns",), "leads": ("leads",), "calls": ("calls",), "results": ("results", "outbox")}
)
"""Kind of worker → the queues that it works off, the most urgent first: no outcome waits for a CRM that is slow."""
QUEUES = tuple(queue for queues in WORKERS.values() for queue in queues)

BROKER_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        # Without socket_timeout a half-open connection hangs a worker for ever.
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "visibility_timeout": 3600,
        "queue_order_strategy": "priority",
    }
)
PUBLISH_TIMEOUT_S = 0.3
"""The web process must answer the carrier: it does not wait for a broker that is unwell."""

logger = log.get(__name__)


class Messages(Protocol):
    """Where wake-ups go."""

    def send(self, task: str, *args: str) -> None:
        """Publish `task` with ids as its arguments. Best effort: what is not published will be swept."""
        ...

    def send_all(self, task: str, ids: Iterable[str]) -> None:
        """Publish `task` once for each id, in this order. Best effort, too."""
        ...

    def waiting(self, queue: str) -> int:
        """How many messages are in a queue and taken by nobody yet. 0 where the broker cannot be asked."""
        ...


class CeleryMessages:
    """Wake-ups through Celery's broker, on connections of their own, with short timeouts and no retry."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("dialer.messages", broker=broker_url)
        self._app.conf.update(
            task_ignore_result=True,
            task_serializer="json",
            broker_transport_options={
                **BROKER_OPTIONS,
                "socket_timeout": PUBLISH_TIMEOUT_S,
                "socket_connect_timeout": PUBLISH_TIMEOUT_S,
                "max_retries": 0,  # kombu tries to connect for 6 s otherwise, `retry=False` or not
            },
        )
        with self._app.connection_for_write() as connection:  # Celery imports this on first use, not in a call's time
            _ = self._app.amqp, self._app.Task, self._app.backend, connection.transport

    def send(self, task: str, *args: str) -> None:
        """Publish, or log that it could not be."""
        try:
            self._publish(task, *args)
        except (KombuError, OSError) as error:
            logger.warning("wake-up not published", task=task, error=str(error))

    def send_all(self, task: str, ids: Iterable[str]) -> None:
        """Publish over one connection: half the work of a connection looked for each time. Stops at the first error."""
        try:
            with self._app.producer_or_acquire() as producer:
                for one in ids:
                    self._publish(task, one, producer=producer)
        except (KombuError, OSError) as error:
            logger.warning("wake-ups not published", task=task, error=str(error))

    def waiting(self, queue: str) -> int:
        """Ask the broker. A queue that it does not know is empty: Redis forgets those that are."""
        with self._app.connection_for_read() as connection:
            try:
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
                with connection.channel() as channel:
                    return int(channel.queue_declare(queue, passive=True).message_count)
            except connection.channel_errors:
                return 0
            except (*connection.connection_errors, KombuError, OSError) as error:
                logger.warning("queue not asked", queue=queue, error=str(error))
                return 0

    def _publish(self, task: str, *args: str, **how: object) -> None:
        self._app.send_task(task, args=args, queue=task.partition(".")[0], retry=False, ignore_result=True, **how)
