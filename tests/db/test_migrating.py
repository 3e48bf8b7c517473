from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from dialer import embedded, migrating, schema
from tests.factories import Factory


def test_migrations_make_the_schema_that_the_models_describe(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, schema.metadata)

    assert differences == []


def test_a_migrated_database_lacks_nothing(engine: Engine) -> None:
    assert migrating.pending(engine) == []


def test_several_migrations_at_once_do_the_work_once(postgres: embedded.Postgres, database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(migrating.upgrade, database_url) for _ in range(4)]:
            done.result()


def test_each_test_has_a_database_of_its_own(factory: Factory, engine: Engine) -> None:
    factory.call()

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM calls")) == 1
