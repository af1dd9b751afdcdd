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

from realty.db.bulk import among
from realty.db.database import db, is_postgres


def lock(entity: Any, id_: int) -> Any | None:
    """The row of `entity` with `id_`, locked to the end of the transaction and read under the lock.

    None when there is no such row. Raises `AssertionError` when this session has read the row
    before: what was decided on that reading is worth nothing.
    """
    rows = lock_many(entity, [id_])
    return rows[0] if rows else None


def lock_many(entity: Any, ids: Iterable[int]) -> list[Any]:
    """The rows of `entity` with `ids`, locked and read as in `lock`, in the order of their ids."""
    rows = entity.select_by_sql(*_locking(entity, "*", ids), {})
    # Locked rows need no optimistic check when they are saved.
    db._get_cache().for_update.update(rows)
    return list(rows)


def lock_rows(entity: Any, ids: Iterable[int]) -> None:
    """The same for rows by the thousand, of which some columns are read afterwards, in one query:
    no object is made of any. Whoever changes them does so by `bulk.update_many`."""
    db.execute(*_locking(entity, "id", ids), {}).fetchall()


def _locking(entity: Any, columns: str, ids: Iterable[int]) -> tuple[str, dict[str, Any]]:
    """The statement that locks rows, and its values; the session is made ready for it."""
    wanted = sorted(set(ids))
    cache = db._get_cache()
    _refuse_rows_read_before(entity, wanted, cache)
    # Without it Pony would run the statement in autocommit, and the lock would be gone at once.
    cache.immediate = True
    condition, ids_sent = among(wanted)
    locking = "FOR NO KEY UPDATE" if is_postgres() else ""
    table = entity._table_
    sql = f'SELECT {columns} FROM "{table}" WHERE id {condition} ORDER BY id {locking}'  # noqa: S608 - ids are bound
    return sql, {"ids": ids_sent}


def lock_table(entity: Any) -> None:
    """Keep other writers off a whole table to the end of the transaction, and no reader: for what
    is rarely written and may have no row to lock yet. It comes before every other lock."""
    db._get_cache().immediate = True
    if is_postgres():
        db.execute(f'LOCK TABLE "{entity._table_}" IN SHARE ROW EXCLUSIVE MODE')


def _refuse_rows_read_before(entity: Any, ids: Iterable[int], cache: Any) -> None:
    known, unread = cache.indexes[entity._pk_attrs_], cache.seeds[entity._pk_attrs_]
    for id_ in ids:
        row = known.get(id_)
        if row is not None and row not in unread and row not in cache.for_update:
            raise AssertionError(f"{row} was read before it was locked: lock first, then read.")
