"""Which processes one machine runs, and in which order they stop."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dialer.embedded import Postgres, Redis
from dialer.settings import Settings
from dialer.supervisor.programs import Command, Program

CALL_WORKERS = 2
"""A call survives its worker only where there is another one."""
DRAIN_S = 30.0
LATER = 5
"""How nice those are that nobody listens to while they work."""
LEADS_S = 12.0
"""Longer than a POST to the carrier may take."""

STOP_ORDER: tuple[tuple[str, ...], ...] = (
    ("beat", "campaigns", "leads"),
    tuple(f"calls-{number}" for number in range(1, CALL_WORKERS + 1)),
    ("results",),
    ("web", "flower"),
    ("sandbox",),
    ("redis",),
    ("postgres",),
)
"""Nothing new is dialed, live calls drain, their outcomes are written; then what served them stops."""

IDLE_STOP_ORDER = (tuple(name for group in STOP_ORDER[:-3] for name in group), *STOP_ORDER[-3:])
"""The same where nothing is open any more: all workers at once."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The programs of one machine, in two stages: what the migration needs, and what needs the migration."""

    servers: tuple[Program, ...]
    workers: tuple[Program, ...]


def roster(settings: Settings, environment: Mapping[str, str], *, sandbox: tuple[str, ...] | None = None) -> Roster:
    """List the programs.

    Args:
        settings: with `data_dir` absolute and both URLs filled in (`embedded.located`).
        environment: what the processes get on top of ours.
        sandbox: arguments of `dialer sandbox`, if it is one of the processes.
    """
    whole = whole_environment(settings, environment)

    def command(name: str, *arguments: str, stop_s: float = 5.0, port: int | None = None, nice: int = 0) -> Command:
        return Command(
            name=name,
            arguments=arguments,
            environment=whole,
            log=log_file(settings.data_dir, name),
            stop_s=stop_s,
            nice=nice,
            listens=None if port is None else (settings.web_host if name == "web" else "127.0.0.1", port),
        )

    servers: list[Program] = []
    postgres, redis = Postgres(settings.data_dir), Redis(settings.data_dir)
    if settings.database_url == postgres.url:
        servers.append(postgres)
    if settings.redis_url == redis.url:
        servers.append(redis)
    if sandbox is not None:
        servers.append(command("sandbox", "sandbox", *sandbox, port=settings.sandbox_port))
    workers: list[Program] = [
        command("web", "web", port=settings.web_port, stop_s=8.0),
        command("beat", "beat", nice=LATER),
        command("campaigns", "worker", "campaigns", stop_s=10.0, nice=LATER),
        command("leads", "worker", "leads", stop_s=LEADS_S),
        *(command(name, "worker", "calls", stop_s=DRAIN_S) for name in STOP_ORDER[1]),
        command("results", "worker", "results", stop_s=15.0, nice=LATER),
        command("flower", "flower", port=settings.flower_port, nice=LATER),
    ]
    return Roster(tuple(servers), tuple(workers))


def log_file(data_dir: Path, name: str) -> Path:
    """Where a process writes its log."""
    return data_dir / "logs" / f"{name}.log"


def whole_environment(settings: Settings, more: Mapping[str, str]) -> dict[str, str]:
    """Our environment, the settings that all processes must share to mean the same servers, and `more`."""
    shared = {
        "DIALER_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "DIALER_PUBLIC_URL": settings.public_url,
        "DIALER_WEB_HOST": settings.web_host,
        "DIALER_WEB_PORT": str(settings.web_port),
        "DIALER_FLOWER_PORT": str(settings.flower_port),
        "DIALER_FLOWER_PASSWORD": settings.flower_password.get_secret_value(),
        "DIALER_WORKER_EVENTS": "true",
        "PYTHONUNBUFFERED": "1",
    }
    return dict(os.environ) | shared | dict(more)
