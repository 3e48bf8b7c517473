"""Bringing the database to the schema that this code knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from dialer import db, resources
from dialer.errors import DialerError, TransientError

if TYPE_CHECKING:
    from alembic.config import Config

WAIT_FOR_OTHER_S = 60


def upgrade(database_url: str) -> None:
    """Apply the migrations that are missing. Of several that start at once, one works and the others wait for it.

    Raises:
        DialerError: the server cannot be reached, is too old, has no pgvector, or a migration failed.
        TransientError: a table was locked, or another migration took too long; asking again is safe.
    """
    from alembic import command

    engine = db.engine(database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execute(text(f"SET lock_timeout = '{WAIT_FOR_OTHER_S}s'"))
            connection.execute(text("SELECT pg_advisory_lock(hashtext('dialer.migrating'))"))
            connection.execute(text("SET statement_timeout = 0"))
            connection.commit()  # the lock is the session's: it lasts until the connection is closed
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            connection.invalidate()
    except OperationalError as error:
        if "lock timeout" in str(error.orig):
            raise TransientError(
                "The migration waited too long for a lock; nothing was changed. Run it again."
            ) from error
        raise DialerError(f"The database cannot be migrated: {_first_line(error)}") from error
    except ProgrammingError as error:
        raise DialerError(f"The database cannot be migrated: {_first_line(error)}") from error
    finally:
        engine.dispose()


def pending(engine: Engine) -> list[str]:
    """The revisions that the database lacks, oldest first."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    with engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for head in heads for revision in script.iterate_revisions(head, "base")}
    return [r.revision for r in reversed(list(script.iterate_revisions("head", "base"))) if r.revision not in known]


def server_version(connection: Connection) -> str:
    """The server's version, such as "18.4"."""
    return str(connection.scalar(text("SHOW server_version"))).split()[0]


def _config() -> Config:
    from alembic.config import Config

    folder = resources.migrations_dir()
    config = Config(folder / "alembic.ini")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _first_line(error: OperationalError | ProgrammingError) -> str:
    return str(error.orig).strip().splitlines()[0]
