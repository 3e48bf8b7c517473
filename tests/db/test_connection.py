"""A database that says nothing any more: nobody waits for it for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError

from dialer import connection, db, embedded
from tests.chaos.proxy import Proxy


@pytest.fixture
def proxy(postgres: embedded.Postgres) -> Iterator[Proxy]:
    with Proxy(postgres.socket_dir / ".s.PGSQL.5432") as proxy:
        yield proxy


@pytest.fixture
def engine(proxy: Proxy, database_url: str) -> Iterator[Engine]:
    name = make_url(database_url).database
    made = db.engine(f"postgresql://dialer@127.0.0.1:{proxy.port}/{name}", pool_size=1, max_overflow=0)
    yield made
    made.dispose()


def test_a_half_open_connection_is_given_up_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, engine: Engine
) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 0.5)
    sessions = db.sessions(engine)

    def lose_the_network() -> None:
        with db.transaction(sessions) as tx:
            tx.session.execute(text("SELECT 1"))
            proxy.swallow(True)
            tx.session.execute(text("SELECT 2"))

    with pytest.raises(OperationalError, match="no answer"):
        lose_the_network()
    proxy.swallow(False)

    with db.transaction(sessions) as tx:
        assert tx.session.scalar(text("SELECT 3")) == 3


def test_a_slow_statement_is_waited_for(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 2.0)
    began = time.monotonic()

    with db.transaction(db.sessions(engine)) as tx:
        tx.session.execute(text("SELECT pg_sleep(0.3)"))

    assert time.monotonic() - began >= 0.3


def test_an_error_of_the_server_is_its_own(engine: Engine) -> None:
    def take_too_long() -> None:
        with db.transaction(db.sessions(engine)) as tx:
            tx.session.execute(text("SET LOCAL statement_timeout = 50"))
            tx.session.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(OperationalError, match="timeout"):
        take_too_long()
