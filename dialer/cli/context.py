"""What a command works with: settings, database and organization."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from dialer import db, embedded, log
from dialer import settings as configuration
from dialer.errors import BadInput, DialerError
from dialer.settings import Settings

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where Dialer keeps its data. [default: DIALER_DATA_DIR or .dialer]")
]
Organization = Annotated[
    str | None, typer.Option("--organization", help="Whose campaigns. [default: DIALER_ORGANIZATION or default]")
]


@dataclass(frozen=True, slots=True)
class Context:
    """One command's world. `by` names who acts, for the rows that say so."""

    settings: Settings
    sessions: db.Sessions
    organization_id: UUID
    by: str


def load(data_dir: Path | None = None, **overrides: object) -> Settings:
    """Read the settings; what was said on the command line wins. Warnings go to stderr from now on.

    Raises:
        BadInput: a value is of the wrong kind.
    """
    log.configure("dialer", level="WARNING", as_json=False)
    given = {name: value for name, value in overrides.items() if value is not None}
    return configuration.load(**({"data_dir": data_dir} if data_dir else {}), **given)


@contextmanager
def opened(data_dir: Path | None = None, organization: str | None = None) -> Iterator[Context]:
    """Open the database for one command, with the embedded servers running meanwhile if they are the ones.

    Raises:
        BadInput: the database has never been migrated, or there is no such organization.
        DialerError: the database cannot be reached.
    """
    from sqlalchemy import select
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from dialer.accounts.models import Organization as Row

    settings = load(data_dir, organization=organization)
    if not settings.database_url and not (settings.data_dir / "postgres" / "PG_VERSION").exists():
        raise BadInput(
            f"There is no database in {settings.data_dir}. Run `dialer migrate` or `dialer up` first, name another "
            "data directory with --data-dir, or set DATABASE_URL."
        )
    with embedded.servers(settings) as located:
        engine = db.engine(located.database_url, pool_size=2)
        sessions = db.sessions(engine)
        try:
            with sessions() as session:
                organization_id = session.scalar(select(Row.id).where(Row.name == located.organization))
        except OperationalError as error:
            raise DialerError(f"The database cannot be reached: {str(error.orig).splitlines()[0]}") from error
        except ProgrammingError as error:
            raise BadInput("The database has no tables yet. Run `dialer migrate` first.") from error
        if organization_id is None:
            raise BadInput(f"There is no organization {located.organization!r}. Run `dialer migrate` first.")
        try:
            yield Context(located, sessions, organization_id, by=f"{_user()} (dialer)")
        finally:
            engine.dispose()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "operator"
