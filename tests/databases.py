"""A fresh database for each test: a copy of one that was migrated once, some 30 to 100 ms."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, text

from dialer import db, embedded, migrating

LOCK_TIMEOUT = "2s"


class Databases:
    """Makes databases on one server, all alike."""

    def __init__(self, server: embedded.Postgres) -> None:
        migrating.upgrade(server.url)
        self._server = server
        admin_url = server.database_url("postgres").replace("postgresql://", "postgresql+psycopg://")
        self._admin: Engine = create_engine(admin_url, isolation_level="AUTOCOMMIT")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Make a migrated, empty database for as long as the block lasts; yield its URL."""
        name = f"t_{uuid.uuid4().hex}"
        with self._admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "dialer" STRATEGY FILE_COPY'))
        try:
            yield self._server.database_url(name)
        finally:
            with self._admin.connect() as connection:
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))

    def close(self) -> None:
        """Let go of the server."""
        self._admin.dispose()


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """An engine as the product has it, but that a forgotten lock fails after two seconds."""
    engine = db.engine(url)

    def set_lock_timeout(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        connection.commit()

    event.listen(engine, "connect", set_lock_timeout)
    try:
        yield engine
    finally:
        engine.dispose()
