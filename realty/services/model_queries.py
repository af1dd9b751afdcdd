"""Reading 3D models: which versions a viewer sees, and which of them are open to him."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pony.orm import desc

from realty.db import Model3D, scopes
from realty.rules.models import opens
from realty.security import Identity
from realty.services.paging import Page, page_of

_SHOWN = (Model3D.project, Model3D.unit, Model3D.file)
ORDERS: dict[str, Any] = {
    "-created_at": lambda m: (desc(m.created_at), desc(m.id)),
    "created_at": lambda m: (m.created_at, m.id),
    "model_name": lambda m: (m.model_name, desc(m.id)),
    "-model_name": lambda m: (desc(m.model_name), desc(m.id)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a list is narrowed and ordered; all conditions hold together."""

    project_id: int | None = None
    unit_id: int | None = None
    model_type: str | None = None
    status: str | None = None
    q: str | None = None
    sort: str = "-created_at"


def listed(
    viewer: Identity | None, wanted: Filter, *, page: int, limit: int
) -> tuple[Page, frozenset[int]]:
    """A page of the models that the viewer sees with all that they show, and the ids of those that
    he may open."""
    found = _narrowed(scopes.visible_models(viewer), wanted)
    rows = found.order_by(ORDERS[wanted.sort]).prefetch(*_SHOWN)
    result = page_of(rows, page=page, limit=limit)
    return result, open_to(viewer, result.rows)


def whole(model_id: int, viewer: Identity | None) -> tuple[Any, bool]:
    """One version with all that it shows, and whether the viewer may open it."""
    model = Model3D.select(lambda m: m.id == model_id).prefetch(*_SHOWN).first()
    return model, model.id in open_to(viewer, [model])


def open_to(viewer: Identity | None, models: Iterable[Any]) -> frozenset[int]:
    """The ids of those among `models` that the viewer may open."""
    rows = list(models)
    booked = _booked(viewer) if any(m.access_level == "booked_customers" for m in rows) else ()
    role = None if viewer is None else viewer.role
    return frozenset(
        m.id
        for m in rows
        if is_own(viewer, m.project.builder.id)
        or opens(m.access_level, role=role, has_booked=m.project.id in booked)
    )


def is_own(viewer: Identity | None, builder_id: int) -> bool:
    """Whether the viewer is the project's builder, who opens everything and reads the counts."""
    return viewer is not None and viewer.builder_id == builder_id


def _booked(viewer: Identity | None) -> frozenset[int]:
    """The projects in which the viewer holds an occupying booking: a handful at most."""
    if viewer is None or viewer.role != "customer":
        return frozenset()
    return frozenset(scopes.held_projects(viewer.customer_id))


def _narrowed(found: Any, wanted: Filter) -> Any:
    if wanted.project_id is not None:
        project_id = wanted.project_id
        found = found.filter(lambda m: m.project.id == project_id)
    if wanted.unit_id is not None:
        unit_id = wanted.unit_id
        found = found.filter(lambda m: m.unit.id == unit_id)
    if wanted.model_type is not None:
        model_type = wanted.model_type
        found = found.filter(lambda m: m.model_type == model_type)
    if wanted.status is not None:
        status = wanted.status
        found = found.filter(lambda m: m.status == status)
    if wanted.q is not None:
        words = wanted.q.lower()
        found = found.filter(lambda m: words in m.model_name.lower())
    return found
