"""What a unit costs today, and when it would be paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from realty.rules.clock import local_date
from realty.rules.cost_sheet import CostSheet, ProjectTerms, cost_sheet, terms_of
from realty.rules.policy import Policy
from realty.rules.schedules import ScheduleRow, default_schedule
from realty.services import unit_queries


@dataclass(frozen=True, slots=True)
class PricedUnit:
    """A unit with its cost sheet and the rows of one payment plan."""

    unit: Any
    cost_sheet: CostSheet
    payment_plan: str
    schedule: tuple[ScheduleRow, ...]


def price(*, unit_id: int, payment_plan: str, now: datetime, policy: Policy) -> PricedUnit:
    """The cost sheet of a unit in any status, without a discount."""
    unit = unit_queries.read(unit_id)
    project = unit.project
    terms = ProjectTerms(
        project_type=project.project_type,
        city=project.location_city,
        state=project.location_state,
        occupancy_certificate_date=project.occupancy_certificate_date,
        currency=project.currency,
        timezone=project.timezone,
    )
    sheet = cost_sheet(terms_of(unit.to_dict(), unit.id), terms, now=now, policy=policy)
    schedule = default_schedule(
        payment_plan,
        total_amount=sheet.total_amount,
        booked_on=local_date(now, project.timezone),
        policy=policy,
    )
    return PricedUnit(unit, sheet, payment_plan, schedule)
