"""createBooking by many at once, against several processes: one gets it, the others are told so."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from realty.db import IdempotencyKey, SystemSetting
from realty.db.session import session
from tests.races.buyers import PATH, book, send_order, together
from tests.races.conftest import CUSTOMERS, UNITS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_one_unit_and_many_buyers(fleet, launch, judge) -> None:
    """Exactly one 201, every other 409 `unit_unavailable`; again for each unit."""
    sale = launch(UNITS, CUSTOMERS)
    told = []
    for turn, unit in enumerate(sale.units):
        rush = [
            partial(book, fleet, turn + place, customer, unit)
            for place, customer in enumerate(sale.customers)
        ]
        answers = together(rush)
        outcomes = Counter((each.status, each.code) for each in answers)
        assert outcomes == {(201, ""): 1, (409, "unit_unavailable"): CUSTOMERS - 1}
        told += answers
    found = judge(told)
    assert len(found.bookings) == UNITS
    assert found.available[sale.project.id] == 0


def test_many_units_of_one_project(fleet, launch, judge) -> None:
    """Everybody wants another unit: all get theirs, and the one counter loses none of them."""
    sale = launch(CUSTOMERS + 2, CUSTOMERS)
    rush = [
        partial(book, fleet, place, customer, unit)
        for place, (customer, unit) in enumerate(zip(sale.customers, sale.units, strict=False))
    ]
    told = together(rush)
    assert {each.status for each in told} == {201}
    assert judge(told).available[sale.project.id] == 2


def test_one_key_twenty_times(fleet, launch, judge) -> None:
    """One booking, and the same answer for all twenty."""
    sale = launch(2, 1)
    (customer,), unit = sale.customers, sale.units[0]
    key = "the-same-intention-twenty-times"
    replies = together([partial(send_order, fleet, n, customer, unit, key) for n in range(20)])
    assert [reply.status for reply in replies] == [201] * 20
    assert len({reply.body for reply in replies}) == 1
    assert len({(reply.headers["location"], reply.headers["etag"]) for reply in replies}) == 1
    assert sum("idempotent-replayed" not in reply.headers for reply in replies) == 1
    found = judge([book(fleet, 0, customer, unit, key)])
    assert len(found.bookings) == 1
    with session():
        assert IdempotencyKey.select().count() == 1


def test_one_key_for_two_units(fleet, launch, judge) -> None:
    """One intention or the other has its effect, never both."""
    sale = launch(2, 1)
    (customer,) = sale.customers
    rush = [partial(book, fleet, n, customer, sale.units[n % 2], "one-key-two") for n in range(10)]
    told = together(rush)
    outcomes = Counter((each.status, each.code) for each in told)
    assert outcomes == {(201, ""): 5, (422, "idempotency_key_reused"): 5}
    assert len(judge([each for each in told if each.status == 201]).bookings) == 1


def test_the_limit_of_pending_bookings_holds(fleet, launch, judge) -> None:
    """One customer asks for ten units at once and gets three."""
    sale = launch(10, 1)
    with session():
        SystemSetting.get(setting_key="booking.max_pending_per_customer").setting_value = 3
    (customer,) = sale.customers
    rush = [partial(book, fleet, place, customer, unit) for place, unit in enumerate(sale.units)]
    told = together(rush)
    outcomes = Counter((each.status, each.code) for each in told)
    assert outcomes == {(201, ""): 3, (409, "pending_limit"): 7}
    judge(told)


def test_no_booking_slips_past_an_unpublish(fleet, launch, judge) -> None:
    """Whoever comes after the unpublish gets nothing; who came before keeps it."""
    sale = launch(CUSTOMERS, CUSTOMERS)
    unpublish = f"/api/projects/{sale.project.id}/unpublish"
    rush = [
        partial(book, fleet, place, customer, unit)
        for place, (customer, unit) in enumerate(zip(sale.customers, sale.units, strict=True))
    ]
    withdraw = partial(fleet.post, 0, unpublish, token=sale.builder.token)
    *told, withdrawn = together([*rush, withdraw])
    assert withdrawn.status == 200
    late = [
        book(fleet, place, customer, unit)
        for place, (customer, unit) in enumerate(zip(sale.customers, sale.units, strict=True))
    ]
    assert {each.status for each in late} <= {404, 409}
    judge([*told, *late])


def test_a_lost_race_is_readable_at_once(fleet, launch, judge) -> None:
    """What was answered 201 by one process is what the others read."""
    sale = launch(1, 2)
    first, second = sale.customers
    told = [book(fleet, 0, first, sale.units[0]), book(fleet, 1, second, sale.units[0])]
    assert [each.status for each in told] == [201, 409]
    path = f"{PATH}/{told[0].booking_id}"
    assert fleet.request("GET", 2, path, token=first.token).status == 200
    assert fleet.request("GET", 2, path, token=second.token).status == 404
    judge(told)
