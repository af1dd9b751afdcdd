"""Placing a booking: the unit is held, the price frozen, and nobody else gets it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from secrets import token_hex
from typing import Any

from pony.orm import flush, select

from realty.db import Booking, Unit, db, scopes, stamps
from realty.db.locks import lock
from realty.errors import (
    Detail,
    NotBookable,
    NotFound,
    PendingLimit,
    PriceChanged,
    UnitUnavailable,
    ValidationFailed,
)
from realty.rules.identifiers import booking_number
from realty.rules.lifecycles import CLOSED_TO_BOOKINGS
from realty.rules.money import ZERO, money_text
from realty.rules.policy import Policy
from realty.rules.rera import registration_gate
from realty.security import Identity
from realty.services import audit, history
from realty.services.booking_events import BOTH, tell
from realty.services.booking_terms import (
    Concession,
    Site,
    agree,
    check_wishes,
    price_columns,
    require_builder_for,
    site_of,
)
from realty.services.inventory import move_unit
from realty.services.living import lock_customer
from realty.services.policy import current_policy
from realty.services.schedule_rows import write_first_schedule

BUILDER_FIELDS = ("customer_id", "discount_amount", "discount_reason", "token_amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a caller asks for, in the project's currency; the last four are the builder's."""

    unit_id: int
    payment_plan: str
    special_requests: str | None = None
    loan_amount: Decimal | None = None
    loan_bank: str | None = None
    expected_registration_date: date | None = None
    expected_total: Decimal | None = None
    customer_id: int | None = None
    discount_amount: Decimal | None = None
    discount_reason: str | None = None
    token_amount: Decimal | None = None

    def wishes(self) -> dict[str, Any]:
        """The columns that either side may write."""
        return {
            "special_requests": self.special_requests,
            "loan_amount": self.loan_amount,
            "loan_bank": self.loan_bank,
            "expected_registration_date": self.expected_registration_date,
        }


def place(order: Order, *, actor: Identity, now: datetime) -> Any:
    """Hold a unit for a customer, who asks himself or through the builder that he is joined to.

    The unit's row is locked before it is read, so of many callers one gets it and the others
    `UnitUnavailable`; behind the lock stands the index `one_occupying_booking_per_unit`. The
    project's counter moves last, by one statement that asks again whether the project sells.

    Raises `NotFound` for a unit or customer that the caller does not see, `ValidationFailed`,
    `PendingLimit`, `UnitUnavailable`, `NotBookable`, `ReraRegistrationRequired`, `PriceChanged`,
    `AdvanceCap`.
    """
    customer_id = _buyer(order, actor)
    project_id = _project_of(order.unit_id, actor)
    policy = current_policy()
    by_customer = actor.role == "customer"
    lock_customer(customer_id)
    if by_customer:
        _require_room(customer_id, policy)
    unit = lock(Unit, order.unit_id)
    if unit is None:
        raise NotFound
    if unit.status != "available" and (by_customer or unit.status != "reserved"):
        raise UnitUnavailable
    site = site_of(project_id)
    today = site.today(now)
    _require_selling(site, today)

    concession = Concession(
        discount_amount=order.discount_amount or ZERO,
        discount_reason=order.discount_reason,
        token_amount=order.token_amount,
    )
    sheet = agree(unit, site, concession, now=now, policy=policy)
    _require_expected(order.expected_total, sheet.total_amount)
    check_wishes(order.wishes(), total=sheet.total_amount, today=today)

    booking = Booking(
        # Its own id makes the number, below: unique without a counter that all bookings queue for.
        booking_number=token_hex(16),
        customer=customer_id,
        unit=unit,
        project=project_id,
        builder=site.builder_id,
        booking_date=today,
        expires_at=now + timedelta(hours=policy.booking_hold_hours),
        payment_plan=order.payment_plan,
        created_by_customer=by_customer,
        created_at=now,
        updated_at=now,
        **order.wishes(),
        **price_columns(sheet, concession),
    )
    flush()
    booking.booking_number = booking_number(today.year, booking.id)
    write_first_schedule(booking, policy=policy, now=now)
    history.record("booking", booking.id, before=None, after="pending", actor=actor, now=now)
    audit.note(
        "booking.created",
        "booking",
        booking.id,
        builder_id=site.builder_id,
        actor=actor,
        now=now,
        details={
            "customer_id": customer_id,
            "unit_id": order.unit_id,
            "total_amount": money_text(sheet.total_amount),
            "token_amount": money_text(sheet.token_amount),
            "discount_amount": money_text(sheet.discount_amount),
        },
    )
    change = move_unit(unit, "booked", mover="booking", actor=actor, now=now)
    tell(booking, "created", BOTH, now=now)
    _take_from_project(site, change, today)
    return booking


def _buyer(order: Order, actor: Identity) -> int:
    """The customer who buys: the caller, or the one whom the calling builder names."""
    if actor.role == "customer":
        require_builder_for(actor, [f for f in BUILDER_FIELDS if getattr(order, f) is not None])
        assert actor.customer_id is not None, "a customer's identity carries its customer_id"
        return actor.customer_id
    customer_id = order.customer_id
    if customer_id is None:
        raise ValidationFailed.at("customer_id", "Name the customer that you book for.")
    joined = scopes.visible_customers(actor).filter(lambda c: c.id == customer_id)
    if not select(c.id for c in joined)[:1]:
        raise NotFound
    return customer_id


def _project_of(unit_id: int, actor: Identity) -> int:
    """The project of a unit that the caller sees and, being a builder, owns."""
    visible = scopes.visible_units(actor).filter(lambda u: u.id == unit_id)
    columns = select((u.project.id, u.project.builder.id) for u in visible)
    rows = columns.without_distinct()[:1]
    if not rows or (actor.role == "builder" and rows[0][1] != actor.builder_id):
        raise NotFound
    project_id: int = rows[0][0]
    return project_id


def _require_room(customer_id: int, policy: Policy) -> None:
    """Under the lock of the customer's row: so many pending bookings of his own making, no more."""
    pending = select(
        b.id
        for b in Booking
        if b.customer.id == customer_id and b.status == "pending" and b.created_by_customer
    ).count()
    most = policy.booking_max_pending_per_customer
    if pending >= most:
        raise PendingLimit(details=[Detail("unit_id", "Pending bookings at once.", str(most))])


def _require_selling(site: Site, today: date) -> None:
    if not site.is_published or site.status in CLOSED_TO_BOOKINGS:
        raise NotBookable
    registration_gate(
        rera_number=site.rera_number,
        valid_until=site.rera_valid_until,
        exempt_reason=site.rera_exempt_reason,
        today=today,
    )


def _require_expected(expected: Decimal | None, total: Decimal) -> None:
    if expected is not None and expected != total:
        now_is = Detail("expected_total", "The total is another now.", money_text(total))
        raise PriceChanged(details=[now_is])


def _take_from_project(site: Site, change: int, today: date) -> None:
    """Count the unit out, if the project still sells: an unpublish that came first wins."""
    flush()
    counted = db.execute(
        "UPDATE projects SET available_units = available_units + $change"
        " WHERE id = $project_id AND is_published AND status NOT IN ('on_hold', 'cancelled')"
        " AND (COALESCE(rera_exempt_reason, '') <> ''"
        " OR (COALESCE(rera_number, '') <> '' AND rera_valid_until >= $day))"
        " AND EXISTS (SELECT 1 FROM builders JOIN users ON users.id = builders.user_id"
        " WHERE builders.id = projects.builder_id AND users.is_active)",
        {"change": change, "project_id": site.project_id, "day": today.isoformat()},
        {},
    )
    if counted.rowcount != 1:
        raise NotBookable
    stamps.move_project(site.project_id)
