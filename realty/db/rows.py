"""Rows for lists: what entities hold, without the bookkeeping that lets entities be changed.

Pony spends about 0.15 ms on an entity of forty columns that is only shown: it keeps every value
twice, to tell later what changed. Here a row is a plain object with the entity's attribute names,
so that presenters take either; what it points at has an `id` until more of it is attached. Measured
on PostgreSQL, ten bookings with their cards and schedules: 24 ms of processor time as entities,
5 ms as rows. It is for reading in transactions that have written nothing: Pony's pending changes
are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from pony.orm.ormtypes import Json

from realty.db.bulk import among
from realty.db.database import db, is_postgres

Convert = Callable[[Any], Any]


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


def page(query: Any, limit: int, offset: int = 0) -> list[Any]:
    """A slice of an ordered Pony query over an entity, as rows."""
    sql, arguments, offsets, _ = query._construct_sql_and_arguments(limit, offset)
    # Offsets are by attribute; an attribute of ours has one column.
    attributes = sorted(offsets, key=lambda attribute: offsets[attribute][0])
    shape = _shape(query._translator.expr_type, tuple(each.name for each in attributes))
    return [shape.row(values) for values in db._exec_sql(sql, arguments).fetchall()]


def attach(rows: Sequence[Any], entity: Any, cards: Mapping[str, tuple[str, ...]]) -> None:
    """Fill in what `rows` of `entity` point at, all of it in one statement.

    `cards` has, by the path of an attribute (`customer`, `customer.user`), the names of what is
    read of it, `id` first; a path comes after the one that it goes on from.
    """
    if not rows:
        return
    sql, shapes = _cards_sql(entity, tuple(cards.items()))
    condition, ids = among({row.id for row in rows})
    found = {}
    for values in read(sql.format(among=condition), ids=ids):
        start, parts = 1, {}
        for path, shape in shapes.items():
            end = start + len(shape.names)
            part = shape.row(values[start:end]) if values[start] is not None else None
            parts[path], start = part, end
            parent, _, name = path.rpartition(".")
            if parent and parts[parent] is not None:
                setattr(parts[parent], name, part)
        found[values[0]] = parts
    tops = [path for path in cards if "." not in path]
    for row in rows:
        for path in tops:
            setattr(row, path, found[row.id][path])


def attach_set(
    rows: Sequence[Any], name: str, entity: Any, back: str, names: tuple[str, ...]
) -> None:
    """Give each of `rows` under `name` the list of all rows of `entity` that point at it by the
    attribute `back`, with the attributes `names`, in one statement."""
    lists: dict[int, list[Any]] = {row.id: [] for row in rows}
    for row in rows:
        setattr(row, name, lists[row.id])
    if not rows:
        return
    shape = _shape(entity, (back, *names))
    condition, ids = among(lists)
    column = entity._adict_[back].column
    sql = f"SELECT {', '.join(shape.columns)} FROM {entity._table_} WHERE {column} {condition}"  # noqa: S608 - names of columns
    parent = attrgetter(f"{back}.id")
    for values in read(sql, ids=ids):
        row = shape.row(values)
        lists[parent(row)].append(row)


def read(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a statement finds, with `$name` for each of `values`; outside of any transaction where
    none has begun."""
    found: list[tuple[Any, ...]] = db._exec_sql(_worded(sql), values).fetchall()
    return found


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


def _alias(path: str) -> str:
    return f"card_{path.replace('.', '_')}"


@lru_cache(maxsize=64)
def _cards_sql(
    entity: Any, cards: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[str, dict[str, _Shape]]:
    """The statement of `attach`, and the shapes of the cards in the order of its columns."""
    columns, joins = ["r.id"], [f"{entity._table_} r"]
    entities, shapes = {"": entity}, {}
    for path, names in cards:
        parent, _, name = path.rpartition(".")
        attribute = entities[parent]._adict_[name]
        target, alias = attribute.py_type, _alias(path)
        entities[path], shapes[path] = target, _shape(target, names)
        kind = "JOIN" if attribute.is_required else "LEFT JOIN"
        joins.append(
            f"{kind} {target._table_} {alias}"
            f" ON {alias}.id = {_alias(parent) if parent else 'r'}.{attribute.column}"
        )
        columns += [f"{alias}.{column}" for column in shapes[path].columns]
    sql = f"SELECT {', '.join(columns)} FROM {' '.join(joins)} WHERE r.id {{among}}"  # noqa: S608 - names of columns
    return sql, shapes
