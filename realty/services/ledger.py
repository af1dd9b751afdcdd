"""What the payment rows of one booking say: receipts, what was given back of them, what clears."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from realty.db import Payment
from realty.db.enums import RECEIPT_TYPES
from realty.rules.cancellation import Receipt
from realty.rules.money import ZERO

_COUNTED = frozenset({"completed", "pending"})


def payments_of(booking_id: int) -> list[Any]:
    """Every payment row of a booking, in the order in which they were made."""
    return list(Payment.select(lambda p: p.booking.id == booking_id).order_by(lambda p: p.id))


def receipts(payments: Iterable[Any]) -> list[Receipt]:
    """The completed receipts, each with what was given back of it.

    A refund counts from the moment it is made, cleared or not; a refund that failed is reversed,
    which adds its money back (domain, section 7).
    """
    rows = {payment.id: payment for payment in payments}
    given_back: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in rows.values():
        if row.payment_type not in {"refund", "reversal"} or row.status not in _COUNTED:
            continue
        named = rows[row.reverses_payment.id]
        if named.payment_type == "refund":
            given_back[named.reverses_payment.id] -= row.amount
        else:
            given_back[named.id] += row.amount
    return [
        Receipt(row.amount, row.payment_date, given_back[row.id])
        for row in rows.values()
        if row.payment_type in RECEIPT_TYPES and row.status == "completed"
    ]


def received(payments: Iterable[Any]) -> Decimal:
    """What was received and kept: completed receipts, net of what was given back."""
    return sum((receipt.amount - receipt.given_back for receipt in receipts(payments)), ZERO)


def has_receipt(payments: Iterable[Any]) -> bool:
    """Whether any receipt is completed or still clears."""
    return any(row.payment_type in RECEIPT_TYPES and row.status in _COUNTED for row in payments)


def is_clearing(payments: Iterable[Any]) -> bool:
    """Whether a receipt, such as a cheque, is still in the bank."""
    return any(row.payment_type in RECEIPT_TYPES and row.status == "pending" for row in payments)
