"""What money does to a booking, seen through the API."""

from __future__ import annotations

from decimal import Decimal

import pytest

from realty.db.session import session
from realty.services import expiry
from tests.client import Api
from tests.deployment import Clock
from tests.functional.bookings.common import (
    act,
    book,
    cancellation,
    change_project,
    make_sale,
    row_statuses,
    told,
    unit_state,
)
from tests.functional.payments.common import (
    TOKEN,
    agree,
    booking_now,
    got,
    move,
    pay,
    payment,
    refund,
    reverse,
    rows_of,
    send,
    today,
)


def expire(clock: Clock, booking_id: int) -> bool:
    """What a tick does about one booking."""
    with session():
        due = expiry.due_bookings(clock.now())
        return booking_id in due and expiry.expire(booking_id, clock.now())


def test_the_token_is_reached_and_lost_again(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    half = pay(api, sale.builder, made["id"], "316575.00")
    assert booking_now(api, sale.builder, made["id"])["status"] == "pending"
    pay(api, sale.builder, made["id"], "316575.00")
    seen = booking_now(api, sale.builder, made["id"])
    assert (seen["status"], seen["expires_at"]) == ("token_paid", None)
    assert seen["version"] > made["version"]
    assert seen["allowed_actions"] == ["update", "confirm", "reject", "cancel"]
    clock.advance(hours=100)
    reverse(api, sale.builder, half)
    seen = booking_now(api, sale.builder, made["id"])
    assert (seen["status"], seen["paid_amount"]) == ("pending", "316575.00")
    assert seen["expires_at"] > clock.now().isoformat()
    assert told(sale.customer)[-2:] == ["Payment reversed", "Token wanting again"]
    timeline = api.as_(sale.customer).get(f"/api/bookings/{made['id']}/timeline").data["timeline"]
    assert [each["event"] for each in timeline] == ["created", "token_paid", "token_reversed"]
    pay(api, sale.builder, made["id"], "316575.00")
    assert booking_now(api, sale.builder, made["id"])["status"] == "token_paid"


def test_a_cheque_that_bounces_after_clearing(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    cheque = pay(api, sale.builder, made["id"], TOKEN, "cheque")
    move(api, sale.builder, cheque, "clear")
    assert booking_now(api, sale.builder, made["id"])["status"] == "token_paid"
    refused = move(api, sale.builder, cheque, "bounce", status=409)
    assert refused.error["details"][0]["allowed"] == ["refund", "reverse"]
    reverse(api, sale.builder, cheque)
    seen = booking_now(api, sale.builder, made["id"])
    assert (seen["status"], seen["paid_amount"]) == ("pending", "0.00")
    assert got(api, sale.builder, cheque)["reversed_in_full"] is True
    refused = act(api, sale.builder, made["id"], "confirm", status=409)
    assert refused.code == "invalid_transition"


def test_after_confirmation_a_reversal_moves_no_status(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    paid = pay(api, sale.builder, made["id"])
    act(api, sale.builder, made["id"], "confirm")
    reverse(api, sale.builder, paid)
    seen = booking_now(api, sale.builder, made["id"])
    assert (seen["status"], seen["paid_amount"]) == ("confirmed", "0.00")
    assert seen["next_payment_amount"] == TOKEN


def test_a_cheque_in_the_bank_suspends_expiry(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    cheque = pay(api, sale.builder, made["id"], TOKEN, "cheque")
    clock.advance(hours=80)
    assert not expire(clock, made["id"])
    move(api, sale.builder, cheque, "bounce")
    assert booking_now(api, sale.customer, made["id"])["status"] == "pending"
    assert expire(clock, made["id"])
    assert booking_now(api, sale.customer, made["id"])["status"] == "expired"


def test_a_report_suspends_nothing(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    reported = pay(api, sale.customer, made["id"])
    clock.advance(hours=80)
    assert expire(clock, made["id"])
    accepted = move(api, sale.builder, reported, "accept").data["payment"]
    assert accepted["status"] == "completed"
    seen = booking_now(api, sale.customer, made["id"])
    assert (seen["status"], seen["refund_owed"]) == ("expired", TOKEN)
    assert unit_state(sale.unit) == ("available", 3)


@pytest.mark.parametrize("end", ["reject", "expire", "customer cancels", "builder cancels"])
def test_every_end_leaves_a_refund_owed(api: Api, clock: Clock, end: str) -> None:
    sale = make_sale()
    made = book(api, sale)
    paid = pay(api, sale.builder, made["id"], "1000.00")
    if end == "reject":
        act(api, sale.builder, made["id"], "reject", {"reason": "Sold to family."})
    elif end == "expire":
        clock.advance(hours=73)
        assert expire(clock, made["id"])
    else:
        side = sale.customer if end.startswith("customer") else sale.builder
        act(api, side, made["id"], "cancel", cancellation("1000.00"))
    seen = booking_now(api, sale.customer, made["id"])
    assert (seen["paid_amount"], seen["refund_owed"]) == ("1000.00", "1000.00")
    assert seen["refund_amount"] == "1000.00"
    assert seen["refund_due_date"] == today(45)
    assert row_statuses(made["id"])[1:] == ["void"] * 9
    refund(api, sale.builder, paid, "250.00")
    seen = booking_now(api, sale.customer, made["id"])
    assert (seen["paid_amount"], seen["refund_owed"]) == ("750.00", "750.00")
    assert seen["refund_amount"] == "1000.00"
    refused = refund(api, sale.builder, paid, "750.01", status=409)
    assert refused.error["details"][0]["value"] == "750.00"
    send(api, sale.builder, payment(made["id"], "1.00"), 409)


def test_a_unit_is_not_handed_over_while_anything_is_payable(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    pay(api, sale.builder, made["id"])
    agree(api, sale.builder, made["id"])
    day = {"handover_date": today()}
    change_project(sale.project, status="completed", occupancy_certificate_date=clock.now().date())
    refused = act(api, sale.builder, made["id"], "handover", day, status=409)
    assert (refused.code, refused.error["details"][0]["value"]) == (
        "payable_remains",
        "5698350.00",
    )
    cheque = pay(api, sale.builder, made["id"], "5698350.00", "cheque")
    refused = act(api, sale.builder, made["id"], "handover", day, status=409)
    assert refused.code == "payable_remains"
    move(api, sale.builder, cheque, "clear")
    done = act(api, sale.builder, made["id"], "handover", day).data["booking"]
    assert (done["status"], done["payment_status"]) == ("handed_over", "completed")
    assert set(row_statuses(made["id"])) == {"paid"}
    # A receipt may still turn out not to be one.
    reverse(api, sale.builder, cheque, "0.01")
    assert booking_now(api, sale.customer, made["id"])["pending_amount"] == "0.01"


def test_a_token_that_is_not_a_round_sum_is_paid_in_two(api: Api, clock: Clock) -> None:
    """The token is cut to the paisa, and so is the cap: two cheques at once may just reach it."""
    sale = make_sale()
    made = book(api, sale)
    first = pay(api, sale.builder, made["id"], "316575.01", "cheque")
    refused = send(api, sale.builder, payment(made["id"], "316575.00", "cheque"), 422)
    assert refused.error["details"][0]["value"] == "316574.99"
    second = pay(api, sale.builder, made["id"], "316574.99", "cheque")
    move(api, sale.builder, second, "clear")
    assert booking_now(api, sale.builder, made["id"])["status"] == "pending"
    move(api, sale.builder, first, "clear")
    seen = booking_now(api, sale.builder, made["id"])
    assert (seen["status"], seen["paid_amount"]) == ("token_paid", TOKEN)


def test_money_goes_to_the_named_row_and_then_by_due_date(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    pay(api, sale.builder, made["id"])
    agree(api, sale.builder, made["id"])
    rows = rows_of(made["id"])
    named = rows[4]
    over = Decimal(named["amount"]) + 100
    paid = pay(api, sale.builder, made["id"], f"{over:.2f}", installment_id=named["id"])
    assert [(each["sequence"], each["amount"]) for each in paid["allocations"]] == [
        (2, "100.00"),
        (5, "633150.00"),
    ]
    assert row_statuses(made["id"])[:5] == [
        "paid",
        "partially_paid",
        "scheduled",
        "scheduled",
        "paid",
    ]
    schedule = api.as_(sale.customer).get(f"/api/bookings/{made['id']}/schedule").data
    assert schedule["schedule"][1]["paid_amount"] == "100.00"
    assert schedule["totals"]["unallocated_amount"] == "0.00"
