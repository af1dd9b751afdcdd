"""Forgetting files: those that nothing names, and bytes that no row tells of.

A row is first marked, so that nobody can attach it any more, then its bytes go, then the row: a
run that is killed between two steps is finished by the next one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pony.orm import select

from realty.adapters.storage import Storage
from realty.db import File, db
from realty.rules.policy import Policy

MOST_AT_ONCE = 500
SETTLED_HOURS = (2, 3)
"""An upload that long ago has its row, or never will."""


def mark(*, policy: Policy, now: datetime) -> int:
    """Mark files that were never attached, or no longer are, past `files.unattached_hours`."""
    oldest = now - timedelta(hours=policy.files_unattached_hours)
    sql = (
        "UPDATE files SET removed_at = $now"
        " WHERE attached_to_type IS NULL AND removed_at IS NULL AND created_at < $oldest"
    )
    return int(db.execute(sql, {"now": now, "oldest": oldest}, {}).rowcount)


def marked() -> list[tuple[int, str]]:
    """Ids and keys of marked files, oldest first."""
    rows = select((f.id, f.storage_key) for f in File if f.removed_at is not None).order_by(1)
    return list(rows[:MOST_AT_ONCE])


def forget(file_id: int) -> bool:
    """Delete the row of a marked file whose bytes are gone; False when another run did."""
    sql = "DELETE FROM files WHERE id = $file_id AND removed_at IS NOT NULL"
    return bool(db.execute(sql, {"file_id": file_id}, {}).rowcount)


def strays(storage: Storage, *, now: datetime) -> list[str]:
    """Keys of settled uploads that no row names: a server was killed before its commit."""
    hours = [now - timedelta(hours=each) for each in SETTLED_HOURS]
    found = [key for hour in hours for key in storage.keys(f"{hour:%Y%m%d/%H}")]
    if not found:
        return []
    kept = set(select(f.storage_key for f in File if f.storage_key in found))
    return [key for key in found if key not in kept]
