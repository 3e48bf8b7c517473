"""Alembic's environment. The engine comes from `dialer migrate`; by itself (autogenerate) it reads the settings."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from dialer import db, schema, settings

config = context.config

# A migration must never queue behind a long query and make everybody else queue behind it.
LOCK_TIMEOUT = "4s"


def run(connection: Connection) -> None:
    """Run the migrations, each in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=schema.metadata,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        context.run_migrations()


given: Connection | None = config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with db.engine(config.get_main_option("sqlalchemy.url") or settings.load().database_url).connect() as connection:
        run(connection)
        connection.commit()
