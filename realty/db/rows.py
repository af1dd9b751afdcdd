"""Rows for lists: what entities hold, without the bookkeeping that lets entities be changed.

Pony spends about 0.15 ms on an entity of forty columns that is only shown: it keeps every value
twice, to tell later what changed. Here a row is a plain object with the entity's attribute names,
so that presenters take either; what it points at has an `id` until more of it is attached. Measured
on PostgreSQL, ten bookings with their cards and schedules: 24 ms of processor time as entities,
5 ms as rows. It is for reading in transactions that have written nothing: Pony's pending changes
are not seen.
"""

# ruff: noqa: S608 - put together from names of columns and from what Pony has made

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict, Unpack

import orjson
from pony.orm.ormtypes import Json

from realty.db.database import db, is_postgres

Convert = Callable[[Any], Any]
_JSON = {
    True: {"array": "json_build_array", "object": "json_object_agg", "each": "json_agg"},
    False: {"array": "json_array", "object": "json_group_object", "each": "json_group_array"},
}
# Pony begins so, and has each clause on a line of its own.
_SELECT = re.compile(r'SELECT ("\w+")\."id"[^\n]*\n')


class Row:
    """One row; its attributes are those of the entity that were read."""


class Ref:
    """A row that nothing is known of but its `id`."""

    __slots__ = ("id",)

    def __init__(self, row_id: int) -> None:
        self.id = row_id


class _Shape(NamedTuple):
    """How some columns of an entity become a row: the names in their order, what turns the values
    of some places into those of Python, and which are references."""

    columns: tuple[str, ...]
    names: tuple[str, ...]
    conversions: tuple[tuple[int, Convert], ...]

    def row(self, values: Sequence[Any]) -> Row:
        found = list(values)
        for place, convert in self.conversions:
            if found[place] is not None:
                found[place] = convert(found[place])
        row = Row()
        row.__dict__ = dict(zip(self.names, found, strict=True))
        return row


class _Part(NamedTuple):
    """A row, or what one points at: where its values stand among those of a line, and the place of
    the part that points at it with the name of the attribute."""

    shape: _Shape
    start: int
    end: int
    parent: int
    name: str


class _Statement(NamedTuple):
    """A page in one statement, `LIMIT` and `OFFSET` left out between its halves."""

    head: str
    tail: str
    parts: tuple[_Part, ...]
    extra: tuple[str, ...]

    def rows(self, lines: Iterable[Sequence[Any]]) -> list[Any]:
        """The rows of all lines; what several of them point at is made once."""
        known: dict[tuple[int, int], Any] = {}
        return [self._row(values, known) for values in lines]

    def _row(self, values: Sequence[Any], known: dict[tuple[int, int], Any]) -> Row:
        (top, *cards) = self.parts
        row = top.shape.row(values[: top.end])
        made: list[Any] = [row]
        end = top.end
        for place, (shape, start, end, parent, name) in enumerate(cards):
            row_id = values[start]
            # Whatever may be null is given by its id first.
            part = None if row_id is None else known.get((place, row_id))
            if part is None and row_id is not None:
                part = known[place, row_id] = shape.row(values[start:end])
            made.append(part)
            if made[parent] is not None:
                setattr(made[parent], name, part)
        for name, value in zip(self.extra, values[end:], strict=True):
            setattr(row, name, value)
        return row


class Shown(TypedDict, total=False):
    """What a page has of each row, all of it in one statement.

    `names` are attributes of the row, `id` first; without them it has all. `cards` has, by the path
    of an attribute (`customer`, `customer.user`), the names of what is read of what it points at,
    `id` first; a path comes after the one that it goes on from. `columns` has, by the name that the
    row gets it under, a column of raw SQL in which the row is `r`.
    """

    names: tuple[str, ...]
    cards: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, str]


def page(
    query: Any, limit: int, offset: int = 0, *, counted: bool = False, **shown: Unpack[Shown]
) -> list[Any]:
    """A slice of an ordered Pony query over an entity, as rows.

    With `counted` each tells as `in_all` how many the query has: one look at all of them instead of
    two, but one that puts them in order, which a count need not do.
    """
    sql, arguments, _, _ = query._construct_sql_and_arguments()
    found = _statement(
        sql,
        query._translator.expr_type,
        shown.get("names", ()),
        tuple(shown.get("cards", {}).items()),
        tuple(shown.get("columns", {}).items()),
        counted=counted,
    )
    whole = f"{found.head} LIMIT {limit:d} OFFSET {offset:d}{found.tail}"
    return found.rows(db._exec_sql(whole, arguments).fetchall())


def read(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a statement finds, with `$name` for each of `values`; outside of any transaction where
    none has begun."""
    found: list[tuple[Any, ...]] = db._exec_sql(_worded(sql), values).fetchall()
    return found


def in_json(sql: str) -> str:
    """A column of raw SQL that is the text of JSON: `{array}` stands for what makes an array of
    values, `{each}` of rows, and `{object}` what makes an object of names and values in rows.

    Numbers with a point and days must be cast to text in it: JSON would make floats of them.
    """
    return sql.format_map(_JSON[is_postgres()])


@lru_cache(maxsize=256)
def _worded(sql: str) -> str:
    """The statement with its values named as the driver wants them named."""
    return re.sub(r"\$(\w+)", r"%(\1)s" if is_postgres() else r":\1", sql)


@lru_cache(maxsize=256)
def _shape(entity: Any, names: tuple[str, ...]) -> _Shape:
    attributes = [entity._adict_[name] for name in names]
    conversions = tuple(
        (place, convert)
        for place, attribute in enumerate(attributes)
        if (convert := _conversion(attribute)) is not None
    )
    return _Shape(tuple(each.column for each in attributes), names, conversions)


def _conversion(attribute: Any) -> Convert | None:
    """What makes of a column's value that of the attribute; None where the driver has done it."""
    if attribute.reverse:
        return Ref
    if attribute.py_type is Json:
        return orjson.loads
    # psycopg2 gives numbers, times and truth as Python has them, SQLite what it has stored.
    if is_postgres() or attribute.py_type in {int, str, float}:
        return None
    convert: Convert = attribute.converters[0].sql2py
    return convert


@lru_cache(maxsize=256)
def _statement(
    sql: str,
    entity: Any,
    names: tuple[str, ...],
    cards: tuple[tuple[str, tuple[str, ...]], ...],
    columns: tuple[tuple[str, str], ...],
    *,
    counted: bool,
) -> _Statement:
    """The statement of `page` around `sql`, Pony's own for the whole query.

    Of that only the ids are taken, in their order, and numbered; what is shown is joined to them.
    """
    ids = _SELECT.match(sql)
    if ids is None:
        raise ValueError(f"no query over rows with an id: {sql}")
    parts, shown, joins = _joined(entity, names or _names(entity), cards)
    extra = dict(columns) | ({"in_all": "page.in_all"} if counted else {})
    select = f"SELECT {', '.join((*shown, *extra.values()))} FROM "
    query = f"SELECT {ids[1]}.id {sql[ids.end() :]}"
    # What numbers the ids keeps the order in which it is given them.
    number = "row_number() OVER () AS place"
    if counted:
        # Without a limit inside, PostgreSQL looks for the cheapest way to all of them.
        head = (
            f"WITH found AS MATERIALIZED ({query})"
            f" {select}(SELECT id, {number}, COUNT(*) OVER () AS in_all FROM found"
        )
        end = ""
    else:
        head, end = f"{select}(SELECT id, {number} FROM ({query}", ") found"
    tail = f"{end}) page JOIN {entity._table_} r ON r.id = page.id {joins} ORDER BY page.place"
    return _Statement(head, tail, tuple(parts), tuple(extra))


def _joined(
    entity: Any, names: tuple[str, ...], cards: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[list[_Part], list[str], str]:
    """The parts of a row, the columns that they are made of, and the joins that those need."""
    shape = _shape(entity, names)
    parts, joins = [_Part(shape, 0, len(names), 0, "")], []
    columns = [f"r.{column}" for column in shape.columns]
    places = {"": (0, entity, "r")}
    for path, wanted in cards:
        above, _, name = path.rpartition(".")
        parent, of, alias_above = places[above]
        attribute, alias = of._adict_[name], f"card_{path.replace('.', '_')}"
        target = attribute.py_type
        kind = "JOIN" if attribute.is_required else "LEFT JOIN"
        joins.append(
            f"{kind} {target._table_} {alias} ON {alias}.id = {alias_above}.{attribute.column}"
        )
        shape = _shape(target, wanted)
        places[path] = (len(parts), target, alias)
        parts.append(_Part(shape, len(columns), len(columns) + len(wanted), parent, name))
        columns += [f"{alias}.{column}" for column in shape.columns]
    return parts, columns, " ".join(joins)


@lru_cache
def _names(entity: Any) -> tuple[str, ...]:
    """Every attribute that has a column."""
    return tuple(attribute.name for attribute in entity._attrs_with_columns_)
