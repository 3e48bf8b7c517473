"""A virtual clock: in the simulation's database the time stands still until the simulation moves it.

A schema that comes before `pg_catalog` on the search path has a `clock_timestamp()` of its own. Every statement of the
product, its graces, leases and heartbeats included, then reads the simulated time, and no statement had to change.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import Engine, create_engine, text

SCHEMA = "simulated"

_INSTALL = (
    f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE",
    f"CREATE SCHEMA {SCHEMA}",
    f"CREATE TABLE {SCHEMA}.clock (moment timestamptz NOT NULL) WITH (fillfactor = 10)",
    f"""CREATE FUNCTION {SCHEMA}.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT moment FROM {SCHEMA}.clock'""",
    # The server has always been up: nobody is spared for a start that happened in another time.
    f"""CREATE FUNCTION {SCHEMA}.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql STABLE AS
        'SELECT timestamptz ''2000-01-01 00:00:00+00'''""",
    # A column's default was bound to the server's own clock when its table was made.
    f"""DO $$ DECLARE found record; BEGIN
        FOR found IN SELECT table_name, column_name FROM information_schema.columns
                     WHERE table_schema = 'public' AND column_default LIKE '%clock_timestamp()%' LOOP
            EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET DEFAULT {SCHEMA}.clock_timestamp()',
                           found.table_name, found.column_name);
        END LOOP;
    END $$""",
)


def engine(url: str) -> Engine:
    """Connections whose clock is the simulated one. Nobody else is on the database: a lock that waits is a mistake."""
    _, _, rest = url.partition("://")
    return create_engine(
        f"postgresql+psycopg://{rest}",
        isolation_level="READ COMMITTED",
        connect_args={
            "options": f"-c search_path={SCHEMA},pg_catalog,public -c lock_timeout=2000 -c timezone=UTC",
            "application_name": "dialer simulate",
        },
    )


class VirtualClock:
    """The moment that the whole simulation shares. It never goes back."""

    def __init__(self, engine: Engine, start: datetime) -> None:
        self.start = self.now = start
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for statement in _INSTALL:
            self._connection.execute(text(statement))
        self._connection.execute(text(f"INSERT INTO {SCHEMA}.clock VALUES (:moment)"), {"moment": start})

    def to(self, moment: datetime) -> None:
        """Move on to a moment; one that is past already changes nothing."""
        if moment > self.now:
            self.now = moment
            self._connection.execute(text(f"UPDATE {SCHEMA}.clock SET moment = :moment"), {"moment": moment})

    def pass_s(self, seconds: float) -> None:
        """Let time pass, as `time.sleep` does."""
        self.to(self.now + timedelta(seconds=seconds))

    def monotonic(self) -> float:
        """Seconds since the start, as `time.monotonic` counts them."""
        return (self.now - self.start).total_seconds()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def dice(*names: object) -> random.Random:
    """A source of chance that depends on these names alone, and not on who was asked before."""
    return random.Random("|".join(str(name) for name in names))
