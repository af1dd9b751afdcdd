"""What money does to a booking, and money that goes back: token, ends, refunds, reversals."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from pony.orm import select

from realty.db import Booking, Notification, StatusHistory
from realty.db.session import session
from realty.errors import Conflict, RefundExceedsDue, ReversalExceedsPayment, ValidationFailed
from realty.services.booking_queries import position_of
from tests.services.cashbook import TOKEN, TOTAL, Case, booked

pytestmark = pytest.mark.usefixtures("database")

REFUND_DAYS = 45


def unallocated(case: Case) -> Decimal:
    with session():
        return position_of(Booking[case.booking.id]).unallocated_amount


def owed(case: Case) -> Decimal:
    with session():
        return position_of(Booking[case.booking.id]).refund_owed


def titles(case: Case, user_id: int) -> list[str]:
    """What a user was told of the booking, in order."""
    booking_id = case.booking.id
    with session():
        told = select(
            (n.id, n.title)
            for n in Notification
            if n.user.id == user_id
            and n.related_entity_type == "booking"
            and n.related_entity_id == booking_id
        )
        return [title for _, title in sorted(told)]


def test_the_token_reached_ends_the_hold_and_both_are_told():
    case = Case()
    case.record(TOKEN - Decimal("0.01"))
    assert case.columns()["status"] == "pending"
    case.record("0.01")
    booking = case.columns()
    assert (booking["status"], booking["expires_at"]) == ("token_paid", None)
    for user_id in (case.builder.user_id, case.customer.user_id):
        assert titles(case, user_id) == ["Token paid"]


def test_the_token_lost_holds_the_unit_anew_and_may_be_reached_again():
    case = Case()
    paid = case.record(TOKEN)
    case.wait(10)
    case.reverse(paid, "0.01")
    booking = case.columns()
    assert booking["status"] == "pending"
    assert booking["expires_at"] == case.now + timedelta(hours=72)
    case.record("0.01")
    assert case.columns()["status"] == "token_paid"
    case.reverse(paid)
    told = ["Token paid", "Token wanting again"] * 2
    for user_id in (case.builder.user_id, case.customer.user_id):
        assert titles(case, user_id) == told
    with session():
        moves = select((h.id, h.to_status) for h in StatusHistory if h.entity == "booking")
        assert [status for _, status in sorted(moves)] == ["token_paid", "pending"] * 2


def test_after_the_confirmation_a_reversed_receipt_changes_no_status():
    case = Case()
    paid = case.record(TOKEN)
    case.confirm()
    case.reverse(paid)
    booking = case.columns()
    assert (booking["status"], booking["paid_amount"]) == ("confirmed", 0)
    assert case.rows() == []


def test_a_token_paid_in_two_cheques_at_once():
    """A booking of 5,500,000.05, whose token and cap are 550,000.00."""
    case, token = Case(), Decimal("550000.00")
    case.booking = booked(
        case.builder,
        case.customer,
        total_amount=Decimal("5500000.05"),
        token_amount=token,
        advance_cap_amount=token,
    )
    cheques = [case.record("275000.00", "cheque"), case.record("275000.00", "cheque")]
    case.move(cheques[0], "clear")
    assert case.columns()["status"] == "pending"
    case.move(cheques[1], "clear")
    assert case.columns()["status"] == "token_paid"
    assert case.rows() == [(1, "paid", token)]


def test_an_uncleared_cheque_suspends_expiry_and_a_bounced_one_does_not():
    case = Case()
    cheque = case.record(TOKEN, "cheque")
    case.wait(10)
    assert case.expire() is False
    case.move(cheque, "bounce")
    assert case.expire() is True
    assert case.columns()["status"] == "expired"


def test_what_was_paid_before_an_expiry_is_owed_back():
    case = Case()
    paid = case.record("500.00")
    case.wait(10)
    assert case.expire() is True
    booking = case.columns()
    assert booking["refund_amount"] == owed(case) == Decimal("500.00")
    assert booking["refund_due_date"] == case.today + timedelta(REFUND_DAYS)
    with pytest.raises(RefundExceedsDue) as refused:
        case.refund(paid, "500.01")
    assert refused.value.details[0].value == "500.00"
    case.refund(paid, "500.00")
    assert (owed(case), case.columns()["paid_amount"]) == (0, 0)


def test_money_that_clears_after_the_end_is_owed_from_then_when_nothing_was_before():
    case = Case()
    first, second = case.record("300.00", "cheque"), case.record("200.00", "cheque")
    case.reject()
    rejected_on = case.today
    case.wait(7)
    case.move(first, "clear")
    due = case.today + timedelta(REFUND_DAYS)
    assert case.columns()["refund_due_date"] == due != rejected_on + timedelta(REFUND_DAYS)
    assert (owed(case), unallocated(case)) == (Decimal("300.00"), Decimal("300.00"))
    case.wait(7)
    case.move(second, "clear")
    assert (owed(case), case.columns()["refund_due_date"]) == (Decimal("500.00"), due)
    assert case.columns()["status"] == "rejected"


def test_money_that_clears_after_the_end_keeps_the_earlier_day_while_something_was_owed():
    case = Case()
    case.record("100.00")
    cheque = case.record("200.00", "cheque")
    case.reject()
    due = case.columns()["refund_due_date"]
    case.wait(7)
    case.move(cheque, "clear")
    assert (owed(case), case.columns()["refund_due_date"]) == (Decimal("300.00"), due)


def test_a_report_made_before_the_end_may_be_accepted_without_the_guards():
    case = Case()
    told, cheque = case.report(TOTAL + 5, "cash"), case.report("7.00", "cheque")
    case.record(TOKEN)
    case.reject()
    case.wait(1)
    case.move(told, "accept")
    case.move(cheque, "accept")
    case.move(cheque, "clear")
    assert owed(case) == TOTAL + 5 + TOKEN + 7


def test_a_refund_that_fails_after_the_end_keeps_the_day_on_which_it_was_due():
    case = Case()
    paid = case.record("500.00")
    case.reject()
    due = case.columns()["refund_due_date"]
    refund = case.refund(paid, "500.00")
    case.wait(3)
    case.reverse(refund, reason="The account was closed.")
    assert (owed(case), case.columns()["refund_due_date"]) == (Decimal("500.00"), due)
    cheque = case.refund(paid, "500.00", "cheque")
    assert owed(case) == 0
    case.move(cheque, "bounce")
    assert (owed(case), case.columns()["refund_due_date"]) == (Decimal("500.00"), due)


def test_a_live_booking_refunds_only_what_no_row_takes():
    case = Case()
    token = case.record(TOKEN)
    case.confirm()
    case.register()
    with pytest.raises(RefundExceedsDue) as refused:
        case.refund(token, "0.01")
    assert refused.value.details[0].value == "0.00"
    row = case.add("variation", "1000.00")
    rest = case.record(TOTAL - TOKEN + 1000, payment_type="final")
    assert case.columns()["variation_amount"] == Decimal("1000.00")
    case.void(row)
    assert case.columns()["variation_amount"] == 0
    assert unallocated(case) == Decimal("1000.00")
    with pytest.raises(RefundExceedsDue) as refused:
        case.refund(rest, "1000.01")
    assert refused.value.details[0].value == "1000.00"
    cheque = case.refund(rest, "600.00", "cheque")
    assert unallocated(case) == Decimal("400.00")
    case.refund(token, "400.00")
    with pytest.raises(RefundExceedsDue):
        case.refund(rest, "0.01")
    case.move(cheque, "fail")
    assert unallocated(case) == Decimal("600.00")
    assert case.columns()["paid_amount"] == TOTAL + 600


def test_refunds_and_reversals_of_a_receipt_never_exceed_it():
    case = Case()
    first, second = case.record("600.00"), case.record("400.00")
    case.reject()
    refund = case.refund(first, "500.00")
    with pytest.raises(RefundExceedsDue) as refused:
        case.refund(first, "100.01")
    assert refused.value.details[0].value == "100.00"
    with pytest.raises(ReversalExceedsPayment) as refused:
        case.reverse(first, "100.01")
    assert refused.value.details[0].value == "100.00"
    case.reverse(first)
    assert case.payment(first)["reversed_in_full"] is False
    with pytest.raises(ReversalExceedsPayment) as refused:
        case.reverse(first)
    assert refused.value.details[0].value == "0.00"
    case.reverse(refund, "200.00")
    case.reverse(refund)
    assert case.payment(refund)["reversed_in_full"] is True
    with pytest.raises(ReversalExceedsPayment):
        case.reverse(refund, "0.01")
    case.refund(first, "500.00")
    case.reverse(second)
    assert case.payment(second)["reversed_in_full"] is True
    assert (owed(case), case.columns()["paid_amount"]) == (0, 0)


def test_a_cancelling_customer_s_deduction_is_never_refunded():
    case = Case()
    paid = case.record(TOKEN)
    case.wait(20)
    case.cancel(case.buyer)
    kept = case.columns()["deduction_amount"]
    assert kept == Decimal("10000.00")
    with pytest.raises(RefundExceedsDue) as refused:
        case.refund(paid, TOKEN)
    assert refused.value.details[0].value == "90000.00"
    case.refund(paid, TOKEN - kept)
    case.reverse(paid)
    assert (owed(case), case.columns()["paid_amount"]) == (0, 0)


def test_an_end_voids_the_rows_on_which_nothing_was_paid_and_says_so():
    case = Case()
    case.record("60.00")
    case.reject()
    rows = case.rows()
    assert rows[0] == (1, "partially_paid", Decimal("60.00"))
    assert {status for _, status, _ in rows[1:]} == {"void"}
    with session():
        found = select((h.to_status, h.reason) for h in StatusHistory if h.entity == "installment")
        moves = list(found.without_distinct())
    assert moves.count(("void", "The booking was rejected.")) == len(rows) - 1


def test_the_agreement_dates_rows_and_allocates_anew():
    case = Case()
    case.booking = booked(case.builder, case.customer, payment_plan="full_payment")
    case.record(TOKEN)
    case.confirm()
    charge = case.add("charge", "10.00")
    case.void(charge)
    case.register()
    assert case.columns()["status"] == "agreement_registered"
    assert case.rows() == [(1, "paid", TOKEN), (3, "void", Decimal("0.00"))]


def test_a_charge_before_the_agreement_moves_the_money_by_its_due_date():
    """A charge due today comes before a plan row that has no date yet."""
    case = Case()
    case.record(TOKEN)
    case.confirm()
    case.add("charge", "10.00")
    assert case.columns()["charge_amount"] == Decimal("10.00")
    sequence = len(case.rows())
    assert sequence in {1, 2}
    assert sum(paid for _, _, paid in case.rows()) == TOKEN


def test_confirmation_looks_at_the_token_again():
    case = Case()
    paid = case.record(TOKEN)
    case.reverse(paid, "1.00")
    with pytest.raises(Conflict):
        case.confirm()


@pytest.mark.parametrize(
    "over",
    [
        {"transaction_id": None},
        {"payment_date": timedelta(days=1)},
        {"amount": Decimal("0.00")},
    ],
)
def test_a_refund_states_what_a_receipt_states(over):
    case = Case()
    paid = case.record("100.00")
    case.reject()
    wrong = {
        name: case.today + value if isinstance(value, timedelta) else value
        for name, value in over.items()
    }
    amount = wrong.pop("amount", "1.00")
    with pytest.raises(ValidationFailed):
        case.refund(paid, amount, **wrong)
    case.refund(paid, "1.00", "cash", transaction_id=None)


def test_a_reversal_needs_a_reason_and_an_amount():
    case = Case()
    paid = case.record("100.00")
    for amount, reason in ((None, " "), ("0.00", "It bounced.")):
        with pytest.raises(ValidationFailed):
            case.reverse(paid, amount, reason)
    row = case.payment(case.reverse(paid, "40.00"))
    assert (row["payment_type"], row["status"], row["amount"]) == (
        "reversal",
        "completed",
        Decimal("40.00"),
    )
    assert (row["reverses_payment"], row["failure_reason"]) == (paid, "It bounced.")
    assert case.columns()["paid_amount"] == Decimal("60.00")
