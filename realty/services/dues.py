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
from realty.rules.money import ZERO, paisa
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services.booking_queries import Due, due_of
from realty.services.local_days import local_days
from realty.services.paging import Page, page_of
from realty.services.payment_queries import CARDS
from realty.services.policy import current_policy

SETTLED = ("void", "paid")
"""Nothing is open on a row in one of these."""
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
    found = _in_state(rows, wanted.state, days, policy)
    ordered = found.order_by(lambda i: (i.due_date, i.id)).prefetch(Installment.booking, *CARDS)
    result = page_of(ordered, page=page, limit=limit)
    owed = [owed_of(row, days[row.booking.project.timezone], policy) for row in result.rows]
    return result, owed, _totals(rows, days, policy)


def totals(actor: Identity, days: Mapping[str, date], policy: Policy) -> Mapping[str, Total]:
    """By state the total of all that the caller is owed or owes; `days` has the day it is in each
    time zone of the caller's projects."""
    return _totals(_open_rows(actor, DueFilter()), days, policy)


def is_open(row: Any) -> bool:
    """Whether a row of a live booking is among the dues."""
    return row.status not in SETTLED and row.due_date is not None


def owed_of(row: Any, today: date, policy: Policy) -> Owed:
    """An open row as it stands `today`; its booking must be loaded."""
    due = due_of(row, row.booking, today, policy)
    if due.status != "overdue":
        return Owed(due, "upcoming", 0)
    return Owed(due, "overdue", (today - row.due_date).days)


def _open_rows(actor: Identity, wanted: DueFilter) -> Any:
    """A void row asks for nothing, and neither does a dead booking."""
    dead = tuple(sorted(DEAD))
    rows = scopes.visible_installments(actor).filter(
        lambda i: (
            i.status not in SETTLED and i.due_date is not None and i.booking.status not in dead
        )
    )
    if wanted.project_id is not None:
        project_id = wanted.project_id
        rows = rows.filter(lambda i: i.booking.project.id == project_id)
    if wanted.booking_id is not None:
        booking_id = wanted.booking_id
        rows = rows.filter(lambda i: i.booking.id == booking_id)
    return rows


def _in_state(rows: Any, state: str | None, days: Mapping[str, date], policy: Policy) -> Any:
    """Of the open rows those in one state; overdue is only what somebody has asked for."""
    if state == "overdue":
        asked = rows.filter(lambda i: i.demanded_at is not None)
        return _before(asked, days, -policy.demand_grace_days)
    if state == "upcoming":
        slots = _slots(days, -policy.demand_grace_days)
        (first, in_first), (second, in_second), (third, in_third) = slots
        return rows.filter(
            lambda i: (
                i.demanded_at is None
                or (i.due_date >= first and i.booking.project.timezone in in_first)
                or (i.due_date >= second and i.booking.project.timezone in in_second)
                or (i.due_date >= third and i.booking.project.timezone in in_third)
            )
        )
    return rows


def _before(rows: Any, days: Mapping[str, date], distance: int) -> Any:
    """The rows due before the day that is `distance` days from today where the project is."""
    (first, in_first), (second, in_second), (third, in_third) = _slots(days, distance)
    return rows.filter(
        lambda i: (
            (i.due_date < first and i.booking.project.timezone in in_first)
            or (i.due_date < second and i.booking.project.timezone in in_second)
            or (i.due_date < third and i.booking.project.timezone in in_third)
        )
    )


def _slots(days: Mapping[str, date], distance: int) -> list[tuple[date, list[str]]]:
    """The day that is `distance` days from today, with the time zones where it is that day."""
    zones: defaultdict[date, list[str]] = defaultdict(list)
    for zone, today in days.items():
        zones[today + timedelta(days=distance)].append(zone)
    return [*zones.items(), *[(date.min, [""])] * _MOST_DAYS][:_MOST_DAYS]


def _totals(rows: Any, days: Mapping[str, date], policy: Policy) -> dict[str, Total]:
    """One statement: the rows in four groups, by whether they were asked for and are late."""
    slots = _slots(days, -policy.demand_grace_days)
    (first, in_first), (second, in_second), (third, in_third) = slots
    groups = select(
        (
            i.demanded_at is None,
            # In this form, and in no shorter one, Pony reads the condition of a column.
            1
            if i.due_date < first and i.booking.project.timezone in in_first
            else (
                1
                if i.due_date < second and i.booking.project.timezone in in_second
                else (1 if i.due_date < third and i.booking.project.timezone in in_third else 0)
            ),
            count(),
            sum(i.amount - i.paid_amount),
        )
        for i in rows
    )
    found = dict.fromkeys(("overdue", "upcoming"), Total(0, ZERO))
    for unasked, late, number, amount in groups.without_distinct():
        state = "overdue" if late and not unasked else "upcoming"
        found[state] = Total(
            found[state].number + number, found[state].amount + paisa(Decimal(amount))
        )
    return found
