"""accept_change_request and void_change_request: what they make payable, and what of it is taken
back; what time and the end of a booking do to open requests."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from realty.db import Installment
from realty.db.session import session
from realty.rules.clock import local_date, rfc3339
from realty.services import expiry
from tests.client import Api
from tests.deployment import CLOCK, Clock
from tests.factories import ZONE, BookingRow, make_change_request, make_payment
from tests.functional.bookings.common import PATH as BOOKINGS
from tests.functional.bookings.common import (
    Sale,
    cancellation,
    change_project,
    columns,
    make_sale,
    moves,
    told,
)
from tests.functional.bookings.common import act as act_on_booking
from tests.functional.change_requests.common import (
    act,
    change,
    row_of,
    schedule,
    shown,
    stored,
)

COST = "185000.00"
TOTAL = "6331500.00"
PAYABLE = "6516500.00"


def test_accept_adds_a_row_to_what_is_payable(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    request_id = make_change_request(booking, "quoted", request_title="Kitchen " * 24)
    (version,) = columns(booking.id, "version")
    body = {"expected_cost": COST}
    seen = act(api, sale.customer, request_id, "accept", body).data["change_request"]
    assert (seen["status"], seen["final_cost"]) == ("approved", COST)
    assert seen["approved_at"] == rfc3339(clock.now())
    row = seen["variation"]
    due = local_date(clock.now(), ZONE) + timedelta(days=15)
    assert (row["kind"], row["sequence"], row["status"]) == ("variation", 11, "scheduled")
    assert (row["amount"], row["due_date"]) == (COST, due.isoformat())
    assert (row["change_request_id"], row["percent"]) == (request_id, None)
    assert row["label"].startswith(f"Change {seen['tracking_number']}: Kitchen")
    assert len(row["label"]) <= 200
    found = schedule(api, sale.builder, booking)
    assert found["schedule"][-1] == row
    assert found["totals"]["variation_amount"] == COST
    assert (found["totals"]["total_amount"], found["totals"]["payable_amount"]) == (TOTAL, PAYABLE)
    shown_booking = api.as_(sale.customer).get(f"{BOOKINGS}/{booking.id}").data["booking"]
    assert (shown_booking["variation_amount"], shown_booking["payable_amount"]) == (COST, PAYABLE)
    assert shown_booking["version"] == version + 1
    assert (told(sale.builder), told(sale.customer)) == (["Quote accepted"], [])


def test_before_the_agreement_a_variation_waits_too(api: Api) -> None:
    """Only the demand waits: it is promised all the same."""
    sale = make_sale()
    booking = sale.booked("confirmed")
    seen = act(api, sale.customer, make_change_request(booking, "quoted"), "accept")
    row = seen.data["change_request"]["variation"]
    assert (row["status"], row["demanded_at"]) == ("scheduled", None)


def test_the_new_row_takes_its_turn_in_the_allocation(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    make_payment(booking, str(booking.total_amount - booking.token_amount))
    make_payment(booking, "50000.00")
    assert schedule(api, sale.customer, booking)["totals"]["unallocated_amount"] == "50000.00"
    seen = act(api, sale.customer, make_change_request(booking, "quoted"), "accept")
    # All is allocated anew, and what has a due date goes before the milestones, which have none.
    assert seen.data["change_request"]["variation"]["status"] == "paid"
    found = schedule(api, sale.customer, booking)
    assert (
        found["schedule"][9]["pending_amount"] == found["totals"]["pending_amount"] == "135000.00"
    )
    assert found["totals"]["unallocated_amount"] == "0.00"


def test_accept_only_what_was_shown(api: Api) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"), "quoted")
    wrong = {"expected_cost": "184999.99"}
    refused = act(api, sale.customer, request_id, "accept", wrong, status=409)
    assert refused.code == "quote_changed"
    (detail,) = refused.error["details"]
    assert (detail["field"], detail["value"]) == ("expected_cost", COST)
    assert stored(request_id, "status", "final_cost") == ("quoted", None)
    for bad in ({"expected_cost": "185000"}, {"expected_cost": 185000}, {"cost": COST}):
        act(api, sale.customer, request_id, "accept", bad, status=422)
    act(api, sale.customer, request_id, "accept", {"expected_cost": detail["value"]})


@pytest.mark.parametrize("body", [None, {}], ids=str)
def test_the_body_of_accept_may_be_left_out(api: Api, body: dict[str, str] | None) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"), "quoted")
    act(api, sale.customer, request_id, "accept", body)


def test_a_quote_that_has_passed_is_not_accepted(api: Api, clock: Clock) -> None:
    """Also before the tick that ends it."""
    sale = make_sale()
    booking = sale.booked("confirmed")
    first, second = make_change_request(booking, "quoted"), make_change_request(booking, "quoted")
    clock.advance(days=14, seconds=-1)
    act(api, sale.customer, first, "accept")
    clock.advance(seconds=1)
    assert shown(api, sale.customer, second)["allowed_actions"] == ["decline", "withdraw"]
    refused = act(api, sale.customer, second, "accept", {"expected_cost": COST}, status=409)
    assert refused.code == "quote_expired"
    assert columns(booking.id, "variation_amount") == stored(first, "final_cost")
    act(api, sale.customer, second, "decline")


def expire_due(clock: Clock) -> list[int]:
    """What a tick does, and the requests whose quote it ended."""
    with session():
        due = expiry.due_quotes(clock.now())
    ended = []
    for request_id in due:
        with session():
            if expiry.expire_quote(request_id, clock.now()):
                ended.append(request_id)
    return ended


def test_a_quote_expires_once(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    quoted = make_change_request(booking, "quoted")
    make_change_request(booking, "approved", quote_valid_until=clock.now())
    clock.advance(days=14, seconds=-1)
    assert expire_due(clock) == []
    clock.advance(seconds=1)
    assert expire_due(clock) == [quoted]
    assert expire_due(clock) == []
    with session():
        assert expiry.expire_quote(quoted, clock.now()) is False
    with session():
        assert expiry.expire_quote(2_147_483_647, clock.now()) is False
    seen = shown(api, sale.customer, quoted)
    assert (seen["status"], seen["allowed_actions"], seen["version"]) == ("expired", [], 2)
    assert seen["timeline"][-1]["actor"] is None
    assert told(sale.customer) == told(sale.builder) == ["Quote expired"]
    assert act(api, sale.customer, quoted, "accept", status=409).code == "invalid_transition"


def test_void_takes_an_unpaid_row_back(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    request_id = make_change_request(booking, "quoted")
    act(api, sale.customer, request_id, "accept")
    (version,) = columns(booking.id, "version")
    seen = act(api, sale.builder, request_id, "void").data["change_request"]
    assert (seen["status"], seen["final_cost"]) == ("void", COST)
    row = seen["variation"]
    assert (row["status"], row["amount"], row["pending_amount"]) == ("void", COST, "0.00")
    assert moves("installment", row["id"]) == [("scheduled", "void")]
    totals = schedule(api, sale.customer, booking)["totals"]
    assert (totals["variation_amount"], totals["payable_amount"]) == ("0.00", TOTAL)
    assert columns(booking.id, "version") == (version + 1,)
    assert told(sale.customer)[-1] == "Change void"


def test_void_after_payment_frees_the_money_for_other_rows(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    request_id = make_change_request(booking, "approved")
    pay_variation(api, sale, booking, request_id)
    assert shown(api, sale.customer, request_id)["variation"]["status"] == "paid"
    act(api, sale.builder, request_id, "void")
    found = schedule(api, sale.customer, booking)
    void = found["schedule"][-1]
    assert (void["status"], void["paid_amount"]) == ("void", "0.00")
    assert found["schedule"][1]["paid_amount"] == COST
    assert found["totals"]["unallocated_amount"] == "0.00"
    assert found["totals"]["paid_amount"] == "818150.00"


def test_void_after_all_is_paid_leaves_money_that_may_be_refunded(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    make_payment(booking, str(booking.total_amount - booking.token_amount))
    request_id = make_change_request(booking, "approved")
    payment_id = pay_variation(api, sale, booking, request_id)
    act(api, sale.builder, request_id, "void")
    totals = schedule(api, sale.customer, booking)["totals"]
    assert (totals["payable_amount"], totals["paid_amount"]) == (TOTAL, PAYABLE)
    assert (totals["unallocated_amount"], totals["pending_amount"]) == (COST, "0.00")
    refund = {"payment_method": "bank_transfer", "payment_date": local_today()}
    url = f"/api/payments/{payment_id}/refund"
    refused = api.as_(sale.builder).post(
        url, {**refund, "amount": "185000.01", "transaction_id": "OUT-1"}, status=409
    )
    assert refused.code == "refund_exceeds_due"
    api.as_(sale.builder).post(url, {**refund, "amount": COST, "transaction_id": "OUT-2"})
    totals = schedule(api, sale.customer, booking)["totals"]
    assert (totals["paid_amount"], totals["unallocated_amount"]) == (TOTAL, "0.00")


def local_today() -> str:
    """The day in the project's time zone."""
    return local_date(CLOCK.now(), ZONE).isoformat()


def pay_variation(api: Api, sale: Sale, booking: BookingRow, request_id: int) -> int:
    """The builder receives the price of a change, for its row; the id of the payment."""
    body = {
        "booking_id": booking.id,
        "installment_id": row_of(request_id),
        "payment_type": "installment",
        "amount": COST,
        "payment_method": "upi",
        "transaction_id": f"UPI-{request_id}",
        "payment_date": local_today(),
    }
    answer = api.as_(sale.builder).post("/api/payments", body, status=201)
    payment_id: int = answer.data["payment"]["id"]
    return payment_id


@pytest.mark.parametrize("side", ["customer", "builder"])
def test_the_end_of_a_booking_voids_what_is_open(api: Api, side: str) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    opened = ["submitted", "under_review", "quoted", "approved", "in_progress"]
    final = ["completed", "rejected", "withdrawn", "declined", "expired", "void"]
    made = {
        status: make_change_request(booking, status, cost="1000.00") for status in opened + final
    }
    ender, other = getattr(sale, side), {"customer": sale.builder, "builder": sale.customer}[side]
    quote = api.as_(ender).get(f"{BOOKINGS}/{booking.id}/cancellation-quote").data["quote"]
    act_on_booking(api, ender, booking, "cancel", cancellation(quote["refund_amount"]))
    for status in opened:
        assert moves("change_request", made[status]) == [(status, "void")]
        seen = shown(api, sale.customer, made[status])
        assert seen["timeline"][-1]["reason"] == "The booking was cancelled."
        assert (seen["allowed_actions"], seen["booking"]["status"]) == ([], "cancelled")
    for status in final:
        assert stored(made[status], "status") == (status,)
    for status in ("approved", "in_progress", "completed"):
        assert shown(api, sale.customer, made[status])["variation"]["status"] == "void"
    assert columns(booking.id, "variation_amount") == (0,)
    assert told(other) == ["Booking cancelled", *["Change void"] * 5]
    assert told(ender) == []
    assert act(api, sale.customer, made["quoted"], "accept", status=409).code == (
        "invalid_transition"
    )


def test_the_end_of_a_booking_keeps_a_row_that_was_paid(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    request_id = make_change_request(booking, "approved")
    pay_variation(api, sale, booking, request_id)
    quote = api.as_(sale.customer).get(f"{BOOKINGS}/{booking.id}/cancellation-quote").data["quote"]
    act_on_booking(api, sale.customer, booking, "cancel", cancellation(quote["refund_amount"]))
    seen = shown(api, sale.customer, request_id)
    assert (seen["status"], seen["variation"]["status"]) == ("void", "paid")
    totals = schedule(api, sale.customer, booking)["totals"]
    assert (totals["variation_amount"], totals["paid_amount"]) == (COST, "818150.00")


def test_handover_waits_for_the_price_of_a_change(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    change_project(sale.project, occupancy_certificate_date=date(2026, 1, 1))
    make_payment(booking, str(booking.total_amount - booking.token_amount))
    make_change_request(booking, "approved")
    refused = act_on_booking(api, sale.builder, booking, "handover", {}, status=409)
    assert refused.code == "payable_remains"
    assert refused.error["details"][0]["value"] == COST


def test_a_request_is_priced_once(api: Api) -> None:
    """Behind the booking's lock stands an index."""
    sale = make_sale()
    booking = sale.booked("confirmed")
    request_id = make_change_request(booking, "approved")
    change(request_id, status="quoted")
    act(api, sale.customer, request_id, "accept", status=409)
    assert stored(request_id, "status") == ("quoted",)


def test_a_schedule_has_a_last_row(api: Api) -> None:
    """The contract says how many there may be, so that a booking can always be shown."""
    sale = make_sale()
    booking = sale.booked("confirmed")
    request_id = make_change_request(booking, "quoted")
    with session():
        for sequence in range(11, 1001):
            Installment(
                booking=booking.id, sequence=sequence, kind="charge", label="Water", amount=0
            )
    refused = act(api, sale.customer, request_id, "accept", status=409)
    assert refused.code == "conflict"
    assert refused.error["details"][0]["value"] == "1000"
    assert len(schedule(api, sale.customer, booking)["schedule"]) == 1000
