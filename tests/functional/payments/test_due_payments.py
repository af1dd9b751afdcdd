"""listDuePayments: upcoming and overdue rows, for both sides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.db import Booking, Installment
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.deployment import CLOCK, Clock
from tests.factories import (
    BookingRow,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.bookings.common import change_booking, change_project, make_sale
from tests.functional.payments.common import PATH, demand, pay, today, total
from tests.functional.queries import queries

DUE = f"{PATH}/due"


def dues(api: Api, caller: Any, **params: Any) -> Any:
    """What a caller is answered."""
    return api.as_(caller).get(DUE, params).data


def found(api: Api, caller: Any, **params: Any) -> list[tuple[int, str]]:
    """Sequence and state of the rows, in their order."""
    rows = dues(api, caller, **params)["dues"]
    return [(row["installment"]["sequence"], row["state"]) for row in rows]


def set_due(booking: BookingRow, sequence: int, days: int) -> None:
    """Let a row fall due so many days from today."""
    with session():
        row = Installment.get(booking=booking.id, sequence=sequence)
        row.due_date = local_date(CLOCK.now(), "Asia/Kolkata") + timedelta(days=days)


def test_list_due_payments_of_both_sides(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_sale()
    booking = sale.booked("agreement_registered")
    demand(booking.id, 3, days_ago=40)
    demand(booking.id, 4)
    set_due(booking, 5, 60)
    expected = [(3, "overdue"), (2, "upcoming"), (4, "upcoming"), (5, "upcoming")]
    for caller in (sale.customer, sale.builder, make_admin()):
        assert found(api, caller) == expected
    assert found(api, other.customer) == found(api, other.builder) == []
    api.get(DUE, status=401)
    data = dues(api, sale.builder, limit=1)
    late = data["dues"][0]
    assert late["days_overdue"] == 25
    assert late["installment"]["status"] == "overdue"
    assert late["installment"]["pending_amount"] == "949725.00"
    assert late["installment"]["interest_amount"] > "0.00"
    assert late["installment"]["tds_amount"] == "9497.25"
    assert late["booking"]["id"] == booking.id
    assert late["booking"]["unit"]["id"] == sale.unit.id
    assert late["customer"]["id"] == sale.customer.customer_id
    assert data["pagination"]["totalItems"] == 4
    assert data["totals"] == {
        "overdue_count": 1,
        "overdue_amount": "949725.00",
        "upcoming_count": 3,
        "upcoming_amount": "1899450.00",
    }


def test_list_due_payments_filters(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    demand(booking.id, 3, days_ago=40)
    demand(booking.id, 4, days_ago=2)
    elsewhere = make_booking(make_unit(make_project(sale.builder)), sale.customer)
    assert found(api, sale.builder, state="overdue") == [(3, "overdue")]
    upcoming = [(1, "upcoming"), (2, "upcoming"), (4, "upcoming")]
    assert sorted(found(api, sale.builder, state="upcoming")) == upcoming
    assert found(api, sale.builder, project_id=elsewhere.project_id) == [(1, "upcoming")]
    assert found(api, sale.builder, booking_id=elsewhere.id) == [(1, "upcoming")]
    assert found(api, sale.builder, booking_id=booking.id, within=12) == [
        (3, "overdue"),
        (2, "upcoming"),
    ]
    assert (4, "upcoming") in found(api, sale.builder, within=13)
    totals = dues(api, sale.builder, state="overdue", booking_id=booking.id, within=0)["totals"]
    assert (totals["overdue_count"], totals["upcoming_count"]) == (1, 1)
    assert found(api, sale.builder, page=9) == []
    stranger = make_sale()
    assert found(api, stranger.builder, booking_id=booking.id) == []
    assert dues(api, stranger.builder, booking_id=booking.id)["totals"]["overdue_count"] == 0
    for bad in ({"state": "paid"}, {"within": -1}, {"within": 3651}, {"sort": "x"}, {"q": "x"}):
        api.as_(sale.builder).get(DUE, bad, status=422)


def test_a_paid_void_or_dead_row_is_not_due(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    demand(booking.id, 2, 3, days_ago=40)
    pay(api, sale.builder, booking, "633150.00")
    pay(api, sale.builder, booking, "100000.00")
    # The token went to the rows that fell due first, and the row on booking waits for the rest.
    late, waiting = dues(api, sale.customer)["dues"]
    assert late["installment"]["sequence"] == 3
    assert late["installment"]["pending_amount"] == "216575.00"
    assert dues(api, sale.customer)["totals"]["overdue_amount"] == "216575.00"
    assert (waiting["installment"]["sequence"], waiting["state"]) == (1, "upcoming")
    with session():
        Installment.get(booking=booking.id, sequence=3).status = "void"
    assert found(api, sale.customer) == [(1, "upcoming")]
    change_booking(booking.id, status="cancelled", cancelled_at=clock.now())
    assert found(api, sale.customer) == []


@pytest.mark.parametrize(("days", "state"), [(15, "upcoming"), (22, "upcoming"), (23, "overdue")])
def test_a_row_is_overdue_past_the_days_of_grace(
    api: Api, clock: Clock, days: int, state: str
) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    demand(booking.id, 3, days_ago=days)
    (row,) = [r for r in dues(api, sale.builder)["dues"] if r["installment"]["sequence"] == 3]
    assert row["state"] == state
    schedule = api.as_(sale.builder).get(f"/api/bookings/{booking.id}/schedule").data["schedule"]
    assert schedule[2]["status"] == row["installment"]["status"]
    if state == "upcoming":
        assert row["days_overdue"] == 0


def test_the_day_is_that_of_each_project(api: Api, clock: Clock) -> None:
    """At 20:00 UTC it is tomorrow in India and still today in London and Honolulu."""
    clock.set(clock.now().replace(hour=20, minute=0))
    builder, customer = make_builder(), make_customer()
    day = local_date(clock.now(), "UTC")
    for zone in ("Asia/Kolkata", "Europe/London", "Pacific/Honolulu", "Pacific/Kiritimati"):
        project = make_project(builder)
        change_project(project, timezone=zone)
        booking = make_booking(make_unit(project), customer, status="agreement_registered")
        demand(booking.id, 3, days_ago=40)
        with session():
            for row in Booking[booking.id].installments:
                row.due_date = day - timedelta(days=7) if row.sequence == 3 else None
    states = {
        row["booking"]["project"]["id"]: (row["state"], row["installment"]["status"])
        for row in dues(api, builder)["dues"]
    }
    late = [state == ("overdue", "overdue") for state in states.values()]
    grace_is_over_where_it_is_tomorrow = [True, False, False, True]
    assert late == grace_is_over_where_it_is_tomorrow
    assert dues(api, builder)["totals"]["overdue_count"] == 2
    assert len(found(api, builder, within=0)) == 4


def test_totals_are_those_of_the_rows(api: Api, clock: Clock) -> None:
    builder = make_builder()
    for unit in make_units(make_project(builder), 4):
        booking = make_booking(unit, make_customer(), status="agreement_registered")
        demand(booking.id, 1, 2, days_ago=50)
        pay(api, builder, booking, "1.01")
    data = dues(api, builder, limit=100)
    rows = [row for row in data["dues"] if row["state"] == "overdue"]
    assert data["totals"]["overdue_count"] == len(rows) == 8
    unpaid = total(row["installment"]["pending_amount"] for row in rows)
    assert data["totals"]["overdue_amount"] == f"{unpaid:.2f}"


def test_a_page_of_dues_costs_as_many_queries_whatever_the_volume(api: Api, clock: Clock) -> None:
    counted = []
    for number in (2, 40):
        builder = make_builder()
        for unit in make_units(make_project(builder), number):
            make_booking(unit, make_customer(), payment_plan="installments")
        with queries() as sent:
            dues(api, builder, limit=100)
        counted.append(len(sent))
    assert counted[0] == counted[1] <= 12, counted


def test_today_is_upcoming(api: Api, clock: Clock) -> None:
    sale = make_sale()
    sale.booked()
    (row,) = dues(api, sale.customer)["dues"]
    assert (row["installment"]["due_date"], row["state"]) == (today(), "upcoming")
