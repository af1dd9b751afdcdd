"""Charges: what a builder asks for beside the price, and takes back while nothing is paid on it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pony.orm import flush

from realty.db import Installment
from realty.errors import InvalidTransition, ValidationFailed
from realty.rules.clock import date_text
from realty.rules.lifecycles import AFTER_AGREEMENT, require_booking_status
from realty.rules.money import money_text
from realty.rules.words import amount_text
from realty.security import Identity
from realty.services import audit
from realty.services.allocation import settle
from realty.services.booking_events import lock_booking, subject_of, written
from realty.services.booking_terms import site_of
from realty.services.payable_events import tell_customer, words_for
from realty.services.payable_rows import add_row, require_room, void_row
from realty.services.policy import current_policy

CHARGEABLE = AFTER_AGREEMENT | {"confirmed"}


def raise_charge(
    booking_id: int,
    *,
    charge_code: str,
    label: str,
    amount: Decimal,
    due_date: date | None,
    actor: Identity,
    now: datetime,
) -> int:
    """Add a charge to a booking, due on `due_date` or `demand.due_days` from today; its row's id.

    It is demanded as any row is: not before the agreement, and by the clock when its date is near.
    Raises `InvalidTransition` unless the booking is confirmed or later and lives,
    `ValidationFailed` for an amount of nothing or one that no booking holds, or a day gone by.
    """
    booking = lock_booking(booking_id)
    require_booking_status("a charge", booking.status, CHARGEABLE)
    site = site_of(booking.project.id)
    today = site.today(now)
    _check(booking, amount, due_date, today)
    row = add_row(
        booking,
        kind="charge",
        label=label.strip(),
        amount=amount,
        due_date=due_date or today + timedelta(days=current_policy().demand_due_days),
        charge_code=charge_code,
        now=now,
    )
    _note("charge.raised", booking, row, actor, now)
    settle(booking, actor=actor, now=now)
    subject = subject_of(booking_id)
    tell_customer(
        booking,
        subject,
        title="Charge raised",
        message=f"{amount_text(amount, site.currency)} for {row.label} was added to"
        f" {words_for(booking, subject)}.",
        dedupe_key=f"installment:{row.id}:raised",
        now=now,
    )
    flush()
    return int(row.id)


def void_charge(
    booking_id: int, row_id: int, *, reason: str, actor: Identity, now: datetime
) -> None:
    """Take a charge back while nothing is paid on it.

    Raises `InvalidTransition` for one that is void or (partly) paid, and unless the booking is
    confirmed or later and lives.
    """
    reason = written(reason, "reason")
    booking = lock_booking(booking_id)
    require_booking_status("voiding a charge", booking.status, CHARGEABLE)
    row = Installment.get(id=row_id)
    if row.status == "void" or row.paid_amount > 0:
        raise InvalidTransition.between("charge", row.status, "voiding", ())
    void_row(booking, row, actor=actor, now=now, reason=reason)
    _note("charge.voided", booking, row, actor, now, reason=reason)
    settle(booking, actor=actor, now=now)
    subject = subject_of(booking_id)
    tell_customer(
        booking,
        subject,
        title="Charge withdrawn",
        message=f"{row.label} of {words_for(booking, subject)} need not be paid: {reason}",
        dedupe_key=f"installment:{row.id}:void",
        now=now,
    )
    flush()


def _check(booking: Any, amount: Decimal, due_date: date | None, today: date) -> None:
    if not amount:
        raise ValidationFailed.at("amount", "must be more than 0.00")
    require_room(booking, amount, field="amount")
    if due_date is not None and due_date < today:
        raise ValidationFailed.at("due_date", "must be today or later", today.isoformat())


def _note(
    action: str,
    booking: Any,
    row: Any,
    actor: Identity,
    now: datetime,
    *,
    reason: str | None = None,
) -> None:
    audit.note(
        action,
        "installment",
        row.id,
        builder_id=booking.builder.id,
        actor=actor,
        now=now,
        details={
            "booking_id": booking.id,
            "charge_code": row.charge_code,
            "amount": money_text(row.amount),
            "due_date": date_text(row.due_date),
            "reason": reason,
        },
    )
