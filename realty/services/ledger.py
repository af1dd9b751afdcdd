"""What the payment rows of one booking say: receipts, what was given back of them, what clears."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pony.orm import select

from realty.db import Payment
from realty.db.enums import RECEIPT_TYPES
from realty.rules.allocation import NetReceipt
from realty.rules.cancellation import Receipt
from realty.rules.money import ZERO

_COUNTED = frozenset({"completed", "pending"})


@dataclass(slots=True)
class GivenBack:
    """What was given back of a payment: refunded, net of refunds that failed, and reversed."""

    refunded: Decimal = ZERO
    reversed: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Both together; never more than the payment."""
        return self.refunded + self.reversed


def payments_of(booking_id: int, *prefetched: Any) -> list[Any]:
    """Every payment row of a booking, in the order in which they were made, with the attributes of
    theirs and of what they point at that are named in `prefetched`."""
    rows = Payment.select(lambda p: p.booking.id == booking_id).order_by(lambda p: p.id)
    found: list[Any] = rows.prefetch(*prefetched)[:]  # `list` would prefetch twice
    return found


def given_back(payments: Iterable[Any]) -> Mapping[int, GivenBack]:
    """What was given back of each payment, by its id, as the refunds and reversals among
    `payments` say; nothing for a payment that none of them names.

    A refund counts from the moment it is made, cleared or not; a refund that failed is reversed,
    which adds its money back (domain, section 7).
    """
    found: defaultdict[int, GivenBack] = defaultdict(GivenBack)
    for row in payments:
        named = row.reverses_payment
        if named is None or row.status not in _COUNTED:
            continue
        if row.payment_type == "refund":
            found[named.id].refunded += row.amount
            continue
        found[named.id].reversed += row.amount
        if named.payment_type == "refund":
            found[named.reverses_payment.id].refunded -= row.amount
    return found


def receipts(payments: Iterable[Any]) -> list[Receipt]:
    """The completed receipts, each with what was given back of it."""
    rows = list(payments)
    back = given_back(rows)
    return [Receipt(row.amount, row.payment_date, back[row.id].total) for row in _completed(rows)]


def net_receipts(payments: Iterable[Any]) -> list[NetReceipt]:
    """The completed receipts, net of what was given back, in the order of their completion."""
    rows = list(payments)
    back = given_back(rows)
    return [
        NetReceipt(row.id, row.amount - back[row.id].total, row.installment and row.installment.id)
        for row in sorted(_completed(rows), key=lambda row: (row.cleared_at, row.id))
    ]


def _completed(payments: Iterable[Any]) -> list[Any]:
    return [row for row in payments if is_receipt(row) and row.status == "completed"]


def is_receipt(payment: Any) -> bool:
    """Whether a payment came from the customer; else it went to him, or undoes another."""
    return payment.payment_type in RECEIPT_TYPES


def received(payments: Iterable[Any]) -> Decimal:
    """What was received and kept: completed receipts, net of what was given back."""
    return sum((receipt.amount - receipt.given_back for receipt in receipts(payments)), ZERO)


def clearing(payments: Iterable[Any]) -> Decimal:
    """What is still in the bank: pending receipts."""
    return sum(
        (row.amount for row in payments if is_receipt(row) and row.status == "pending"), ZERO
    )


def compensated(payments: Iterable[Any]) -> Decimal:
    """What was paid as compensation, cleared or not, net of what was reversed of it."""
    rows = list(payments)
    back = given_back(rows)
    return sum(
        (
            row.amount - back[row.id].total
            for row in rows
            if row.payment_type == "compensation" and row.status in _COUNTED
        ),
        ZERO,
    )


def open_reports(payments: Iterable[Any]) -> int:
    """How many reports of the customer wait for the builder's answer."""
    return sum(row.status == "reported" for row in payments)


def has_receipt(payments: Iterable[Any]) -> bool:
    """Whether any receipt is completed or still clears."""
    return any(is_receipt(row) and row.status in _COUNTED for row in payments)


def is_clearing(payments: Iterable[Any]) -> bool:
    """Whether a receipt, such as a cheque, is still in the bank."""
    return any(is_receipt(row) and row.status == "pending" for row in payments)


def cash_received(customer_id: int, builder_id: int) -> Decimal:
    """The cash that one builder took from one customer, over all bookings, net of reversals.

    A refund does not lower it: the cash was taken.
    """
    receipt_types = RECEIPT_TYPES
    taken = select(
        (p.id, p.amount)
        for p in Payment
        if p.booking.customer.id == customer_id
        and p.builder.id == builder_id
        and p.payment_method == "cash"
        and p.status == "completed"
        and p.payment_type in receipt_types
    ).without_distinct()[:]
    undone = select(
        (p.id, p.amount)
        for p in Payment
        if p.booking.customer.id == customer_id
        and p.builder.id == builder_id
        and p.payment_type == "reversal"
        and p.reverses_payment.payment_method == "cash"
        and p.reverses_payment.payment_type in receipt_types
    ).without_distinct()[:]
    return sum((amount for _, amount in taken), ZERO) - sum((amount for _, amount in undone), ZERO)
