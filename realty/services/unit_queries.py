"""Reading units: the lists with their filters, and the grid of a project."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from pony.orm import desc, select

from realty.db import Project, Unit, scopes
from realty.errors import NotFound
from realty.security import Identity
from realty.services.card_columns import PROJECT
from realty.services.paging import Page, page_of_rows, public_page_of_rows
from realty.services.project_queries import require_role

_CARDS = {"project": PROJECT}
ORDERS: dict[str, Any] = {
    "-created_at": lambda u: (desc(u.created_at), desc(u.id)),
    "unit_number": lambda u: (u.unit_number, u.id),
    "-unit_number": lambda u: (desc(u.unit_number), desc(u.id)),
    "price": lambda u: (u.price, u.id),
    "-price": lambda u: (desc(u.price), desc(u.id)),
    "floor_number": lambda u: (u.floor_number, u.id),
    "-floor_number": lambda u: (desc(u.floor_number), desc(u.id)),
    "area_sqft": lambda u: (u.area_sqft, u.id),
    "-area_sqft": lambda u: (desc(u.area_sqft), desc(u.id)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFilters:
    """The query parameters of `listUnits` and `listProjectUnits`, under their own names; None
    filters nothing."""

    project_id: int | None = None
    city: str | None = None
    state: str | None = None
    project_type: str | None = None
    project_status: str | None = None
    builder_id: int | None = None
    mine: bool | None = None
    tower: str | None = None
    floor: int | None = None
    status: str | None = None
    unit_type: str | None = None
    facing: str | None = None
    bedrooms: int | None = None
    min_price: str | None = None
    max_price: str | None = None
    min_area: str | None = None
    max_area: str | None = None
    q: str | None = None
    sort: str
    page: int
    limit: int


class Cell(NamedTuple):
    """One unit of the grid, as far as it shows."""

    unit_id: int
    tower: str | None
    floor_number: int
    unit_number: str
    unit_type: str
    status: str
    price: Decimal
    carpet_area_sqft: Decimal
    facing: str | None


@dataclass(frozen=True, slots=True)
class Availability:
    """A project's units as a grid: towers by name, floors from the top, units by number."""

    project: Any
    cells: Sequence[Cell]

    def towers(self) -> list[tuple[str | None, list[tuple[int, list[Cell]]]]]:
        """Tower, floor, cells; the units that stand in no tower come last."""
        grid: dict[str | None, dict[int, list[Cell]]] = defaultdict(lambda: defaultdict(list))
        for cell in sorted(self.cells, key=lambda cell: (cell.unit_number, cell.unit_id)):
            grid[cell.tower][cell.floor_number].append(cell)
        names = sorted(grid, key=lambda name: (name is None, name or ""))
        return [(name, sorted(grid[name].items(), reverse=True)) for name in names]

    def by_type(self) -> dict[str, list[Cell]]:
        """The cells of each unit type that occurs."""
        types: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            types[cell.unit_type].append(cell)
        return types

    def by_status(self) -> Counter[str]:
        """How many units are in each status."""
        return Counter(cell.status for cell in self.cells)


def search(viewer: Identity | None, filters: UnitFilters) -> Page:
    """The units that `viewer` may see and the filters leave, with their projects.

    Raises `AuthenticationRequired` or `Forbidden` for `mine` of another caller than a builder.
    """
    query = _by_project(scopes.visible_units(viewer), viewer, filters)
    query = by_column(query, filters)
    query = _by_range(query, filters)
    one_builder = bool(filters.project_id or filters.builder_id or filters.mine)
    for word in (filters.q or "").lower().split():
        query = _with_word(query, word, numbers_too=one_builder)
    query = query.order_by(ORDERS[filters.sort])
    page, limit = filters.page, filters.limit
    if viewer is None and not one_builder:
        return public_page_of_rows(query, page=page, limit=limit, cards=_CARDS)
    in_project = filters.project_id is not None
    return page_of_rows(query, page=page, limit=limit, counted=in_project, cards=_CARDS)


def _with_word(query: Any, word: str, *, numbers_too: bool) -> Any:
    """Units of projects with the word in name or city, or with it in their own number.

    Across all builders only the projects are asked: they have search indexes, unit numbers none.
    """
    if numbers_too:
        return query.filter(
            lambda u: (
                word in u.unit_number.lower()
                or word in u.project.project_name.lower()
                or word in u.project.location_city.lower()
            )
        )
    return query.filter(
        lambda u: word in u.project.project_name.lower() or word in u.project.location_city.lower()
    )


def read(unit_id: int) -> Any:
    """One unit; whether it is visible was decided by its resource."""
    unit = Unit.get(id=unit_id)
    if unit is None:
        raise NotFound
    return unit


def availability(project_id: int) -> Availability:
    """Every unit of a project, whose visibility was decided by its resource."""
    project = Project.get(id=project_id)
    if project is None:
        raise NotFound
    selected = select(
        (
            u.id,
            u.tower,
            u.floor_number,
            u.unit_number,
            u.unit_type,
            u.status,
            u.price,
            u.carpet_area_sqft,
            u.facing,
        )
        for u in Unit
        if u.project.id == project_id
    )
    return Availability(project, [Cell(*row) for row in selected.without_distinct()])


def _by_project(query: Any, viewer: Identity | None, filters: UnitFilters) -> Any:
    project_id, builder_id = filters.project_id, filters.builder_id
    project_type, project_status = filters.project_type, filters.project_status
    if project_id is not None:
        query = query.filter(lambda u: u.project.id == project_id)
    if filters.mine:
        own_id = require_role(viewer, "builder").builder_id
        query = query.filter(lambda u: u.project.builder.id == own_id)
    if builder_id is not None:
        query = query.filter(lambda u: u.project.builder.id == builder_id)
    if project_type is not None:
        query = query.filter(lambda u: u.project.project_type == project_type)
    if project_status is not None:
        query = query.filter(lambda u: u.project.status == project_status)
    if filters.city is not None:
        city = filters.city.lower()
        query = query.filter(lambda u: city in u.project.location_city.lower())
    if filters.state is not None:
        state = filters.state.lower()
        query = query.filter(lambda u: state in u.project.location_state.lower())
    return query


def by_column(query: Any, filters: UnitFilters) -> Any:
    """The units of `query` that have what the filters of their own columns say."""
    tower, floor, status = filters.tower, filters.floor, filters.status
    unit_type, facing, bedrooms = filters.unit_type, filters.facing, filters.bedrooms
    if tower is not None:
        query = query.filter(lambda u: u.tower == tower)
    if floor is not None:
        query = query.filter(lambda u: u.floor_number == floor)
    if status is not None:
        query = query.filter(lambda u: u.status == status)
    if unit_type is not None:
        query = query.filter(lambda u: u.unit_type == unit_type)
    if facing is not None:
        query = query.filter(lambda u: u.facing == facing)
    if bedrooms is not None:
        query = query.filter(lambda u: u.bedrooms == bedrooms)
    return query


def as_they_stand(query: Any) -> Any:
    """The units of `query` by tower, those in none last, from the lowest floor up."""
    return query.order_by(lambda u: (u.tower is None, u.tower, u.floor_number, u.unit_number, u.id))


def _by_range(query: Any, filters: UnitFilters) -> Any:
    if filters.min_price is not None:
        least_price = Decimal(filters.min_price)
        query = query.filter(lambda u: u.price >= least_price)
    if filters.max_price is not None:
        most_price = Decimal(filters.max_price)
        query = query.filter(lambda u: u.price <= most_price)
    if filters.min_area is not None:
        least_area = Decimal(filters.min_area)
        query = query.filter(lambda u: u.area_sqft >= least_area)
    if filters.max_area is not None:
        most_area = Decimal(filters.max_area)
        query = query.filter(lambda u: u.area_sqft <= most_area)
    return query
