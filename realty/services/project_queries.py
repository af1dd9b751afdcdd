"""Reading projects: the list with its filters, and what answers derive from other tables.

Whatever the number of projects on a page, each kind of derived value costs one query.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from pony.orm import count, desc, select

from realty.db import Booking, Project, SavedProject, Unit, rows, scopes
from realty.db.bulk import among
from realty.db.database import is_postgres
from realty.errors import AuthenticationRequired, Forbidden, NotFound
from realty.rules.clock import local_date
from realty.rules.progress import (
    Phase,
    ScheduleState,
    next_milestone,
    overall_progress,
    schedule_state,
)
from realty.security import Identity
from realty.services.card_columns import BUILDER
from realty.services.paging import Page, page_of_rows

_CARDS = {"builder": BUILDER}

# Rows without a value come last in both directions; databases disagree on that.
ORDERS: dict[str, Any] = {
    "created_at": lambda p: (p.created_at, p.id),
    "-created_at": lambda p: (desc(p.created_at), desc(p.id)),
    "price_range_min": lambda p: (p.price_range_min is None, p.price_range_min, p.id),
    "-price_range_min": lambda p: (
        p.price_range_min is None,
        desc(p.price_range_min),
        desc(p.id),
    ),
    "project_name": lambda p: (p.project_name, p.id),
    "-project_name": lambda p: (desc(p.project_name), desc(p.id)),
    "expected_completion_date": lambda p: (
        p.expected_completion_date is None,
        p.expected_completion_date,
        p.id,
    ),
    "-expected_completion_date": lambda p: (
        p.expected_completion_date is None,
        desc(p.expected_completion_date),
        desc(p.id),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFilters:
    """The query parameters of `listProjects`, under their own names; None filters nothing."""

    city: str | None = None
    state: str | None = None
    status: str | None = None
    project_type: str | None = None
    unit_type: str | None = None
    min_price: str | None = None
    max_price: str | None = None
    builder_id: int | None = None
    is_featured: bool | None = None
    saved: bool | None = None
    mine: bool | None = None
    q: str | None = None
    sort: str
    page: int
    limit: int


@dataclass(slots=True)
class UnitFigures:
    """What the units of one project come to; a range is null without units."""

    by_status: dict[str, int] = field(default_factory=dict)
    bedrooms: tuple[int | None, int | None] = (None, None)
    area_sqft: tuple[Decimal | None, Decimal | None] = (None, None)
    carpet_area_sqft: tuple[Decimal | None, Decimal | None] = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """A project with the values derived for one viewer; what that viewer may not know is None."""

    project: Any
    units: UnitFigures
    overall_progress: Decimal
    schedule_state: ScheduleState
    next_milestone: Phase | None
    is_saved: bool | None
    bookings_count: int | None
    units_by_status: dict[str, int] | None


def search(viewer: Identity | None, filters: ProjectFilters) -> Page:
    """The projects that `viewer` may see and the filters leave, with their builders.

    Raises `AuthenticationRequired` or `Forbidden` for `saved` and `mine` of the wrong caller.
    """
    query = _by_caller(scopes.visible_projects(viewer), viewer, filters)
    query = _by_column(query, filters)
    query = _by_text(query, filters)
    query = query.order_by(ORDERS[filters.sort])
    found = page_of_rows(query, page=filters.page, limit=filters.limit)
    rows.attach(found.rows, Project, _CARDS)
    return found


def read(project_id: int) -> Any:
    """One project; whether it is visible was decided by its resource."""
    project = Project.get(id=project_id)
    if project is None:
        raise NotFound
    return project


def shown(project_id: int) -> Any:
    """The same as a row with its builder, for what is only shown."""
    found = rows.page(Project.select(lambda p: p.id == project_id), 1)
    if not found:
        raise NotFound
    rows.attach(found, Project, _CARDS)
    return found[0]


def require_role(viewer: Identity | None, role: str) -> Identity:
    """The caller, for a filter that only `role` may use."""
    if viewer is None:
        raise AuthenticationRequired
    if viewer.role != role:
        raise Forbidden
    return viewer


def _by_caller(query: Any, viewer: Identity | None, filters: ProjectFilters) -> Any:
    if filters.saved:
        customer_id = require_role(viewer, "customer").customer_id
        saved = select(s.project.id for s in SavedProject if s.customer.id == customer_id)
        query = query.filter(lambda p: p.id in saved)
    if filters.mine:
        own_id = require_role(viewer, "builder").builder_id
        query = query.filter(lambda p: p.builder.id == own_id)
    return query


def _by_column(query: Any, filters: ProjectFilters) -> Any:
    status, project_type = filters.status, filters.project_type
    builder_id, is_featured, unit_type = filters.builder_id, filters.is_featured, filters.unit_type
    if status is not None:
        query = query.filter(lambda p: p.status == status)
    if project_type is not None:
        query = query.filter(lambda p: p.project_type == project_type)
    if builder_id is not None:
        query = query.filter(lambda p: p.builder.id == builder_id)
    if is_featured is not None:
        query = query.filter(lambda p: p.is_featured == is_featured)
    if unit_type is not None:
        having = select(u.project.id for u in Unit if u.unit_type == unit_type)
        query = query.filter(lambda p: p.id in having)
    if filters.min_price is not None:
        least = Decimal(filters.min_price)
        query = query.filter(lambda p: p.price_range_max >= least)
    if filters.max_price is not None:
        most = Decimal(filters.max_price)
        query = query.filter(lambda p: p.price_range_min <= most)
    return query


def _by_text(query: Any, filters: ProjectFilters) -> Any:
    """Only columns that have a search index, so that no search reads every row."""
    if filters.city is not None:
        city = filters.city.lower()
        query = query.filter(lambda p: city in p.location_city.lower())
    if filters.state is not None:
        state = filters.state.lower()
        query = query.filter(lambda p: state in p.location_state.lower())
    for word in (filters.q or "").lower().split():
        query = _with_word(query, word)
    return query


def _with_word(query: Any, word: str) -> Any:
    return query.filter(lambda p: word in p.project_name.lower() or word in p.location_city.lower())


def facts_of(
    projects: Sequence[Any], viewer: Identity | None, *, now: datetime
) -> list[ProjectFacts]:
    """Everything that answers derive for these projects, in their order."""
    ids = [project.id for project in projects]
    own_id = viewer.builder_id if viewer else None
    own = {project.id for project in projects if project.builder.id == own_id}
    derived = _derived(ids)
    units = {project_id: each[0] for project_id, each in derived.items()}
    phases = {project_id: each[1] for project_id, each in derived.items()}
    bookings, saved = _booking_counts(own), _saved(ids, viewer)
    return [
        ProjectFacts(
            project=project,
            units=units[project.id],
            overall_progress=overall_progress(phases[project.id]),
            schedule_state=schedule_state(phases[project.id], local_date(now, project.timezone)),
            next_milestone=next_milestone(phases[project.id], hidden_too=project.id in own),
            is_saved=None if saved is None else project.id in saved,
            bookings_count=bookings.get(project.id, 0) if project.id in own else None,
            units_by_status=units[project.id].by_status if project.id in own else None,
        )
        for project in projects
    ]


# What lists derive, the same for both databases: numbers and days travel as text, because JSON
# would make floats of them.
_UNITS = """(SELECT {array}(f.line) FROM (SELECT {line}(u.status, count(*), min(u.bedrooms),
    max(u.bedrooms), CAST(min(u.area_sqft) AS TEXT), CAST(max(u.area_sqft) AS TEXT),
    CAST(min(u.carpet_area_sqft) AS TEXT), CAST(max(u.carpet_area_sqft) AS TEXT)) AS line
    FROM units u WHERE u.project_id = p.id GROUP BY u.status) f)"""
_PHASES = """(SELECT {array}({line}(h.id, h.sequence, h.phase_name, h.milestone_code,
    CAST(h.weight_percent AS TEXT), CAST(h.progress_percentage AS TEXT), h.status,
    CAST(h.expected_end_date AS TEXT), h.customer_visible))
    FROM project_progress h WHERE h.project_id = p.id)"""


def _derived(ids: Collection[int]) -> dict[int, tuple[UnitFigures, list[Phase]]]:
    """What the units and the phases of each project come to, in one statement."""
    return {
        project_id: (_figures(_lines(units)), [_phase(*line) for line in _lines(phases)])
        for project_id, units, phases in _columns(ids, _UNITS, _PHASES)
    }


def _columns(ids: Collection[int], *columns: str) -> Sequence[tuple[Any, ...]]:
    """Columns of JSON for each of these projects, after its id."""
    if not ids:
        return ()
    condition, sent = among(ids)
    shown = ", ".join(columns).format(**_JSON[is_postgres()])
    return rows.read(f"SELECT p.id, {shown} FROM projects p WHERE p.id {condition}", ids=sent)  # noqa: S608 - columns of our own


_JSON = {
    True: {"array": "json_agg", "line": "json_build_array"},
    False: {"array": "json_group_array", "line": "json_array"},
}


def _lines(column: Any) -> list[Any]:
    """An array of arrays, as the driver gives it: as text, or null for none."""
    lines = orjson.loads(column) if isinstance(column, str) else column or []
    # SQLite nests what it was given as text.
    return [orjson.loads(line) if isinstance(line, str) else line for line in lines]


def _figures(lines: list[Any]) -> UnitFigures:
    found = UnitFigures()
    for status, number, *bounds in lines:
        found.by_status[status] = number
        areas = [None if each is None else Decimal(each) for each in bounds[2:]]
        found.bedrooms = _wider(found.bedrooms, bounds[0], bounds[1])
        found.area_sqft = _wider(found.area_sqft, areas[0], areas[1])
        found.carpet_area_sqft = _wider(found.carpet_area_sqft, areas[2], areas[3])
    return found


def _phase(*line: Any) -> Phase:
    phase_id, sequence, name, code, weight, percent, status, ends, visible = line
    return Phase(
        phase_id,
        sequence,
        name,
        code,
        Decimal(weight),
        Decimal(percent),
        status,
        None if ends is None else date.fromisoformat(ends),
        bool(visible),
    )


def _wider(known: tuple[Any, Any], lowest: Any, highest: Any) -> tuple[Any, Any]:
    """The range that holds both; None is no bound."""
    values = sorted(each for each in (*known, lowest, highest) if each is not None)
    return (values[0], values[-1]) if values else (None, None)


def phases_by_project(ids: Collection[int]) -> dict[int, list[Phase]]:
    """The phases of these projects, in no order; a project without any has an empty list."""
    found = {project_id: _lines(phases) for project_id, phases in _columns(ids, _PHASES)}
    return {project_id: [_phase(*line) for line in found.get(project_id, [])] for project_id in ids}


def _booking_counts(ids: Collection[int]) -> dict[int, int]:
    selected = select((b.project.id, count(b)) for b in Booking if b.project.id in ids)
    return dict(selected) if ids else {}


def _saved(ids: Collection[int], viewer: Identity | None) -> set[int] | None:
    if viewer is None or viewer.customer_id is None:
        return None
    customer_id = viewer.customer_id
    selected = select(
        s.project.id for s in SavedProject if s.customer.id == customer_id and s.project.id in ids
    )
    return set(selected) if ids else set()
