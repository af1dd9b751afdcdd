"""One row for every status change, in the transaction of the change."""

from __future__ import annotations

from datetime import datetime

from realty.db import StatusHistory, User
from realty.security import Identity


def record(
    entity: str,
    entity_id: int,
    *,
    before: str | None,
    after: str,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Write that `entity` (a table's singular: booking, unit, project) went from one status to
    another; `actor` is None for the system, `before` for a beginning."""
    StatusHistory(
        entity=entity,
        entity_id=entity_id,
        from_status=before,
        to_status=after,
        actor=User[actor.user_id] if actor else None,
        reason=reason,
        at=now,
    )
