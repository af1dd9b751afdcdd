"""Replacing the payment schedule of a booking while nothing was asked for or received on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pony.orm import flush

from realty.errors import Conflict, Detail, ValidationFailed
from realty.rules.lifecycles import CANCELLABLE, require_booking_status
from realty.rules.money import HUNDRED, ZERO, money_text, shares
from realty.rules.schedules import ScheduleRow, due_date
from realty.rules.setting_tables import COUNTED_RULES
from realty.security import Identity
from realty.services import audit, ledger
from realty.services.allocation import rows_of, settle
from realty.services.booking_events import lock_booking, subject_of
from realty.services.payable_events import tell_customer, words_for
from realty.services.schedule_rows import write_rows
from realty.services.versions import require_version


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """A row as a builder plans it: due by exactly one of a rule, a day and a milestone."""

    label: str
    percent: Decimal
    due_rule: str | None = None
    due_offset: int = 0
    due_date: date | None = None
    milestone_code: str | None = None


def replace_schedule(
    booking_id: int,
    plan: Sequence[PlannedRow],
    *,
    actor: Identity,
    expected: frozenset[int] | None,
    now: datetime,
) -> None:
    """Give a booking the rows of `plan`, their amounts summing to exactly its total.

    The residue of rounding is on the last row. Raises `InvalidTransition` on a booking that ended
    or is handed over, `StaleVersion`, `Conflict` once a row is demanded or a payment completed or
    pending, `ValidationFailed` when the percents do not sum to 100.00 or a row says in no way, or
    in two, when it is due.
    """
    booking = lock_booking(booking_id)
    require_version(booking, expected)
    require_booking_status("another schedule", booking.status, CANCELLABLE)
    _require_untouched(booking)
    _check(plan, booking.booking_date)
    amounts = shares(booking.total_amount, [each.percent for each in plan])
    rows = [
        _row(sequence, each, amount, booking)
        for sequence, (each, amount) in enumerate(zip(plan, amounts, strict=True), start=1)
    ]
    write_rows(booking, rows, actor=actor, now=now)
    flush()
    settle(booking, actor=actor, now=now)
    booking.version += 1
    audit.note(
        "booking.schedule_replaced",
        "booking",
        booking_id,
        builder_id=booking.builder.id,
        actor=actor,
        now=now,
        details={"rows": len(rows), "total_amount": money_text(booking.total_amount)},
    )
    subject = subject_of(booking_id)
    tell_customer(
        booking,
        subject,
        title="Payment schedule changed",
        message=f"The builder changed when {words_for(booking, subject)} is to be paid.",
        dedupe_key=f"booking:{booking_id}:rescheduled:{booking.version}",
        now=now,
    )
    flush()


def _require_untouched(booking: Any) -> None:
    if any(row.demanded_at is not None for row in rows_of(booking.id)):
        message = "An installment was demanded."
    elif ledger.has_receipt(ledger.payments_of(booking.id)):
        message = "A payment was received or is in the bank."
    else:
        return
    raise Conflict(
        "The schedule is replaced only while nothing is demanded, completed or pending.",
        details=[Detail("rows", message)],
    )


def _check(plan: Sequence[PlannedRow], booked_on: date) -> None:
    details = []
    total = sum((each.percent for each in plan), ZERO)
    if total != HUNDRED:
        message = "The percents must sum to exactly 100.00."
        details.append(Detail("rows", message, money_text(total)))
    for position, each in enumerate(plan):
        place = f"rows[{position}]"
        ways = [each.due_rule, each.due_date, each.milestone_code]
        if sum(way is not None for way in ways) != 1:
            message = "Give exactly one of due_rule, due_date and milestone_code."
            details.append(Detail(place, message))
        if each.due_offset and each.due_rule not in COUNTED_RULES:
            message = f"Only {' and '.join(COUNTED_RULES)} have an offset."
            details.append(Detail(f"{place}.due_offset", message))
        if not each.percent:
            details.append(Detail(f"{place}.percent", "must be more than 0.00"))
        if each.due_date is not None and each.due_date < booked_on:
            message = "must not be before the booking"
            details.append(Detail(f"{place}.due_date", message, booked_on.isoformat()))
    if details:
        raise ValidationFailed(details=details)


def _row(sequence: int, planned: PlannedRow, amount: Decimal, booking: Any) -> ScheduleRow:
    rule = "on_milestone" if planned.milestone_code else planned.due_rule
    day = planned.due_date
    if rule is not None:
        day = due_date(
            rule,
            planned.due_offset,
            booked_on=booking.booking_date,
            agreement_on=booking.actual_registration_date,
        )
    return ScheduleRow(
        sequence=sequence,
        label=planned.label.strip(),
        milestone_code=planned.milestone_code,
        percent=planned.percent,
        amount=amount,
        due_rule=rule,
        due_offset=planned.due_offset,
        due_date=day,
    )
