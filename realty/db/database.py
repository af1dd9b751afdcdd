"""The one Pony database object, and the column shorthands that every entity module shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pony.orm import Database, Json, Optional, Required

db: Any = Database()

if TYPE_CHECKING:
    # Pony carries no types: a query iterates over the entity class itself, and every attribute,
    # of the class and of its rows, is whatever the entity declares.
    class _EntityMeta(type):
        def __iter__(cls) -> Iterator[Any]: ...
        def __getitem__(cls, key: Any) -> Any: ...
        def __getattr__(cls, name: str) -> Any: ...

    class Entity(metaclass=_EntityMeta):
        """Base of every entity."""

        def __init__(self, **columns: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

else:
    Entity = db.Entity


def is_postgres() -> bool:
    """Whether the bound database is PostgreSQL (else it is SQLite)."""
    return bool(db.provider.dialect == "PostgreSQL")


def utcnow() -> datetime:
    """The present moment as the naive UTC value that every timestamp column holds."""
    return datetime.now(UTC).replace(tzinfo=None)


def one_of(values: tuple[str, ...]) -> Callable[[str | None], bool]:
    """A `py_check` that refuses a value outside an enum before the CHECK constraint has to."""
    return lambda value: value is None or value in values


def money(**options: Any) -> Any:
    """A required NUMERIC(15,2) column, 0.00 unless told."""
    return Required(Decimal, 15, 2, default=Decimal("0.00"), **options)


def optional_money(**options: Any) -> Any:
    """A nullable NUMERIC(15,2) column."""
    return Optional(Decimal, 15, 2, nullable=True, **options)


def text(**options: Any) -> Any:
    """A nullable text column; Pony would store an empty string where the contract says null."""
    return Optional(str, nullable=True, **options)


def json_list(**options: Any) -> Any:
    """A JSON array column, left out of optimistic checks because key order differs per database."""
    return Required(Json, default=list, optimistic=False, **options)


class Touched:
    """Keeps `updated_at` true for every entity that is changed through Pony."""

    updated_at: datetime

    def before_update(self) -> None:
        """Pony calls this just before an UPDATE."""
        self.updated_at = utcnow()
