"""How a booking ends: the quote, its execution, a rejection, an expiry."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from realty.db import Booking
from realty.errors import Detail, QuoteChanged
from realty.rules import cancellation
from realty.rules.cancellation import CancellationQuote, OwedRow, Party, refund_due_date
from realty.rules.lifecycles import check_booking
from realty.rules.money import ZERO, money_text
from realty.security import Identity
from realty.services import ledger
from realty.services.allocation import rows_of, settle
from realty.services.booking_events import BOTH, advance, lock_unit_and_booking, tell, written
from realty.services.booking_terms import site_of
from realty.services.change_request_events import end_all
from realty.services.inventory import count_available, move_unit
from realty.services.payable_rows import void_row
from realty.services.policy import current_policy


def quote(booking_id: int, *, actor: Identity, now: datetime) -> CancellationQuote:
    """What cancelling now would cost the caller; nothing changes. Raises `InvalidTransition`."""
    booking = Booking.get(id=booking_id)
    by = _party(actor)
    check_booking("cancel", booking.status, by)
    return _quote(booking, by, now)


def cancel(
    booking_id: int,
    *,
    unit_id: int,
    actor: Identity,
    reason: str,
    expected_refund: Decimal,
    now: datetime,
) -> Any:
    """Execute the quote of this moment, if it is the one that the caller was shown.

    Raises `InvalidTransition`, and `QuoteChanged` with the new refund.
    """
    reason = written(reason, "reason")
    unit, booking = lock_unit_and_booking(unit_id, booking_id)
    by = _party(actor)
    target = check_booking("cancel", booking.status, by)
    found = _quote(booking, by, now)
    if found.refund_amount != expected_refund:
        refund = Detail(
            "expected_refund", "The refund is another now.", money_text(found.refund_amount)
        )
        raise QuoteChanged(details=[refund])
    booking.set(
        cancellation_fault=found.fault,
        deduction_amount=found.deduction_amount,
        compensation_amount=found.compensation_amount,
    )
    other: Party = "builder" if by == "customer" else "customer"
    tell(booking, "cancelled", (other,), now=now, reason=reason)
    _end(booking, unit, target, by, found.refund_due_date, actor=actor, now=now, reason=reason)
    return booking


def reject(booking_id: int, *, unit_id: int, actor: Identity, reason: str, now: datetime) -> Any:
    """Decline a booking that is not confirmed; all that was paid is owed back.

    Raises `InvalidTransition`.
    """
    reason = written(reason, "reason")
    unit, booking = lock_unit_and_booking(unit_id, booking_id)
    target = check_booking("reject", booking.status, "builder")
    tell(booking, "rejected", ("customer",), now=now, reason=reason)
    due = _full_refund_due(booking, now)
    _end(booking, unit, target, "builder", due, actor=actor, now=now, reason=reason)
    return booking


def expire(booking_id: int, *, unit_id: int, now: datetime) -> bool:
    """End a booking whose hold has run out; all that was paid is owed back.

    False when there is nothing to end any more: the token came, somebody else ended it, or a
    cheque is in the bank, which suspends expiry.
    """
    unit, booking = lock_unit_and_booking(unit_id, booking_id)
    over = booking.status == "pending" and booking.expires_at <= now
    if not over or ledger.is_clearing(ledger.payments_of(booking_id)):
        return False
    target = check_booking("expire", booking.status, "system")
    tell(booking, "expired", BOTH, now=now)
    _end(booking, unit, target, "system", _full_refund_due(booking, now), actor=None, now=now)
    return True


def _party(actor: Identity) -> Party:
    return "customer" if actor.role == "customer" else "builder"


def _today(booking: Any, now: datetime) -> date:
    return site_of(booking.project.id).today(now)


def _full_refund_due(booking: Any, now: datetime) -> date:
    return refund_due_date(_today(booking, now), current_policy())


def _quote(booking: Any, by: Party, now: datetime) -> CancellationQuote:
    return cancellation.quote(
        by=by,
        status=booking.status,
        booked_on=booking.booking_date,
        today=_today(booking, now),
        total_amount=booking.total_amount,
        paid_amount=booking.paid_amount,
        receipts=ledger.receipts(ledger.payments_of(booking.id)),
        rows=[
            OwedRow(
                kind=row.kind,
                amount=row.amount,
                paid_amount=row.paid_amount,
                due_date=row.due_date,
                is_demanded=row.demanded_at is not None,
                is_void=row.status == "void",
            )
            for row in rows_of(booking.id)
        ],
        policy=current_policy(),
    )


def _end(
    booking: Any,
    unit: Any,
    target: str,
    by: str,
    refund_due: date,
    *,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """What every end has in common: the refund falls due, open rows and requests are void, the
    unit is available again. The deduction, if there is one, stands on the booking already."""
    booking.set(
        cancelled_at=now,
        cancelled_by=by,
        cancellation_reason=reason,
        refund_amount=booking.paid_amount - booking.deduction_amount,
        refund_due_date=refund_due,
    )
    owed = {
        name: money_text(getattr(booking, name))
        for name in ("paid_amount", "deduction_amount", "refund_amount", "compensation_amount")
    }
    advance(booking, target, actor=actor, now=now, reason=reason, details=owed)
    _void_open_rows(booking, target, actor=actor, now=now)
    end_all(booking, target, actor=actor, now=now)
    change = move_unit(unit, "available", mover="booking", actor=actor, now=now)
    settle(booking, actor=actor, now=now)
    count_available(booking.project.id, change)


def _void_open_rows(booking: Any, because: str, *, actor: Identity | None, now: datetime) -> None:
    """Rows on which nothing was paid take nothing any more, and leave the sums they were in."""
    for row in rows_of(booking.id):
        if row.paid_amount == ZERO:
            reason = f"The booking was {because}."
            void_row(booking, row, actor=actor, now=now, reason=reason)
