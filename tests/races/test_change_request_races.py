"""Two things at once about one change request: one order of them is what remains, the loser gets a
clean 409, and rows and money fit the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any

import pytest

from realty.db import Booking, ChangeRequest, Installment, StatusHistory, utcnow
from realty.db.connection import disconnect
from realty.db.session import session
from realty.rules.clock import local_date
from realty.services import expiry
from tests.factories import BookingRow, make_booking, make_change_request
from tests.races.buyers import together
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROUNDS = 5
COST = "185000.00"
Act = Callable[[Fleet, int, Launch, BookingRow, int], Reply]


def _by_customer(action: str) -> Act:
    def act(fleet: Fleet, server: int, sale: Launch, _booking: BookingRow, request: int) -> Reply:
        path = f"/api/change-requests/{request}/{action}"
        return fleet.post(server, path, {}, token=sale.customers[0].token)

    return act


def _by_builder(action: str, body: dict[str, Any]) -> Act:
    def act(fleet: Fleet, server: int, sale: Launch, _booking: BookingRow, request: int) -> Reply:
        path = f"/api/change-requests/{request}/{action}"
        return fleet.post(server, path, body, token=sale.builder.token)

    return act


def expire(_fleet: Fleet, _server: int, _sale: Launch, _booking: BookingRow, request: int) -> Reply:
    """What a tick does on another machine whose clock is ahead."""
    try:
        with session():
            ended = expiry.expire_quote(request, utcnow() + timedelta(days=30))
    finally:
        disconnect()
    return Reply(200 if ended else 409, b'{"error": {"code": "invalid_transition"}}')


def pay(fleet: Fleet, server: int, sale: Launch, booking: BookingRow, request: int) -> Reply:
    """recordPayment, for the row that the change request made."""
    with session():
        row_id = Installment.get(change_request=request).id
    disconnect()
    body = {
        "booking_id": booking.id,
        "installment_id": row_id,
        "payment_type": "installment",
        "amount": COST,
        "payment_method": "upi",
        "transaction_id": f"UPI-{request}",
        "payment_date": local_date(utcnow(), "Asia/Kolkata").isoformat(),
    }
    return fleet.post(server, "/api/payments", body, token=sale.builder.token)


def cancel(fleet: Fleet, server: int, sale: Launch, booking: BookingRow, _request: int) -> Reply:
    """cancelBooking by the builder, on which nothing is paid."""
    body = {"reason": "No", "expected_refund": "0.00"}
    path = f"/api/bookings/{booking.id}/cancel"
    return fleet.post(server, path, body, token=sale.builder.token)


ACTS: dict[str, Act] = {
    "accept": _by_customer("accept"),
    "decline": _by_customer("decline"),
    "withdraw": _by_customer("withdraw"),
    "quote": _by_builder("quote", {"estimated_cost": COST, "estimated_timeline_days": 7}),
    "reject": _by_builder("reject", {"reason": "No"}),
    "void": _by_builder("void", {"reason": "No"}),
    "start": _by_builder("start", {}),
    "expire": expire,
    "pay": pay,
    "cancel": cancel,
}
STATE = {"invalid_transition"}
LATE = {"validation_error", "booking_closed"}
"""The row that a payment names is void already, or its booking has ended."""
# Where it starts, what is done at once, where it may end, and which refusals are in order.
RACES: list[tuple[str, str, str, set[str], set[str]]] = [
    ("quoted", "accept", "accept", {"approved"}, STATE),
    ("quoted", "accept", "expire", {"approved", "expired"}, STATE),
    ("quoted", "accept", "decline", {"approved", "declined"}, STATE),
    ("quoted", "accept", "withdraw", {"approved", "withdrawn"}, STATE),
    ("quoted", "accept", "cancel", {"void"}, STATE),
    ("quoted", "expire", "expire", {"expired"}, STATE),
    ("submitted", "quote", "withdraw", {"withdrawn"}, STATE),
    ("submitted", "quote", "reject", {"quoted", "rejected"}, STATE),
    ("approved", "void", "start", {"void", "in_progress"}, STATE),
    ("approved", "void", "void", {"void"}, STATE),
    ("approved", "void", "pay", {"void"}, LATE),
    # The money came first, so that another refund is due than the builder was shown; or too late.
    ("approved", "cancel", "pay", {"void", "approved"}, {"quote_changed", *LATE}),
]


@pytest.mark.parametrize(
    ("status", "one", "other", "results", "refusals"),
    RACES,
    ids=[f"{one}-{other}" for _, one, other, _, _ in RACES],
)
def test_two_moves_at_once(
    fleet: Fleet,
    launch: Any,
    status: str,
    one: str,
    other: str,
    results: set[str],
    refusals: set[str],
) -> None:
    sale = launch(ROUNDS, 1)
    servers = cycle(range(len(fleet)))
    for unit in sale.units:
        booking = make_booking(unit, sale.customers[0], status="agreement_registered")
        request = make_change_request(booking, status, cost=COST)
        acts = [
            partial(ACTS[name], fleet, next(servers), sale, booking, request)
            for name in (one, other)
        ]
        _judge(booking, request, status, together(acts), results, refusals)


def _judge(
    booking: BookingRow,
    request: int,
    first: str,
    replies: list[Reply],
    results: set[str],
    refusals: set[str],
) -> None:
    """The history is a chain that ends where the request is; rows, sums and money fit."""
    statuses = [reply.status for reply in replies]
    assert set(statuses) <= {200, 201, 409, 422}, [reply.body for reply in replies]
    assert {200, 201} & set(statuses)
    assert {reply.code for reply in replies} <= {"", *refusals}, [reply.body for reply in replies]
    with session():
        row, wish = Booking[booking.id], ChangeRequest[request]
        assert wish.status in results
        now = first
        for move in StatusHistory.select(
            lambda h: h.entity == "change_request" and h.entity_id == request
        ).order_by(lambda h: h.id):
            assert move.from_status == now
            now = move.to_status
        assert now == wish.status
        variations = Installment.select(lambda i: i.booking.id == booking.id and i.kind != "plan")
        open_rows = [each for each in variations if each.status != "void"]
        assert row.variation_amount == sum(each.amount for each in open_rows)
        assert len(variations[:]) == (first == "approved" or wish.final_cost is not None)
        paid = sum(each.paid_amount for each in row.installments)
        received = sum(each.amount for each in row.payments)
        assert row.paid_amount == received
        assert row.paid_amount >= paid
        assert all(each.paid_amount == 0 for each in row.installments if each.status == "void")
