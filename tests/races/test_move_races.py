"""Two moves of one booking at once: the result is that of one order, the loser gets a clean 409."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any

import pytest

from realty.db import Booking, Installment, Project, StatusHistory, Unit, utcnow
from realty.db.connection import disconnect
from realty.db.session import session
from realty.rules.clock import local_date
from realty.services import expiry
from tests.factories import BookingRow, make_booking, make_payment
from tests.races.buyers import PATH, together
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROUNDS = 5
DEAD = {"expired", "rejected", "cancelled"}
Act = Callable[[Fleet, int, Launch, BookingRow], Reply]


def confirm(fleet: Fleet, server: int, sale: Launch, booking: BookingRow) -> Reply:
    """confirmBooking."""
    return fleet.post(server, f"{PATH}/{booking.id}/confirm", token=sale.builder.token)


def reject(fleet: Fleet, server: int, sale: Launch, booking: BookingRow) -> Reply:
    """rejectBooking."""
    body = {"reason": "No"}
    return fleet.post(server, f"{PATH}/{booking.id}/reject", body, token=sale.builder.token)


def cancel_by_customer(fleet: Fleet, server: int, sale: Launch, booking: BookingRow) -> Reply:
    """cancelBooking, with the refund that is quoted before the agreement."""
    return _cancel(fleet, server, sale.customers[0].token, booking)


def cancel_by_builder(fleet: Fleet, server: int, sale: Launch, booking: BookingRow) -> Reply:
    """cancelBooking by the other side."""
    return _cancel(fleet, server, sale.builder.token, booking)


def _cancel(fleet: Fleet, server: int, token: str, booking: BookingRow) -> Reply:
    with session():
        refund = str(Booking[booking.id].paid_amount)
    disconnect()
    body = {"reason": "No", "expected_refund": refund}
    return fleet.post(server, f"{PATH}/{booking.id}/cancel", body, token=token)


def register(fleet: Fleet, server: int, sale: Launch, booking: BookingRow) -> Reply:
    """registerBookingAgreement."""
    body = {
        "agreement_number": "AGR-1",
        "actual_registration_date": local_date(utcnow(), "Asia/Kolkata").isoformat(),
    }
    path = f"{PATH}/{booking.id}/register-agreement"
    return fleet.post(server, path, body, token=sale.builder.token)


def discount(fleet: Fleet, server: int, sale: Launch, booking: BookingRow) -> Reply:
    """updateBooking that makes the price anew."""
    body = {"discount_amount": "1000.00", "discount_reason": "Festive offer"}
    return fleet.request("PATCH", server, f"{PATH}/{booking.id}", body, token=sale.builder.token)


def expire(_fleet: Fleet, _server: int, _sale: Launch, booking: BookingRow) -> Reply:
    """What a tick does on another machine."""
    try:
        with session():
            ended = expiry.expire(booking.id, utcnow())
    finally:
        disconnect()
    return Reply(200 if ended else 409, b'{"error": {"code": "invalid_transition"}}')


RACES: list[tuple[str, Act, Act, set[str]]] = [
    ("token_paid", confirm, cancel_by_customer, {"cancelled"}),
    ("token_paid", confirm, reject, {"confirmed", "rejected"}),
    ("token_paid", reject, cancel_by_customer, {"rejected", "cancelled"}),
    ("confirmed", cancel_by_builder, cancel_by_customer, {"cancelled"}),
    ("confirmed", register, cancel_by_builder, {"cancelled"}),
    ("confirmed", confirm, register, {"agreement_registered"}),
    ("pending", expire, cancel_by_customer, {"expired", "cancelled"}),
    ("pending", expire, expire, {"expired"}),
    ("pending", discount, reject, {"rejected"}),
    ("pending", discount, expire, {"expired"}),
]


@pytest.mark.parametrize(
    ("status", "one", "other", "results"),
    RACES,
    ids=[f"{one.__name__}-{other.__name__}" for _, one, other, _ in RACES],
)
def test_two_moves_at_once(
    fleet: Fleet, launch: Any, status: str, one: Act, other: Act, results: set[str]
) -> None:
    sale = launch(ROUNDS, 1)
    servers = cycle(range(len(fleet)))
    for unit in sale.units:
        booking = make_booking(
            unit,
            sale.customers[0],
            status=status,
            expires_at=utcnow() - timedelta(seconds=1) if status == "pending" else None,
        )
        if status != "pending":
            make_payment(booking, booking.token_amount, payment_type="token")
        acts = [partial(act, fleet, next(servers), sale, booking) for act in (one, other)]
        replies = together(acts)
        _judge(booking, status, replies, results)
    with session():
        units = list(Unit.select(lambda u: u.project.id == sale.project.id))
        available = sum(unit.status == "available" for unit in units)
        assert Project[sale.project.id].available_units == available


def _judge(booking: BookingRow, first: str, replies: list[Reply], results: set[str]) -> None:
    """The history is a chain with a link for each success; unit, rows and sums fit its end."""
    statuses = [reply.status for reply in replies]
    assert set(statuses) <= {200, 409}, [reply.body for reply in replies]
    assert 200 in statuses
    for reply in replies:
        assert reply.code in {"", "invalid_transition", "conflict"}
    with session():
        row = Booking[booking.id]
        assert row.status in results
        history = StatusHistory.select(
            lambda h: h.entity == "booking" and h.entity_id == booking.id
        ).order_by(lambda h: h.id)
        now = first
        for move in history:
            assert move.from_status == now
            now = move.to_status
        assert now == row.status
        assert row.version == 1 + statuses.count(200)
        expected = {"agreement_registered": "sold", "confirmed": "booked"}
        assert row.unit.status == expected.get(row.status, "available")
        rows = Installment.select(lambda i: i.booking.id == booking.id)[:]
        assert sum(each.amount for each in rows) == row.total_amount
        if row.status in DEAD:
            unpaid = [each.status for each in rows if not each.paid_amount]
            assert set(unpaid) == {"void"}
            assert row.refund_amount == row.paid_amount - row.deduction_amount
