"""Reading the whole database as it was at one moment, however long that takes.

The connection is one of its own: it has no time limits, writes nothing, and neither waits for the
application's nor makes them wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import psycopg2

from realty.db.connection import (
    DatabaseNotReady,
    SchemaError,
    postgres_parameters,
    sqlite_path,
)

ROWS_AT_ONCE = 2000
_OPTIONS = "-c timezone=UTC"


class Snapshot:
    """Statements over one moment; several may be read side by side."""

    def __init__(self, connection: Any, *, streams_by_name: bool) -> None:
        self._connection = connection
        self._streams_by_name = streams_by_name
        self._names = count(1)

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, a few thousand of them in memory at a time."""
        with closing(self._cursor()) as cursor:
            cursor.execute(sql)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield from rows

    def row(self, sql: str, *values: int) -> tuple[Any, ...] | None:
        """The first row of a query whose `?` stand for `values`."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql.replace("?", "%s") if self._streams_by_name else sql, values)
            found: tuple[Any, ...] | None = cursor.fetchone()
            return found

    def _cursor(self) -> Any:
        """On PostgreSQL a plain cursor would fetch everything before the first row."""
        if self._streams_by_name:
            return self._connection.cursor(name=f"rows_{next(self._names)}")
        return self._connection.cursor()


@contextmanager
def snapshot(database_url: str) -> Iterator[Snapshot]:
    """The database at `database_url` as it is now.

    Raises `DatabaseNotReady` when it does not answer, and the driver's errors afterwards.
    """
    path = sqlite_path(database_url)
    if path is None:
        with closing(_postgres(database_url)) as connection:
            yield Snapshot(connection, streams_by_name=True)
        return
    if not path.is_file():
        raise SchemaError(f"There is no database at {path}; run: realty init-db")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=15)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        yield Snapshot(connection, streams_by_name=False)


def _postgres(database_url: str) -> Any:
    try:
        connection = psycopg2.connect(**postgres_parameters(database_url, options=_OPTIONS))
    except psycopg2.OperationalError as failure:
        reason = " ".join(str(failure).split())
        raise DatabaseNotReady(f"PostgreSQL does not answer: {reason}") from failure
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    return connection
