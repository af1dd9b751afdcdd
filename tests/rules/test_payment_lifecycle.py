"""The state machine of payments: every status, type and action, and the numbers of papers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from realty.db.enums import PAYMENT_METHODS, PAYMENT_STATUSES, PAYMENT_TYPES, RECEIPT_TYPES
from realty.errors import InvalidTransition
from realty.rules.identifiers import demand_number, financial_year, receipt_number
from realty.rules.payment_lifecycle import (
    PAYMENT_TRANSITIONS,
    allowed_payment_actions,
    check_payment,
    first_status,
    possible_actions,
)

OUT = ("refund", "compensation")
POSSIBLE = {
    **{("reported", kind): ("accept", "decline") for kind in RECEIPT_TYPES},
    **{("pending", kind): ("clear", "bounce", "fail") for kind in (*RECEIPT_TYPES, *OUT)},
    **{("completed", kind): ("refund", "reverse") for kind in RECEIPT_TYPES},
    **{("completed", kind): ("reverse",) for kind in OUT},
}


@pytest.mark.parametrize(("status", "kind"), list(product(PAYMENT_STATUSES, PAYMENT_TYPES)))
def test_every_status_and_type_allows_these_actions_and_no_other(status, kind):
    allowed = POSSIBLE.get((status, kind), ())
    assert possible_actions(status, kind) == allowed
    for action in PAYMENT_TRANSITIONS:
        if action in allowed:
            check_payment(action, status, kind)
            continue
        with pytest.raises(InvalidTransition) as refused:
            check_payment(action, status, kind)
        assert refused.value.details[0].allowed == allowed


def test_only_the_builder_acts_and_nothing_is_given_back_that_is_gone():
    none, some = Decimal("0.00"), Decimal("0.01")

    def actions(role: str, refundable: Decimal, remaining: Decimal) -> tuple[str, ...]:
        return allowed_payment_actions(
            "completed", "token", role, refundable=refundable, remaining=remaining
        )

    assert actions("builder", some, some) == ("refund", "reverse")
    assert actions("builder", none, some) == ("reverse",)
    assert actions("builder", none, none) == ()
    assert actions("customer", some, some) == actions("admin", some, some) == ()


def test_a_cheque_and_a_draft_must_clear():
    slow = {method for method in PAYMENT_METHODS if first_status(method) == "pending"}
    assert slow == {"cheque", "demand_draft"}


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 3, 31), "2025-26"),
        (date(2026, 4, 1), "2026-27"),
        (date(2026, 12, 31), "2026-27"),
        (date(2027, 1, 1), "2026-27"),
        (date(1999, 4, 1), "1999-00"),
    ],
)
def test_a_financial_year_begins_in_april(day, year):
    assert financial_year(day) == year


def test_numbers_say_what_they_count():
    assert receipt_number("2026-27", 1) == "RC/2026-27/000001"
    assert demand_number("2026-27", 1_234_567) == "DN/2026-27/1234567"
