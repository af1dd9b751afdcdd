"""What becomes of money that was reported or is in the bank."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pony.orm import select

from realty.db import Payment
from realty.errors import NotFound
from realty.rules.cancellation import refund_due_date
from realty.rules.lifecycles import DEAD
from realty.rules.money import ZERO
from realty.rules.payment_lifecycle import PAYMENT_TRANSITIONS, check_payment, first_status
from realty.security import Identity
from realty.services import ledger
from realty.services.allocation import settle
from realty.services.booking_events import written
from realty.services.booking_terms import Site, site_of
from realty.services.payment_events import leave_trace
from realty.services.payments import completion, lock_payable
from realty.services.policy import current_policy
from realty.services.receipt_guards import (
    check_receipt,
    check_tds,
    require_new_transaction,
    require_room,
)
from realty.services.versions import require_version

MOVES = ("accept", "decline", "clear", "bounce", "fail")
_DONE = {
    "accept": "accepted",
    "decline": "declined",
    "clear": "cleared",
    "bounce": "bounced",
    "fail": "failed",
}


def move(
    payment_id: int,
    *,
    booking_id: int,
    action: str,
    reason: str | None,
    actor: Identity,
    now: datetime,
    expected: frozenset[int] | None = None,
) -> Any:
    """Answer a customer's report, or tell what the bank said of a cheque, draft or refund.

    `action` is one of `MOVES`; decline, bounce and fail need a reason. An accepted report is a
    new receipt, under every guard, unless it was made before the booking ended: then the money is
    real, and owed back. What was pending counted already and clears without a guard.

    Raises `StaleVersion`, `InvalidTransition`, `ValidationFailed`, and for an accepted report what
    `receipt_guards.check_receipt` raises.
    """
    assert action in MOVES, action
    booking = lock_payable(booking_id, _method(payment_id) if action == "accept" else "")
    payment = payment_on(booking, payment_id)
    require_version(payment, expected)
    check_payment(action, payment.status, payment.payment_type)
    step = PAYMENT_TRANSITIONS[action]
    why = written(reason or "", "reason") if step.needs_reason else None
    site = site_of(booking.project.id)
    before, owed_before = payment.status, _owed(booking)
    if action == "accept":
        _check_acceptance(booking, payment)
    payment.set(failure_reason=why, **_outcome(payment, action, site, now))
    payment.flush()
    leave_trace(
        payment,
        _DONE[action],
        before=before,
        currency=site.currency,
        actor=actor,
        now=now,
        reason=why,
    )
    settle(booking, actor=actor, now=now)
    if ledger.is_receipt(payment) and not owed_before and _owed(booking):
        # Money that comes after the end, when nothing was owed, gives the full time to return it.
        booking.refund_due_date = refund_due_date(site.today(now), current_policy())
    return payment


def payment_on(booking: Any, payment_id: int) -> Any:
    """A payment of a locked booking, read under its lock."""
    found = Payment.get(id=payment_id, booking=booking)
    if found is None:
        raise NotFound
    return found


def _method(payment_id: int) -> str:
    """How a payment was made, which never changes."""
    method: str | None = select(p.payment_method for p in Payment if p.id == payment_id).first()
    if method is None:
        raise NotFound
    return method


def _check_acceptance(booking: Any, payment: Any) -> None:
    """A report becomes a receipt under the guards of one; none was taken after the end."""
    payments = ledger.payments_of(booking.id)
    if booking.status in DEAD:
        require_new_transaction(booking.builder.id, payment.payment_method, payment.transaction_id)
        require_room(payments, payment.amount)
        return
    # A discount given since the report may have taken the booking below the threshold of the tax.
    check_tds(booking, payment.amount, payment.tds_amount, is_receipt=True)
    check_receipt(
        booking,
        payments,
        amount=payment.amount,
        payment_method=payment.payment_method,
        transaction_id=payment.transaction_id,
        policy=current_policy(),
    )


def _outcome(payment: Any, action: str, site: Site, now: datetime) -> dict[str, Any]:
    """The columns that an action sets."""
    target = PAYMENT_TRANSITIONS[action].target
    if action == "accept":
        target = first_status(payment.payment_method)
    if target != "completed":
        return {"status": target}
    if ledger.is_receipt(payment):
        return completion(payment.builder.id, site, now)
    return {"status": target, "cleared_at": now}


def _owed(booking: Any) -> Decimal:
    """What a dead booking owes back."""
    if booking.status not in DEAD:
        return ZERO
    return max(ZERO, Decimal(booking.paid_amount - booking.deduction_amount))
