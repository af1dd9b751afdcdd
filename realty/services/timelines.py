"""Timelines: what `status_history` says of one thing, for people to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from realty.db import StatusHistory


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline; `role` and `name` are None where the system acted."""

    at: datetime
    from_status: str | None
    to_status: str
    role: str | None
    name: str | None
    reason: str | None


def timeline_of(entity: str, entity_id: int, *, builder: Any) -> list[Entry]:
    """Every change of status, oldest first. The user of `builder` goes by the company's name.

    The order is that of the ids, which rise under the booking's lock; the clocks of two machines
    differ.
    """
    changes = (
        StatusHistory.select(lambda h: h.entity == entity and h.entity_id == entity_id)
        .order_by(lambda h: h.id)
        .prefetch(StatusHistory.actor)
    )
    return [
        Entry(
            at=change.at,
            from_status=change.from_status,
            to_status=change.to_status,
            role=change.actor and change.actor.user_type,
            name=change.actor and _name(change.actor, builder),
            reason=change.reason,
        )
        for change in changes
    ]


def _name(user: Any, builder: Any) -> str:
    return str(builder.company_name if user.id == builder.user.id else user.full_name)
