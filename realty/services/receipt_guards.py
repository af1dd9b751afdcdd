"""What keeps money from being taken: each guard refuses with the figure that would still pass."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from pony.orm import select

from realty.db import Payment
from realty.db.enums import RECEIPT_TYPES
from realty.errors import (
    AdvanceCap,
    BookingClosed,
    CashLimit,
    CompensationExceedsDue,
    Detail,
    DuplicateTransaction,
    Overpayment,
    ValidationFailed,
)
from realty.rules.lifecycles import AFTER_AGREEMENT, DEAD
from realty.rules.money import MOST, ZERO, money_text
from realty.rules.policy import Policy
from realty.services import ledger

PAISA = Decimal("0.01")


def require_open(booking: Any) -> None:
    """Raises `BookingClosed` for a dead booking."""
    if booking.status in DEAD:
        raise BookingClosed(details=[Detail("booking_id", "It has ended.", booking.status)])


def check_receipt(
    booking: Any,
    payments: Iterable[Any],
    *,
    amount: Decimal,
    payment_method: str,
    transaction_id: str | None,
    policy: Policy,
) -> None:
    """All that stands before a new receipt, under the locks of its rows.

    What is pending counts as if it had cleared. Raises `BookingClosed`, `DuplicateTransaction`,
    `AdvanceCap`, `Overpayment`, `CashLimit`.
    """
    require_open(booking)
    require_new_transaction(booking.builder.id, payment_method, transaction_id)
    rows = list(payments)
    counted = ledger.received(rows) + ledger.clearing(rows)
    if booking.status not in AFTER_AGREEMENT:
        most = max(ZERO, booking.advance_cap_amount - counted)
        if amount > most:
            raise AdvanceCap(details=[_at_most("amount", most)])
    payable = booking.total_amount + booking.variation_amount + booking.charge_amount
    most = max(ZERO, payable - counted)
    if amount > most:
        raise Overpayment(details=[_at_most("amount", most)])
    if payment_method == "cash":
        taken = ledger.cash_received(booking.customer.id, booking.builder.id)
        most = max(ZERO, policy.cash_limit - PAISA - taken)
        if amount > most:
            raise CashLimit(details=[_at_most("amount", most)])


def require_room(payments: Iterable[Any], amount: Decimal) -> None:
    """Raises `Overpayment` for money that the sums of a booking cannot hold."""
    rows = list(payments)
    most = MOST - ledger.received(rows) - ledger.clearing(rows)
    if amount > most:
        raise Overpayment(details=[_at_most("amount", most)])


def check_tds(booking: Any, amount: Decimal, tds_amount: Decimal, *, is_receipt: bool) -> None:
    """Raises `ValidationFailed` for tax on what bears none, or of more than the amount."""
    if not tds_amount:
        return
    if not (is_receipt and booking.price_snapshot["tds_applies"]):
        raise ValidationFailed.at("tds_amount", "No tax is deducted here.", money_text(ZERO))
    if tds_amount > amount:
        message = "must not be more than the amount"
        raise ValidationFailed.at("tds_amount", message, money_text(amount))


def require_new_transaction(
    builder_id: int, payment_method: str, transaction_id: str | None
) -> None:
    """Raises `DuplicateTransaction` when the builder has received this transaction already.

    The index `one_receipt_per_transaction` stands behind it, across bookings.
    """
    if transaction_id is None:
        return
    receipt_types, counted = RECEIPT_TYPES, ("pending", "completed")
    same = select(
        p.id
        for p in Payment
        if p.builder.id == builder_id
        and p.payment_method == payment_method
        and p.transaction_id == transaction_id
        and p.payment_type in receipt_types
        and p.status in counted
        and not p.reversed_in_full
    )[:1]
    if same:
        detail = Detail("transaction_id", "The payment that has it.", str(same[0]))
        raise DuplicateTransaction(details=[detail])


def check_compensation(booking: Any, payments: Iterable[Any], amount: Decimal) -> None:
    """Raises `CompensationExceedsDue` above what the cancellation left to be compensated."""
    most = max(ZERO, booking.compensation_amount - ledger.compensated(payments))
    if amount > most:
        raise CompensationExceedsDue(details=[_at_most("amount", most)])


def _at_most(field: str, most: Decimal) -> Detail:
    return Detail(field, "This much is possible.", money_text(most))
