"""Units as stock: every move of a unit, and the project's counter of what is available."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pony.orm import flush

from realty.db import db, stamps
from realty.rules.lifecycles import UnitMover, check_unit
from realty.security import Identity
from realty.services import history


def move_unit(
    unit: Any,
    target: str,
    *,
    mover: UnitMover,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
) -> int:
    """Bring a locked `unit` to `target` and end its reservation, if it had one.

    Returns by how much the project's `available_units` changes: -1, 0 or 1. The caller moves the
    counter last, because the project's row is hot. Raises `InvalidTransition`.
    """
    before: str = unit.status
    check_unit(before, target, mover)
    unit.set(status=target, reserved_until=None, reserved_note=None, version=unit.version + 1)
    history.record(
        "unit", unit.id, before=before, after=target, actor=actor, now=now, reason=reason
    )
    return (target == "available") - (before == "available")


def count_available(project_id: int, change: int) -> None:
    """Move a project's `available_units` by `change`, in one statement that nobody can overtake."""
    flush()
    if change:
        stamps.move_project(project_id)
        db.execute(
            "UPDATE projects SET available_units = available_units + $change"
            " WHERE id = $project_id",
            {"change": change, "project_id": project_id},
            {},
        )
