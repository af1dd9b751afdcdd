"""getCancellationQuote and cancelBooking: what is quoted is executed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from realty.db import Installment
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_admin, make_payment
from tests.functional.bookings.common import (
    PATH,
    act,
    cancellation,
    change_booking,
    columns,
    make_sale,
    moves,
    row_statuses,
    told,
    unit_state,
)


@pytest.mark.parametrize(
    ("days", "percent", "deduction"),
    [
        (0, "0.00", "0.00"),
        (15, "0.00", "0.00"),
        (16, "1.00", "63315.00"),
        (31, "1.50", "94972.50"),
        (61, "2.00", "126630.00"),
    ],
)
def test_a_customer_loses_more_the_longer_he_waits(
    api: Api, clock: Clock, days: int, percent: str, deduction: str
) -> None:
    sale = make_sale()
    booking = sale.booked("token_paid")
    day = local_date(clock.now(), "Asia/Kolkata")
    change_booking(booking.id, booking_date=day - timedelta(days=days))
    url = f"{PATH}/{booking.id}"
    quote = api.as_(sale.customer).get(f"{url}/cancellation-quote").data["quote"]
    assert quote["fault"] == "customer"
    assert quote["days_since_booking"] == days
    assert (quote["deduction_percent"], quote["deduction_amount"]) == (percent, deduction)
    assert quote["refund_due_date"] == (day + timedelta(days=45)).isoformat()
    body = cancellation(quote["refund_amount"])
    cancelled = act(api, sale.customer, booking, "cancel", body).data["booking"]
    for name in ("deduction_amount", "refund_amount", "refund_due_date", "compensation_amount"):
        assert cancelled[name] == quote[name]
    assert cancelled["refund_owed"] == quote["refund_amount"]
    assert cancelled["cancellation_fault"] == cancelled["cancelled_by"] == "customer"
    assert cancelled["cancellation_reason"] == "We move to Pune."
    assert cancelled["status"] == "cancelled"
    assert unit_state(sale.unit) == ("available", 3)
    assert moves("booking", booking.id) == [("token_paid", "cancelled")]
    assert (told(sale.builder), told(sale.customer)) == (["Booking cancelled"], [])


def test_after_the_agreement_a_customer_loses_ten_percent(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    make_payment(booking, "1000000.00")
    quote = api.as_(sale.customer).get(f"{PATH}/{booking.id}/cancellation-quote").data["quote"]
    assert quote["deduction_amount"] == "633150.00"
    assert quote["refund_amount"] == "1000000.00"
    act(api, sale.customer, booking, "cancel", cancellation("1000000.00"))
    assert unit_state(sale.unit) == ("available", 3)
    assert moves("unit", sale.unit.id) == [("sold", "available")]
    # The first two rows were paid and the third in part: those stay, the others are void.
    assert row_statuses(booking.id) == ["paid", "paid", "partially_paid"] + ["void"] * 7


def test_a_builder_gives_everything_back_with_interest(api: Api, clock: Clock) -> None:
    sale = make_sale()
    day = local_date(clock.now(), "Asia/Kolkata")
    booking = sale.booked()
    receipt = make_payment(
        booking, booking.token_amount, payment_date=day - timedelta(days=73), payment_type="token"
    )
    change_booking(booking.id, status="confirmed", booking_date=day - timedelta(days=80))
    make_payment(
        booking,
        "33150.00",
        payment_type="refund",
        reverses_payment=receipt,
        status="pending",
        payment_method="cheque",
    )
    quote = api.as_(sale.builder).get(f"{PATH}/{booking.id}/cancellation-quote").data["quote"]
    assert (quote["fault"], quote["deduction_amount"]) == ("builder", "0.00")
    # 600,000 at 10 % for 73 days, a fifth of a year.
    assert quote["compensation_amount"] == "12000.00"
    body = cancellation(quote["refund_amount"], "We cannot build this tower.")
    cancelled = act(api, sale.builder, booking, "cancel", body).data["booking"]
    assert cancelled["compensation_amount"] == "12000.00"
    assert cancelled["cancelled_by"] == cancelled["cancellation_fault"] == "builder"
    assert told(sale.customer) == ["Booking cancelled"]


@pytest.mark.parametrize(("days", "fault"), [(60, "builder"), (61, "customer")])
def test_a_builder_cancels_for_the_customers_default(
    api: Api, clock: Clock, days: int, fault: str
) -> None:
    """A demanded row that is unpaid for more than 60 days past its due date is a default."""
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    day = local_date(clock.now(), "Asia/Kolkata")
    with session():
        row = Installment.get(booking=booking.id, sequence=2)
        row.set(due_date=day - timedelta(days=days), demanded_at=clock.now())
    quote = api.as_(sale.builder).get(f"{PATH}/{booking.id}/cancellation-quote").data["quote"]
    assert quote["fault"] == fault
    assert quote["deduction_amount"] == ("633150.00" if fault == "customer" else "0.00")


def test_a_changed_quote_is_not_executed(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("token_paid")
    refused = act(api, sale.customer, booking, "cancel", cancellation("1.00"), status=409)
    assert refused.code == "quote_changed"
    assert refused.error["details"][0]["value"] == str(booking.token_amount)
    assert columns(booking.id, "status", "cancelled_at") == ("token_paid", None)
    assert unit_state(sale.unit) == ("booked", 2)


def test_variations_and_charges_that_are_void_leave_their_sums(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    with session():
        for sequence, kind, amount in (
            (11, "variation", "100.00"),
            (12, "variation", "40.00"),
            (13, "charge", "7.00"),
        ):
            Installment(
                booking=booking.id,
                sequence=sequence,
                kind=kind,
                label=kind,
                charge_code="other" if kind == "charge" else None,
                amount=Decimal(amount),
            )
    change_booking(
        booking.id,
        variation_amount=Decimal("140.00"),
        charge_amount=Decimal("7.00"),
    )
    with session():
        begun = Installment.get(booking=booking.id, sequence=12)
    make_payment(booking, "5.00", installment=begun.id)
    paid = booking.token_amount + 5
    cancelled = act(api, sale.customer, booking, "cancel", cancellation(str(paid))).data["booking"]
    assert (cancelled["variation_amount"], cancelled["charge_amount"]) == ("40.00", "0.00")
    assert row_statuses(booking.id)[10:] == ["void", "partially_paid", "void"]


@pytest.mark.parametrize("status", ["handed_over", "expired", "rejected", "cancelled"])
def test_what_is_final_has_no_quote(api: Api, status: str) -> None:
    sale = make_sale()
    booking = sale.booked(status)
    url = f"{PATH}/{booking.id}/cancellation-quote"
    assert api.as_(sale.customer).get(url, status=409).code == "invalid_transition"


def test_get_cancellation_quote_is_for_the_two_sides(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    url = f"{PATH}/{sale.booked().id}/cancellation-quote"
    api.get(url, status=401)
    api.as_(make_admin()).get(url, status=403)
    api.as_(other.customer).get(url, status=404)
    api.as_(other.builder).get(url, status=404)
    before = unit_state(sale.unit)
    api.as_(sale.customer).get(url, status=200)
    assert unit_state(sale.unit) == before
