"""What units cost today, and when it would be paid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from realty.db import Unit
from realty.errors import ValidationFailed
from realty.rules.clock import local_date
from realty.rules.cost_sheet import TERM_COLUMNS, CostSheet, ProjectTerms, cost_sheet, terms_of
from realty.rules.policy import Policy
from realty.rules.schedules import ScheduleRow, default_schedule
from realty.services import unit_queries
from realty.services.paging import Page, page_of
from realty.services.unit_queries import UnitFilters


@dataclass(frozen=True, slots=True)
class PricedUnit:
    """A unit with its cost sheet."""

    unit: Any
    cost_sheet: CostSheet


@dataclass(frozen=True, slots=True)
class PricedPlan(PricedUnit):
    """The same, with the rows of one payment plan."""

    payment_plan: str
    schedule: tuple[ScheduleRow, ...]


def price(*, unit_id: int, payment_plan: str, now: datetime, policy: Policy) -> PricedPlan:
    """The cost sheet of a unit in any status, without a discount."""
    unit = unit_queries.read(unit_id)
    project = unit.project
    (priced,) = _priced([unit], project, now, policy)
    schedule = default_schedule(
        payment_plan,
        total_amount=priced.cost_sheet.total_amount,
        booked_on=local_date(now, project.timezone),
        policy=policy,
    )
    return PricedPlan(unit, priced.cost_sheet, payment_plan, schedule)


def sheet_page(project: Any, filters: UnitFilters, *, now: datetime, policy: Policy) -> Page:
    """One page of the price sheet: the `PricedUnit` of each unit that the filters leave."""
    found = page_of(_of_project(project, filters), page=filters.page, limit=filters.limit)
    return replace(found, rows=_priced(found.rows, project, now, policy))


def whole_sheet(
    project: Any, filters: UnitFilters, *, now: datetime, policy: Policy
) -> list[PricedUnit]:
    """The whole price sheet, for one answer.

    Raises `ValidationFailed` for more units than a list's pages reach: `pagination.max_offset`.
    """
    most = policy.pagination_max_offset
    units = _of_project(project, filters)[: most + 1]
    if len(units) > most:
        message = f"A table has at most {most} units; narrow it by tower, status or type."
        raise ValidationFailed.at("tower", message, str(most))
    return _priced(units, project, now, policy)


def _of_project(project: Any, filters: UnitFilters) -> Any:
    units = Unit.select(lambda u: u.project == project)
    return unit_queries.as_they_stand(unit_queries.by_column(units, filters))


def _priced(units: Iterable[Any], project: Any, now: datetime, policy: Policy) -> list[PricedUnit]:
    terms = ProjectTerms.of(project)
    return [
        PricedUnit(
            unit,
            cost_sheet(
                terms_of(unit.to_dict(TERM_COLUMNS), unit.id), terms, now=now, policy=policy
            ),
        )
        for unit in units
    ]
