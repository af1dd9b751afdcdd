"""Giving money back, and taking an entry back: both are rows of their own that name a payment."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from realty.db import Payment
from realty.errors import Detail, RefundExceedsDue, ReversalExceedsPayment, ValidationFailed
from realty.rules.lifecycles import DEAD
from realty.rules.money import money_text
from realty.rules.payment_lifecycle import check_payment, first_status
from realty.security import Identity
from realty.services import ledger
from realty.services.allocation import settle
from realty.services.booking_events import lock_booking, written
from realty.services.booking_queries import position_of
from realty.services.booking_terms import site_of
from realty.services.payment_events import leave_trace
from realty.services.payment_moves import payment_on
from realty.services.payments import check_money


def refund(
    payment_id: int,
    *,
    booking_id: int,
    amount: Decimal,
    payment_method: str,
    transaction_id: str | None,
    payment_date: date,
    notes: str | None,
    actor: Identity,
    now: datetime,
) -> Any:
    """Give back `amount` of a completed receipt; one by cheque counts from now and must clear.

    Raises `ValidationFailed`, `InvalidTransition` for anything but a completed receipt, and
    `RefundExceedsDue` with what may be refunded of it now.
    """
    booking = lock_booking(booking_id)
    named = payment_on(booking, payment_id)
    check_payment("refund", named.status, named.payment_type)
    site = site_of(booking.project.id)
    transaction = check_money(
        amount,
        payment_method,
        transaction_id,
        payment_date,
        booked_on=booking.booking_date,
        today=site.today(now),
    )
    most = min(remaining_of(named), refundable_on(booking))
    if amount > most:
        detail = Detail("amount", "This much may be refunded.", money_text(most))
        raise RefundExceedsDue(details=[detail])
    status = first_status(payment_method)
    row = Payment(
        booking=booking,
        builder=booking.builder,
        payment_type="refund",
        amount=amount,
        payment_method=payment_method,
        status=status,
        transaction_id=transaction,
        payment_date=payment_date,
        cleared_at=now if status == "completed" else None,
        notes=notes,
        recorded_by=actor.user_id,
        reverses_payment=named,
        created_at=now,
        updated_at=now,
    )
    row.flush()
    leave_trace(row, "refunded", before=None, currency=site.currency, actor=actor, now=now)
    settle(booking, actor=actor, now=now)
    return row


def reverse(
    payment_id: int,
    *,
    booking_id: int,
    amount: Decimal | None,
    reason: str,
    actor: Identity,
    now: datetime,
) -> Any:
    """Take back `amount`, or all that remains, of what a completed payment says: a cheque that
    bounced after all, a refund that never arrived, a mistake.

    Raises `ValidationFailed`, `InvalidTransition` for what is not completed and for a reversal,
    and `ReversalExceedsPayment` with what remains.
    """
    booking = lock_booking(booking_id)
    named = payment_on(booking, payment_id)
    check_payment("reverse", named.status, named.payment_type)
    why = written(reason, "reason")
    if amount is not None and amount <= 0:
        raise ValidationFailed.at("amount", "must be more than 0.00")
    back = ledger.given_back(ledger.payments_of(booking.id))[named.id]
    remains = named.amount - back.total
    amount = remains if amount is None else amount
    if amount > remains or not amount:
        detail = Detail("amount", "This much is left of it.", money_text(remains))
        raise ReversalExceedsPayment(details=[detail])
    site = site_of(booking.project.id)
    row = Payment(
        booking=booking,
        builder=booking.builder,
        payment_type="reversal",
        amount=amount,
        payment_method=named.payment_method,
        status="completed",
        payment_date=site.today(now),
        cleared_at=now,
        failure_reason=why,
        recorded_by=actor.user_id,
        reverses_payment=named,
        created_at=now,
        updated_at=now,
    )
    named.reversed_in_full = back.reversed + amount == named.amount
    row.flush()
    leave_trace(
        row, "reversed", before=None, currency=site.currency, actor=actor, now=now, reason=why
    )
    settle(booking, actor=actor, now=now)
    return row


def remaining_of(payment: Any) -> Decimal:
    """What was not given back yet of a payment."""
    back = ledger.given_back(ledger.payments_of(payment.booking.id))[payment.id]
    return Decimal(payment.amount - back.total)


def refundable_on(booking: Any) -> Decimal:
    """What may be refunded on a booking: while it lives what no row takes, afterwards what is
    owed."""
    position = position_of(booking)
    return position.refund_owed if booking.status in DEAD else position.unallocated_amount
