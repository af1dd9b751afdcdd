"""createBooking: who may hold which unit, at which price, and what that leaves behind."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from realty.db import Installment, User
from realty.db.session import session
from realty.rules.clock import local_date, rfc3339
from realty.services import bookings
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.bookings.common import (
    PATH,
    TOTAL,
    book,
    change_project,
    change_unit,
    make_sale,
    moves,
    order,
    told,
    unit_state,
)


def test_create_booking_holds_the_unit_and_freezes_the_price(api: Api, clock: Clock) -> None:
    sale = make_sale(3)
    answer = api.as_(sale.customer).post(
        PATH, order(sale.unit, special_requests="Open kitchen"), status=201
    )
    booking = answer.data["booking"]
    assert answer.headers["Location"] == f"{PATH}/{booking['id']}"
    assert booking["booking_number"] == f"BK-{clock.now().year}-{booking['id']:06d}"
    assert booking["status"] == "pending"
    assert booking["allowed_actions"] == ["update", "cancel"]
    assert booking["total_amount"] == TOTAL
    assert booking["token_amount"] == booking["advance_cap_amount"] == "633150.00"
    assert booking["expires_at"] == rfc3339(clock.now() + timedelta(hours=72))
    assert booking["customer"]["email"] == sale.customer.email
    assert booking["price_snapshot"]["unit_id"] == sale.unit.id
    assert booking["unit"]["status"] == "booked"
    assert unit_state(sale.unit) == ("booked", 2)
    assert moves("booking", booking["id"]) == [(None, "pending")]
    assert moves("unit", sale.unit.id) == [("available", "booked")]
    assert told(sale.customer) == told(sale.builder) == ["Unit booked"]


@pytest.mark.parametrize(
    ("plan", "rows"),
    [("full_payment", 2), ("installments", 10), ("construction_linked", 10), ("loan", 4)],
)
def test_create_booking_makes_the_schedule_of_its_plan(api: Api, plan: str, rows: int) -> None:
    sale = make_sale()
    booking = book(api, sale, payment_plan=plan)
    with session():
        made = Installment.select(lambda i: i.booking.id == booking["id"])[:]
        assert sorted(row.sequence for row in made) == list(range(1, rows + 1))
        assert sum(row.percent for row in made) == 100
        assert sum(row.amount for row in made) == Decimal(TOTAL)
        assert {row.status for row in made} == {"scheduled"}


def test_the_frozen_price_outlives_a_change_of_the_unit(api: Api) -> None:
    sale = make_sale()
    booking = book(api, sale)
    change_unit(sale.unit, price=Decimal("9000000.00"))
    again = api.as_(sale.customer).get(f"{PATH}/{booking['id']}").data["booking"]
    assert again["total_amount"] == again["price_snapshot"]["total_amount"] == TOTAL


def test_a_unit_is_booked_once(api: Api) -> None:
    sale, other = make_sale(), make_customer()
    book(api, sale)
    refused = api.as_(other).post(PATH, order(sale.unit), status=409)
    assert refused.code == "unit_unavailable"
    assert unit_state(sale.unit) == ("booked", 2)


@pytest.mark.parametrize("status", ["reserved", "blocked", "booked", "sold"])
def test_a_customer_books_only_an_available_unit(api: Api, status: str) -> None:
    sale = make_sale()
    change_unit(sale.unit, status=status)
    assert api.as_(sale.customer).post(PATH, order(sale.unit), status=409).code == (
        "unit_unavailable"
    )


def test_a_unit_that_the_index_knows_as_taken_is_unavailable(api: Api) -> None:
    """The index stands behind the status: were that wrong, still nothing would be sold twice."""
    sale = make_sale()
    make_booking(sale.unit, make_customer(), status="confirmed")
    change_unit(sale.unit, status="available")
    refused = api.as_(sale.customer).post(PATH, order(sale.unit), status=409)
    assert refused.code == "unit_unavailable"


@pytest.mark.parametrize("who", ["anonymous", "admin"])
def test_create_booking_refuses_other_roles(api: Api, who: str) -> None:
    sale = make_sale()
    caller = make_admin() if who == "admin" else None
    api.as_(caller).post(PATH, order(sale.unit), status=401 if caller is None else 403)
    assert unit_state(sale.unit) == ("available", 3)


def test_a_unit_that_the_customer_cannot_see_is_absent(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    hidden = make_unit(make_project(builder, published=False))
    silent = make_builder(is_active=False)
    gone = make_unit(make_project(silent))
    for unit_id in (hidden.id, gone.id, 2_147_483_647):
        body = {"unit_id": unit_id, "payment_plan": "loan"}
        assert api.as_(customer).post(PATH, body, status=404).code == "not_found"


@pytest.mark.parametrize("status", ["on_hold", "cancelled"])
def test_a_project_that_rests_takes_no_bookings(api: Api, status: str) -> None:
    sale = make_sale(status=status)
    assert api.as_(sale.customer).post(PATH, order(sale.unit), status=409).code == "not_bookable"
    assert unit_state(sale.unit)[0] == "available"


def test_an_unpublished_project_takes_no_bookings_even_from_those_who_see_it(api: Api) -> None:
    sale = make_sale()
    book(api, sale)
    change_project(sale.project, is_published=False)
    refused = api.as_(sale.customer).post(PATH, order(sale.units[1]), status=409)
    assert refused.code == "not_bookable"
    body = order(sale.units[1], customer_id=sale.customer.customer_id)
    assert api.as_(sale.builder).post(PATH, body, status=409).code == "not_bookable"


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"is_published": False},
        {"status": "on_hold"},
        {"rera_valid_until": date(2020, 1, 1)},
        {"rera_number": None},
    ],
)
def test_the_statement_that_counts_the_unit_out_asks_once_more(
    api: Api, monkeypatch: pytest.MonkeyPatch, meanwhile: dict[str, Any]
) -> None:
    """As if the project had stopped selling between the first look and the last statement."""
    sale = make_sale()
    make_booking(sale.units[2], sale.customer)
    monkeypatch.setattr(bookings, "_require_selling", lambda _site, _today: None)
    change_project(sale.project, **meanwhile)
    body = order(sale.unit, customer_id=sale.customer.customer_id)
    assert api.as_(sale.builder).post(PATH, body, status=409).code == "not_bookable"
    assert unit_state(sale.unit) == ("available", 2)


def test_the_project_of_a_deactivated_builder_takes_no_bookings(api: Api) -> None:
    sale = make_sale()
    make_booking(sale.units[2], sale.customer)
    with session():
        User[sale.builder.user_id].is_active = False
    # The customer still sees the project, because a booking of his is in it.
    refused = api.as_(sale.customer).post(PATH, order(sale.unit), status=409)
    assert refused.code == "not_bookable"
    assert unit_state(sale.unit) == ("available", 2)


def test_the_registration_must_be_valid_today(api: Api, clock: Clock) -> None:
    sale = make_sale()
    today = local_date(clock.now(), "Asia/Kolkata")
    change_project(sale.project, rera_valid_until=today - timedelta(days=1))
    refused = api.as_(sale.customer).post(PATH, order(sale.unit), status=422)
    assert refused.code == "rera_registration_required"
    change_project(sale.project, rera_valid_until=today)
    book(api, sale)
    change_project(sale.project, rera_number=None, rera_exempt_reason="Under 500 sq m")
    book(api, sale, sale.units[1])


def test_expected_total_guards_against_a_changed_price(api: Api) -> None:
    sale = make_sale()
    body = order(sale.unit, expected_total="6331500.01")
    refused = api.as_(sale.customer).post(PATH, body, status=409)
    assert refused.code == "price_changed"
    assert refused.error["details"][0]["value"] == TOTAL
    assert unit_state(sale.unit) == ("available", 3)
    assert book(api, sale, expected_total=TOTAL)["total_amount"] == TOTAL


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_id", 1),
        ("discount_amount", "1.00"),
        ("discount_reason", "Festive offer"),
        ("token_amount", "1.00"),
    ],
)
def test_a_customer_sends_nothing_that_is_the_builders(api: Api, field: str, value: Any) -> None:
    sale = make_sale()
    refused = api.as_(sale.customer).post(PATH, order(sale.unit, **{field: value}), status=422)
    assert [detail["field"] for detail in refused.error["details"]] == [field]
    assert unit_state(sale.unit) == ("available", 3)


@pytest.mark.parametrize(
    "over",
    [
        {"total_amount": "1.00"},
        {"price": "1.00"},
        {"status": "confirmed"},
        {"unit_id": "1"},
        {"unit_id": True},
        {"unit_id": -1},
        {"unit_id": 1.5},
        {"unit_id": 9_223_372_036_854_775_808},
        {"payment_plan": "barter"},
        {"expected_total": "1e2"},
        {"loan_amount": "0.001"},
        {"loan_amount": "6331500.01"},
        {"expected_registration_date": "2020-01-01"},
    ],
)
def test_create_booking_refuses_what_breaks_a_rule(api: Api, over: dict[str, Any]) -> None:
    sale = make_sale()
    api.as_(sale.customer).post(PATH, {**order(sale.unit), **over}, status=422)
    assert unit_state(sale.unit) == ("available", 3)


def test_a_customer_holds_at_most_three_pending_bookings_of_his_own_making(api: Api) -> None:
    sale = make_sale(6)
    joined = order(sale.units[5], customer_id=sale.customer.customer_id)
    for unit in sale.units[:3]:
        book(api, sale, unit)
    refused = api.as_(sale.customer).post(PATH, order(sale.units[3]), status=409)
    assert refused.code == "pending_limit"
    assert refused.error["details"][0]["value"] == "3"
    # What the builder books for him is not of his making, and does not count.
    api.as_(sale.builder).post(PATH, joined, status=201)
    first = api.as_(sale.customer).get(PATH, {"sort": "created_at"}).data["bookings"][0]
    api.as_(sale.customer).post(
        f"{PATH}/{first['id']}/cancel", {"reason": "No", "expected_refund": "0.00"}
    )
    book(api, sale, sale.units[3])


def test_a_builder_books_for_a_joined_customer_and_grants_a_discount(api: Api) -> None:
    sale = make_sale()
    make_booking(sale.units[2], sale.customer)
    body = order(
        sale.unit,
        customer_id=sale.customer.customer_id,
        discount_amount="130000.00",
        discount_reason="Festive offer",
        token_amount="500000.00",
    )
    booking = api.as_(sale.builder).post(PATH, body, status=201).data["booking"]
    assert booking["agreement_value"] == "5900000.00"
    assert booking["total_amount"] == "6195000.00"
    assert booking["token_amount"] == booking["price_snapshot"]["token_amount"] == "500000.00"
    assert booking["advance_cap_amount"] == "619500.00"
    assert booking["discount_reason"] == "Festive offer"
    assert booking["customer_id"] == sale.customer.customer_id
    assert booking["allowed_actions"] == ["update", "reject", "cancel"]


def test_a_builder_books_a_unit_that_it_reserved(api: Api, clock: Clock) -> None:
    sale = make_sale()
    make_booking(sale.units[2], sale.customer)
    change_unit(sale.unit, status="reserved", reserved_until=clock.now() + timedelta(days=1))
    change_project(sale.project, available_units=1)
    body = order(sale.unit, customer_id=sale.customer.customer_id)
    api.as_(sale.builder).post(PATH, body, status=201)
    # A reserved unit was not counted as available, so nothing is to be counted out.
    assert unit_state(sale.unit) == ("booked", 1)
    unit = api.as_(sale.builder).get(f"/api/units/{sale.unit.id}").data["unit"]
    assert unit["reserved_until"] is None


def test_a_builder_names_a_customer_who_is_joined_to_it(api: Api) -> None:
    sale, rival = make_sale(), make_sale()
    assert api.as_(sale.builder).post(PATH, order(sale.unit), status=422).code == (
        "validation_error"
    )
    stranger = order(sale.unit, customer_id=sale.customer.customer_id)
    assert api.as_(sale.builder).post(PATH, stranger, status=404).code == "not_found"
    make_booking(sale.units[2], sale.customer)
    make_booking(rival.units[2], sale.customer)
    foreign = order(rival.unit, customer_id=sale.customer.customer_id)
    assert api.as_(sale.builder).post(PATH, foreign, status=404).code == "not_found"
    assert unit_state(rival.unit)[0] == "available"


@pytest.mark.parametrize(
    ("over", "code", "field"),
    [
        ({"token_amount": "633150.01"}, "rera_advance_cap", "token_amount"),
        ({"token_amount": "0.00"}, "validation_error", "token_amount"),
        ({"discount_amount": "1.00"}, "validation_error", "discount_reason"),
        ({"discount_reason": "Because"}, "validation_error", "discount_reason"),
        (
            {"discount_amount": "6030000.00", "discount_reason": "All of it"},
            "validation_error",
            "discount_amount",
        ),
    ],
)
def test_what_a_builder_grants_has_limits(
    api: Api, over: dict[str, str], code: str, field: str
) -> None:
    sale = make_sale()
    make_booking(sale.units[2], sale.customer)
    body = order(sale.unit, customer_id=sale.customer.customer_id, **over)
    refused = api.as_(sale.builder).post(PATH, body, status=422)
    assert (refused.code, refused.error["details"][0]["field"]) == (code, field)
    if code == "rera_advance_cap":
        assert refused.error["details"][0]["value"] == "633150.00"
    assert unit_state(sale.unit)[0] == "available"


def test_booking_numbers_differ(api: Api) -> None:
    sale = make_sale()
    numbers = {book(api, sale, unit)["booking_number"] for unit in sale.units}
    assert len(numbers) == 3


def test_every_unit_booked_leaves_none_available(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    for unit in make_units(project, 4):
        api.as_(make_customer()).post(PATH, order(unit), status=201)
    assert unit_state(unit)[1] == 0
