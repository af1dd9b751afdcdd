"""updateBooking: wishes by either side, the price by the builder while nothing is received."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from realty.db import Installment, SystemSetting
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_admin, make_payment
from tests.functional.bookings.common import PATH, columns, make_sale, told

DISCOUNT = {"discount_amount": "130000.00", "discount_reason": "Festive offer"}


def test_update_booking_changes_wishes_and_clears_them(api: Api, clock: Clock) -> None:
    sale = make_sale()
    url = f"{PATH}/{sale.booked('confirmed').id}"
    day = (clock.now() + timedelta(days=40)).date().isoformat()
    wishes = {
        "special_requests": "Keep the wall open.",
        "loan_amount": "5000000.00",
        "loan_bank": "State Bank of India",
        "expected_registration_date": day,
    }
    changed = api.as_(sale.customer).patch(url, wishes).data["booking"]
    assert {name: changed[name] for name in wishes} == wishes
    assert changed["version"] == 2
    assert api.as_(sale.builder).patch(url, wishes).data["booking"]["version"] == 2
    cleared = api.as_(sale.builder).patch(url, dict.fromkeys(wishes)).data["booking"]
    assert {cleared[name] for name in wishes} == {None}
    assert cleared["version"] == 3


def test_if_match_compares_the_version(api: Api) -> None:
    sale = make_sale()
    url = f"{PATH}/{sale.booked().id}"
    read = api.as_(sale.customer).get(url)
    tag = {"If-Match": read.headers["ETag"]}
    changed = api.as_(sale.customer).patch(url, {"loan_bank": "SBI"}, headers=tag)
    assert changed.headers["ETag"] != read.headers["ETag"]
    refused = api.as_(sale.customer).patch(url, {"loan_bank": "HDFC"}, headers=tag, status=412)
    assert refused.code == "stale_version"
    api.as_(sale.customer).get(url, headers={"If-None-Match": changed.headers["ETag"]}, status=304)


def test_the_tag_of_a_new_booking_is_that_of_the_next_read(api: Api) -> None:
    sale = make_sale()
    as_customer = api.as_(sale.customer)
    body = {"unit_id": sale.unit.id, "payment_plan": "construction_linked"}
    made = as_customer.post(PATH, body, status=201)
    url = f"{PATH}/{made.data['booking']['id']}"
    as_customer.get(url, headers={"If-None-Match": made.headers["ETag"]}, status=304)


def test_a_discount_makes_price_token_and_schedule_anew(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked()
    with session():
        ids = {row.id for row in Installment.select(lambda i: i.booking.id == booking.id)}
    changed = api.as_(sale.builder).patch(f"{PATH}/{booking.id}", DISCOUNT).data["booking"]
    assert changed["total_amount"] == changed["price_snapshot"]["total_amount"] == "6195000.00"
    assert changed["token_amount"] == changed["advance_cap_amount"] == "619500.00"
    assert (changed["discount_amount"], changed["discount_reason"]) == tuple(DISCOUNT.values())
    with session():
        rows = Installment.select(lambda i: i.booking.id == booking.id)[:]
        assert sum(row.amount for row in rows) == Decimal("6195000.00")
        assert {row.id for row in rows} == ids
    assert told(sale.customer) == ["Price changed"]
    undone = {"discount_amount": "0.00"}
    back = api.as_(sale.builder).patch(f"{PATH}/{booking.id}", undone).data["booking"]
    assert (back["total_amount"], back["discount_reason"]) == ("6331500.00", None)
    assert told(sale.customer) == ["Price changed", "Price changed"]


def test_another_token(api: Api) -> None:
    sale = make_sale()
    url = f"{PATH}/{sale.booked().id}"
    changed = api.as_(sale.builder).patch(url, {"token_amount": "100000.00"}).data["booking"]
    assert changed["token_amount"] == changed["price_snapshot"]["token_amount"] == "100000.00"
    assert told(sale.customer) == []
    over = api.as_(sale.builder).patch(url, {"token_amount": "633150.01"}, status=422)
    assert over.code == "rera_advance_cap"
    assert over.error["details"][0]["value"] == "633150.00"
    api.as_(sale.builder).patch(url, {"discount_amount": "1.00"}, status=422)
    api.as_(sale.builder).patch(url, {"discount_reason": "Because"}, status=422)


@pytest.mark.parametrize("body", [{"discount_reason": "A better word"}, DISCOUNT])
def test_another_reason_leaves_token_and_price_alone(api: Api, body: dict[str, str]) -> None:
    sale = make_sale()
    as_builder, url = api.as_(sale.builder), f"{PATH}/{sale.booked().id}"
    before = as_builder.patch(url, {**DISCOUNT, "token_amount": "100000.00"}).data["booking"]
    with session():
        SystemSetting(
            setting_key="gst.residential_percent",
            setting_value="18.00",
            setting_type="number",
            category="gst",
        )
    after = as_builder.patch(url, body).data["booking"]
    changing = {"discount_reason", "version", "updated_at"}
    assert {name for name in after if after[name] != before[name]} <= changing
    assert after["discount_reason"] == body["discount_reason"]
    as_builder.patch(url, {"discount_reason": None}, status=422)


@pytest.mark.parametrize("receipt", ["completed", "pending"])
def test_the_price_stands_once_a_receipt_is_there(api: Api, receipt: str) -> None:
    sale = make_sale()
    booking = sale.booked()
    make_payment(booking, "1.00", status=receipt)
    refused = api.as_(sale.builder).patch(f"{PATH}/{booking.id}", DISCOUNT, status=409)
    assert refused.code == "conflict"
    assert columns(booking.id, "total_amount", "version") == (booking.total_amount, 1)


def test_a_report_of_the_customer_is_no_receipt(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked()
    with session():
        first = Installment.get(booking=booking.id, sequence=1).id
    make_payment(booking, "1.00", status="reported", installment=first)
    api.as_(sale.builder).patch(f"{PATH}/{booking.id}", DISCOUNT)


@pytest.mark.parametrize("status", ["token_paid", "confirmed", "agreement_registered"])
def test_the_price_changes_only_while_pending(api: Api, status: str) -> None:
    sale = make_sale()
    url = f"{PATH}/{sale.booked(status).id}"
    assert api.as_(sale.builder).patch(url, DISCOUNT, status=409).code == "conflict"


@pytest.mark.parametrize("status", ["handed_over", "expired", "rejected", "cancelled"])
def test_a_final_booking_does_not_change(api: Api, status: str) -> None:
    sale = make_sale()
    url = f"{PATH}/{sale.booked(status).id}"
    refused = api.as_(sale.customer).patch(url, {"loan_bank": "SBI"}, status=409)
    assert refused.code == "conflict"


@pytest.mark.parametrize(
    "body",
    [
        DISCOUNT,
        {"token_amount": "1.00"},
        {"status": "confirmed"},
        {"total_amount": "1.00"},
        {"loan_amount": "6331500.01"},
        {"loan_amount": "-1.00"},
        {"loan_bank": ""},
        {"expected_registration_date": "2020-01-01"},
    ],
)
def test_what_a_customer_may_not_write(api: Api, body: dict[str, Any]) -> None:
    sale = make_sale()
    booking = sale.booked()
    api.as_(sale.customer).patch(f"{PATH}/{booking.id}", body, status=422)
    assert columns(booking.id, "version") == (1,)


def test_a_builder_is_told_what_is_wrong_with_a_field_of_its_own(api: Api) -> None:
    sale = make_sale()
    url = f"{PATH}/{sale.booked().id}"
    for body, message in (
        ({"discount_amount": None}, "must be a string"),
        ({"token_amount": "01.00"}, "does not have the right form"),
        ({"price": "1.00"}, "is not a known field"),
    ):
        (name,) = body
        refused = api.as_(sale.builder).patch(url, body, status=422)
        assert refused.error["details"] == [{"field": name, "message": message}]


def test_update_booking_is_for_the_two_sides(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    url, body = f"{PATH}/{sale.booked().id}", {"loan_bank": "SBI"}
    api.patch(url, body, status=401)
    api.as_(make_admin()).patch(url, body, status=403)
    api.as_(other.customer).patch(url, body, status=404)
    api.as_(other.builder).patch(url, body, status=404)


def test_a_discount_does_not_leave_a_loan_above_the_total(api: Api) -> None:
    sale = make_sale()
    as_builder, url = api.as_(sale.builder), f"{PATH}/{sale.booked().id}"
    total = as_builder.get(url).data["booking"]["total_amount"]
    as_builder.patch(url, {"loan_amount": total})
    refused = as_builder.patch(url, DISCOUNT, status=422)
    assert refused.error["details"][0]["field"] == "loan_amount"
    assert as_builder.get(url).data["booking"]["total_amount"] == total
    as_builder.patch(url, {**DISCOUNT, "loan_amount": "1000.00"})
