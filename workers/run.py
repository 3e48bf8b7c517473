"""Entry points of the `dialer worker` and `dialer beat` commands."""

from __future__ import annotations

import os
import resource
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from dialer import log
from dialer.calls import restoring
from dialer.errors import DialerError
from dialer.messages import WORKERS
from dialer.settings import Settings
from dialer.wiring import Wiring

THREADS = {"campaigns": 4, "leads": 16, "results": 8}
"""Threads of a worker's pool. A call worker has twice its paced seats, so that takeovers find room."""

MOST_FILES = 65_536
"""Open files that a call worker asks for. A call holds up to five: its stream, its recognizer, two answers of vendors
and its recording; the usual limit of 1024 is that of two hundred calls."""

logger = log.get(__name__)


def worker(kind: str, settings: Settings) -> None:
    """Work off the queues of one kind of worker until SIGTERM."""
    from workers.app import app, on

    threads = settings.seats * 2 if kind == "calls" else THREADS[kind]
    if kind == "calls":
        from workers.seating import SeatingStep

        app.steps["worker"].add(SeatingStep)
        open_more_files()
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


def open_more_files() -> None:
    """Raise this process's limit of open files as far as the system allows, `MOST_FILES` at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with suppress(ValueError, OSError):  # a kernel may allow less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _compare_with_carrier(on: Wiring) -> None:
    """Notice a restored database before the first dial; what cannot be asked now is asked by the next tick."""
    try:
        restoring.compare(on.sessions, on.carrier, grace_s=on.settings.settle_grace_s, restored=on.restored)
    except (SQLAlchemyError, DialerError) as error:
        logger.warning("not compared with the carrier", error=str(error))


def beat(settings: Settings) -> None:
    """Tick until SIGTERM. The schedule is in memory: any number of beats may run."""
    from workers.app import app

    app.Beat(loglevel=settings.log_level, quiet=True).run()
