"""Reading bookings: pages with their counts, one whole, its schedule, its timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, reduce
from operator import add
from typing import Any, NamedTuple

import orjson
from pony.orm import count, desc, flush, select, sum  # noqa: A004 - sum is of a query

from realty.db import Booking, rows, scopes
from realty.rules.clock import local_date
from realty.rules.interest import simple_interest
from realty.rules.lifecycles import CANCELLABLE, DEAD
from realty.rules.money import ZERO, paisa, percent_of
from realty.rules.policy import Policy
from realty.rules.position import PayableRow, PaymentPosition, installment_status, payment_position
from realty.security import Identity
from realty.services.card_columns import OF_A_BOOKING
from realty.services.paging import Page, page_of_rows
from realty.services.policy import current_policy
from realty.services.timelines import Entry, timeline_of

STATES = {
    "active": tuple(sorted(CANCELLABLE)),
    "completed": ("handed_over",),
    "cancelled": tuple(sorted(DEAD)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a list is narrowed and ordered; all conditions hold together."""

    status: str | None = None
    state: str | None = None
    project_id: int | None = None
    payment_status: str | None = None
    q: str | None = None
    sort: str = "-created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Counts by state and sums over the live bookings, as the tabs above a list show them."""

    total_bookings: int
    active_bookings: int
    completed_bookings: int
    cancelled_bookings: int
    total_revenue: Decimal
    pending_revenue: Decimal


class InstallmentLine(NamedTuple):
    """An installment, as far as the position of its booking looks at it."""

    sequence: int
    amount: Decimal
    paid_amount: Decimal
    due_date: date | None
    status: str


@dataclass(frozen=True, slots=True)
class Due:
    """A row of a schedule with what depends on the day; tax and interest are for information."""

    row: Any
    status: str
    pending_amount: Decimal
    tds_amount: Decimal
    interest_amount: Decimal


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rows by sequence; the sums count no void row."""

    booking: Any
    position: PaymentPosition
    rows: Sequence[Due]
    overdue_amount: Decimal
    interest_amount: Decimal


def listed(actor: Identity, wanted: Filter, *, page: int, limit: int) -> tuple[Page, Stats]:
    """A page of the caller's bookings with all that their cards show, and the counts of all.

    The counts are narrowed by project and search alone.
    """
    found = _searched(scopes.visible_bookings(actor), wanted)
    stats = _stats(found)
    narrowed = wanted.status or wanted.state or wanted.payment_status
    result = page_of_rows(
        _ordered(_narrowed(found, wanted), wanted.sort),
        page=page,
        limit=limit,
        total=None if narrowed else stats.total_bookings,
        cards=OF_A_BOOKING,
        columns={"installment_lines": installment_lines("r.id")},
    )
    for booking in result.rows:
        booking.installments = installments_in(booking.installment_lines)
    return result, stats


def shown(booking_id: int) -> Any:
    """One booking with all that its cards show, as a row; what was written here is in it."""
    flush()
    query = Booking.select(lambda b: b.id == booking_id)
    columns = {"installment_lines": installment_lines("r.id")}
    (booking,) = rows.page(query, 1, cards=OF_A_BOOKING, columns=columns)
    booking.installments = installments_in(booking.installment_lines)
    return booking


_INSTALLMENTS = """(SELECT CAST({{each}}({{array}}(i.sequence, CAST(i.amount AS TEXT),
    CAST(i.paid_amount AS TEXT), CAST(i.due_date AS TEXT), i.status)) AS TEXT)
    FROM installments i WHERE i.booking_id = {booking_id})"""


@cache
def installment_lines(booking_id: str) -> str:
    """What the money of a booking stands by, as a column of JSON; `booking_id` is SQL."""
    return rows.in_json(_INSTALLMENTS.format(booking_id=booking_id))


def installments_in(lines: str | None) -> list[InstallmentLine]:
    """The rows of such a column, in no order."""
    return [
        InstallmentLine(
            sequence,
            Decimal(amount),
            Decimal(paid_amount),
            None if due_date is None else date.fromisoformat(due_date),
            status,
        )
        for sequence, amount, paid_amount, due_date, status in orjson.loads(lines or "[]")
    ]


def position_of(booking: Any) -> PaymentPosition:
    """Where a booking stands with its money; its installments must be loaded."""
    return payment_position(
        status=booking.status,
        total_amount=booking.total_amount,
        variation_amount=booking.variation_amount,
        charge_amount=booking.charge_amount,
        paid_amount=booking.paid_amount,
        deduction_amount=booking.deduction_amount,
        rows=[
            PayableRow(row.sequence, row.amount, row.paid_amount, row.due_date, _is_void(row))
            for row in booking.installments
        ],
    )


def schedule(booking_id: int, *, now: datetime) -> Schedule:
    """`schedule_of` a booking that is not read yet."""
    found = Booking.select(lambda b: b.id == booking_id)
    booking = found.prefetch(Booking.installments, Booking.project)[:1][0]
    return schedule_of(booking, now=now)


def schedule_of(booking: Any, *, now: datetime) -> Schedule:
    """The rows of what is payable as they stand today, in the project's time zone; the booking's
    installments and its project must be loaded.

    On a dead booking nothing is asked for any more, not even the rest of a row that was begun.
    """
    policy, today = current_policy(), local_date(now, booking.project.timezone)
    ordered = sorted(booking.installments, key=lambda each: each.sequence)
    dues = [due_of(row, booking, today, policy) for row in ordered]
    return Schedule(
        booking,
        position_of(booking),
        dues,
        overdue_amount=_sum(due.pending_amount for due in dues if due.status == "overdue"),
        interest_amount=_sum(due.interest_amount for due in dues),
    )


def due_of(row: Any, booking: Any, today: date, policy: Policy) -> Due:
    """A row of a booking as it stands `today`."""
    dead, snapshot = booking.status in DEAD, booking.price_snapshot
    tds = Decimal(snapshot["tds_rate"]) if snapshot["tds_applies"] else ZERO
    status = installment_status(
        is_void=_is_void(row),
        amount=row.amount,
        paid_amount=row.paid_amount,
        due_date=row.due_date,
        is_demanded=row.demanded_at is not None and not dead,
        today=today,
        policy=policy,
    )
    pending = ZERO if dead or status == "void" else row.amount - row.paid_amount
    late = status == "overdue"
    interest = simple_interest(pending, row.due_date, today, policy) if late else ZERO
    return Due(row, status, pending, percent_of(row.amount, tds), interest)


def timeline(booking_id: int) -> list[Entry]:
    """Every change of a booking's status, oldest first."""
    booking = Booking.select(lambda b: b.id == booking_id).prefetch(Booking.builder)[:1][0]
    return timeline_of("booking", booking_id, builder=booking.builder)


def _searched(found: Any, wanted: Filter) -> Any:
    if wanted.project_id is not None:
        project_id = wanted.project_id
        found = found.filter(lambda b: b.project.id == project_id)
    if wanted.q is not None:
        words = wanted.q.lower()
        found = found.filter(
            lambda b: (
                words in b.booking_number.lower()
                or words in b.unit.unit_number.lower()
                or words in b.project.project_name.lower()
                or words in (b.customer.first_name + " " + b.customer.last_name).lower()
            )
        )
    return found


def _narrowed(found: Any, wanted: Filter) -> Any:
    if wanted.status is not None:
        status = wanted.status
        found = found.filter(lambda b: b.status == status)
    if wanted.state is not None:
        statuses = STATES[wanted.state]
        found = found.filter(lambda b: b.status in statuses)
    if wanted.payment_status == "pending":
        found = found.filter(lambda b: b.paid_amount <= 0)
    elif wanted.payment_status == "partial":
        found = found.filter(
            lambda b: (
                b.paid_amount > 0
                and b.paid_amount < b.total_amount + b.variation_amount + b.charge_amount
            )
        )
    elif wanted.payment_status == "completed":
        found = found.filter(
            lambda b: b.paid_amount >= b.total_amount + b.variation_amount + b.charge_amount
        )
    return found


def _ordered(found: Any, sort: str) -> Any:
    column = sort.removeprefix("-")
    if sort.startswith("-"):
        return found.order_by(lambda b: (desc(getattr(b, column)), desc(b.id)))
    return found.order_by(lambda b: (getattr(b, column), b.id))


def _stats(found: Any) -> Stats:
    """One statement, one row per status."""
    by_status = select(
        (
            b.status,
            count(),
            sum(b.total_amount + b.variation_amount + b.charge_amount),
            sum(max(b.total_amount + b.variation_amount + b.charge_amount - b.paid_amount, 0)),
        )
        for b in found
    )
    return stats_of(by_status.without_distinct())


def stats_of(groups: Iterable[tuple[str, int, Any, Any]]) -> Stats:
    """The counts and sums of groups of bookings: status, number, payable and unpaid amount.

    Several groups may have one status.
    """
    counts, revenue, pending = dict.fromkeys(STATES, 0), ZERO, ZERO
    for status, number, payable, unpaid in groups:
        state = next(name for name, statuses in STATES.items() if status in statuses)
        counts[state] += number
        if state != "cancelled":
            revenue += paisa(Decimal(payable))
            pending += paisa(Decimal(unpaid))
    return Stats(
        total_bookings=counts["active"] + counts["completed"] + counts["cancelled"],
        active_bookings=counts["active"],
        completed_bookings=counts["completed"],
        cancelled_bookings=counts["cancelled"],
        total_revenue=revenue,
        pending_revenue=pending,
    )


def _is_void(row: Any) -> bool:
    return bool(row.status == "void")


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(add, amounts, ZERO)
