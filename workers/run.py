"""Entry points of the `dialer worker` and `dialer beat` commands."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from dialer import log
from dialer.calls import restoring
from dialer.errors import DialerError
from dialer.settings import Settings
from dialer.wiring import Wiring

THREADS = {"campaigns": 4, "leads": 16, "results": 8}
"""Threads of a worker's pool. A call worker has twice its paced seats, so that takeovers find room."""

logger = log.get(__name__)


def worker(queue: str, settings: Settings) -> None:
    """Work off one queue until SIGTERM."""
    from workers.app import app, on

    threads = settings.seats * 2 if queue == "calls" else THREADS[queue]
    if queue == "calls":
        from workers.seating import SeatingStep

        app.steps["worker"].add(SeatingStep)
    if queue == "leads":
        # This also makes the carrier: its SDK takes longer to import than a dial may wait.
        _compare_with_carrier(on)
    events = ["-E"] if settings.worker_events else []
    app.worker_main(
        [
            *("worker", "--queues", queue, "--pool", "threads", "--concurrency", str(threads)),
            *("--hostname", f"{queue}@%h-{settings.worker_name}" if settings.worker_name else f"{queue}@%h"),
            *("--without-gossip", "--without-mingle", "--loglevel", settings.log_level, *events),
        ]
    )


def _compare_with_carrier(on: Wiring) -> None:
    """Notice a restored database before the first dial; what cannot be asked now is asked by the next tick."""
    try:
        restoring.compare(on.sessions, on.carrier, grace_s=on.settings.settle_grace_s)
    except (SQLAlchemyError, DialerError) as error:
        logger.warning("not compared with the carrier", error=str(error))


def beat(settings: Settings) -> None:
    """Tick until SIGTERM. The schedule is in memory: any number of beats may run."""
    from workers.app import app

    app.Beat(loglevel=settings.log_level, quiet=True).run()
