"""Bringing a database to the schema of this program, with Alembic. Only the command line needs it.

The history is `migrations/versions`; it builds SQLite and PostgreSQL alike, in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

from realty.db.connection import (
    DatabaseNotReady,
    SchemaError,
    head_revision,
    postgres_parameters,
    sqlite_path,
)

# Two migrations at once would build the same tables; the second waits for the first.
_ADVISORY_LOCK = 7325899
_POSTGRES_OPTIONS = "-c lock_timeout=60s -c timezone=UTC"


def create(database_url: str) -> None:
    """Make the folder and the empty file of an SQLite database; a PostgreSQL one must exist."""
    path = sqlite_path(database_url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)


def upgrade(database_url: str) -> None:
    """Bring the schema to `head()`; raises `DatabaseNotReady`, and then nothing has changed."""
    with engine_of(database_url) as engine, engine.begin() as connection:
        _upgrade(connection)


def head() -> str:
    """The revision that this program needs."""
    return head_revision()


def current(database_url: str) -> str | None:
    """The revision that the database has, None when it is empty."""
    with engine_of(database_url) as engine, engine.connect() as connection:
        revision: str | None = MigrationContext.configure(connection).get_current_revision()
        return revision


@contextmanager
def engine_of(database_url: str) -> Iterator[sa.Engine]:
    """An SQLAlchemy engine on the database, without time limits on statements.

    What the database refuses to it is raised as `DatabaseNotReady`, in one line.
    """
    path = sqlite_path(database_url)
    engine = _postgres_engine(database_url) if path is None else _sqlite_engine(path)
    try:
        yield engine
    except sa.exc.DBAPIError as failure:
        reason = " ".join(str(failure.orig).split())
        raise DatabaseNotReady(f"The database was left as it is: {reason}") from failure
    finally:
        engine.dispose()


def _postgres_engine(database_url: str) -> sa.Engine:
    parameters = postgres_parameters(database_url, options=_POSTGRES_OPTIONS)
    return sa.create_engine(
        "postgresql+psycopg2://", creator=lambda: psycopg2.connect(**parameters)
    )


def _sqlite_engine(path: Path) -> sa.Engine:
    if not path.is_file():
        raise SchemaError(f"There is no database at {path}; run: realty init-db")

    def open_file() -> sqlite3.Connection:
        # Without isolation level the driver leaves transactions to us: DDL can then be rolled back.
        return sqlite3.connect(path, isolation_level=None, timeout=60)

    engine = sa.create_engine("sqlite://", creator=open_file, poolclass=sa.pool.NullPool)
    sa.event.listen(
        engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE")
    )
    return engine


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
