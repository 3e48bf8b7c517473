from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from dialer import embedded, migrating, schema
from tests.databases import engine_of
from tests.factories import Factory


def test_migrations_make_the_schema_that_the_models_describe(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, schema.metadata)

    assert differences == []


def test_a_migrated_database_lacks_nothing(engine: Engine) -> None:
    assert migrating.pending(engine) == []


def test_several_migrations_at_once_do_the_work_once(postgres: embedded.Postgres) -> None:
    with psycopg.connect(postgres.database_url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE several_at_once")
    empty = postgres.database_url("several_at_once")

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(migrating.upgrade, empty) for _ in range(4)]:
            done.result()

    with engine_of(empty) as engine:
        assert migrating.pending(engine) == []


def test_each_test_has_a_database_of_its_own(factory: Factory, engine: Engine) -> None:
    factory.call()

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM calls")) == 1
