"""Where a booking stands with its money: values derived from its sums and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from realty.rules.lifecycles import DEAD
from realty.rules.money import HUNDRED, ZERO, paisa_down
from realty.rules.policy import Policy

PaymentStatus = Literal["pending", "partial", "completed"]


@dataclass(frozen=True, slots=True)
class PayableRow:
    """An installment, as far as the position looks at it."""

    sequence: int
    amount: Decimal
    paid_amount: Decimal
    due_date: date | None
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class PaymentPosition:
    """The derived values of a booking; the next payment is null when nothing is open."""

    payable_amount: Decimal
    pending_amount: Decimal
    unallocated_amount: Decimal
    refund_owed: Decimal
    payment_progress: Decimal
    payment_status: PaymentStatus
    next_payment_due: date | None
    next_payment_amount: Decimal | None


def payment_position(
    *,
    status: str,
    total_amount: Decimal,
    variation_amount: Decimal,
    charge_amount: Decimal,
    paid_amount: Decimal,
    deduction_amount: Decimal,
    rows: Sequence[PayableRow],
) -> PaymentPosition:
    """What is payable, pending, unallocated, owed back, and next, of a booking in `status`.

    A dead booking has nothing pending and nothing next, and owes back what was paid above the
    deduction. `payment_progress` is cut, not rounded: 100.00 means paid.
    """
    payable = total_amount + variation_amount + charge_amount
    dead = status in DEAD
    open_rows = [row for row in rows if not row.is_void and row.paid_amount < row.amount]
    upcoming = None
    if open_rows and not dead:
        upcoming = min(open_rows, key=lambda row: (row.due_date or date.max, row.sequence))
    return PaymentPosition(
        payable_amount=payable,
        pending_amount=ZERO if dead else max(ZERO, payable - paid_amount),
        unallocated_amount=paid_amount - sum((row.paid_amount for row in rows), ZERO),
        refund_owed=max(ZERO, paid_amount - deduction_amount) if dead else ZERO,
        payment_progress=_progress(paid_amount, payable),
        payment_status=_payment_status(paid_amount, payable),
        next_payment_due=upcoming.due_date if upcoming else None,
        next_payment_amount=upcoming.amount - upcoming.paid_amount if upcoming else None,
    )


def _progress(paid: Decimal, payable: Decimal) -> Decimal:
    return HUNDRED if paid >= payable else paisa_down(max(ZERO, paid) * 100 / payable)


def _payment_status(paid: Decimal, payable: Decimal) -> PaymentStatus:
    if paid >= payable:
        return "completed"
    return "partial" if paid > 0 else "pending"


def installment_status(
    *,
    is_void: bool,
    amount: Decimal,
    paid_amount: Decimal,
    due_date: date | None,
    is_demanded: bool,
    today: date,
    policy: Policy,
) -> str:
    """The first status that fits: void, paid, overdue, partially_paid, demanded, scheduled.

    Nothing is overdue that nobody has asked for: before the agreement no row may be demanded.
    """
    grace = timedelta(days=policy.demand_grace_days)
    if is_void:
        return "void"
    if paid_amount >= amount:
        return "paid"
    if is_demanded and due_date is not None and due_date < today - grace:
        return "overdue"
    if paid_amount > 0:
        return "partially_paid"
    return "demanded" if is_demanded else "scheduled"
