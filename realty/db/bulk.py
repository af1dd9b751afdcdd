"""Many rows of one entity in few statements, where Pony would send one for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from psycopg2.extras import execute_values

from realty.db.database import db, is_postgres

ROWS_A_STATEMENT = 500


def among(ids: Iterable[int], name: str = "ids") -> tuple[str, Any]:
    """A condition of raw SQL that any of `ids` fulfils, and what it wants to be given as `$ids`, or
    under another name: the statement is the same text for any number of them."""
    if is_postgres():
        return f"= ANY(${name})", list(ids)
    listed = f"IN (SELECT value FROM json_each(${name}))"  # noqa: S608 - a name of our own
    return listed, orjson.dumps(list(ids)).decode()


def moment(stored: datetime | str) -> datetime:
    """A timestamp that a raw statement read: SQLite gives it as the text that Pony wrote."""
    return stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)


def insert_many(entity: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, all with the same attribute names, in the transaction of this session.

    A reference is given by its id. Nothing is checked or defaulted here, and the session's cache
    does not learn of the rows: read them afterwards. Raises the driver's errors as they are.
    """
    if not rows:
        return
    names, converters = _columns(entity, rows[0])
    values = _sent(rows, converters)
    insert = f"INSERT INTO {entity._table_} ({', '.join(names)}) VALUES"
    cursor = db.get_connection().cursor()
    if is_postgres():
        execute_values(cursor, f"{insert} %s", values, page_size=ROWS_A_STATEMENT)
    else:
        places = ", ".join("?" * len(names))
        cursor.executemany(f"{insert} ({places})", values)


def update_many(entity: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put other values into locked rows: each of `rows` has its `id` first, then the same
    attributes as the others. Otherwise as `insert_many`."""
    if not rows:
        return
    names, converters = _columns(entity, rows[0])
    values = _sent(rows, converters)
    table, changed = entity._table_, names[1:]
    cursor = db.get_connection().cursor()
    if is_postgres():
        setting = ", ".join(f"{name} = sent.{name}" for name in changed)
        # Without a cast PostgreSQL would take a column of nulls for text.
        places = ", ".join(f"%s::{converter.sql_type()}" for converter in converters)
        execute_values(
            cursor,
            f"UPDATE {table} SET {setting} FROM (VALUES %s) AS sent ({', '.join(names)})"  # noqa: S608 - names of columns
            f" WHERE {table}.id = sent.id",
            values,
            template=f"({places})",
            page_size=ROWS_A_STATEMENT,
        )
    else:
        setting = ", ".join(f"{name} = ?" for name in changed)
        id_last = [(*row[1:], row[0]) for row in values]
        cursor.executemany(f"UPDATE {table} SET {setting} WHERE id = ?", id_last)  # noqa: S608 - the same


def _columns(entity: Any, row: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """The columns of a row's attributes, and what turns values into those of the database."""
    attributes = [entity._adict_[name] for name in row]
    return (
        [attribute.column for attribute in attributes],
        [attribute.converters[0] for attribute in attributes],
    )


def _sent(rows: Sequence[Mapping[str, Any]], converters: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [
        tuple(
            None if value is None else converter.py2sql(converter.val2dbval(value))
            for converter, value in zip(converters, row.values(), strict=True)
        )
        for row in rows
    ]
