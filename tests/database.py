"""The database beside the application: emptying it, writing behind its back, many at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import psycopg2

from realty.db import connection, db
from realty.db.database import is_postgres

KEY_DISTANCE = 10_000
T = TypeVar("T")


def connect(database_url: str) -> Any:
    """A connection of the driver's own, in autocommit, without the application's settings."""
    path = connection.sqlite_path(database_url)
    if path is not None:
        return sqlite3.connect(path, isolation_level=None, timeout=15)
    plain = psycopg2.connect(database_url)
    plain.autocommit = True
    return plain


@contextmanager
def outside(database_url: str) -> Iterator[Any]:
    """A cursor that works behind the application's back."""
    with closing(connect(database_url)) as plain:
        yield plain.cursor()


@contextmanager
def without_triggers(cursor: Any, tables: Iterable[str]) -> Iterator[None]:
    """One transaction in which nothing guards the rows of `tables`, as a superuser could."""
    if is_postgres():
        # Nothing of the catalogue changes by it, as it would with each ALTER TABLE.
        lift, restore = ["SET LOCAL session_replication_role = replica"], []
    else:
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = [row for row in cursor.fetchall() if row[1] in set(tables)]
        lift = [f"DROP TRIGGER {name}" for name, _table, _sql in triggers]
        restore = [sql for _name, _table, sql in triggers]
    cursor.execute("BEGIN" if is_postgres() else "BEGIN IMMEDIATE")
    try:
        for statement in lift:
            cursor.execute(statement)
        yield
        for statement in restore:
            cursor.execute(statement)
        cursor.execute("COMMIT")
    except BaseException:  # a test that is interrupted gives the triggers back too
        cursor.execute("ROLLBACK")
        raise


def content(database_url: str) -> dict[str, list[Any]]:
    """Every row of every table, by its name."""
    rows: dict[str, list[Any]] = {}
    with outside(database_url) as cursor:
        for table in sorted(entity._table_ for entity in db.entities.values()):
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            rows[table] = cursor.fetchall()
    return rows


def at_once(tasks: list[Callable[[], T]]) -> list[T]:
    """Run each task in a thread of its own; return their results, or raise their first failure."""

    def run(task: Callable[[], T]) -> T:
        try:
            return task()
        finally:
            connection.disconnect()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


class Cleaner:
    """Deletes every row, over a connection of its own.

    Each table counts its ids from another number, so that the id of a user is never by chance
    that of a customer: a query that mixes them up finds nothing. The stamp of the catalogue rises
    from test to test, as it would: processes keep answers by it.
    """

    def __init__(self, database_url: str) -> None:
        self._tables = sorted(entity._table_ for entity in db.entities.values())
        self._stamp = 0
        self._connection = connect(database_url)
        if is_postgres():
            self._connection: Any = psycopg2.connect(**connection.postgres_parameters(database_url))
            self._connection.autocommit = True
            self._statement = self._delete_from_postgres
            self._run(*(f"ALTER SEQUENCE {t}_id_seq RESTART {n}" for t, n in self._first_ids()))
        else:
            self._statement = self._delete_from_sqlite
            self._run("PRAGMA synchronous = OFF", "DELETE FROM sqlite_sequence")
            self._run(
                *(f"INSERT INTO sqlite_sequence VALUES ('{t}', {n})" for t, n in self._first_ids())
            )

    def clean(self) -> None:
        """Delete the rows of every table that has some."""
        filled = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in self._tables
        )
        cursor = self._connection.cursor()
        cursor.execute(filled)
        tables = [table for (table,) in cursor.fetchall()]
        if tables:
            self._statement(tables)
        self._stamp += 1_000_000
        self._run(f"INSERT INTO cache_stamps (stamp) VALUES ({self._stamp})")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _first_ids(self) -> list[tuple[str, int]]:
        return [(table, KEY_DISTANCE * (n + 1)) for n, table in enumerate(self._tables)]

    def _delete_from_postgres(self, tables: list[str]) -> None:
        # Foreign keys are triggers too: no order is needed.
        deletions = ", ".join(f"of_{table} AS (DELETE FROM {table})" for table in tables)
        with without_triggers(self._connection.cursor(), tables):
            self._run(f"WITH {deletions} SELECT 1")

    def _delete_from_sqlite(self, tables: list[str]) -> None:
        # This connection does not enforce foreign keys.
        with without_triggers(self._connection.cursor(), tables):
            self._run(*(f"DELETE FROM {table}" for table in tables))

    def _run(self, *statements: str) -> None:
        cursor = self._connection.cursor()
        for statement in statements:
            cursor.execute(statement)
