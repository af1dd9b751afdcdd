"""What a check says: what it holds, and each row that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from realty.db.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that does not fit; `entity_id` is None where a chain or a series is meant."""

    entity: str
    entity_id: int | None
    expected: str
    found: str

    def __str__(self) -> str:
        named = self.entity if self.entity_id is None else f"{self.entity} {self.entity_id}"
        return f"{named}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that holds of every row; `find` yields those of which it does not, in order."""

    rule: str
    find: Callable[[Snapshot], Iterable[Finding]]


Text = Callable[[Any], str]


def rupees(paise: Any) -> str:
    """Whole paise as the amount that people read; nothing where a row is missing."""
    if paise is None:
        return "nothing"
    whole = int(paise)
    return f"{'-' if whole < 0 else ''}{abs(whole) // 100}.{abs(whole) % 100:02d}"


def plain(value: Any) -> str:
    """A value as it stands; a null is nothing."""
    return "nothing" if value is None else str(value)


def sql_check(rule: str, entity: str, sql: str, text: Text = plain) -> Check:
    """A check whose query gives id, expected and found of each row that does not fit."""

    def find(database: Snapshot) -> Iterator[Finding]:
        for row_id, expected, found in database.rows(sql):
            yield Finding(entity, row_id, text(expected), text(found))

    return Check(rule, find)


def paise(column: str) -> str:
    """SQL for an amount in whole paise: SQLite keeps decimals as binary fractions, whose sums do
    not come out exact."""
    return f"CAST(ROUND({column} * 100) AS BIGINT)"
