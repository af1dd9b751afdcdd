"""What is due: the open rows of live bookings that have a due date, for either side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from pony.orm import count, select, sum  # noqa: A004 - sum is of a query

from realty.db import Installment, scopes
from realty.rules.lifecycles import DEAD
from realty.rules.money import paisa
from realty.security import Identity
from realty.services.booking_queries import Due, due_of
from realty.services.local_days import local_days
from realty.services.paging import Page, page_of
from realty.services.payment_queries import CARDS
from realty.services.policy import current_policy

_MOST_DAYS = 3
"""It is never more than three different days on earth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFilter:
    """How the list is narrowed; `within` is a number of days from today."""

    state: str | None = None
    project_id: int | None = None
    booking_id: int | None = None
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A row that is to be paid, in one of the two states; `days_overdue` is 0 in `upcoming`."""

    due: Due
    state: str
    days_overdue: int


class Total(NamedTuple):
    """How many rows there are and what is unpaid of them."""

    number: int
    amount: Decimal


def listed(
    actor: Identity, wanted: DueFilter, *, page: int, limit: int, now: datetime
) -> tuple[Page, list[Owed], Mapping[str, Total]]:
    """A page of the rows, the earliest first, and by state the total of all, whatever the state
    that is asked for. Which day it is goes by each project's time zone."""
    policy, days = current_policy(), local_days(now)
    rows = _open_rows(actor, wanted)
    if wanted.within is not None:
        rows = _before(rows, days, wanted.within + 1)
    asked = rows.filter(lambda i: i.demanded_at is not None)
    states = {"overdue": _before(asked, days, -policy.demand_grace_days)}
    late = select(i.id for i in states["overdue"])
    states["upcoming"] = rows.filter(lambda i: i.id not in late)
    found = states.get(wanted.state or "", rows)
    ordered = found.order_by(lambda i: (i.due_date, i.id)).prefetch(Installment.booking, *CARDS)
    result = page_of(ordered, page=page, limit=limit, policy=policy)
    owed = [
        _owed(due_of(row, row.booking, days[row.booking.project.timezone], policy), days)
        for row in result.rows
    ]
    return result, owed, {state: _total(each) for state, each in states.items()}


def _open_rows(actor: Identity, wanted: DueFilter) -> Any:
    """A void row asks for nothing, and neither does a dead booking."""
    dead = tuple(sorted(DEAD))
    rows = scopes.visible_installments(actor).filter(
        lambda i: (
            i.status not in ("void", "paid")
            and i.due_date is not None
            and i.booking.status not in dead
        )
    )
    if wanted.project_id is not None:
        project_id = wanted.project_id
        rows = rows.filter(lambda i: i.booking.project.id == project_id)
    if wanted.booking_id is not None:
        booking_id = wanted.booking_id
        rows = rows.filter(lambda i: i.booking.id == booking_id)
    return rows


def _before(rows: Any, days: Mapping[str, date], distance: int) -> Any:
    """The rows due before the day that is `distance` days from today where the project is."""
    zones: defaultdict[date, list[str]] = defaultdict(list)
    for zone, today in days.items():
        zones[today + timedelta(days=distance)].append(zone)
    slots = [*zones.items(), *[(date.min, [""])] * _MOST_DAYS][:_MOST_DAYS]
    (first, in_first), (second, in_second), (third, in_third) = slots
    return rows.filter(
        lambda i: (
            (i.due_date < first and i.booking.project.timezone in in_first)
            or (i.due_date < second and i.booking.project.timezone in in_second)
            or (i.due_date < third and i.booking.project.timezone in in_third)
        )
    )


def _total(rows: Any) -> Total:
    columns = select((count(i.id), sum(i.amount - i.paid_amount)) for i in rows)
    number, amount = columns.without_distinct()[:1][0]
    return Total(number, paisa(Decimal(amount)))


def _owed(due: Due, days: Mapping[str, date]) -> Owed:
    if due.status != "overdue":
        return Owed(due, "upcoming", 0)
    today = days[due.row.booking.project.timezone]
    return Owed(due, "overdue", (today - due.row.due_date).days)
