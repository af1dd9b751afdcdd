"""Money that several callers move at the same moment: one effect or none, and sums that hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from webtest import TestApp

from tests.client import Api, check_answer
from tests.database import at_once
from tests.deployment import Clock
from tests.factories import make_booking, make_customer, make_payment
from tests.functional.bookings.common import make_sale
from tests.functional.payments.common import PATH, TOKEN, booking_now, got, pay, payment, today

Send = Callable[..., Callable[[], str]]


@pytest.fixture
def send(app: Any) -> Send:
    """Prepare a request; calling it sends it, and tells the status of a success or the code."""

    def outcome(caller: Any, path: str, body: Any, method: str = "POST", key: str = "") -> str:
        headers = {"Authorization": f"Bearer {caller.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        response = TestApp(app, cookiejar=None).request(
            path,
            method=method,
            body=json.dumps(body).encode(),
            headers=headers,
            expect_errors=True,
        )
        check_answer(method, path, response)
        code: str = str(response.status_int)
        return code if response.status_int < 300 else response.json["error"]["code"]

    return partial(partial, outcome)


def test_two_cheques_that_pass_the_cap_only_together(api: Api, send: Send, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    body = partial(payment, booking, "400000.00", "cheque")
    found = at_once([send(sale.builder, PATH, body()) for _ in range(4)])
    assert Counter(found) == {"201": 1, "rera_advance_cap": 3}
    rows = api.as_(sale.builder).get(PATH).data["payments"]
    assert [row["amount"] for row in rows] == ["400000.00"]


def test_one_transaction_on_two_bookings(api: Api, send: Send, clock: Clock) -> None:
    sale = make_sale()
    bookings = [make_booking(unit, make_customer()) for unit in sale.units]
    bodies = [payment(each, "10.00", transaction_id="UTR1") for each in bookings]
    found = at_once([send(sale.builder, PATH, body) for body in bodies])
    assert found.count("201") == 1
    # The index stands behind the look before; whoever meets it is told of a conflict.
    assert set(found) <= {"201", "duplicate_transaction", "conflict"}
    assert len(api.as_(sale.builder).get(PATH).data["payments"]) == 1


def test_one_key_many_times(api: Api, send: Send, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    body = payment(booking, "10.00", "cash")
    found = at_once([send(sale.builder, PATH, body, key="one-intention")] * 6)
    assert found == ["201"] * 6
    assert booking_now(api, sale.builder, booking)["paid_amount"] == "10.00"


def test_refunds_beyond_what_is_owed(api: Api, send: Send, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("rejected")
    paid = make_payment(booking, "1000.00")
    body = {"amount": "600.00", "payment_method": "cash", "payment_date": today()}
    calls = [send(sale.builder, f"{PATH}/{paid}/refund", body) for _ in range(4)]
    assert Counter(at_once(calls)) == {"201": 1, "refund_exceeds_due": 3}
    assert got(api, sale.builder, paid)["refunded_amount"] == "600.00"
    assert booking_now(api, sale.builder, booking)["refund_owed"] == "400.00"


def test_accept_and_decline(api: Api, send: Send, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    reported = pay(api, sale.customer, booking)
    path = f"{PATH}/{reported['id']}/status"
    bodies = [{"action": "accept"}, {"action": "decline", "reason": "No such transfer."}] * 2
    found = at_once([send(sale.builder, path, body, "PATCH") for body in bodies])
    assert Counter(found) == {"200": 1, "invalid_transition": 3}
    status = got(api, sale.builder, reported)["status"]
    seen = booking_now(api, sale.builder, booking)
    assert (status, seen["paid_amount"]) in {("completed", TOKEN), ("failed", "0.00")}


def test_paying_and_rejecting(api: Api, send: Send, clock: Clock) -> None:
    """Either order is right; money that came is on the booking or was refused."""
    sale = make_sale()
    booking = sale.booked()
    reject = {"reason": "Sold to family."}
    calls = [
        send(sale.builder, PATH, payment(booking)),
        send(sale.builder, f"/api/bookings/{booking.id}/reject", reject),
    ]
    paid, rejected = at_once(calls)
    assert rejected == "200"
    seen = booking_now(api, sale.builder, booking)
    assert seen["status"] == "rejected"
    assert (paid, seen["refund_owed"]) in {("201", TOKEN), ("booking_closed", "0.00")}


def test_receipt_numbers_have_no_gap(api: Api, send: Send, clock: Clock) -> None:
    sale = make_sale()
    bookings = [make_booking(unit, make_customer()) for unit in sale.units]
    calls = [
        send(sale.builder, PATH, payment(each, amount))
        for each in bookings
        for amount in ("10.00", "20.00", "700000.00")
    ]
    found = Counter(at_once(calls))
    assert found == {"201": 6, "rera_advance_cap": 3}
    rows = api.as_(sale.builder).get(PATH).data["payments"]
    assert sorted(row["receipt_number"][-6:] for row in rows) == [f"{n:06d}" for n in range(1, 7)]
