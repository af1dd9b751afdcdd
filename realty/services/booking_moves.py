"""The builder's way with a booking: confirm, register the agreement, hand over."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from realty.db import Installment
from realty.errors import Conflict, Detail, PayableRemains, ValidationFailed
from realty.rules.lifecycles import check_booking
from realty.rules.money import money_text
from realty.rules.schedules import due_date
from realty.security import Identity
from realty.services import ledger
from realty.services.allocation import settle
from realty.services.booking_events import (
    advance,
    lock_booking,
    lock_unit_and_booking,
    tell,
    written,
)
from realty.services.booking_terms import site_of
from realty.services.inventory import move_unit


def confirm(booking_id: int, *, actor: Identity, now: datetime) -> Any:
    """Accept a booking whose token is paid, and make sure once more that it is.

    Raises `InvalidTransition`, or `Conflict` with what is wanting when money went back meanwhile.
    """
    booking = lock_booking(booking_id)
    target = check_booking("confirm", booking.status, "builder")
    wanting = booking.token_amount - ledger.received(ledger.payments_of(booking_id))
    if wanting > 0:
        raise Conflict(
            "The token is not paid in full.",
            details=[Detail("token_amount", "This much is wanting.", money_text(wanting))],
        )
    advance(booking, target, actor=actor, now=now)
    tell(booking, "confirmed", ("customer",), now=now)
    return booking


def register_agreement(
    booking_id: int,
    *,
    unit_id: int,
    actor: Identity,
    agreement_number: str,
    registered_on: date,
    now: datetime,
) -> Any:
    """Record the registered agreement: the unit is sold, and rows may be demanded from now on.

    Raises `InvalidTransition`; `ValidationFailed` for a day before the booking or after today.
    """
    unit, booking = lock_unit_and_booking(unit_id, booking_id)
    target = check_booking("register_agreement", booking.status, "builder")
    number = written(agreement_number, "agreement_number")
    today = site_of(booking.project.id).today(now)
    _require_between("actual_registration_date", registered_on, booking.booking_date, today)
    booking.set(agreement_number=number, actual_registration_date=registered_on)
    _date_rows(booking, registered_on)
    agreed = {"agreement_number": number, "registered_on": registered_on.isoformat()}
    advance(booking, target, actor=actor, now=now, details=agreed)
    move_unit(unit, "sold", mover="booking", actor=actor, now=now)
    settle(booking, actor=actor, now=now)
    tell(booking, "agreement_registered", ("customer",), now=now)
    return booking


def hand_over(
    booking_id: int, *, actor: Identity, handed_over_on: date | None, now: datetime
) -> Any:
    """Give the unit to the customer, today unless `handed_over_on` names an earlier day.

    Raises `InvalidTransition`; `Conflict` without an occupancy certificate or while too much is
    paid; `PayableRemains` with what is not paid; `ValidationFailed` for a day before the
    registration or after today.
    """
    booking = lock_booking(booking_id)
    target = check_booking("hand_over", booking.status, "builder")
    site = site_of(booking.project.id)
    today = site.today(now)
    day = handed_over_on or today
    _require_between("handover_date", day, booking.actual_registration_date, today)
    if site.occupancy_certificate_date is None:
        raise Conflict("The project has no occupancy certificate yet.")
    _require_settled(booking)
    booking.handover_date = day
    handed_over = {"handover_date": day.isoformat()}
    advance(booking, target, actor=actor, now=now, details=handed_over)
    tell(booking, "handed_over", ("customer",), now=now)
    return booking


def _require_settled(booking: Any) -> None:
    payable = booking.total_amount + booking.variation_amount + booking.charge_amount
    remains = payable - booking.paid_amount
    if remains > 0:
        value = money_text(remains)
        raise PayableRemains(details=[Detail("payable_amount", "Still to be paid.", value)])
    if remains < 0:
        value = money_text(-remains)
        raise Conflict(
            "More was paid than is payable.",
            details=[Detail("unallocated_amount", "To be refunded first.", value)],
        )


def _require_between(field: str, day: date, first: date, last: date) -> None:
    if not first <= day <= last:
        raise ValidationFailed.at(field, f"must be from {first} to {last}")


def _date_rows(booking: Any, agreement_on: date) -> None:
    """Date the rows that count from the agreement, by the rule that they were sold with."""
    booking_id = booking.id
    undated = Installment.select(
        lambda i: i.booking.id == booking_id and i.due_date is None and i.due_rule is not None
    )
    for row in undated:
        row.due_date = due_date(
            row.due_rule,
            row.due_offset,
            booked_on=booking.booking_date,
            agreement_on=agreement_on,
        )
