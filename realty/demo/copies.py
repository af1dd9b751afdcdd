"""Projects of the book copied with all that was sold and paid in them, by the database itself.

A home that is priced, scheduled and paid in Python takes milliseconds; a copy of it takes what its
rows take to be written.
"""

from __future__ import annotations

from typing import Any

from realty.db import Booking, Installment, Payment, Project, ProjectPhase, Unit, db
from realty.db.database import is_postgres

TABLES = (Project, ProjectPhase, Unit, Booking, Installment, Payment)
_MILLION = 1_000_000
"""A number of six digits is what follows the first of a million more."""


def _moved(column: str, entity: Any) -> str:
    """The id of a copy: that of the original, moved past all there were."""
    return f"o.{column} + n * ${entity._table_}"


def _six_digits(number: str) -> str:
    return f"substr(CAST({_MILLION} + {number} AS TEXT), 2)"


def _series_number(column: str) -> str:
    """A number of the builder's series in its year, after those of the original and of each copy
    before: `DN/2026-27/000041` with 60 in the series becomes `DN/2026-27/000101`."""
    number = f"CAST(substr(o.{column}, 12) AS INTEGER) + n * s.last_number"
    return f"substr(o.{column}, 1, 11) || {_six_digits(number)}"


_BUYER = (
    "CASE WHEN o.customer_id = $regular THEN o.customer_id"
    " ELSE $first_buyer + (o.id * 31 + n * 977) % $buyers END"
)
_CHANGED: dict[Any, dict[str, str]] = {
    Project: {
        "id": _moved("id", Project),
        "project_name": "o.project_name || ' ' || n",
        "rera_number": "o.rera_number || '/' || n",
    },
    ProjectPhase: {
        "id": _moved("id", ProjectPhase),
        "project_id": _moved("project_id", Project),
    },
    Unit: {"id": _moved("id", Unit), "project_id": _moved("project_id", Project)},
    Booking: {
        "id": _moved("id", Booking),
        "unit_id": _moved("unit_id", Unit),
        "project_id": _moved("project_id", Project),
        "customer_id": _BUYER,
        "booking_number": f"substr(o.booking_number, 1, 8) || {_six_digits(_moved('id', Booking))}",
        "agreement_number": "o.agreement_number || '/' || n",
    },
    Installment: {
        "id": _moved("id", Installment),
        "booking_id": _moved("booking_id", Booking),
        "demand_number": _series_number("demand_number"),
    },
    Payment: {
        "id": _moved("id", Payment),
        "booking_id": _moved("booking_id", Booking),
        "installment_id": _moved("installment_id", Installment),
        "receipt_number": _series_number("receipt_number"),
        "transaction_id": "o.transaction_id || '/' || n",
    },
}
_IN_PROJECT = "project_id = $project_id"
_ON_BOOKINGS = "booking_id IN (SELECT id FROM bookings WHERE project_id = $project_id)"
_WHICH = {
    Project: "id = $project_id",
    Installment: _ON_BOOKINGS,
    Payment: _ON_BOOKINGS,
}
_SERIES = {Installment: ("demand", "demand_number"), Payment: ("receipt", "receipt_number")}


def steps() -> dict[str, int]:
    """By how much the ids of a copy are moved from those of the copy before, by table: ask it once
    the originals are there, and nothing else is written to these tables until they are copied."""
    return {
        entity._table_: db.get(f"SELECT COALESCE(max(id), 0) FROM {entity._table_}")  # noqa: S608 - names of tables
        for entity in TABLES
    }


def take_stock() -> None:
    """Let the database see how large the originals are. What PostgreSQL has planned while these
    tables were nearly empty reads the whole of one for each key that it checks."""
    if is_postgres():
        for entity in TABLES:
            db.execute(f"ANALYZE {entity._table_}")


def copy_project(
    project_id: int, builder_id: int, *, copies: int, step: dict[str, int], buyers: tuple[int, int]
) -> None:
    """Copy the builder's only project of the book so many times, and number what is numbered on.

    `buyers` is the first id of the customers who buy and their number, whose ids follow each
    other; what the first of them bought he buys in each copy.
    """
    first, number = buyers
    values = {
        "project_id": project_id,
        "builder_id": builder_id,
        "copies": copies,
        "regular": first,
        "first_buyer": first,
        "buyers": number,
        **step,
    }
    if is_postgres():
        db.execute("SET LOCAL statement_timeout = 0")
    for entity in TABLES:
        db.execute(_statement(entity), values, {})
    db.execute(
        "UPDATE number_series SET last_number = last_number * (1 + $copies)"
        " WHERE builder_id = $builder_id",
        values,
        {},
    )


def _statement(entity: Any) -> str:
    table, changed = entity._table_, _CHANGED[entity]
    columns = [column for each in entity._attrs_ for column in each.columns]
    shown = ", ".join(changed.get(column, f"o.{column}") for column in columns)
    series = ""
    if entity in _SERIES:
        name, column = _SERIES[entity]
        series = (
            f" LEFT JOIN number_series s ON s.series = '{name}' AND s.builder_id = $builder_id"
            f" AND s.period = substr(o.{column}, 4, 7)"
        )
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - names of columns
        " WITH RECURSIVE copies(n) AS"
        " (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < $copies)"
        f" SELECT {shown} FROM {table} o CROSS JOIN copies{series}"
        f" WHERE o.{_WHICH.get(entity, _IN_PROJECT)}"
    )


def count_on() -> None:
    """Let the database give ids after those of the copies."""
    if is_postgres():
        for entity in TABLES:
            table = entity._table_
            db.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"  # noqa: S608 - names of tables
                f" (SELECT max(id) FROM {table}))"
            )
