"""The audit log, read: whole by administrators, its own chain by a builder."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pony.orm import desc

from realty.db import AuditLog, scopes
from realty.security import Identity
from realty.services.paging import Page, page_of

ORDERS: dict[str, Any] = {
    "created_at": lambda f: (f.at, f.id),
    "-created_at": lambda f: (desc(f.at), desc(f.id)),
}


def search(
    identity: Identity,
    *,
    entity: str | None,
    entity_id: int | None,
    action: str | None,
    actor_id: int | None,
    since: datetime | None,
    until: datetime | None,
    sort: str,
    page: int,
    limit: int,
) -> Page:
    """Audited facts, each with its actor and its builder loaded; `since` counts, `until` does not
    (naive UTC)."""
    query = scopes.visible_facts(identity)
    if entity is not None:
        query = query.filter(lambda f: f.entity == entity)
    if entity_id is not None:
        query = query.filter(lambda f: f.entity_id == entity_id)
    if action is not None:
        query = query.filter(lambda f: f.action == action)
    if actor_id is not None:
        query = query.filter(lambda f: f.actor.id == actor_id)
    if since is not None:
        query = query.filter(lambda f: f.at >= since)
    if until is not None:
        query = query.filter(lambda f: f.at < until)
    ordered = query.order_by(ORDERS[sort]).prefetch(AuditLog.actor, AuditLog.builder)
    return page_of(ordered, page=page, limit=limit)
