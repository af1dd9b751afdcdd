"""Reading construction updates, as far as a viewer may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pony.orm import count, desc, select

from realty.db import ConstructionUpdate, UpdateRevision, scopes
from realty.db.enums import UPDATE_STATUSES
from realty.security import Identity
from realty.services.paging import Page, page_of

MOST_REVISIONS = 100
"""That many of the former texts are shown, the latest first."""
_CARDS = (ConstructionUpdate.phase, ConstructionUpdate.project)
# A draft was not published at any time; databases disagree on where nothing stands.
ORDERS: dict[str, Any] = {
    "-created_at": lambda u: (desc(u.created_at), desc(u.id)),
    "created_at": lambda u: (u.created_at, u.id),
    "-published_at": lambda u: (u.published_at is None, desc(u.published_at), desc(u.id)),
    "published_at": lambda u: (u.published_at is None, u.published_at, u.id),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a list is narrowed and ordered; all conditions hold together."""

    status: str | None = None
    update_type: str | None = None
    priority: str | None = None
    audience: str | None = None
    phase_id: int | None = None
    q: str | None = None
    sort: str = "-created_at"


def is_own(viewer: Identity | None, builder_id: int) -> bool:
    """Whether the viewer is the project's builder, who alone reads drafts, former texts and the
    names of phases that are hidden from customers."""
    return viewer is not None and viewer.builder_id == builder_id


def listed(
    project_id: int, viewer: Identity | None, wanted: Filter, *, own: bool, page: int, limit: int
) -> tuple[Page, Mapping[str, int]]:
    """A page of a project's updates with all that they show, and how many there are by status,
    every status named, whatever `status` asks for. `own` is `is_own` of the project."""
    visible = scopes.visible_updates(viewer).filter(lambda u: u.project.id == project_id)
    found = _narrowed(visible, wanted, own=own)
    by_status = dict(select((u.status, count(u.id)) for u in found))
    if wanted.status is not None:
        status = wanted.status
        found = found.filter(lambda u: u.status == status)
    rows = found.order_by(ORDERS[wanted.sort]).prefetch(*_CARDS)
    counts = {status: by_status.get(status, 0) for status in UPDATE_STATUSES}
    return page_of(rows, page=page, limit=limit), counts


def whole(update_id: int, *, own: bool) -> tuple[Any, Sequence[Any]]:
    """One update with all that it shows, and the texts that it had: to its own builder alone.

    What this session has read and locked already is not read again.
    """
    update = ConstructionUpdate.get(id=update_id)
    if not own:
        return update, ()
    former = UpdateRevision.select(lambda r: r.update.id == update_id)
    return update, former.order_by(lambda r: desc(r.id))[:MOST_REVISIONS]


def _narrowed(found: Any, wanted: Filter, *, own: bool) -> Any:
    if wanted.update_type is not None:
        update_type = wanted.update_type
        found = found.filter(lambda u: u.update_type == update_type)
    if wanted.priority is not None:
        priority = wanted.priority
        found = found.filter(lambda u: u.priority == priority)
    if wanted.audience is not None:
        audience = wanted.audience
        found = found.filter(lambda u: u.audience == audience)
    if wanted.phase_id is not None:
        phase_id = wanted.phase_id
        found = found.filter(lambda u: u.phase.id == phase_id)
        if not own:
            found = found.filter(lambda u: u.phase.customer_visible)
    if wanted.q is not None:
        words = wanted.q.lower()
        found = found.filter(
            lambda u: words in u.update_title.lower() or words in u.update_content.lower()
        )
    return found
