"""movePayment, and the whole machine: every action on every payment in every status by everyone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from realty.db import Payment
from realty.db.session import session
from tests.client import Answer, Api
from tests.database import content
from tests.deployment import Clock
from tests.factories import BookingRow, make_admin, make_booking, make_customer, make_payment
from tests.functional.bookings.common import Sale, act, cancellation, make_sale, moves, told
from tests.functional.payments.common import (
    PATH,
    TOKEN,
    booking_now,
    got,
    move,
    pay,
    payment,
    refund,
    reverse,
    send,
)

ACTIONS = ("accept", "decline", "clear", "bounce", "fail", "refund", "reverse")
# What the builder may do, by type and status; everything else allows nothing.
ALLOWED: dict[tuple[str, str], tuple[str, ...]] = {
    ("receipt", "reported"): ("accept", "decline"),
    ("receipt", "pending"): ("clear", "bounce", "fail"),
    ("receipt", "completed"): ("refund", "reverse"),
    ("refund", "pending"): ("clear", "bounce", "fail"),
    ("refund", "completed"): ("reverse",),
    ("compensation", "pending"): ("clear", "bounce", "fail"),
    ("compensation", "completed"): ("reverse",),
}
TARGETS = {
    "accept": "completed",
    "decline": "failed",
    "clear": "completed",
    "bounce": "bounced",
    "fail": "failed",
}
STATUSES = ("reported", "pending", "completed", "failed", "bounced")
CASES = [("receipt", status) for status in STATUSES] + [
    (kind, status)
    for kind in ("refund", "compensation", "reversal")
    for status in STATUSES[1:]
    if kind != "reversal" or status == "completed"
]


def one(sale: Sale, kind: str, status: str) -> tuple[BookingRow, int]:
    """A payment of a kind in a status, on a dead booking that owes what was received on it."""
    booking = sale.booked("rejected", compensation_amount=Decimal("900.00"))
    method: dict[str, Any] = {"payment_method": "cheque"}
    if kind == "receipt":
        return booking, make_payment(booking, "100.00", status=status, **method)
    if kind == "compensation":
        paid = make_payment(booking, "100.00", payment_type="compensation", status=status, **method)
        return booking, paid
    receipt = make_payment(booking, "500.00")
    paid = make_payment(
        booking,
        "100.00",
        payment_type=kind,
        status=status,
        reverses_payment=receipt,
        **method,
    )
    return booking, paid


def do(api: Api, caller: Any, paid: int, action: str, status: int) -> Answer:
    """Any action, with a body that is right."""
    if action == "refund":
        return refund(api, caller, paid, "10.00", status=status)
    if action == "reverse":
        return reverse(api, caller, paid, "10.00", status=status)
    return move(api, caller, paid, action, status=status)


@pytest.mark.parametrize(("kind", "status"), CASES)
def test_every_action_in_every_status_by_everyone(
    api: Api, clock: Clock, database: str, kind: str, status: str
) -> None:
    sale = make_sale()
    _, paid = one(sale, kind, status)
    others = make_sale()
    allowed = ALLOWED.get((kind, status), ())
    everybody = (
        (None, 401),
        (sale.customer, 403),
        (make_admin(), 403),
        (others.customer, 404),
        (others.builder, 404),
    )
    before = content(database)
    for action in ACTIONS:
        for caller, refusal in everybody:
            do(api, caller, paid, action, refusal)
            assert content(database) == before
        if action in allowed:
            continue
        failed = do(api, sale.builder, paid, action, 409)
        assert failed.code == "invalid_transition"
        (detail,) = failed.error["details"]
        assert (detail["value"], tuple(detail["allowed"])) == (status, allowed)
        assert content(database) == before


LEGAL = [(*case, action) for case, actions in ALLOWED.items() for action in actions]


@pytest.mark.parametrize(("kind", "status", "action"), LEGAL)
def test_every_allowed_action(api: Api, clock: Clock, kind: str, status: str, action: str) -> None:
    sale = make_sale()
    _, paid = one(sale, kind, status)
    assert action in got(api, sale.builder, paid)["allowed_actions"]
    if action in TARGETS:
        # What is reported on a booking that is dead was reported before its end; a cheque waits.
        target = "pending" if action == "accept" else TARGETS[action]
        seen = do(api, sale.builder, paid, action, 200).data["payment"]
        assert seen["status"] == target
        needs_reason = action in {"decline", "bounce", "fail"}
        assert seen["failure_reason"] == ("The bank said no." if needs_reason else None)
        assert (seen["cleared_at"] is not None) == (target == "completed")
        assert moves("payment", paid)[-1] == (status, target)
    else:
        made = do(api, sale.builder, paid, action, 201).data["payment"]
        assert made["payment_type"] == {"refund": "refund", "reverse": "reversal"}[action]
        assert made["reverses_payment_id"] == made["reverses_payment"]["id"] == paid
        linked = got(api, sale.customer, paid)["reversed_by"]
        assert [each["id"] for each in linked] == [made["id"]]


def test_move_payment_to_accept_makes_a_receipt(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    reported = pay(api, sale.customer, booking)
    accepted = move(api, sale.builder, reported, "accept").data["payment"]
    assert accepted["status"] == "completed"
    assert accepted["receipt_number"].endswith("/000001")
    assert accepted["recorded_by"]["role"] == "customer"
    assert booking_now(api, sale.customer, booking)["status"] == "token_paid"
    assert told(sale.customer) == ["Payment received", "Token paid"]
    cheque = pay(api, sale.customer, make_booking(sale.units[1], sale.customer), method="cheque")
    waiting = move(api, sale.builder, cheque, "accept").data["payment"]
    assert (waiting["status"], waiting["receipt_number"]) == ("pending", None)
    cleared = move(api, sale.builder, cheque, "clear").data["payment"]
    assert cleared["receipt_number"].endswith("/000002")


def test_a_tax_that_a_discount_made_wrong_is_not_accepted(
    api: Api, clock: Clock, database: str
) -> None:
    sale = make_sale()
    booking = sale.booked()
    reported = pay(api, sale.customer, booking, "100000.00", tds_amount="1000.00")
    discount = {"discount_amount": "2000000.00", "discount_reason": "Festive offer"}
    api.as_(sale.builder).patch(f"/api/bookings/{booking.id}", discount)
    before = content(database)
    refused = move(api, sale.builder, reported, "accept", status=422)
    assert refused.error["details"][0]["field"] == "tds_amount"
    assert content(database) == before
    move(api, sale.builder, reported, "decline", reason="No tax is deducted here.")


def test_money_after_the_end_has_its_bound(api: Api, clock: Clock) -> None:
    """What no column holds is refused; the booking can still be read."""
    sale = make_sale()
    booking = sale.booked()
    first, second = (pay(api, sale.customer, booking, "9999999999999.98") for _ in range(2))
    act(api, sale.builder, booking, "reject", {"reason": "The buyer is another."})
    move(api, sale.builder, first, "accept")
    refused = move(api, sale.builder, second, "accept", status=409)
    assert refused.code == "overpayment"
    assert refused.error["details"][0]["value"] == "0.01"
    assert booking_now(api, sale.customer, booking)["refund_owed"] == "9999999999999.98"


@pytest.mark.parametrize("action", ["decline", "bounce", "fail"])
def test_move_payment_asks_for_a_reason(api: Api, clock: Clock, database: str, action: str) -> None:
    sale = make_sale()
    booking = sale.booked()
    if action == "decline":
        paid = pay(api, sale.customer, booking)
    else:
        paid = pay(api, sale.builder, booking, method="cheque")
    url = f"{PATH}/{paid['id']}/status"
    before = content(database)
    for reason in ({}, {"reason": None}, {"reason": "  "}, {"reason": ""}):
        failed = api.as_(sale.builder).patch(url, {"action": action, **reason}, status=422)
        assert failed.error["details"][0]["field"] == "reason"
    api.as_(sale.builder).patch(url, {"action": "refund"}, status=422)
    api.as_(sale.builder).patch(url, {"status": "completed"}, status=422)
    assert content(database) == before
    words = "Drawer's signature differs."
    seen = move(api, sale.builder, paid, action, f"  {words} ").data["payment"]
    assert seen["failure_reason"] == words
    told_last = api.as_(sale.customer).get("/api/notifications").data["notifications"][0]
    assert words in told_last["message"]


def test_move_payment_honours_if_match(api: Api, clock: Clock, database: str) -> None:
    sale = make_sale()
    paid = pay(api, sale.customer, sale.booked())
    builder, url = api.as_(sale.builder), f"{PATH}/{paid['id']}"
    read = builder.get(url).headers["ETag"]
    builder.get(url, headers={"If-None-Match": read}, status=304)
    builder.patch(f"{url}/status", {"action": "accept"}, headers={"If-Match": read})
    before = content(database)
    late = {"action": "decline", "reason": "No"}
    stale = builder.patch(f"{url}/status", late, headers={"If-Match": read}, status=412)
    assert stale.code == "stale_version"
    fresh = builder.get(url).headers["ETag"]
    assert fresh != read
    refused = builder.patch(f"{url}/status", late, headers={"If-Match": fresh}, status=409)
    assert refused.code == "invalid_transition"
    builder.patch(f"{url}/status", late, headers={"If-Match": "rubbish"}, status=400)
    assert content(database) == before


class TestAcceptance:
    """A report that is accepted is a new receipt, under its guards."""

    def refused(self, api: Api, sale: Sale, paid: Any, status: int, database: str) -> Any:
        before = content(database)
        failed = move(api, sale.builder, paid, "accept", status=status)
        assert content(database) == before
        return failed.code, failed.error["details"][0].get("value")

    def test_advance_cap(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        reported = pay(api, sale.customer, sale.booked(), "700000.00")
        found = self.refused(api, sale, reported, 422, database)
        assert found == ("rera_advance_cap", TOKEN)

    def test_overpayment(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        booking = sale.booked("agreement_registered")
        reported = pay(api, sale.customer, booking, "5698350.01")
        found = self.refused(api, sale, reported, 409, database)
        assert found == ("overpayment", "5698350.00")

    def test_cash_limit(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        reported = pay(api, sale.customer, sale.booked(), "20000.00", "cash")
        assert self.refused(api, sale, reported, 422, database) == ("cash_limit", "19999.99")

    def test_duplicate_transaction(self, api: Api, clock: Clock, database: str) -> None:
        sale = make_sale()
        booking = sale.booked()
        reported = pay(api, sale.customer, booking, "10.00", transaction_id="UTR7")
        entered = pay(api, sale.builder, booking, "10.00", transaction_id="UTR7")
        found = self.refused(api, sale, reported, 409, database)
        assert found == ("duplicate_transaction", str(entered["id"]))

    def test_a_report_from_before_the_end_is_owed_back(self, api: Api, clock: Clock) -> None:
        sale = make_sale()
        booking = sale.booked()
        reported = pay(api, sale.customer, booking, "700000.00")
        act(api, sale.builder, booking, "reject", {"reason": "Sold to family."})
        send(api, sale.customer, payment(booking, "1.00"), 409)
        clock.advance(days=9)
        accepted = move(api, sale.builder, reported, "accept").data["payment"]
        assert accepted["allocations"] == []
        assert accepted["refundable_amount"] == "700000.00"
        assert accepted["allowed_actions"] == ["refund", "reverse"]
        seen = booking_now(api, sale.customer, booking)
        assert (seen["status"], seen["refund_owed"]) == ("rejected", "700000.00")


def test_money_that_was_pending_clears_whatever_happened(api: Api, clock: Clock) -> None:
    """A cheque that clears after the end is real money and owed back, with time to return it."""
    sale = make_sale()
    booking = sale.booked()
    cheque = pay(api, sale.builder, booking, method="cheque")
    act(api, sale.customer, booking, "cancel", cancellation())
    first_due = booking_now(api, sale.customer, booking)["refund_due_date"]
    clock.advance(days=10)
    cleared = move(api, sale.builder, cheque, "clear").data["payment"]
    assert cleared["receipt_number"] is not None
    seen = booking_now(api, sale.customer, booking)
    assert (seen["paid_amount"], seen["refund_owed"]) == (TOKEN, TOKEN)
    assert seen["refund_due_date"] > first_due
    refund(api, sale.builder, cheque, TOKEN)
    assert got(api, sale.customer, cheque)["status"] == "refunded"
    assert booking_now(api, sale.customer, booking)["refund_owed"] == "0.00"


def test_a_completed_payment_is_never_rewritten(api: Api, clock: Clock) -> None:
    """Only what reverses it, and the mark that nothing is left, is added to it."""
    sale = make_sale()
    paid = pay(api, sale.builder, sale.booked("agreement_registered"), "100.00")
    with session():
        before = Payment.get(id=paid["id"]).to_dict(exclude=["reversed_in_full", "updated_at"])
    reverse(api, sale.builder, paid)
    with session():
        row = Payment.get(id=paid["id"])
        assert row.reversed_in_full
        assert row.to_dict(exclude=["reversed_in_full", "updated_at"]) == before


def test_a_stranger_learns_nothing(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_customer()
    paid = pay(api, sale.builder, sale.booked())
    for caller in (other, make_sale().builder):
        api.as_(caller).get(f"{PATH}/{paid['id']}", status=404)
        api.as_(caller).get(f"{PATH}/2147483647", status=404)
    for bad in ("0", "01", "x", "2147483648", "%2e%2e"):
        api.as_(sale.builder).get(f"{PATH}/{bad}", status=404)
    api.get(f"{PATH}/{paid['id']}", status=401)
