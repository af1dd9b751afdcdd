"""What it would cost to cancel a booking; cancelling executes exactly this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from realty.rules.interest import simple_interest
from realty.rules.lifecycles import AFTER_AGREEMENT
from realty.rules.money import MOST, ZERO, percent_of
from realty.rules.policy import Policy

Party = Literal["customer", "builder"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A completed receipt; `given_back` sums the refunds and reversals that name it."""

    amount: Decimal
    payment_date: date
    given_back: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class OwedRow:
    """An installment, as far as the default rule looks at it."""

    kind: str
    amount: Decimal
    paid_amount: Decimal
    due_date: date | None
    is_demanded: bool
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class CancellationQuote:
    """`rule` says in one sentence why; the refund is due by `refund_due_date`."""

    fault: Party
    days_since_booking: int
    deduction_percent: Decimal
    deduction_amount: Decimal
    paid_amount: Decimal
    refund_amount: Decimal
    refund_due_date: date
    compensation_amount: Decimal
    rule: str


def refund_due_date(ended_on: date, policy: Policy) -> date:
    """The day by which a booking that ended on `ended_on` must have been refunded."""
    return ended_on + timedelta(days=policy.refund_days)


def in_default(rows: Iterable[OwedRow], today: date, policy: Policy) -> bool:
    """Whether a demanded plan or variation row is overdue, and has been for longer than is borne.

    The days count from its due date; within the days of grace a row is not overdue at all.
    """
    borne = timedelta(days=max(policy.cancellation_default_days, policy.demand_grace_days))
    return any(
        row.kind in {"plan", "variation"}
        and row.is_demanded
        and not row.is_void
        and row.paid_amount < row.amount
        and row.due_date is not None
        and row.due_date < today - borne
        for row in rows
    )


def _deduction_percent(days: int, policy: Policy) -> Decimal:
    for band in policy.cancellation_before_agreement:
        if band.up_to_days is None or days <= band.up_to_days:
            return band.percent
    raise AssertionError("the last band has no end")


def _plain(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def quote(
    *,
    by: Party,
    status: str,
    booked_on: date,
    today: date,
    total_amount: Decimal,
    paid_amount: Decimal,
    receipts: Iterable[Receipt],
    rows: Iterable[OwedRow],
    policy: Policy,
) -> CancellationQuote:
    """The quote for `by` cancelling today a booking in `status`, made on `booked_on`.

    `paid_amount` is the booking's; `receipts` are its completed ones, `rows` its installments.
    The builder's cancelling is the customer's fault only after the agreement, when a demanded
    row has been overdue for more than `cancellation.default_days`.
    """
    days = max(0, (today - booked_on).days)
    after_agreement = status in AFTER_AGREEMENT
    defaulted = by == "builder" and after_agreement and in_default(rows, today, policy)
    fault: Party = "customer" if by == "customer" or defaulted else "builder"

    percent, compensation = ZERO, ZERO
    if fault == "builder":
        for receipt in receipts:
            net = receipt.amount - receipt.given_back
            compensation += simple_interest(net, receipt.payment_date, today, policy)
        compensation = min(compensation, MOST)
        interest = _plain(policy.interest_annual_percent)
        rule = (
            "Cancelled by the builder: everything paid is given back, with simple interest of "
            f"{interest} % a year as compensation."
        )
    elif after_agreement:
        percent = policy.cancellation_after_agreement_percent
        who = "the builder for the customer's default" if defaulted else "the customer"
        rule = (
            f"Cancelled by {who} after the agreement: {_plain(percent)} % of the total is deducted."
        )
    else:
        percent = _deduction_percent(days, policy)
        rule = (
            f"Cancelled by the customer {days} days after the booking, before the agreement: "
            f"{_plain(percent)} % of the total is deducted."
        )

    in_full = percent_of(total_amount, percent)
    deduction = min(in_full, paid_amount)
    if deduction < in_full:
        rule += " Never more than was paid is deducted."
    return CancellationQuote(
        fault=fault,
        days_since_booking=days,
        deduction_percent=percent,
        deduction_amount=deduction,
        paid_amount=paid_amount,
        refund_amount=paid_amount - deduction,
        refund_due_date=refund_due_date(today, policy),
        compensation_amount=compensation,
        rule=rule,
    )
