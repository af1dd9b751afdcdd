"""What a customer sees first, in a bounded number of queries whatever there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pony.orm import raw_sql

from realty.db import Appointment, Booking, Project, scopes
from realty.db.enums import OCCUPYING_STATUSES
from realty.rules.clock import local_date
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services.counts import counts
from realty.services.dashboards import Money, Standing, money_of, standings
from realty.services.dues import Owed, is_open, owed_of
from realty.services.policy import current_policy

SHOWN_BOOKINGS = 20

# When the first open row of a booking falls due. The booking of the row that is due next of all
# comes first therefore, and that row is among those that are loaded anyway.
_NEXT_DUE = """(
    SELECT MIN(due_date) FROM installments
    WHERE booking_id = "b"."id" AND status NOT IN ('void', 'paid')
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDashboard:
    """All of it; `next_due` and `next_visit` are None without one."""

    money: Money
    bookings: Sequence[Any]
    projects: Sequence[Standing]
    next_due: Owed | None
    next_visit: Any
    badges: Mapping[str, Any]


def customer_dashboard(actor: Identity, *, now: datetime) -> CustomerDashboard:
    """The dashboard of the calling customer: the bookings that stand, those with the nearest due
    date first, and how their projects come along."""
    policy = current_policy()
    bookings = _bookings(actor)
    visit = _next_visit(actor, now)
    named = {booking.project.id for booking in bookings}
    visited = visit.project.id if visit else 0
    loaded = Project.select(lambda p: p.id in named or p.id == visited)[:]
    return CustomerDashboard(
        money=money_of(actor, now=now, policy=policy),
        bookings=bookings,
        projects=standings([project for project in loaded if project.id in named], actor, now=now),
        next_due=_next_due(bookings, now, policy),
        next_visit=visit,
        badges=counts(actor, now=now),
    )


def _bookings(actor: Identity) -> Sequence[Any]:
    """Bookings that hold a unit, with their units and rows."""
    standing = OCCUPYING_STATUSES
    held = scopes.visible_bookings(actor).filter(lambda b: b.status in standing)
    ordered = held.order_by(lambda b: (raw_sql(f"{_NEXT_DUE} IS NULL"), raw_sql(_NEXT_DUE), b.id))
    found: Sequence[Any] = ordered.prefetch(Booking.unit, Booking.installments)[:SHOWN_BOOKINGS]
    return found


def _next_due(bookings: Sequence[Any], now: datetime, policy: Policy) -> Owed | None:
    rows = [row for booking in bookings for row in booking.installments if is_open(row)]
    row = min(rows, key=lambda each: (each.due_date, each.id), default=None)
    if row is None:
        return None
    return owed_of(row, local_date(now, row.booking.project.timezone), policy)


def _next_visit(actor: Identity, now: datetime) -> Any:
    """The first visit to come that was not cancelled."""
    customer_id = actor.customer_id
    coming = Appointment.select(
        lambda a: (
            a.customer.id == customer_id
            and a.status in ("scheduled", "confirmed")
            and a.appointment_date >= now
        )
    )
    return coming.order_by(lambda a: (a.appointment_date, a.id)).first()
