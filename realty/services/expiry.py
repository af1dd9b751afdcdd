"""What the clock ends: holds without a token, reservations and quotes. `realty tick` drives it, one
transaction each, so that one that fails keeps none of the others."""

from __future__ import annotations

from datetime import datetime

from pony.orm import select

from realty.db import Booking, ChangeRequest, Payment, Unit
from realty.db.enums import RECEIPT_TYPES
from realty.db.locks import lock
from realty.services import cancellations, change_requests
from realty.services.inventory import count_available, move_unit


def due_bookings(now: datetime) -> list[int]:
    """The ids of pending bookings whose hold has run out and none of whose cheques still clears."""
    clearing = select(
        p.booking.id for p in Payment if p.status == "pending" and p.payment_type in RECEIPT_TYPES
    )
    due = select(
        b.id
        for b in Booking
        if b.status == "pending" and b.expires_at <= now and b.id not in clearing
    )
    return list(due)


def expire(booking_id: int, now: datetime) -> bool:
    """End one booking of `due_bookings`; False when it is not due any more."""
    unit_id = select(b.unit.id for b in Booking if b.id == booking_id).first()
    return unit_id is not None and cancellations.expire(booking_id, unit_id=unit_id, now=now)


def due_quotes(now: datetime) -> list[int]:
    """The ids of change requests whose quote was not accepted in time."""
    return list(
        select(c.id for c in ChangeRequest if c.status == "quoted" and c.quote_valid_until <= now)
    )


def expire_quote(request_id: int, now: datetime) -> bool:
    """End one quote of `due_quotes`; False when it is not due any more."""
    booking_id = select(c.booking.id for c in ChangeRequest if c.id == request_id).first()
    return booking_id is not None and change_requests.expire(
        request_id, booking_id=booking_id, now=now
    )


def due_reservations(now: datetime) -> list[int]:
    """The ids of units whose reservation has run out."""
    return list(select(u.id for u in Unit if u.status == "reserved" and u.reserved_until <= now))


def release(unit_id: int, now: datetime) -> bool:
    """Make one unit of `due_reservations` available again; False when it is not due any more."""
    unit = lock(Unit, unit_id)
    if unit is None or unit.status != "reserved":
        return False
    if unit.reserved_until is None or unit.reserved_until > now:
        return False
    change = move_unit(unit, "available", mover="system", actor=None, now=now)
    count_available(unit.project.id, change)
    return True
