"""The database of a simulation: one of its own that is thrown away, or the empty one that DATABASE_URL names."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dialer import embedded, migrating, provisioning
from dialer.settings import Settings


@contextmanager
def empty(settings: Settings) -> Iterator[str]:
    """Have a migrated database without rows for as long as the block lasts; yield its URL.

    Raises:
        BadInput: DATABASE_URL names a database that has tables.
        DialerError: it cannot be reached or migrated.
    """
    if settings.database_url:
        provisioning.require_empty(settings.database_url)
        migrating.upgrade(settings.database_url)
        yield settings.database_url
        return
    with (
        tempfile.TemporaryDirectory(prefix="dialer-simulate-", ignore_cleanup_errors=True) as folder,
        embedded.Postgres(Path(folder), durable=False).running() as server,
    ):
        migrating.upgrade(server.url)
        yield server.url
