"""Cancellation quotes: who is at fault, what is kept, what is added."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.rules.cancellation import CancellationQuote, OwedRow, Receipt, in_default, quote
from realty.rules.interest import simple_interest
from realty.rules.policy import Policy

POLICY = Policy()
BOOKED = date(2026, 1, 1)
TOTAL = Decimal("1000000.00")


def quoted(by: str, days: int, status: str = "confirmed", **given_values) -> CancellationQuote:
    return quote(
        by=by,
        status=status,
        booked_on=BOOKED,
        today=BOOKED + timedelta(days=days),
        total_amount=TOTAL,
        paid_amount=given_values.get("paid", Decimal("100000.00")),
        receipts=given_values.get("receipts", ()),
        rows=given_values.get("rows", ()),
        policy=POLICY,
    )


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (0, "0.00"),
        (15, "0.00"),
        (16, "10000.00"),
        (30, "10000.00"),
        (31, "15000.00"),
        (60, "15000.00"),
        (61, "20000.00"),
        (4000, "20000.00"),
    ],
)
def test_the_customer_before_the_agreement_loses_by_days(days: int, kept: str) -> None:
    answer = quoted("customer", days)
    assert answer.fault == "customer"
    assert answer.deduction_amount == Decimal(kept)
    assert answer.refund_amount == Decimal("100000.00") - Decimal(kept)
    assert answer.compensation_amount == 0
    assert answer.refund_due_date == BOOKED + timedelta(days=days + 45)


def test_the_customer_after_the_agreement_loses_ten_percent_whatever_the_day() -> None:
    answer = quoted("customer", 3, "agreement_registered", paid=Decimal("250000.00"))
    assert (answer.deduction_percent, answer.deduction_amount) == (10, Decimal("100000.00"))
    assert answer.refund_amount == Decimal("150000.00")


def test_never_more_is_kept_than_was_paid() -> None:
    answer = quoted("customer", 90, paid=Decimal("5000.00"))
    assert (answer.deduction_amount, answer.refund_amount) == (Decimal("5000.00"), 0)
    assert answer.rule.endswith("Never more than was paid is deducted.")


def test_the_builder_returns_all_and_compensates_each_receipt_net() -> None:
    receipts = [
        Receipt(Decimal("73000.00"), BOOKED),
        Receipt(Decimal("40000.00"), BOOKED + timedelta(days=5), given_back=Decimal("3500.00")),
        Receipt(Decimal("100.00"), BOOKED, given_back=Decimal("100.00")),
    ]
    answer = quoted("builder", 15, receipts=receipts, paid=Decimal("109500.00"))
    assert answer.fault == "builder"
    assert (answer.deduction_amount, answer.refund_amount) == (0, Decimal("109500.00"))
    # 73000 * 10 % * 15/365 = 300, and 36500 * 10 % * 10/365 = 100
    assert answer.compensation_amount == Decimal("400.00")


def owed(overdue_by: int, today: date, **changes) -> OwedRow:
    values = {
        "kind": "plan",
        "amount": Decimal("100.00"),
        "paid_amount": Decimal("99.99"),
        "due_date": today - timedelta(days=overdue_by),
        "is_demanded": True,
    }
    return OwedRow(**{**values, **changes})


@pytest.mark.parametrize(
    ("overdue_by", "changes", "status", "fault"),
    [
        (61, {}, "agreement_registered", "customer"),
        (61, {"kind": "variation"}, "agreement_registered", "customer"),
        (60, {}, "agreement_registered", "builder"),
        (61, {"kind": "charge"}, "agreement_registered", "builder"),
        (61, {"paid_amount": Decimal("100.00")}, "agreement_registered", "builder"),
        (61, {"is_demanded": False}, "agreement_registered", "builder"),
        (61, {"is_void": True}, "agreement_registered", "builder"),
        (61, {"due_date": None}, "agreement_registered", "builder"),
        (61, {}, "confirmed", "builder"),
    ],
)
def test_the_builders_cancelling_is_the_customers_fault_only_in_default(
    overdue_by: int, changes: dict[str, object], status: str, fault: str
) -> None:
    today = BOOKED + timedelta(days=200)
    answer = quoted("builder", 200, status, rows=[owed(overdue_by, today, **changes)])
    assert answer.fault == fault
    assert answer.deduction_amount == (Decimal("100000.00") if fault == "customer" else 0)


def test_within_the_days_of_grace_nobody_is_in_default() -> None:
    policy = Policy.from_settings({"cancellation.default_days": 0, "demand.grace_days": 7})
    assert not in_default([owed(7, BOOKED)], BOOKED, policy)
    assert in_default([owed(8, BOOKED)], BOOKED, policy)


def test_the_rule_is_a_sentence() -> None:
    assert quoted("customer", 31).rule == (
        "Cancelled by the customer 31 days after the booking, before the agreement: "
        "1.5 % of the total is deducted."
    )
    assert quoted("builder", 1).rule == (
        "Cancelled by the builder: everything paid is given back, with simple interest of "
        "10 % a year as compensation."
    )


def test_interest_is_simple_and_daily() -> None:
    assert simple_interest(Decimal("36500.00"), BOOKED, BOOKED + timedelta(1), POLICY) == 10
    assert simple_interest(Decimal("36500.00"), BOOKED, BOOKED - timedelta(1), POLICY) == 0


@given(
    by=st.sampled_from(["customer", "builder"]),
    status=st.sampled_from(["pending", "token_paid", "confirmed", "agreement_registered"]),
    days=st.integers(0, 5000),
    paid=st.lists(st.tuples(st.decimals("0.01", "9999999.99", places=2), st.integers(0, 5000))),
)
def test_any_quote_adds_up(by: str, status: str, days: int, paid: list) -> None:
    receipts = [Receipt(amount, BOOKED + timedelta(days=day)) for amount, day in paid]
    total_paid = sum((receipt.amount for receipt in receipts), Decimal("0.00"))
    answer = quoted(by, days, status, paid=total_paid, receipts=receipts)
    assert answer.refund_amount + answer.deduction_amount == answer.paid_amount == total_paid
    assert answer.refund_amount >= 0
    assert answer.deduction_amount >= 0
    assert answer.compensation_amount >= 0
    assert not (answer.deduction_amount and answer.compensation_amount)
    assert answer.fault == by
