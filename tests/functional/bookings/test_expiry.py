"""What the clock ends: pending bookings and reservations."""

from __future__ import annotations

from datetime import timedelta

import pytest

from realty.db.session import session
from realty.services import expiry
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_booking, make_customer, make_payment
from tests.functional.bookings.common import (
    PATH,
    book,
    change_booking,
    change_project,
    change_unit,
    columns,
    make_sale,
    moves,
    told,
    unit_state,
)


def expire_due(clock: Clock) -> list[int]:
    """What a tick does, and the bookings that it ended."""
    with session():
        due = expiry.due_bookings(clock.now())
    ended = []
    for booking_id in due:
        with session():
            if expiry.expire(booking_id, clock.now()):
                ended.append(booking_id)
    return ended


def test_a_hold_ends_at_its_time(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    clock.advance(hours=72, seconds=-1)
    assert expire_due(clock) == []
    clock.advance(seconds=1)
    assert expire_due(clock) == [made["id"]]
    assert expire_due(clock) == []
    seen = api.as_(sale.customer).get(f"{PATH}/{made['id']}").data["booking"]
    assert (seen["status"], seen["cancelled_by"]) == ("expired", "system")
    assert (seen["refund_owed"], seen["cancellation_reason"]) == ("0.00", None)
    assert seen["expires_at"] is None
    assert unit_state(sale.unit) == ("available", 3)
    assert told(sale.customer) == told(sale.builder) == ["Unit booked", "Booking expired"]
    last = api.as_(sale.customer).get(f"{PATH}/{made['id']}/timeline").data["timeline"][-1]
    assert (last["event"], last["actor"]) == ("expired", None)
    book(api, sale)


def test_what_was_paid_in_part_is_owed_back(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    make_payment(booking, "100.00")
    clock.advance(hours=72)
    assert expire_due(clock) == [booking.id]
    seen = api.as_(sale.customer).get(f"{PATH}/{booking.id}").data["booking"]
    assert (seen["refund_owed"], seen["refund_amount"]) == ("100.00", "100.00")
    assert seen["refund_due_date"] is not None


def test_a_cheque_in_the_bank_suspends_expiry(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking, reported = sale.booked(), make_booking(sale.units[1], sale.customer)
    make_payment(booking, "1.00", status="pending", payment_method="cheque")
    make_payment(reported, "1.00", status="reported")
    clock.advance(hours=100)
    assert expire_due(clock) == [reported.id]
    with session():
        assert not expiry.expire(booking.id, clock.now())
    assert columns(booking.id, "status") == ("pending",)


@pytest.mark.parametrize("status", ["token_paid", "confirmed", "cancelled"])
def test_only_what_is_pending_expires(api: Api, clock: Clock, status: str) -> None:
    sale = make_sale()
    booking = sale.booked(status)
    change_booking(booking.id, expires_at=clock.now() - timedelta(hours=1))
    assert expire_due(clock) == []
    with session():
        assert not expiry.expire(booking.id, clock.now())
        assert not expiry.expire(2_147_483_647, clock.now())


def test_a_reservation_ends_at_its_time(api: Api, clock: Clock) -> None:
    sale = make_sale()
    until = clock.now() + timedelta(hours=1)
    change_unit(sale.unit, status="reserved", reserved_until=until, reserved_note="For Meera")
    change_project(sale.project, available_units=2)
    with session():
        assert expiry.due_reservations(clock.now()) == []
        assert not expiry.release(sale.unit.id, clock.now())
    clock.advance(hours=1)
    with session():
        assert expiry.due_reservations(clock.now()) == [sale.unit.id]
    with session():
        assert expiry.release(sale.unit.id, clock.now())
    with session():
        assert not expiry.release(sale.unit.id, clock.now())
    assert unit_state(sale.unit) == ("available", 3)
    assert moves("unit", sale.unit.id) == [("reserved", "available")]
    unit = api.as_(sale.builder).get(f"/api/units/{sale.unit.id}").data["unit"]
    assert (unit["reserved_until"], unit["reserved_note"]) == (None, None)
    api.as_(make_customer()).post(
        PATH, {"unit_id": sale.unit.id, "payment_plan": "loan"}, status=201
    )
