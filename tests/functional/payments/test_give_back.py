"""refundPayment and reversePayment: what may be given back, how often, and what follows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.client import Api
from tests.database import content
from tests.deployment import Clock
from tests.factories import BookingRow, make_payment
from tests.functional.bookings.common import (
    Sale,
    act,
    cancellation,
    change_booking,
    make_sale,
    told,
)
from tests.functional.payments.common import (
    booking_now,
    got,
    leave_unallocated,
    move,
    pay,
    payment,
    refund,
    reverse,
    send,
    today,
)


def dead(sale: Sale, amount: str = "1000.00") -> tuple[BookingRow, int]:
    """A rejected booking that owes back one receipt."""
    booking = sale.booked("rejected")
    return booking, make_payment(booking, amount)


def test_refund_payment_in_parts(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking, paid = dead(sale)
    first = refund(api, sale.builder, paid, "400.00", notes="First half.").data["payment"]
    assert (first["payment_type"], first["status"]) == ("refund", "completed")
    assert (first["receipt_number"], first["notes"]) == (None, "First half.")
    assert first["reverses_payment"]["id"] == paid
    assert first["allowed_actions"] == ["reverse"]
    seen = got(api, sale.builder, paid)
    assert (seen["status"], seen["refunded_amount"]) == ("completed", "400.00")
    assert seen["refundable_amount"] == "600.00"
    assert booking_now(api, sale.customer, booking)["refund_owed"] == "600.00"
    second = refund(api, sale.builder, paid, "600.00").data["payment"]
    seen = got(api, sale.builder, paid)
    assert (seen["status"], seen["refunded_amount"]) == ("refunded", "1000.00")
    assert (seen["refundable_amount"], seen["allowed_actions"]) == ("0.00", [])
    assert [each["id"] for each in seen["reversed_by"]] == [first["id"], second["id"]]
    assert second["reverses_payment"]["status"] == "refunded"
    assert not seen["reversed_in_full"]
    assert told(sale.customer) == ["Refund paid"] * 2


@pytest.mark.parametrize(
    ("amount", "most"), [("1000.01", "1000.00"), ("9999999999999.99", "1000.00")]
)
def test_refund_payment_never_more_than_is_owed(
    api: Api, clock: Clock, database: str, amount: str, most: str
) -> None:
    sale = make_sale()
    booking, paid = dead(sale)
    before = content(database)
    failed = refund(api, sale.builder, paid, amount, status=409)
    assert (failed.code, failed.error["details"][0]["value"]) == ("refund_exceeds_due", most)
    assert content(database) == before
    change_booking(booking.id, deduction_amount=Decimal("300.00"))
    failed = refund(api, sale.builder, paid, "700.01", status=409)
    assert failed.error["details"][0]["value"] == "700.00"
    refund(api, sale.builder, paid, "700.00")
    failed = refund(api, sale.builder, paid, "0.01", status=409)
    assert failed.error["details"][0]["value"] == "0.00"


def test_refund_payment_never_more_than_the_receipt(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking, paid = dead(sale)
    make_payment(booking, "5000.00")
    failed = refund(api, sale.builder, paid, "1000.01", status=409)
    assert failed.error["details"][0]["value"] == "1000.00"


def test_refund_payment_on_a_live_booking_is_what_no_row_takes(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    paid = pay(api, sale.builder, booking, "5698350.00")
    assert got(api, sale.builder, paid)["allowed_actions"] == ["reverse"]
    failed = refund(api, sale.builder, paid, "0.01", status=409)
    assert (failed.code, failed.error["details"][0]["value"]) == ("refund_exceeds_due", "0.00")
    extra = leave_unallocated(api, sale.builder, booking.id, "100.00")
    seen = booking_now(api, sale.customer, booking)
    assert (seen["unallocated_amount"], seen["pending_amount"]) == ("100.00", "0.00")
    for each in (paid, extra):
        now = got(api, sale.builder, each)
        assert now["refundable_amount"] == "100.00"
        assert now["allowed_actions"] == ["refund", "reverse"]
    failed = refund(api, sale.builder, paid, "100.01", status=409)
    assert failed.error["details"][0]["value"] == "100.00"
    refund(api, sale.builder, extra, "60.00")
    refund(api, sale.builder, paid, "40.00")
    assert booking_now(api, sale.customer, booking)["unallocated_amount"] == "0.00"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"notes": "x" * 1001}, "notes"),
    ({"transaction_id": None}, "transaction_id"),
    ({"payment_type": "refund"}, "payment_type"),
    ({"installment_id": 1}, "installment_id"),
    ({"tds_amount": "1.00"}, "tds_amount"),
]


@pytest.mark.parametrize(("over", "field"), BAD, ids=lambda value: repr(value)[:30])
def test_refund_payment_refuses_what_is_not_right(
    api: Api, clock: Clock, database: str, over: dict[str, Any], field: str
) -> None:
    sale = make_sale()
    _, paid = dead(sale)
    before = content(database)
    failed = refund(api, sale.builder, paid, "10.00", status=422, **over)
    assert failed.error["details"][0]["field"] == field
    for amount in ("0.00", "-1.00", "1e2", "\u0661\u0660\u0660.\u0660\u0660", "NaN"):
        failed = refund(api, sale.builder, paid, amount, status=422)
        assert failed.error["details"][0]["field"] == "amount"
    failed = refund(api, sale.builder, paid, "10.00", status=422, payment_date=today(1))
    assert failed.error["details"][0]["value"] == today()
    assert content(database) == before


def test_refund_payment_by_cheque_counts_from_its_making(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking, paid = dead(sale)
    given = refund(api, sale.builder, paid, "1000.00", "cheque").data["payment"]
    assert (given["status"], given["cleared_at"]) == ("pending", None)
    assert got(api, sale.builder, paid)["status"] == "refunded"
    assert booking_now(api, sale.customer, booking)["refund_owed"] == "0.00"
    refund(api, sale.builder, paid, "0.01", status=409)
    move(api, sale.builder, given, "bounce")
    seen = got(api, sale.builder, paid)
    assert (seen["status"], seen["refunded_amount"]) == ("completed", "0.00")
    assert booking_now(api, sale.customer, booking)["refund_owed"] == "1000.00"
    again = refund(api, sale.builder, paid, "1000.00", "cheque").data["payment"]
    cleared = move(api, sale.builder, again, "clear").data["payment"]
    assert (cleared["status"], cleared["receipt_number"]) == ("completed", None)
    assert booking_now(api, sale.customer, booking)["refund_owed"] == "0.00"


def test_a_refund_that_never_arrived_is_reversed_once(
    api: Api, clock: Clock, database: str
) -> None:
    sale = make_sale()
    booking, paid = dead(sale)
    given = refund(api, sale.builder, paid, "1000.00").data["payment"]
    reversal = reverse(api, sale.builder, given).data["payment"]
    assert (reversal["payment_type"], reversal["amount"]) == ("reversal", "1000.00")
    assert reversal["failure_reason"] == "It was entered twice."
    seen = got(api, sale.builder, given)
    assert (seen["reversed_amount"], seen["reversed_in_full"]) == ("1000.00", True)
    assert seen["allowed_actions"] == []
    seen = got(api, sale.builder, paid)
    assert (seen["status"], seen["refunded_amount"]) == ("completed", "0.00")
    assert (seen["reversed_amount"], seen["reversed_in_full"]) == ("0.00", False)
    assert booking_now(api, sale.customer, booking)["refund_owed"] == "1000.00"
    before = content(database)
    twice = reverse(api, sale.builder, given, status=409)
    assert (twice.code, twice.error["details"][0]["value"]) == ("reversal_exceeds_payment", "0.00")
    undone = reverse(api, sale.builder, reversal, status=409)
    assert (undone.code, undone.error["details"][0]["allowed"]) == ("invalid_transition", [])
    assert content(database) == before


def test_reverse_payment_in_parts(api: Api, clock: Clock, database: str) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    paid = pay(api, sale.builder, booking, "100.00")
    part = reverse(api, sale.builder, paid, "30.00").data["payment"]
    assert (part["payment_method"], part["transaction_id"]) == ("upi", None)
    seen = got(api, sale.builder, paid)
    assert (seen["reversed_amount"], seen["reversed_in_full"]) == ("30.00", False)
    assert (seen["status"], seen["allocations"][0]["amount"]) == ("completed", "70.00")
    before = content(database)
    for amount in ("70.01", "9999999999999.99"):
        failed = reverse(api, sale.builder, paid, amount, status=409)
        found = (failed.code, failed.error["details"][0]["value"])
        assert found == ("reversal_exceeds_payment", "70.00")
    for amount in ("0.00", "-1.00", "NaN", "70.0"):
        reverse(api, sale.builder, paid, amount, status=422)
    assert content(database) == before
    reverse(api, sale.builder, paid)
    seen = got(api, sale.builder, paid)
    assert (seen["reversed_amount"], seen["reversed_in_full"]) == ("100.00", True)
    # What was wholly reversed may be entered again.
    pay(api, sale.builder, booking, "100.00", transaction_id=paid["transaction_id"])
    assert told(sale.customer).count("Payment reversed") == 2


def test_refunds_and_reversals_share_one_receipt(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking, paid = dead(sale)
    refund(api, sale.builder, paid, "600.00")
    failed = reverse(api, sale.builder, paid, "400.01", status=409)
    assert failed.error["details"][0]["value"] == "400.00"
    reverse(api, sale.builder, paid)
    seen = got(api, sale.builder, paid)
    assert (seen["refunded_amount"], seen["reversed_amount"]) == ("600.00", "400.00")
    assert (seen["status"], seen["allowed_actions"]) == ("completed", [])
    refund(api, sale.builder, paid, "0.01", status=409)
    assert booking_now(api, sale.customer, booking)["paid_amount"] == "0.00"


def test_giving_back_twice_with_one_key_is_once(api: Api, clock: Clock, database: str) -> None:
    sale = make_sale()
    _, paid = dead(sale)
    body: dict[str, Any] = {"transaction_id": "N1"}
    first = refund(api, sale.builder, paid, "400.00", key="give-it-back", **body)
    before = content(database)
    again = refund(api, sale.builder, paid, "400.00", key="give-it-back", **body)
    assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")
    refund(api, sale.builder, paid, "300.00", key="give-it-back", status=422, **body)
    assert content(database) == before
    first = reverse(api, sale.builder, paid, "100.00", key="take-it-back")
    before = content(database)
    again = reverse(api, sale.builder, paid, "100.00", key="take-it-back")
    assert again.body == first.body
    reverse(api, sale.builder, paid, "101.00", key="take-it-back", status=422)
    assert content(database) == before


def test_compensation_is_reversed_and_paid_again(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("cancelled", compensation_amount=Decimal("500.00"))
    body = payment(booking, "500.00", payment_type="compensation")
    paid = send(api, sale.builder, body).data["payment"]
    send(api, sale.builder, {**body, "amount": "0.01", "transaction_id": "C2"}, 409)
    refund(api, sale.builder, paid, "1.00", status=409)
    reverse(api, sale.builder, paid, "200.00")
    again = {**body, "amount": "200.00", "transaction_id": "C3"}
    send(api, sale.builder, again)
    seen = booking_now(api, sale.customer, booking)
    assert (seen["paid_amount"], seen["compensation_amount"]) == ("0.00", "500.00")


def test_a_deduction_stays_with_the_builder(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    paid = pay(api, sale.builder, booking, "100000.00")
    quote = api.as_(sale.customer).get(f"/api/bookings/{booking.id}/cancellation-quote")
    owed = quote.data["quote"]["refund_amount"]
    act(api, sale.customer, booking, "cancel", cancellation(owed))
    seen = booking_now(api, sale.customer, booking)
    assert seen["paid_amount"] == "733150.00"
    assert Decimal(owed) == Decimal("733150.00") - Decimal(seen["deduction_amount"])
    failed = refund(api, sale.builder, paid, "100000.01", status=409)
    assert failed.error["details"][0]["value"] == owed
    assert owed == "100000.00"
