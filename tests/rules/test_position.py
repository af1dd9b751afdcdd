"""Derived values of a booking, and the status of a row."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.rules.lifecycles import DEAD
from realty.rules.policy import Policy
from realty.rules.position import PayableRow, PaymentPosition, installment_status, payment_position

TODAY = date(2026, 6, 1)
ROWS = (
    PayableRow(1, Decimal("100.00"), Decimal("100.00"), date(2026, 1, 1)),
    PayableRow(2, Decimal("100.00"), Decimal("30.00"), None),
    PayableRow(3, Decimal("700.00"), Decimal("0.00"), date(2026, 3, 1)),
    PayableRow(4, Decimal("50.00"), Decimal("0.00"), date(2026, 2, 1), is_void=True),
)


def position(status: str = "confirmed", paid: str = "130.00", **figures: str) -> PaymentPosition:
    return payment_position(
        status=status,
        total_amount=Decimal("900.00"),
        variation_amount=Decimal(figures.get("variation", "0.00")),
        charge_amount=Decimal(figures.get("charge", "0.00")),
        paid_amount=Decimal(paid),
        deduction_amount=Decimal(figures.get("deduction", "0.00")),
        rows=ROWS,
    )


def test_a_live_booking() -> None:
    assert position() == PaymentPosition(
        payable_amount=Decimal("900.00"),
        pending_amount=Decimal("770.00"),
        unallocated_amount=Decimal("0.00"),
        refund_owed=Decimal("0.00"),
        payment_progress=Decimal("14.44"),
        payment_status="partial",
        next_payment_due=date(2026, 3, 1),
        next_payment_amount=Decimal("700.00"),
    )


def test_variations_and_charges_are_payable() -> None:
    assert position(variation="50.00", charge="25.50").payable_amount == Decimal("975.50")


def test_a_dead_booking_owes_back_and_awaits_nothing() -> None:
    dead = position("cancelled", deduction="18.00")
    assert dead.pending_amount == 0
    assert dead.refund_owed == Decimal("112.00")
    assert (dead.next_payment_due, dead.next_payment_amount) == (None, None)
    assert position("cancelled", deduction="200.00").refund_owed == 0


def test_progress_says_100_only_when_paid() -> None:
    assert position(paid="899.99").payment_progress == Decimal("99.99")
    assert position(paid="899.99").payment_status == "partial"
    assert position(paid="900.00").payment_progress == 100
    assert position(paid="900.00").payment_status == "completed"
    assert position(paid="0.00").payment_status == "pending"


@given(
    st.sampled_from(["pending", "confirmed", "handed_over", *DEAD]),
    st.integers(0, 200_000).map(lambda paise: f"{paise / 100:.2f}"),
)
def test_bounds_hold_for_any_sum(status: str, paid: str) -> None:
    where = position(status, paid)
    assert 0 <= where.payment_progress <= 100
    assert where.pending_amount >= 0
    assert where.refund_owed >= 0
    assert (where.payment_progress == 100) == (where.payment_status == "completed")
    assert (where.refund_owed > 0) <= (status in DEAD)


@pytest.mark.parametrize(
    ("void", "paid", "due", "demanded", "status"),
    [
        (True, "100.00", date(2026, 1, 1), True, "void"),
        (False, "100.00", date(2026, 1, 1), True, "paid"),
        (False, "99.99", date(2026, 5, 24), True, "overdue"),
        (False, "99.99", date(2026, 5, 25), True, "partially_paid"),
        (False, "0.00", date(2026, 5, 25), True, "demanded"),
        (False, "0.00", None, True, "demanded"),
        (False, "0.00", date(2026, 1, 1), False, "scheduled"),
        (False, "10.00", date(2026, 1, 1), False, "partially_paid"),
    ],
)
def test_the_first_status_that_fits(
    void: bool, paid: str, due: date | None, demanded: bool, status: str
) -> None:
    assert status == installment_status(
        is_void=void,
        amount=Decimal("100.00"),
        paid_amount=Decimal(paid),
        due_date=due,
        is_demanded=demanded,
        today=TODAY,
        policy=Policy(),
    )
