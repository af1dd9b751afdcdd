"""Bookings, and the money and changes on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from secrets import token_hex
from typing import Any

from pony.orm import flush

from realty.db import (
    Booking,
    ChangeRequest,
    Installment,
    Payment,
    Unit,
)
from realty.db.enums import OCCUPYING_STATUSES, RECEIPT_TYPES
from realty.db.session import session
from realty.rules.clock import local_date
from realty.rules.cost_sheet import CostSheet, ProjectTerms, cost_sheet, terms_of
from realty.rules.identifiers import financial_year, receipt_number
from realty.rules.policy import Policy
from realty.rules.schedules import default_schedule
from tests.deployment import CLOCK
from tests.factories.base import ZONE, numbers
from tests.factories.catalogue import UnitRow, count_units
from tests.factories.people import CustomerAccount


@dataclass(frozen=True)
class BookingRow:
    """A booking."""

    id: int
    number: str
    unit_id: int
    project_id: int
    builder_id: int
    customer_id: int
    total_amount: Decimal
    token_amount: Decimal


def make_booking(
    unit: UnitRow,
    customer: CustomerAccount,
    *,
    status: str = "pending",
    payment_plan: str = "construction_linked",
    **over: Any,
) -> BookingRow:
    """A booking in any status with the schedule of its plan; the unit's status follows.

    No payment is made: add those that the status presumes with `make_payment`.
    """
    with session():
        sold = Unit[unit.id]
        today = local_date(CLOCK.now(), ZONE)
        sheet = _sheet(sold)
        registered = status in {"agreement_registered", "handed_over"}
        row = Booking(
            **{
                "booking_number": f"BK-{today.year}-{900_000 + next(numbers):06d}",
                "customer": customer.customer_id,
                "unit": sold,
                "project": sold.project,
                "builder": sold.project.builder,
                "status": status,
                "booking_date": today,
                "expires_at": CLOCK.now() + timedelta(hours=72) if status == "pending" else None,
                "payment_plan": payment_plan,
                "token_amount": sheet.token_amount,
                "advance_cap_amount": sheet.advance_cap_amount,
                "agreement_value": sheet.agreement_value,
                "gst_amount": sheet.gst_amount,
                "total_amount": sheet.total_amount,
                "price_snapshot": sheet.as_snapshot(),
                "agreement_number": f"AGR/{next(numbers)}" if registered else None,
                "actual_registration_date": today if registered else None,
                "handover_date": today if status == "handed_over" else None,
                "cancelled_at": CLOCK.now() if status in {"cancelled", "rejected"} else None,
                "cancellation_fault": "customer" if status == "cancelled" else None,
                "cancellation_reason": "Changed plans" if status == "cancelled" else None,
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        _make_schedule(row, today if registered else None)
        if status in OCCUPYING_STATUSES:
            sold.status = "sold" if registered else "booked"
        flush()
        count_units(sold.project)
        return BookingRow(
            id=row.id,
            number=row.booking_number,
            unit_id=unit.id,
            project_id=unit.project_id,
            builder_id=unit.builder_id,
            customer_id=customer.customer_id,
            total_amount=row.total_amount,
            token_amount=row.token_amount,
        )


def _sheet(unit: Any) -> CostSheet:
    project = unit.project
    terms = ProjectTerms(
        project_type=project.project_type,
        city=project.location_city,
        state=project.location_state,
        occupancy_certificate_date=project.occupancy_certificate_date,
    )
    return cost_sheet(terms_of(unit.to_dict(), unit.id), terms, now=CLOCK.now(), policy=Policy())


def _make_schedule(booking: Any, agreement_on: date | None) -> None:
    rows = default_schedule(
        booking.payment_plan,
        total_amount=booking.total_amount,
        booked_on=booking.booking_date,
        policy=Policy(),
        agreement_on=agreement_on,
    )
    dead = booking.status not in OCCUPYING_STATUSES
    for row in rows:
        Installment(
            booking=booking,
            sequence=row.sequence,
            kind="plan",
            label=row.label,
            milestone_code=row.milestone_code,
            percent=row.percent,
            amount=row.amount,
            due_rule=row.due_rule,
            due_offset=row.due_offset,
            due_date=row.due_date,
            status="void" if dead else "scheduled",
            created_at=CLOCK.now(),
            updated_at=CLOCK.now(),
        )


def make_payment(booking: BookingRow, amount: Decimal | str, **over: Any) -> int:
    """A completed receipt on a booking, allocated to its rows in order; return the payment's id.

    With another `status` or `payment_type` only the payment's row is written.
    """
    amount = Decimal(amount)
    with session():
        row = Booking[booking.id]
        payment = Payment(
            **{
                "booking": row,
                "builder": row.builder,
                "payment_type": "installment",
                "amount": amount,
                "payment_method": "bank_transfer",
                "status": "completed",
                "transaction_id": f"UTR{token_hex(8).upper()}",
                "payment_date": local_date(CLOCK.now(), ZONE),
                "cleared_at": CLOCK.now(),
                "recorded_by": row.builder.user,
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **_receipt(over),
                **over,
            }
        )
        if payment.receipt_number is not None:
            row.paid_amount += amount
            _allocate(row, payment.installment, amount)
        payment.flush()
        payment_id: int = payment.id
        return payment_id


def _receipt(over: dict[str, Any]) -> dict[str, Any]:
    """When a payment was completed, and the number that a completed receipt has; the numbers of a
    factory stand beside the series."""
    if over.get("status", "completed") != "completed":
        return {"cleared_at": None}
    if over.get("payment_type", "installment") not in RECEIPT_TYPES:
        return {}
    year = financial_year(local_date(CLOCK.now(), ZONE))
    number = receipt_number(year, 900_000 + next(numbers))
    return {"receipt_number": number, "financial_year": year}


def _allocate(booking: Any, named: Any, amount: Decimal) -> None:
    """Pay the row that is named, then the others by sequence."""
    for row in sorted(booking.installments, key=lambda row: (row is not named, row.sequence)):
        share = min(amount, row.amount - row.paid_amount)
        if share <= 0 or row.status == "void":
            continue
        row.paid_amount += share
        row.status = "paid" if row.paid_amount == row.amount else "partially_paid"
        amount -= share


def make_charge(booking: BookingRow, amount: str = "5000.00", **over: Any) -> int:
    """A charge on a booking, due in 15 days, that nobody has demanded; return the row's id."""
    with session():
        row = Booking[booking.id]
        charge = Installment(
            **{
                "booking": row,
                "sequence": row.installments.count() + 1,
                "kind": "charge",
                "charge_code": "parking",
                "label": "Parking",
                "amount": Decimal(amount),
                "due_date": local_date(CLOCK.now(), ZONE) + timedelta(days=15),
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        row.charge_amount += charge.amount
        charge.flush()
        charge_id: int = charge.id
        return charge_id


_PRICED = {"quoted", "approved", "in_progress", "completed", "declined", "expired"}
_ACCEPTED = {"approved", "in_progress", "completed"}


def make_change_request(
    booking: BookingRow, status: str = "submitted", *, cost: str = "185000.00", **over: Any
) -> int:
    """A change request in any status, with the quote, and the row of the schedule, that it
    presumes; return its id."""
    with session():
        sold = Booking[booking.id]
        priced, accepted = status in _PRICED, status in _ACCEPTED
        request = ChangeRequest(
            **{
                "booking": sold,
                "tracking_number": f"CR-2026-{900_000 + next(numbers):06d}",
                "request_type": "layout",
                "request_title": "Open kitchen",
                "status": status,
                "estimated_cost": Decimal(cost) if priced else None,
                "estimated_timeline_days": 21 if priced else None,
                "quote_valid_until": CLOCK.now() + timedelta(days=14) if priced else None,
                "rejection_reason": "The wall carries the slab." if status == "rejected" else None,
                "final_cost": Decimal(cost) if accepted else None,
                "approved_at": CLOCK.now() if accepted else None,
                "completed_at": CLOCK.now() if status == "completed" else None,
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        if accepted and request.final_cost:
            sold.variation_amount += request.final_cost
            Installment(
                booking=sold,
                sequence=len(sold.installments) + 1,
                kind="variation",
                label="Open kitchen",
                amount=request.final_cost,
                due_date=local_date(CLOCK.now(), ZONE) + timedelta(days=15),
                change_request=request,
                created_at=CLOCK.now(),
                updated_at=CLOCK.now(),
            )
        request.flush()
        request_id: int = request.id
        return request_id
