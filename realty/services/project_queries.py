"""Reading projects: the list with its filters, and what answers derive from other tables.

Whatever the number of projects on a page, each kind of derived value costs one query.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import orjson
from pony.orm import count, desc, flush, select

from realty.db import Booking, Project, SavedProject, Unit, rows, scopes
from realty.db.bulk import among
from realty.db.rows import Shown
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
from realty.services.card_columns import BUILDER, PROJECT_SUMMARY
from realty.services.paging import Page, page_of_rows, public_page_of_rows
from realty.services.policy import remember_policy, settings_column

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


class UnitFigures(NamedTuple):
    """What the units of one project come to; a bound is null without units."""

    bedrooms_min: int | None
    bedrooms_max: int | None
    area_sqft_min: Decimal | None
    area_sqft_max: Decimal | None
    carpet_area_sqft_min: Decimal | None
    carpet_area_sqft_max: Decimal | None


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
    shown = Shown(names=PROJECT_SUMMARY, cards=_CARDS, columns=_derived())
    if viewer is None:
        return public_page_of_rows(query, page=filters.page, limit=filters.limit, **shown)
    return page_of_rows(query, page=filters.page, limit=filters.limit, counted=True, **shown)


def read(project_id: int) -> Any:
    """One project; whether it is visible was decided by its resource."""
    project = Project.get(id=project_id)
    if project is None:
        raise NotFound
    return project


def shown(query: Any) -> Any:
    """The one project of a query as a row with its builder and what is derived, for what is only
    shown. The settings, which its page shows too, are remembered."""
    found = rows.page(query, 1, cards=_CARDS, columns={**_derived(), "settings": settings_column()})
    if not found:
        raise NotFound
    remember_policy(found[0].settings)
    return found[0]


def shown_now(project_id: int) -> Any:
    """The same of a project that is known by its id; what was written here is in it."""
    flush()
    return shown(Project.select(lambda p: p.id == project_id))


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
    """Everything that answers derive for these rows of `search` or `shown`, in their order."""
    ids = [project.id for project in projects]
    own_id = viewer.builder_id if viewer else None
    own = {project.id for project in projects if project.builder.id == own_id}
    bookings, saved = _booking_counts(own), _saved(ids, viewer)
    found = []
    for project in projects:
        is_own = project.id in own
        phases = _phases(project.phase_lines)
        by_status, *ranges = orjson.loads(project.unit_figures)
        facts = ProjectFacts(
            project=project,
            units=UnitFigures(
                *ranges[:2], *(None if each is None else Decimal(each) for each in ranges[2:])
            ),
            overall_progress=overall_progress(phases),
            schedule_state=schedule_state(phases, local_date(now, project.timezone)),
            next_milestone=next_milestone(phases, hidden_too=is_own),
            is_saved=None if saved is None else project.id in saved,
            bookings_count=bookings.get(project.id, 0) if is_own else None,
            units_by_status=by_status or {} if is_own else None,
        )
        found.append(facts)
    return found


# Columns of the project `r`.
_UNIT_FIGURES = """(SELECT CAST({array}({object}(f.status, f.number), min(f.least_bedrooms),
    max(f.most_bedrooms), CAST(min(f.least_area) AS TEXT), CAST(max(f.most_area) AS TEXT),
    CAST(min(f.least_carpet) AS TEXT), CAST(max(f.most_carpet) AS TEXT)) AS TEXT)
    FROM (SELECT u.status AS status, count(*) AS number, min(u.bedrooms) AS least_bedrooms,
    max(u.bedrooms) AS most_bedrooms, min(u.area_sqft) AS least_area,
    max(u.area_sqft) AS most_area, min(u.carpet_area_sqft) AS least_carpet,
    max(u.carpet_area_sqft) AS most_carpet
    FROM units u WHERE u.project_id = r.id GROUP BY u.status) f)"""
_PHASE_LINES = """(SELECT CAST({each}({array}(h.id, h.sequence, h.phase_name, h.milestone_code,
    CAST(h.weight_percent AS TEXT), CAST(h.progress_percentage AS TEXT), h.status,
    CAST(h.expected_end_date AS TEXT), h.customer_visible)) AS TEXT)
    FROM project_progress h WHERE h.project_id = r.id)"""


@cache
def _derived() -> Mapping[str, str]:
    """What the units and the phases of a project come to, as columns of JSON."""
    return {
        "unit_figures": rows.in_json(_UNIT_FIGURES),
        "phase_lines": rows.in_json(_PHASE_LINES),
    }


def _phases(lines: str | None) -> list[Phase]:
    """The phases of a column of them, in no order."""
    return [_phase(*line) for line in orjson.loads(lines or "[]")]


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


def phases_by_project(ids: Collection[int]) -> dict[int, list[Phase]]:
    """The phases of these projects, in no order; a project without any has an empty list."""
    if not ids:
        return {}
    condition, sent = among(ids)
    lines = _derived()["phase_lines"]
    sql = f"SELECT r.id, {lines} FROM projects r WHERE r.id {condition}"  # noqa: S608 - our own column
    found = dict(rows.read(sql, ids=sent))
    return {project_id: _phases(found.get(project_id)) for project_id in ids}


def _booking_counts(ids: Collection[int]) -> dict[int, int]:
    if not ids:
        return {}
    return dict(select((b.project.id, count(b)) for b in Booking if b.project.id in ids))


def _saved(ids: Collection[int], viewer: Identity | None) -> set[int] | None:
    if viewer is None or viewer.customer_id is None:
        return None
    if not ids:
        return set()
    customer_id = viewer.customer_id
    selected = select(
        s.project.id for s in SavedProject if s.customer.id == customer_id and s.project.id in ids
    )
    return set(selected)
