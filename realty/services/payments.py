"""Entering money: a receipt or a compensation by the builder, a report by the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pony.orm import select

from realty.db import Booking, Customer, Installment, Payment, scopes
from realty.db.enums import RECEIPT_TYPES
from realty.db.locks import lock
from realty.errors import Detail, NotFound, ReportLimit, ValidationFailed
from realty.rules.money import ZERO
from realty.rules.payment_lifecycle import first_status
from realty.security import Identity
from realty.services import files, ledger
from realty.services.allocation import settle
from realty.services.booking_events import lock_booking
from realty.services.booking_terms import Site, site_of
from realty.services.numbering import next_receipt
from realty.services.payment_events import leave_trace
from realty.services.policy import current_policy
from realty.services.receipt_guards import (
    check_compensation,
    check_receipt,
    check_tds,
    require_open,
)

COMPENSATION = "compensation"
LONGEST_BEFORE_BOOKING = timedelta(days=365)
"""A day further back is a slip of the pen, and interest would be counted from it."""
_PROOF: dict[str, Any] = {"purposes": ("payment_proof",), "field": "proof_file_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """Money as a caller states it, in the project's currency; `amount` is gross of TDS."""

    booking_id: int
    payment_type: str
    amount: Decimal
    tds_amount: Decimal = ZERO
    payment_method: str
    transaction_id: str | None
    payment_date: date
    installment_id: int | None = None
    proof_file_id: int | None = None
    notes: str | None = None


def record(new: NewPayment, *, actor: Identity, now: datetime) -> Any:
    """Enter a receipt, or a compensation, which stands outside what is paid on the booking.

    A cheque or draft is pending until it clears; anything else is completed, numbered and
    allocated at once. Raises `NotFound` for a booking that the caller does not see,
    `ValidationFailed`, and what `receipt_guards` raises.
    """
    _require_visible(new.booking_id, actor)
    booking = lock_payable(new.booking_id, new.payment_method)
    site = site_of(booking.project.id)
    transaction_id = _check(new, booking, site.today(now), also=(COMPENSATION,))
    payments = ledger.payments_of(booking.id)
    if new.payment_type == COMPENSATION:
        check_compensation(booking, payments, new.amount)
    else:
        check_receipt(
            booking,
            payments,
            amount=new.amount,
            payment_method=new.payment_method,
            transaction_id=transaction_id,
            policy=current_policy(),
        )
    status = first_status(new.payment_method)
    payment = _write(new, booking, transaction_id, status, site, actor=actor, now=now)
    leave_trace(payment, "recorded", before=None, currency=site.currency, actor=actor, now=now)
    settle(booking, actor=actor, now=now)
    return payment


def report(new: NewPayment, *, actor: Identity, now: datetime) -> Any:
    """Enter what a customer says to have paid; it counts nowhere until the builder accepts it.

    Raises `NotFound`, `ValidationFailed`, `BookingClosed`, and `ReportLimit` with the number of
    reports that may wait at once.
    """
    _require_visible(new.booking_id, actor)
    booking = lock_booking(new.booking_id)
    site = site_of(booking.project.id)
    transaction_id = _check(new, booking, site.today(now))
    most = current_policy().payment_max_open_reports
    if ledger.open_reports(ledger.payments_of(booking.id)) >= most:
        detail = Detail("booking_id", "Reports that may wait at once.", str(most))
        raise ReportLimit(details=[detail])
    payment = _write(new, booking, transaction_id, "reported", site, actor=actor, now=now)
    leave_trace(payment, "reported", before=None, currency=site.currency, actor=actor, now=now)
    return payment


def duplicates_of(payment: Any) -> list[int]:
    """The ids of the builder's other receipts and reports that name the same transaction, of those
    that count or may yet."""
    if payment.transaction_id is None:
        return []
    receipt_types, live = RECEIPT_TYPES, ("reported", "pending", "completed")
    payment_id, builder_id = payment.id, payment.builder.id
    method, transaction_id = payment.payment_method, payment.transaction_id
    others = select(
        p.id
        for p in Payment
        if p.builder.id == builder_id
        and p.payment_method == method
        and p.transaction_id == transaction_id
        and p.payment_type in receipt_types
        and p.status in live
        and not p.reversed_in_full
        and p.id != payment_id
    )
    return sorted(others)


def _require_visible(booking_id: int, actor: Identity) -> None:
    visible = scopes.visible_bookings(actor).filter(lambda b: b.id == booking_id)
    if not select(b.id for b in visible).without_distinct()[:1]:
        raise NotFound


def lock_payable(booking_id: int, payment_method: str) -> Any:
    """The locked booking that money comes to; for cash its customer is locked first, because the
    cash of all his bookings counts together."""
    if payment_method == "cash":
        customer_id = select(b.customer.id for b in Booking if b.id == booking_id).first()
        if customer_id is None:
            raise NotFound
        lock(Customer, customer_id)
    return lock_booking(booking_id)


def completion(builder_id: int, site: Site, now: datetime) -> dict[str, Any]:
    """The columns that make a payment a completed receipt, with the next number of its series."""
    number, year = next_receipt(builder_id, site.today(now))
    return {
        "status": "completed",
        "cleared_at": now,
        "receipt_number": number,
        "financial_year": year,
    }


def check_money(
    amount: Decimal,
    payment_method: str,
    transaction_id: str | None,
    payment_date: date,
    *,
    booked_on: date,
    today: date,
) -> str | None:
    """The transaction id without the blanks around it, of money that moved in whichever direction.

    Raises `ValidationFailed` for an amount of nothing, a day after `today` or more than a year
    before `booked_on`, or no transaction id for anything but cash.
    """
    if amount <= 0:
        raise ValidationFailed.at("amount", "must be more than 0.00")
    if payment_date > today:
        raise ValidationFailed.at("payment_date", "must not be after today", today.isoformat())
    earliest = booked_on - LONGEST_BEFORE_BOOKING
    if payment_date < earliest:
        message = "is more than a year before the booking"
        raise ValidationFailed.at("payment_date", message, earliest.isoformat())
    written = (transaction_id or "").strip() or None
    if written is None and payment_method != "cash":
        raise ValidationFailed.at("transaction_id", "is required for anything but cash")
    return written


def _check(new: NewPayment, booking: Any, today: date, *, also: tuple[str, ...] = ()) -> str | None:
    """What must be right about a payment whatever stands on its booking: the transaction id."""
    if new.payment_type not in (*RECEIPT_TYPES, *also):
        raise ValidationFailed.at("payment_type", "is made by another operation")
    is_receipt = new.payment_type in RECEIPT_TYPES
    if is_receipt:
        require_open(booking)
    written = check_money(
        new.amount,
        new.payment_method,
        new.transaction_id,
        new.payment_date,
        booked_on=booking.booking_date,
        today=today,
    )
    check_tds(booking, new.amount, new.tds_amount, is_receipt=is_receipt)
    if new.installment_id is not None:
        row = Installment.get(id=new.installment_id, booking=booking)
        if not is_receipt or row is None or row.status == "void":
            message = "Name a row of this booking that is not void."
            raise ValidationFailed.at("installment_id", message)
    return written


def _write(
    new: NewPayment,
    booking: Any,
    transaction_id: str | None,
    status: str,
    site: Site,
    *,
    actor: Identity,
    now: datetime,
) -> Any:
    """Insert the row, in the shape that it keeps: a completed one never changes."""
    outcome: dict[str, Any] = {"status": status}
    if status == "completed":
        outcome["cleared_at"] = now
        if new.payment_type in RECEIPT_TYPES:
            outcome = completion(booking.builder.id, site, now)
    proof = new.proof_file_id
    if proof is not None:
        files.require_own(proof, owner=actor, **_PROOF)
    payment = Payment(
        booking=booking,
        builder=booking.builder,
        installment=new.installment_id,
        payment_type=new.payment_type,
        amount=new.amount,
        tds_amount=new.tds_amount,
        payment_method=new.payment_method,
        transaction_id=transaction_id,
        payment_date=new.payment_date,
        proof_file=proof,
        notes=new.notes,
        recorded_by=actor.user_id,
        created_at=now,
        updated_at=now,
        **outcome,
    )
    payment.flush()
    if proof is not None:
        files.attach(
            proof,
            owner=actor,
            entity="payment",
            entity_id=payment.id,
            **_PROOF,
        )
    return payment
