"""What both dashboards are tested with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from realty.db import Appointment, Booking
from realty.db.session import session
from tests.client import Api
from tests.deployment import CLOCK
from tests.factories import (
    BookingRow,
    CustomerAccount,
    ProjectRow,
    UnitRow,
    make_booking,
    make_payment,
)
from tests.functional.payments.common import demand

STATUSES = (
    *("pending", "token_paid", "confirmed", "agreement_registered", "handed_over"),
    *("expired", "rejected", "cancelled"),
)


def book_all(units: list[UnitRow], customer: CustomerAccount) -> list[BookingRow]:
    """A booking in each status with some money on it; of the one with an agreement one row is
    overdue and one demanded."""
    made = []
    for unit, status in zip(units, STATUSES, strict=False):
        dead = status in {"expired", "rejected", "cancelled"}
        booking = make_booking(
            unit, customer, status=status, **({"deduction_amount": "1000.00"} if dead else {})
        )
        if status == "handed_over":
            make_payment(booking, booking.total_amount)
        elif status != "pending":
            make_payment(booking, booking.token_amount, payment_type="token")
        if status == "agreement_registered":
            demand(booking.id, 3, days_ago=40)
            demand(booking.id, 4)
        made.append(booking)
    return made


def make_visit(customer: CustomerAccount, project: ProjectRow, **over: Any) -> int:
    """A visit tomorrow at this time, and its id."""
    with session():
        row = Appointment(
            **{
                "customer": customer.customer_id,
                "project": project.id,
                "appointment_type": "site_visit",
                "appointment_date": CLOCK.now() + timedelta(days=1),
                "created_by": "customer",
                "awaiting": "builder",
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        visit_id: int = row.id
        return visit_id


def lists_of(api: Api, caller: Any) -> tuple[Any, Any]:
    """The stats above the list of bookings and the totals above the list of dues."""
    mine = api.as_(caller)
    return mine.get("/api/bookings").data["stats"], mine.get("/api/payments/due").data["totals"]


def stored_money(**whose: int) -> dict[str, Any]:
    """What the rows themselves say was received on standing bookings and is owed back on others."""
    with session():
        bookings = [
            b for b in Booking.select() if all(getattr(b, k).id == v for k, v in whose.items())
        ]
        dead = {"expired", "rejected", "cancelled"}
        received = sum(b.paid_amount for b in bookings if b.status not in dead)
        owed = sum(max(b.paid_amount - b.deduction_amount, 0) for b in bookings if b.status in dead)
        return {"received_amount": f"{received:.2f}", "refund_owed_amount": f"{owed:.2f}"}
