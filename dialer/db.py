"""The database: engine, sessions, and the one transaction boundary.

Functions in a domain's `queries.py` take a `Session` and never commit; `transaction` is what commits. READ COMMITTED
everywhere: a statement that must see what was committed while it waited for a lock has to be a statement of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import DateTime, Engine, Enum, MetaData, Text, Uuid, create_engine, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from dialer.connection import Connection

Sessions = sessionmaker[Session]

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000
IDLE_IN_TRANSACTION_MS = 15_000


Stamp = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


def enum(values: type[StrEnum]) -> Enum:
    """Store a `StrEnum` as text with a CHECK, so that a value can be added without rewriting a table."""
    return Enum(
        values,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=re.sub(r"(?<=[a-z])(?=[A-Z])", "_", values.__name__).lower(),
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Every table. Constraint names follow one pattern, so that migrations can name them."""

    type_annotation_map = {str: Text, UUID: Uuid}  # noqa: RUF012 - SQLAlchemy's own attribute

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def engine(url: str, *, pool_size: int = 5, max_overflow: int = 10) -> Engine:
    """Open a connection pool. A dead connection is noticed on check-out; a lock or statement that hangs is cut.

    Args:
        url: any `postgresql://` URL; psycopg 3 is used whatever driver it names.
    """
    _, _, rest = url.partition("://")
    options = (
        f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS} -c timezone=UTC"
    )
    made = create_engine(
        f"postgresql+psycopg://{rest}",
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=10,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": 5,
            "options": options,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "application_name": "dialer",
        },
    )
    event.listen(made, "do_connect", _connect)
    return made


def _connect(_dialect: object, _record: object, arguments: tuple[Any, ...], options: dict[str, Any]) -> Connection:
    """Open a connection that does not wait for ever."""
    return Connection.connect(*arguments, **options)


def sessions(bind: Engine) -> Sessions:
    """Return the factory of sessions. Objects stay readable after a commit."""
    return sessionmaker(bind, expire_on_commit=False)


class Transaction:
    """One open transaction: its session, and what to do once it has been committed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.after_commit_actions: list[Callable[[], object]] = []

    def after_commit(self, action: Callable[[], object]) -> None:
        """Run `action` after the commit: a message must not outrun the row that it speaks of."""
        self.after_commit_actions.append(action)


@contextmanager
def transaction(sessions: Sessions) -> Iterator[Transaction]:
    """Commit on leaving, roll back on any error, then run what was registered for after the commit.

    Nothing else commits. Vendor calls stay outside: a row locked for the length of an HTTP request is a row that
    nobody else can move.
    """
    with sessions.begin() as session:
        tx = Transaction(session)
        yield tx
    for action in tx.after_commit_actions:
        action()


def lock_phone(session: Session, phones: str | list[str], organization_id: object) -> None:
    """Take the per-phone locks of an organization until the transaction ends, in sorted order.

    Dial and opt-out take the same lock. It must come before any row lock and be a statement of its own: a snapshot
    taken before the wait would miss an opt-out that was committed during it.
    """
    for phone in sorted({phones} if isinstance(phones, str) else set(phones)):
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"phone:{organization_id}:{phone}"}
        )
