"""Many rows of one entity in few statements, where Pony would send one INSERT for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2.extras import execute_values

from realty.db.connection import is_postgres
from realty.db.database import db

ROWS_A_STATEMENT = 500


def insert_many(entity: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, all with the same attribute names, in the transaction of this session.

    A reference is given by its id. Nothing is checked or defaulted here, and the session's cache
    does not learn of the rows: read them afterwards. Raises the driver's errors as they are.
    """
    if not rows:
        return
    attributes = [entity._adict_[name] for name in rows[0]]
    converters = [attribute.converters[0] for attribute in attributes]
    values = [
        tuple(
            None if value is None else converter.py2sql(converter.val2dbval(value))
            for converter, value in zip(converters, row.values(), strict=True)
        )
        for row in rows
    ]
    columns = ", ".join(attribute.column for attribute in attributes)
    insert = f"INSERT INTO {entity._table_} ({columns}) VALUES"
    cursor = db.get_connection().cursor()
    if is_postgres():
        execute_values(cursor, f"{insert} %s", values, page_size=ROWS_A_STATEMENT)
    else:
        places = ", ".join("?" * len(attributes))
        cursor.executemany(f"{insert} ({places})", values)
