"""A builder with a project on sale, a customer, and what the tests ask of the database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from realty.db import Booking, Notification, Project, StatusHistory, Unit
from realty.db.session import session
from tests.client import Answer, Api
from tests.factories import (
    BookingRow,
    BuilderAccount,
    CustomerAccount,
    ProjectRow,
    UnitRow,
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_units,
)

PATH = "/api/bookings"
TOTAL = "6331500.00"
"""What the first unit of `make_sale` costs: 6,000,000 + 25 x 1,200, and 5 % GST."""


@dataclass(frozen=True)
class Sale:
    """Somebody sells, somebody buys."""

    builder: BuilderAccount
    customer: CustomerAccount
    project: ProjectRow
    units: list[UnitRow]

    @property
    def unit(self) -> UnitRow:
        """The first unit."""
        return self.units[0]

    def booked(self, status: str = "pending", **over: Any) -> BookingRow:
        """A booking of the first unit by the customer, its token paid where the status says so."""
        booking = make_booking(self.unit, self.customer, status=status, **over)
        if status in {"token_paid", "confirmed", "agreement_registered"}:
            make_payment(booking, booking.token_amount, payment_type="token")
        if status == "handed_over":
            make_payment(booking, booking.total_amount)
        return booking


def make_sale(n: int = 3, **project: Any) -> Sale:
    """A published project with `n` available units, its builder, and a customer."""
    builder = make_builder()
    row = make_project(builder, **project)
    return Sale(builder, make_customer(), row, make_units(row, n))


def order(unit: UnitRow, **over: Any) -> dict[str, Any]:
    """The least body of createBooking."""
    return {"unit_id": unit.id, "payment_plan": "construction_linked", **over}


def book(api: Api, sale: Sale, unit: UnitRow | None = None, **over: Any) -> dict[str, Any]:
    """Book a unit as the customer and return the booking."""
    answer = api.as_(sale.customer).post(PATH, order(unit or sale.unit, **over), status=201)
    booking: dict[str, Any] = answer.data["booking"]
    return booking


def act(api: Api, caller: Any, booking: Any, action: str, body: Any = None, **o: Any) -> Answer:
    """POST an action on a booking, a `BookingRow` or the id of one."""
    booking_id = getattr(booking, "id", booking)
    return api.as_(caller).post(f"{PATH}/{booking_id}/{action}", body, **o)


def cancellation(refund: str = "0.00", reason: str = "We move to Pune.") -> dict[str, str]:
    """The body of cancelBooking."""
    return {"reason": reason, "expected_refund": refund}


def register(day: str) -> dict[str, str]:
    """The body of registerBookingAgreement."""
    return {"agreement_number": "BLR-2026-118734", "actual_registration_date": day}


def unit_state(unit: UnitRow) -> tuple[str, int]:
    """The unit's status and its project's `available_units`."""
    with session():
        return Unit[unit.id].status, Project[unit.project_id].available_units


def columns(booking_id: int, *names: str) -> tuple[Any, ...]:
    """Columns of a booking as they are stored."""
    with session():
        row = Booking[booking_id]
        return tuple(getattr(row, name) for name in names)


def row_statuses(booking_id: int) -> list[str]:
    """The stored statuses of a booking's rows, by sequence."""
    with session():
        rows = sorted(Booking[booking_id].installments, key=lambda row: row.sequence)
        return [row.status for row in rows]


def told(account: Any) -> list[str]:
    """The titles of what an account was told, oldest first."""
    user_id = account.user_id
    with session():
        rows = Notification.select(lambda n: n.user.id == user_id).order_by(lambda n: n.id)
        return [row.title for row in rows]


def moves(entity: str, entity_id: int) -> list[tuple[str | None, str]]:
    """The status changes on record."""
    with session():
        rows = StatusHistory.select(lambda h: h.entity == entity and h.entity_id == entity_id)
        return [(row.from_status, row.to_status) for row in rows.order_by(lambda h: h.id)]


def change_project(project: ProjectRow, **over: Any) -> None:
    """Set columns of a project behind the application's back."""
    with session():
        Project[project.id].set(**over)


def change_unit(unit: UnitRow, **over: Any) -> None:
    """Set columns of a unit behind the application's back."""
    with session():
        Unit[unit.id].set(**over)


def change_booking(booking_id: int, **over: Any) -> None:
    """Set columns of a booking behind the application's back."""
    with session():
        Booking[booking_id].set(**over)


def money(text: str) -> Decimal:
    """An amount of an answer."""
    return Decimal(text)
