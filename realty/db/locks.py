"""Row locks, taken first; reading comes second.

One order everywhere, or two requests wait for each other:

    idempotency key → customer → unit → booking → project → builder →
    number series → audit head → cache stamps (the projects', then the catalogue's)

and, apart from these, in what concerns identity:

    builder → invitation → user → session and one-time link

Locks come before any insert, and rows of one kind are locked by ascending id (`lock_many`).
Installments, payments and phases have no lock of their own: their booking or project guards them.

The lock is `FOR NO KEY UPDATE`: Pony's `FOR UPDATE` would also stop every insert that merely
points at the row, and deadlock with it. On SQLite the first lock begins the one write transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from realty.db.connection import is_postgres
from realty.db.database import db


def lock(entity: Any, id_: int) -> Any | None:
    """The row of `entity` with `id_`, locked to the end of the transaction and read under the lock.

    None when there is no such row. Raises `AssertionError` when this session has read the row
    before: what was decided on that reading is worth nothing.
    """
    rows = lock_many(entity, [id_])
    return rows[0] if rows else None


def lock_many(entity: Any, ids: Iterable[int]) -> list[Any]:
    """The rows of `entity` with `ids`, locked and read as in `lock`, in the order of their ids."""
    wanted = sorted(set(ids))
    cache = db._get_cache()
    _refuse_rows_read_before(entity, wanted, cache)
    # Without it Pony would run the statement in autocommit, and the lock would be gone at once.
    cache.immediate = True
    ids_sent: Any
    if is_postgres():
        among, locking, ids_sent = "= ANY($ids)", "FOR NO KEY UPDATE", wanted
    else:
        among, locking = "IN (SELECT value FROM json_each($ids))", ""
        ids_sent = orjson.dumps(wanted).decode()
    table = entity._table_
    sql = f'SELECT * FROM "{table}" WHERE id {among} ORDER BY id {locking}'  # noqa: S608 - ids are bound
    rows = entity.select_by_sql(sql, {"ids": ids_sent}, {})
    # Locked rows need no optimistic check when they are saved.
    cache.for_update.update(rows)
    return list(rows)


def _refuse_rows_read_before(entity: Any, ids: Iterable[int], cache: Any) -> None:
    known, unread = cache.indexes[entity._pk_attrs_], cache.seeds[entity._pk_attrs_]
    for id_ in ids:
        row = known.get(id_)
        if row is not None and row not in unread and row not in cache.for_update:
            raise AssertionError(f"{row} was read before it was locked: lock first, then read.")
