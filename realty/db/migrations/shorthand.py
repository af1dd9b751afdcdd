"""Column and constraint shorthands of the revisions. They are part of history: only add to them.

Names follow Pony's, so that the drift test can compare what the entities would create:
`fk_units__project_id`, `idx_units__project_id`, `users_email_key`; checks are `ck_units__status`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

NAMES = sa.MetaData(
    naming_convention={
        "fk": "fk_%(table_name)s__%(column_0_name)s",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "ck_%(table_name)s__%(constraint_name)s",
    }
)


def on_postgres() -> bool:
    """Whether the revision runs on PostgreSQL (else it is SQLite)."""
    return op.get_bind().dialect.name == "postgresql"


def text(name: str, **options: Any) -> sa.Column[Any]:
    """Text; like every column here NOT NULL unless `nullable=True`."""
    return sa.Column(name, sa.Text, **{"nullable": False, **options})


def integer(name: str, **options: Any) -> sa.Column[Any]:
    """A 32-bit integer."""
    return sa.Column(name, sa.Integer, **{"nullable": False, **options})


def bigint(name: str, **options: Any) -> sa.Column[Any]:
    """A 64-bit integer."""
    return sa.Column(name, sa.BigInteger, **{"nullable": False, **options})


def numeric(name: str, precision: int, **options: Any) -> sa.Column[Any]:
    """A decimal number with two places: an area, a percentage, a rating."""
    return sa.Column(name, sa.Numeric(precision, 2), **{"nullable": False, **options})


def money(name: str, **options: Any) -> sa.Column[Any]:
    """NUMERIC(15,2)."""
    return numeric(name, 15, **options)


def percent(name: str, **options: Any) -> sa.Column[Any]:
    """NUMERIC(5,2); add `between(name, 0, 100)`."""
    return numeric(name, 5, **options)


def real(name: str, **options: Any) -> sa.Column[Any]:
    """A 64-bit float, for coordinates only."""
    kind: sa.types.TypeEngine[Any] = sa.Double().with_variant(sa.REAL(), "sqlite")
    return sa.Column(name, kind, **{"nullable": False, **options})


def flag(name: str) -> sa.Column[Any]:
    """True or false."""
    return sa.Column(name, sa.Boolean, nullable=False)


def moment(name: str, **options: Any) -> sa.Column[Any]:
    """A naive UTC timestamp."""
    return sa.Column(name, sa.DateTime, **{"nullable": False, **options})


def day(name: str, **options: Any) -> sa.Column[Any]:
    """A calendar day."""
    return sa.Column(name, sa.Date, **{"nullable": False, **options})


def json(name: str, **options: Any) -> sa.Column[Any]:
    """JSONB on PostgreSQL, JSON text on SQLite."""
    kind = sa.JSON().with_variant(JSONB(), "postgresql")
    return sa.Column(name, kind, **{"nullable": False, **options})


def ref(name: str, table: str, **options: Any) -> sa.Column[Any]:
    """A foreign key to `table`. Deleting never cascades and never sets null: it is refused."""
    target = sa.ForeignKey(f"{table}.id")
    return sa.Column(name, sa.Integer, target, **{"nullable": False, **options})


def touched() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """`created_at` and `updated_at`."""
    return moment("created_at"), moment("updated_at")


def one_of(column: str, values: str) -> sa.CheckConstraint:
    """An enum: `values` are separated by blanks."""
    listed = ", ".join(f"'{value}'" for value in values.split())
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def between(column: str, low: int, high: int) -> sa.CheckConstraint:
    """A closed range."""
    return sa.CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


def at_least(low: int, *columns: str) -> tuple[sa.CheckConstraint, ...]:
    """Each of `columns` is `low` or more."""
    return tuple(sa.CheckConstraint(f"{column} >= {low}", name=column) for column in columns)


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """A key of several columns that are never null, named as Pony names it."""
    return sa.UniqueConstraint(*columns, name=f"unq_{table}__{'_'.join(columns)}")


def create_table(name: str, *parts: sa.Column[Any] | sa.Constraint) -> None:
    """Make a table with the key `id`, and an index on each foreign key that has none yet."""
    table = op.create_table(
        name, sa.Column("id", sa.Integer, primary_key=True), *parts, sqlite_autoincrement=True
    )
    keys = (part for part in table.constraints if isinstance(part, sa.UniqueConstraint))
    indexed = {next(iter(key.columns)).name for key in keys}
    for column in table.columns:
        if column.foreign_keys and column.name not in indexed:
            op.create_index(f"idx_{name}__{column.name}", name, [column.name])


def index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    """An index over columns or expressions, only of the rows that fulfil `where`."""
    _create_index(name, table, columns, where, unique=False)


def unique_index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    """A unique index; a column that may be null goes in as its COALESCE."""
    _create_index(name, table, columns, where, unique=True)


def _create_index(
    name: str, table: str, columns: tuple[str, ...], where: str | None, *, unique: bool
) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(
        name,
        table,
        [sa.text(column) for column in columns],
        unique=unique,
        postgresql_where=condition,
        sqlite_where=condition,
    )


def search_index(table: str, column: str) -> None:
    """Serve "contains, whatever the case": trigrams on PostgreSQL, lower case on SQLite."""
    name = f"{table}_search_{column}"
    if on_postgres():
        op.execute(f"CREATE INDEX {name} ON {table} USING gin (lower({column}) gin_trgm_ops)")
    else:
        op.execute(f"CREATE INDEX {name} ON {table} (lower({column}))")
