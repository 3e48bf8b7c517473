"""Real servers from wheels: PostgreSQL 18 with pgvector, and Redis, in the data directory.

They listen on Unix sockets only. Whoever starts them holds them as children: the supervisor, a test session, or a
single command that found none running. `DATABASE_URL` and `REDIS_URL` use servers of one's own instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dialer.embedded.lock import hold
from dialer.embedded.postgres import Postgres
from dialer.embedded.redis import Redis
from dialer.settings import Settings

__all__ = ["Postgres", "Redis", "hold", "located", "servers", "urls"]


def urls(data_dir: Path) -> tuple[str, str]:
    """Where the embedded servers of a data directory listen, running or not: (database URL, Redis URL)."""
    return Postgres(data_dir).url, Redis(data_dir).url


def located(settings: Settings) -> Settings:
    """Fill in the URLs of the embedded servers where the settings name none."""
    database_url, redis_url = urls(settings.data_dir)
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir.resolve(),
            "database_url": settings.database_url or database_url,
            "redis_url": settings.redis_url or redis_url,
        }
    )


@contextmanager
def servers(settings: Settings) -> Iterator[Settings]:
    """Have the servers running for as long as the block lasts; yield the settings with their URLs.

    Those that run already (under `dialer up` or `dialer demo`) are used and left running.

    Raises:
        Conflict: another process is starting or holding this data directory's servers.
        BadInput: the data directory is of another version, or cannot be written.
    """
    with ExitStack() as stack:
        wanted: list[Postgres | Redis] = []
        if not settings.database_url:
            wanted.append(Postgres(settings.data_dir))
        if not settings.redis_url:
            wanted.append(Redis(settings.data_dir))
        missing = [server for server in wanted if not server.ready()]
        if missing:
            stack.enter_context(hold(settings.data_dir))
        for server in missing:
            stack.enter_context(server.running())
        yield located(settings)
