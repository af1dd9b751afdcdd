"""Alembic's entry; `realty.db.migrate` hands over the connection, inside a transaction."""

from __future__ import annotations

from alembic import context

from realty.db.migrations.shorthand import NAMES

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=NAMES,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
