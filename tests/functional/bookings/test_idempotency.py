"""Idempotency-Key on createBooking: one effect, one answer."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import Booking, IdempotencyKey, Notification
from realty.db.session import session
from tests.client import Answer, Api
from tests.deployment import Clock
from tests.functional.bookings.common import (
    PATH,
    change_project,
    change_unit,
    make_sale,
    order,
    unit_state,
)

KEY = "6b8f4c1e-7d0a-4c57-9c35-2f1f0a3b9e11"


def send(api: Api, caller: Any, body: Any, key: str = KEY, **options: Any) -> Answer:
    """createBooking with a key."""
    return api.as_(caller).post(PATH, body, headers={"Idempotency-Key": key}, **options)


def test_the_same_key_and_body_replay_the_first_answer(api: Api) -> None:
    sale = make_sale()
    body = order(sale.unit, special_requests="Größe ✓")
    first = send(api, sale.customer, body, status=201)
    change_unit(sale.units[1], status="blocked")
    again = send(api, sale.customer, body, status=201)
    assert again.body == first.body
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    with session():
        assert Booking.select().count() == 1
        assert Notification.select().count() == 2
    assert unit_state(sale.unit) == ("booked", 2)


def test_neither_spaces_nor_the_order_of_fields_make_another_body(api: Api) -> None:
    sale = make_sale()
    first = send(api, sale.customer, order(sale.unit), status=201)
    respelled = b'{ "payment_plan" : "construction_linked", "unit_id":%d }' % sale.unit.id
    again = send(api, sale.customer, respelled, status=201)
    assert again.body == first.body


def test_another_body_is_refused(api: Api) -> None:
    sale = make_sale()
    send(api, sale.customer, order(sale.unit), status=201)
    refused = send(api, sale.customer, order(sale.units[1]), status=422)
    assert refused.code == "idempotency_key_reused"
    assert unit_state(sale.units[1])[0] == "available"


def test_a_key_belongs_to_one_user(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    send(api, sale.customer, order(sale.unit), status=201)
    answer = send(api, other.customer, order(sale.units[1]), status=201)
    assert "Idempotent-Replayed" not in answer.headers


def test_a_refusal_is_not_stored_and_may_be_tried_again(api: Api) -> None:
    sale = make_sale()
    change_project(sale.project, status="on_hold")
    send(api, sale.customer, order(sale.unit), status=409)
    with session():
        assert IdempotencyKey.select().count() == 0
    change_project(sale.project, status="construction")
    answer = send(api, sale.customer, order(sale.unit), status=201)
    assert "Idempotent-Replayed" not in answer.headers


def test_a_key_is_free_again_after_a_day(api: Api, clock: Clock) -> None:
    sale = make_sale()
    first = send(api, sale.customer, order(sale.unit), status=201)
    clock.advance(hours=24)
    assert send(api, sale.customer, order(sale.unit), status=201).body == first.body
    clock.advance(seconds=1)
    assert send(api, sale.customer, order(sale.unit), status=409).code == "unit_unavailable"
    second = send(api, sale.customer, order(sale.units[1]), status=201)
    assert send(api, sale.customer, order(sale.units[1]), status=201).body == second.body


@pytest.mark.parametrize("key", ["short", "x" * 201, "with a space", "schlüssel-1"])
def test_a_key_has_a_form(api: Api, key: str) -> None:
    sale = make_sale()
    status = send_status(api, sale, key)
    assert status in {400, 422}
    assert unit_state(sale.unit) == ("available", 3)


def send_status(api: Api, sale: Any, key: str) -> int:
    """The status of a request with a key that has no proper form."""
    for status in (400, 422):
        try:
            return send(api, sale.customer, order(sale.unit), key, status=status).status
        except AssertionError as other:
            refusal = other
    raise refusal


def test_without_a_key_each_request_counts(api: Api) -> None:
    sale = make_sale()
    api.as_(sale.customer).post(PATH, order(sale.unit), status=201)
    refused = api.as_(sale.customer).post(PATH, order(sale.unit), status=409)
    assert refused.code == "unit_unavailable"
