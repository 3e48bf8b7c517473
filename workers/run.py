"""Entry points of the `dialer worker` and `dialer beat` commands."""

from __future__ import annotations

from dialer.settings import Settings

THREADS = {"campaigns": 4, "leads": 16, "results": 8}
"""Threads of a worker's pool. A call worker has twice its paced seats, so that takeovers find room."""


def worker(queue: str, settings: Settings) -> None:
    """Work off one queue until SIGTERM."""
    from workers.app import app, on

    threads = settings.seats * 2 if queue == "calls" else THREADS[queue]
    if queue == "calls":
        from workers.seating import SeatingStep

        app.steps["worker"].add(SeatingStep)
    if queue == "leads":
        on.carrier  # noqa: B018 - made now: its SDK takes longer to import than a dial may wait
    events = ["-E"] if settings.worker_events else []
    app.worker_main(
        [
            *("worker", "--queues", queue, "--pool", "threads", "--concurrency", str(threads)),
            *("--hostname", f"{queue}@%h-{settings.worker_name}" if settings.worker_name else f"{queue}@%h"),
            *("--without-gossip", "--without-mingle", "--loglevel", settings.log_level, *events),
        ]
    )


def beat(settings: Settings) -> None:
    """Tick until SIGTERM. The schedule is in memory: any number of beats may run."""
    from workers.app import app

    app.Beat(loglevel=settings.log_level, quiet=True).run()
