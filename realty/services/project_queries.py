"""Reading projects: the list with its filters, and what answers derive from other tables.

Whatever the number of projects on a page, each kind of derived value costs one query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from pony.orm import count, desc, max, min, select  # noqa: A004 - they are translated to SQL

from realty.db import Booking, Project, ProjectPhase, SavedProject, Unit, scopes
from realty.errors import AuthenticationRequired, Forbidden, NotFound
from realty.rules.clock import local_date
from realty.rules.policy import Policy
from realty.rules.progress import (
    Phase,
    ScheduleState,
    next_milestone,
    overall_progress,
    schedule_state,
)
from realty.security import Identity
from realty.services.paging import Page, page_of

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


def search(viewer: Identity | None, filters: ProjectFilters, *, policy: Policy) -> Page:
    """The projects that `viewer` may see and the filters leave, with their builders.

    Raises `AuthenticationRequired` or `Forbidden` for `saved` and `mine` of the wrong caller.
    """
    query = _by_caller(scopes.visible_projects(viewer), viewer, filters)
    query = _by_column(query, filters)
    query = _by_text(query, filters)
    query = query.order_by(ORDERS[filters.sort]).prefetch(Project.builder)
    return page_of(query, page=filters.page, limit=filters.limit, policy=policy)


def read(project_id: int) -> Any:
    """One project; whether it is visible was decided by its resource."""
    project = Project.get(id=project_id)
    if project is None:
        raise NotFound
    return project


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
    units, phases = _unit_figures(ids), phases_by_project(ids)
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


def _unit_figures(ids: Collection[int]) -> dict[int, UnitFigures]:
    rows = select(
        (
            u.project.id,
            u.status,
            count(u),
            min(u.bedrooms),
            max(u.bedrooms),
            min(u.area_sqft),
            max(u.area_sqft),
            min(u.carpet_area_sqft),
            max(u.carpet_area_sqft),
        )
        for u in Unit
        if u.project.id in ids
    )
    figures: dict[int, UnitFigures] = defaultdict(UnitFigures)
    for project_id, status, number, *bounds in rows if ids else ():
        found = figures[project_id]
        found.by_status[status] = number
        found.bedrooms = _wider(found.bedrooms, bounds[0], bounds[1])
        found.area_sqft = _wider(found.area_sqft, bounds[2], bounds[3])
        found.carpet_area_sqft = _wider(found.carpet_area_sqft, bounds[4], bounds[5])
    return figures


def _wider(known: tuple[Any, Any], lowest: Any, highest: Any) -> tuple[Any, Any]:
    """The range that holds both; None is no bound."""
    values = sorted(each for each in (*known, lowest, highest) if each is not None)
    return (values[0], values[-1]) if values else (None, None)


def phases_by_project(ids: Collection[int]) -> dict[int, list[Phase]]:
    """The phases of these projects, in no order; a project without any has an empty list."""
    rows = select(
        (
            f.project.id,
            f.id,
            f.sequence,
            f.phase_name,
            f.milestone_code,
            f.weight_percent,
            f.progress_percentage,
            f.status,
            f.expected_end_date,
            f.customer_visible,
        )
        for f in ProjectPhase
        if f.project.id in ids
    )
    phases: dict[int, list[Phase]] = defaultdict(list)
    for project_id, *columns in rows.without_distinct() if ids else ():
        phases[project_id].append(Phase(*columns))
    return phases


def _booking_counts(ids: Collection[int]) -> dict[int, int]:
    rows = select((b.project.id, count(b)) for b in Booking if b.project.id in ids)
    return dict(rows) if ids else {}


def _saved(ids: Collection[int], viewer: Identity | None) -> set[int] | None:
    if viewer is None or viewer.customer_id is None:
        return None
    customer_id = viewer.customer_id
    rows = select(
        s.project.id for s in SavedProject if s.customer.id == customer_id and s.project.id in ids
    )
    return set(rows) if ids else set()
