"""Entry points of the `dialer worker` and `dialer beat` commands."""

from __future__ import annotations

import os

from sqlalchemy.exc import SQLAlchemyError

from dialer import log
from dialer.calls import restoring
from dialer.errors import DialerError
from dialer.messages import WORKERS
from dialer.settings import Settings
from dialer.wiring import Wiring

THREADS = {"campaigns": 4, "leads": 16, "results": 8}
"""Threads of a worker's pool. A call worker has twice its paced seats, so that takeovers find room."""

logger = log.get(__name__)


def worker(kind: str, settings: Settings) -> None:
    """Work off the queues of one kind of worker until SIGTERM."""
    from workers.app import app, on

    threads = settings.seats * 2 if kind == "calls" else THREADS[kind]
    if kind == "calls":
        from workers.seating import SeatingStep

        app.steps["worker"].add(SeatingStep)
    if kind == "leads":
        # This also makes the carrier: its SDK takes longer to import than a dial may wait.
        _compare_with_carrier(on)
    events = ["-E"] if settings.worker_events else []
    app.worker_main(
        [
            *("worker", "--queues", ",".join(WORKERS[kind]), "--pool", "threads", "--concurrency", str(threads)),
            *("--hostname", f"{kind}@%h-{settings.worker_name or os.getpid()}"),
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
