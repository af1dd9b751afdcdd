"""getBookingLedger: the statement, its balance, and the identity of its sums."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_admin, make_payment
from tests.functional.bookings.common import act, book, cancellation, make_sale
from tests.functional.payments.common import (
    TOKEN,
    agree,
    booking_now,
    demand,
    leave_unallocated,
    ledger,
    move,
    pay,
    payment,
    refund,
    reverse,
    rows_of,
    send,
    today,
    total,
)


def lines(found: Any) -> list[tuple[str, str, str]]:
    """Kind, signed amount and balance of each entry."""
    return [
        (
            entry["kind"],
            entry["debit"] if entry["debit"] != "0.00" else f"-{entry['credit']}",
            entry["balance"],
        )
        for entry in found["entries"]
    ]


def check(found: Any, booking: Any) -> None:
    """Debits less credits are the balance; what was received is kept, allocated or idle; the
    balance is what was asked for and stands, less what was paid."""
    totals = {name: Decimal(value) for name, value in found["totals"].items()}
    debits = total(entry["debit"] for entry in found["entries"])
    lent = total(entry["credit"] for entry in found["entries"])
    assert (totals["debit_amount"], totals["credit_amount"]) == (debits, lent)
    assert Decimal(found["closing_balance"]) == debits - lent
    running = Decimal(0)
    for entry in found["entries"]:
        running += Decimal(entry["debit"]) - Decimal(entry["credit"])
        assert Decimal(entry["balance"]) == running
        assert "0.00" in {entry["debit"], entry["credit"]}
    assert totals["paid_amount"] == (
        totals["received_amount"] - totals["refunded_amount"] - totals["reversed_amount"]
    )
    assert totals["paid_amount"] == totals["allocated_amount"] + totals["unallocated_amount"]
    for name in ("paid_amount", "payable_amount", "pending_amount", "refund_owed"):
        assert found["totals"][name] == booking[name]
    if booking["status"] in {"expired", "rejected", "cancelled"}:
        stands = Decimal(booking["deduction_amount"])
    else:
        stands = sum(
            (
                row["amount"]
                for row in rows_of(booking["id"])
                if row["status"] != "void"
                and (
                    row["demanded_at"]
                    or row["kind"] == "charge"
                    or row["due_rule"] == "on_booking"
                    or row["status"] == "paid"
                )
            ),
            Decimal(0),
        )
    assert Decimal(found["closing_balance"]) == stands - totals["paid_amount"]


def test_get_booking_ledger_from_booking_to_agreement(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_sale()
    made = book(api, sale)
    clock.advance(hours=1)
    paid = pay(api, sale.builder, made["id"], transaction_id="UTR5")
    agree(api, sale.builder, made["id"])
    clock.advance(days=1)
    demand(made["id"], 2)
    clock.advance(days=1)
    pay(api, sale.builder, made["id"], "600000.00", "cheque")
    part = pay(api, sale.builder, made["id"], "33150.00")
    pay(api, sale.customer, made["id"], "500.00")
    found = ledger(api, sale.customer, made["id"])
    assert lines(found) == [
        ("demand", TOKEN, TOKEN),
        ("receipt", f"-{TOKEN}", "0.00"),
        ("demand", "633150.00", "633150.00"),
        ("receipt", "-33150.00", "600000.00"),
    ]
    first, receipt, asked, last = found["entries"]
    assert (first["label"], first["installment_id"]) == ("Booking", rows_of(made["id"])[0]["id"])
    assert (receipt["label"], receipt["payment_id"]) == ("Token by UPI", paid["id"])
    assert receipt["reference"] == paid["receipt_number"]
    assert receipt["at"] == paid["cleared_at"]
    assert asked["reference"] == rows_of(made["id"])[1]["demand_number"]
    assert last["reference"] == part["receipt_number"]
    assert (found["opening_balance"], found["closing_balance"]) == ("0.00", "600000.00")
    assert found["totals"]["clearing_amount"] == "600000.00"
    assert found["totals"]["reported_amount"] == "500.00"
    check(found, booking_now(api, sale.customer, made["id"]))
    assert ledger(api, sale.builder, made["id"]) == found
    assert ledger(api, make_admin(), made["id"]) == found
    for caller in (other.customer, other.builder):
        api.as_(caller).get(f"/api/bookings/{made['id']}/ledger", status=404)
    api.get(f"/api/bookings/{made['id']}/ledger", status=401)


def test_get_booking_ledger_of_some_days(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    clock.advance(days=3)
    pay(api, sale.builder, made["id"], "100.00", payment_date=today(-2))
    clock.advance(days=3)
    pay(api, sale.builder, made["id"], "50.00")
    everything = ledger(api, sale.builder, made["id"])
    middle = ledger(api, sale.builder, made["id"], **{"from": today(-5), "to": today(-1)})
    assert (middle["from"], middle["to"]) == (today(-5), today(-1))
    assert lines(middle) == [("receipt", "-100.00", "633050.00")]
    # The day to show is the one of the payment; when it counted decides where it stands.
    assert middle["entries"][0]["date"] == today(-5)
    assert (middle["opening_balance"], middle["closing_balance"]) == (TOKEN, "633050.00")
    assert middle["totals"] == everything["totals"]
    last = ledger(api, sale.builder, made["id"], **{"from": today()})
    assert (last["opening_balance"], len(last["entries"])) == ("633050.00", 1)
    before = ledger(api, sale.builder, made["id"], to=today(-30))
    assert (before["entries"], before["closing_balance"]) == ([], "0.00")
    after = ledger(api, sale.builder, made["id"], **{"from": today(30)})
    assert after["opening_balance"] == after["closing_balance"] == everything["closing_balance"]
    path = f"/api/bookings/{made['id']}/ledger"
    for bad in ({"from": "x"}, {"to": "2026-13-01"}, {"page": 1}):
        api.as_(sale.builder).get(path, bad, status=422)


def test_what_is_given_back_is_owed_again(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    paid = pay(api, sale.builder, made["id"], "1000.00")
    clock.advance(hours=1)
    back = reverse(api, sale.builder, paid, "400.00").data["payment"]
    found = ledger(api, sale.builder, made["id"])
    assert lines(found)[1:] == [
        ("receipt", "-1000.00", "632150.00"),
        ("reversal", "400.00", "632550.00"),
    ]
    assert found["entries"][-1]["reference"] == paid["receipt_number"]
    assert found["entries"][-1]["payment_id"] == back["id"]
    check(found, booking_now(api, sale.builder, made["id"]))


def test_the_end_withdraws_what_was_asked_for(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    paid = pay(api, sale.builder, made["id"], "1000.00")
    clock.advance(hours=1)
    act(api, sale.builder, made["id"], "reject", {"reason": "Sold to family."})
    found = ledger(api, sale.customer, made["id"])
    assert lines(found)[2:] == [("withdrawal", f"-{TOKEN}", "-1000.00")]
    check(found, booking_now(api, sale.customer, made["id"]))
    clock.advance(days=1)
    given = refund(api, sale.builder, paid, "1000.00", "cheque").data["payment"]
    assert ledger(api, sale.customer, made["id"])["closing_balance"] == "0.00"
    move(api, sale.builder, given, "bounce")
    assert ledger(api, sale.customer, made["id"])["closing_balance"] == "-1000.00"
    clock.advance(days=1)
    given = refund(api, sale.builder, paid, "1000.00").data["payment"]
    clock.advance(days=1)
    reverse(api, sale.builder, given, "1.00")
    found = ledger(api, sale.customer, made["id"])
    assert lines(found)[3:] == [
        ("refund", "1000.00", "0.00"),
        ("refund_reversal", "-1.00", "-1.00"),
    ]
    check(found, booking_now(api, sale.customer, made["id"]))


def test_a_cancellation_after_the_agreement(api: Api, clock: Clock) -> None:
    """The deduction is a debit: the balance is what is owed back, below zero."""
    sale = make_sale()
    made = book(api, sale)
    pay(api, sale.builder, made["id"])
    agree(api, sale.builder, made["id"])
    clock.advance(days=1)
    demand(made["id"], 2)
    clock.advance(days=1)
    pay(api, sale.builder, made["id"], "100000.00")
    clock.advance(days=1)
    quote = api.as_(sale.customer).get(f"/api/bookings/{made['id']}/cancellation-quote")
    owed = quote.data["quote"]["refund_amount"]
    act(api, sale.customer, made["id"], "cancel", cancellation(owed))
    found = ledger(api, sale.customer, made["id"])
    assert [kind for kind, *_ in lines(found)] == [
        *("demand", "receipt", "demand", "receipt"),
        *("withdrawal", "withdrawal", "deduction"),
    ]
    assert found["closing_balance"] == f"-{owed}"
    assert found["totals"]["deduction_amount"] == "633150.00"
    check(found, booking_now(api, sale.customer, made["id"]))


def test_compensation_stands_apart(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("cancelled", compensation_amount=Decimal("500.00"))
    receipt = make_payment(booking, "1000.00")
    body = payment(booking, "300.00", payment_type="compensation")
    paid = send(api, sale.builder, body).data["payment"]
    clock.advance(hours=1)
    back = reverse(api, sale.builder, paid, "100.00").data["payment"]
    found = ledger(api, sale.customer, booking)
    assert [(e["kind"], e["payment_id"]) for e in found["entries"] if e["payment_id"]] == [
        ("receipt", receipt)
    ]
    apart = found["compensation"]
    assert [each["id"] for each in apart["payments"]] == [paid["id"], back["id"]]
    assert (apart["owed_amount"], apart["paid_amount"]) == ("500.00", "200.00")
    assert apart["remaining_amount"] == "300.00"
    check(found, booking_now(api, sale.customer, booking))


def test_a_row_that_is_void_but_paid_leaves_its_money_in_advance(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    pay(api, sale.builder, made["id"])
    agree(api, sale.builder, made["id"])
    clock.advance(hours=1)
    pay(api, sale.builder, made["id"], "5698350.00")
    found = ledger(api, sale.builder, made["id"])
    assert (found["closing_balance"], found["totals"]["pending_amount"]) == ("0.00", "0.00")
    check(found, booking_now(api, sale.builder, made["id"]))
    clock.advance(hours=1)
    leave_unallocated(api, sale.builder, made["id"], "100.00")
    found = ledger(api, sale.builder, made["id"])
    assert found["closing_balance"] == "-100.00"
    assert found["totals"]["unallocated_amount"] == "100.00"
    check(found, booking_now(api, sale.builder, made["id"]))


def test_charges_are_debits_until_they_are_withdrawn(api: Api, clock: Clock) -> None:
    sale = make_sale()
    made = book(api, sale)
    pay(api, sale.builder, made["id"])
    agree(api, sale.builder, made["id"])
    clock.advance(hours=1)
    body = {"charge_code": "parking", "label": "Second car park", "amount": "250.00"}
    raised = act(api, sale.builder, made["id"], "charges", body, status=201).data["installment"]
    found = ledger(api, sale.customer, made["id"])
    assert lines(found)[-1] == ("charge", "250.00", "250.00")
    check(found, booking_now(api, sale.customer, made["id"]))
    clock.advance(hours=1)
    void = f"charges/{raised['id']}/void"
    act(api, sale.builder, made["id"], void, {"reason": "By mistake."})
    found = ledger(api, sale.customer, made["id"])
    assert lines(found)[-1] == ("withdrawal", "-250.00", "0.00")
    assert found["entries"][-1]["label"] == "Withdrawn: Second car park"
    check(found, booking_now(api, sale.customer, made["id"]))
