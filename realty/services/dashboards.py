"""What the dashboards of both sides share: the sums of bookings, and how projects stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pony.orm import count, select, sum  # noqa: A004 - sum is of a query

from realty.db import scopes
from realty.rules.clock import local_date
from realty.rules.lifecycles import DEAD
from realty.rules.money import ZERO, paisa
from realty.rules.policy import Policy
from realty.rules.progress import (
    Phase,
    ScheduleState,
    next_milestone,
    overall_progress,
    schedule_state,
)
from realty.security import Identity
from realty.services import dues
from realty.services.booking_queries import Stats, stats_of
from realty.services.dues import Total
from realty.services.project_queries import phases_by_project


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Sums over the caller's bookings; what is received counts on those that stand.

    `due` has what is unpaid of the rows with a due date, by state, as the list of dues has it.
    """

    stats: Stats
    received: Decimal
    refund_owed: Decimal
    due: Mapping[str, Total]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A project and how the work on it comes along, as far as the caller may know."""

    project: Any
    overall_progress: Decimal
    schedule_state: ScheduleState
    next_milestone: Phase | None


def money_of(actor: Identity, *, now: datetime, policy: Policy) -> Money:
    """The sums of the caller's bookings in two statements, whatever their number.

    The first gives one row per status and time zone, which tells beside the sums in which zones
    the caller's projects are: what is overdue goes by the day that it is there.
    """
    groups = select(
        (
            b.status,
            b.project.timezone,
            count(),
            sum(b.total_amount + b.variation_amount + b.charge_amount),
            sum(max(b.total_amount + b.variation_amount + b.charge_amount - b.paid_amount, 0)),
            sum(b.paid_amount),
            sum(max(b.paid_amount - b.deduction_amount, 0)),
        )
        for b in scopes.visible_bookings(actor)
    ).without_distinct()[:]
    received = refund_owed = ZERO
    days: dict[str, date] = {}
    for status, zone, _number, _payable, _unpaid, paid, above_deduction in groups:
        days[zone] = local_date(now, zone)
        if status in DEAD:
            refund_owed += paisa(Decimal(above_deduction))
        else:
            received += paisa(Decimal(paid))
    return Money(
        stats=stats_of((status, *sums[:3]) for status, _zone, *sums in groups),
        received=received,
        refund_owed=refund_owed,
        due=dues.totals(actor, days, policy),
    )


def standings(projects: Iterable[Any], viewer: Identity, *, now: datetime) -> list[Standing]:
    """How these projects stand, in their order; a builder's are its own."""
    found = list(projects)
    phases = phases_by_project([project.id for project in found])
    return [
        Standing(
            project=project,
            overall_progress=overall_progress(phases[project.id]),
            schedule_state=schedule_state(phases[project.id], local_date(now, project.timezone)),
            next_milestone=next_milestone(phases[project.id], hidden_too=viewer.role == "builder"),
        )
        for project in found
    ]
