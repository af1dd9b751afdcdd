"""What every payment leaves behind: a line of history, an audited fact, a notification."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.rules.money import money_text
from realty.security import Identity
from realty.services import audit, history
from realty.services.booking_events import BOTH, LONGEST_MESSAGE, Side, subject_of
from realty.services.ledger import is_receipt
from realty.services.notifications import notify

_WORDS: dict[tuple[str, str], tuple[str, str]] = {
    ("receipt", "reported"): (
        "Payment reported",
        "The customer of {unit} ({number}) reports {amount}: accept or decline it.",
    ),
    ("receipt", "pending"): (
        "Payment noted",
        "{amount} for {unit} ({number}) is noted, and counts once it has cleared.",
    ),
    ("receipt", "completed"): (
        "Payment received",
        "{amount} for {unit} ({number}) was received. Receipt: {receipt}.",
    ),
    ("receipt", "failed"): (
        "Payment not received",
        "{amount} for {unit} ({number}) was not received: {reason}",
    ),
    ("receipt", "bounced"): (
        "Payment bounced",
        "{amount} for {unit} ({number}) bounced: {reason}",
    ),
    ("refund", "pending"): (
        "Refund under way",
        "{amount} of what was paid for {unit} ({number}) is given back, and must clear.",
    ),
    ("refund", "completed"): (
        "Refund paid",
        "{amount} of what was paid for {unit} ({number}) was given back.",
    ),
    ("refund", "failed"): ("Refund failed", "{amount} for {unit} ({number}) failed: {reason}"),
    ("refund", "bounced"): ("Refund bounced", "{amount} for {unit} ({number}) bounced: {reason}"),
    ("compensation", "pending"): (
        "Compensation under way",
        "{amount} in compensation for {unit} ({number}) must clear.",
    ),
    ("compensation", "completed"): (
        "Compensation paid",
        "{amount} in compensation for {unit} ({number}) was paid.",
    ),
    ("compensation", "failed"): (
        "Compensation failed",
        "{amount} in compensation for {unit} ({number}) failed: {reason}",
    ),
    ("compensation", "bounced"): (
        "Compensation bounced",
        "{amount} in compensation for {unit} ({number}) bounced: {reason}",
    ),
    ("reversal", "completed"): (
        "Payment reversed",
        "{amount} entered for {unit} ({number}) was taken back: {reason}",
    ),
}
"""Title and message by kind of payment and its new status."""


def leave_trace(
    payment: Any,
    action: str,
    *,
    before: str | None,
    currency: str,
    actor: Identity,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Record, audit and tell what happened to a flushed payment, which is in its new status.

    `action` is a past participle ("recorded"); `before` is None for a new payment.
    """
    history.record(
        "payment",
        payment.id,
        before=before,
        after=payment.status,
        actor=actor,
        now=now,
        reason=reason,
    )
    audit.note(
        f"payment.{action}",
        "payment",
        payment.id,
        builder_id=payment.builder.id,
        actor=actor,
        now=now,
        details={
            "booking_id": payment.booking.id,
            "payment_type": payment.payment_type,
            "amount": money_text(payment.amount),
            "payment_method": payment.payment_method,
            "status": payment.status,
            "receipt_number": payment.receipt_number,
            "reverses_payment_id": payment.reverses_payment and payment.reverses_payment.id,
        },
    )
    _tell(payment, currency, actor=actor, now=now, reason=reason)


def _tell(
    payment: Any, currency: str, *, actor: Identity, now: datetime, reason: str | None
) -> None:
    """Tell the other side; both, when an admin did it."""
    kind = "receipt" if is_receipt(payment) else payment.payment_type
    title, message = _WORDS[kind, payment.status]
    booking = payment.booking
    subject = subject_of(booking.id)
    words = {
        "amount": f"{currency} {money_text(payment.amount)}",
        "number": booking.booking_number,
        "unit": f"{subject.unit_number} in {subject.project_name}",
        "receipt": payment.receipt_number,
        "reason": reason,
    }
    others: dict[str, tuple[Side, ...]] = {"customer": ("builder",), "builder": ("customer",)}
    for side in others.get(actor.role, BOTH):
        notify(
            getattr(subject, side),
            "payment",
            title=title,
            message=message.format_map(words)[:LONGEST_MESSAGE],
            entity="payment",
            entity_id=payment.id,
            action_url=f"/payments/{payment.id}",
            dedupe_key=f"payment:{payment.id}:{payment.status}",
            now=now,
        )
