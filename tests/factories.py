"""Rows for tests, written as the services would leave them: counters and statuses fit the rows.

Each function opens a session of its own and returns plain values. Every column may be given by
name; what is not given is believable and, where it must be, unique.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from io import BytesIO
from itertools import count
from secrets import token_hex
from typing import Any

import bcrypt
from pony.orm import flush

from realty.adapters.storage import FolderStorage
from realty.db import (
    Booking,
    Builder,
    ChangeRequest,
    Customer,
    File,
    Installment,
    Payment,
    Project,
    ProjectPhase,
    Unit,
    User,
    utcnow,
)
from realty.db import Session as Login
from realty.db.enums import OCCUPYING_STATUSES, RECEIPT_TYPES
from realty.db.session import session
from realty.rules.clock import local_date
from realty.rules.cost_sheet import CostSheet, ProjectTerms, cost_sheet, terms_of
from realty.rules.identifiers import financial_year, receipt_number
from realty.rules.policy import Policy
from realty.rules.schedules import default_schedule
from realty.security import issue_access_token
from tests.deployment import CLOCK, SETTINGS, STORAGE

PASSWORD = "Ganga-Yamuna-42"
ZONE = "Asia/Kolkata"

_numbers = count(1)


@dataclass(frozen=True)
class Account:
    """Somebody who is signed in: `api.as_(account)`."""

    user_id: int
    email: str
    password: str
    token: str


@dataclass(frozen=True)
class BuilderAccount(Account):
    """A builder and its user."""

    builder_id: int


@dataclass(frozen=True)
class CustomerAccount(Account):
    """A customer and its user."""

    customer_id: int


@dataclass(frozen=True)
class ProjectRow:
    """A project."""

    id: int
    builder_id: int


@dataclass(frozen=True)
class UnitRow:
    """A unit."""

    id: int
    project_id: int
    builder_id: int
    unit_number: str


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


def make_builder(**over: Any) -> BuilderAccount:
    """A builder; `email`, `password` and the columns of `users` that `make_user` knows too."""
    number = next(_numbers)
    with session():
        account = _make_user("builder", f"builder{number}@example.in", over)
        row = Builder(
            **{
                "user": account.user_id,
                "company_name": f"Śrī Prithvi Developers {number}",
                "license_number": f"LIC-{token_hex(4).upper()}",
                "phone": f"+9198{number:08d}",
                "address": "12 Residency Road, Bengaluru 560025",
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        return BuilderAccount(**vars(account), builder_id=row.id)


def make_customer(**over: Any) -> CustomerAccount:
    """A customer."""
    number = next(_numbers)
    with session():
        account = _make_user("customer", f"customer{number}@example.in", over)
        row = Customer(
            **{
                "user": account.user_id,
                "first_name": "Ananyā",
                "last_name": f"Iyer {number}",
                "phone": f"+9197{number:08d}",
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        return CustomerAccount(**vars(account), customer_id=row.id)


def make_admin(**over: Any) -> Account:
    """An administrator."""
    with session():
        return _make_user("admin", f"admin{next(_numbers)}@example.in", over)


def _make_user(user_type: str, email: str, over: dict[str, Any]) -> Account:
    """A user with one login; takes what belongs to the user out of `over`."""
    email = over.pop("email", email)
    password = over.pop("password", PASSWORD)
    columns = {
        "full_name": "Ananyā Iyer",
        "is_verified": True,
        "created_at": CLOCK.now(),
        "updated_at": CLOCK.now(),
    }
    for name in ("full_name", "is_active", "is_verified", "locale", "timezone", "password_hash"):
        if name in over:
            columns[name] = over.pop(name)
    columns.setdefault("password_hash", _hash(password))
    user = User(email=email, user_type=user_type, **columns)
    user.flush()
    return Account(user.id, email, password, _sign_in(user))


def _sign_in(user: Any) -> str:
    """An access token of a new login. It is signed with the real time, for that is what counts."""
    login = Login(
        user=user,
        family=token_hex(16),
        token_hash=token_hex(32),
        user_agent="tests",
        ip="127.0.0.1",
        created_at=CLOCK.now(),
        last_used_at=CLOCK.now(),
        expires_at=CLOCK.now() + timedelta(days=30),
    )
    login.flush()
    return issue_access_token(
        SETTINGS,
        user_id=user.id,
        session_id=login.id,
        token_version=user.token_version,
        now=utcnow(),
    )


@cache
def _hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def make_project(
    builder: BuilderAccount, *, published: bool = True, status: str = "construction", **over: Any
) -> ProjectRow:
    """A project without units, registered with RERA, that counts among its builder's."""
    number = next(_numbers)
    today = local_date(CLOCK.now(), ZONE)
    finished = status in {"completed", "delivered"}
    with session():
        row = Project(
            **{
                "builder": builder.builder_id,
                "project_name": f"Kāverī Heights {number}",
                "description": "Two towers around a garden.",
                "project_type": "residential",
                "status": status,
                "location_address": "Outer Ring Road, Bellandur",
                "location_city": "Bangalore",
                "location_state": "Karnataka",
                "location_zipcode": "560103",
                "amenities": ["Swimming pool", "Clubhouse"],
                "start_date": None if status == "planning" else today - timedelta(days=200),
                "expected_completion_date": today + timedelta(days=700),
                "actual_completion_date": today if finished else None,
                "occupancy_certificate_date": today if finished else None,
                "is_published": published,
                "rera_number": f"PRM/KA/RERA/1251/446/PR/{number:06d}",
                "rera_valid_until": today + timedelta(days=900),
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        if status != "cancelled":
            Builder[builder.builder_id].total_projects += 1
        row.flush()
        return ProjectRow(row.id, builder.builder_id)


def make_units(project: ProjectRow, n: int = 1, **over: Any) -> list[UnitRow]:
    """`n` units of a project, four to a floor, with the project's counters moved."""
    with session():
        row = Project[project.id]
        present = row.units.count()
        units = [_make_unit(row, present + index, over) for index in range(n)]
        flush()
        _count_units(row)
        return [UnitRow(unit.id, row.id, project.builder_id, unit.unit_number) for unit in units]


def make_unit(project: ProjectRow, **over: Any) -> UnitRow:
    """One unit."""
    return make_units(project, 1, **over)[0]


def _make_unit(project: Any, index: int, over: dict[str, Any]) -> Any:
    floor, position = divmod(index, 4)
    return Unit(
        **{
            "project": project,
            "tower": "A",
            "unit_number": f"A-{floor + 1}{position + 1:02d}",
            "unit_type": "2bhk",
            "floor_number": floor + 1,
            "area_sqft": Decimal("1200.00"),
            "carpet_area_sqft": Decimal("900.00"),
            "price": Decimal("6000000.00"),
            "floor_rise_per_sqft": Decimal("25.00"),
            "facing": "east",
            "bedrooms": 2,
            "bathrooms": 2,
            "balconies": 1,
            "parking_spaces": 1,
            "created_at": CLOCK.now(),
            "updated_at": CLOCK.now(),
            **over,
        }
    )


def _count_units(project: Any) -> None:
    """Keep what a project says about its units, as the services do."""
    units = list(project.units)
    prices = [unit.price for unit in units]
    project.set(
        total_units=len(units),
        available_units=sum(unit.status == "available" for unit in units),
        price_range_min=min(prices),
        price_range_max=max(prices),
    )


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
                "booking_number": f"BK-{today.year}-{900_000 + next(_numbers):06d}",
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
                "agreement_number": f"AGR/{next(_numbers)}" if registered else None,
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
        _count_units(sold.project)
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
    number = receipt_number(year, 900_000 + next(_numbers))
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


def make_file(owner: Account, purpose: str, content: bytes | None = None, **over: Any) -> int:
    """The row of an uploaded file, attached to nothing, and its id; its content, if given, is
    stored as it is."""
    if content is not None:
        key = f"{CLOCK.now():%Y%m%d/%H}/{token_hex(16)}"
        stored = {"content": BytesIO(content), "size": len(content), "content_type": ""}
        FolderStorage(STORAGE).put(key, **stored)
        told = {"size": len(content), "sha256": sha256(content).hexdigest(), "storage_key": key}
        over = {**told, **over}
    with session():
        row = File(
            **{
                "owner": owner.user_id,
                "purpose": purpose,
                "filename": "drawing.pdf",
                "content_type": "application/pdf",
                "size": 1024,
                "sha256": "0" * 64,
                "storage_key": token_hex(16),
                "created_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        file_id: int = row.id
        return file_id


def make_phase(project: ProjectRow, **over: Any) -> int:
    """A phase of a project, not started, after those that the project has; return its id."""
    with session():
        row = Project[project.id]
        sequence = row.phases.count() + 1
        phase = ProjectPhase(
            **{
                "project": row,
                "sequence": sequence,
                "phase_name": f"Phase {sequence}",
                "weight_percent": Decimal("100.00"),
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        phase.flush()
        phase_id: int = phase.id
        return phase_id


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
                "tracking_number": f"CR-2026-{900_000 + next(_numbers):06d}",
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
