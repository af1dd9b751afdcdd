"""Receipt numbers without gaps, and caps that hold, when many write at once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pony.orm import rollback, select

from realty.db import Payment
from realty.db.failures import classify
from realty.db.session import session
from realty.errors import AdvanceCap, CashLimit, DuplicateTransaction, Overpayment, RealtyError
from realty.services.numbering import next_number
from tests.database import at_once
from tests.factories import make_builder, make_customer
from tests.services.cashbook import TOKEN, Case

pytestmark = pytest.mark.usefixtures("database")


def numbers_of(builder_id: int) -> list[str]:
    with session():
        return sorted(
            select(
                p.receipt_number
                for p in Payment
                if p.builder.id == builder_id and p.receipt_number is not None
            )
        )


def outcome(attempt: Any) -> Any:
    """What an attempt gave: its value, or the class that it was refused with."""
    try:
        return attempt()
    except RealtyError as refused:
        return type(refused)


def test_each_builder_and_each_financial_year_counts_from_one():
    case = Case(now=datetime(2027, 3, 31, 18, 29))  # noqa: DTZ001 - naive UTC inside
    case.record("1.00")
    case.now = datetime(2027, 3, 31, 18, 30)  # noqa: DTZ001 - midnight in India
    case.record("1.00")
    case.record("1.00")
    assert numbers_of(case.builder.builder_id) == [
        "RC/2026-27/000001",
        "RC/2027-28/000001",
        "RC/2027-28/000002",
    ]
    other = Case(now=case.now)
    other.record("1.00")
    assert numbers_of(other.builder.builder_id) == ["RC/2027-28/000001"]


def test_a_number_goes_back_with_the_transaction_that_took_it():
    builder = make_builder().builder_id
    with session():
        assert next_number("receipt", builder, "2026-27") == 1
        assert next_number("receipt", builder, "2026-27") == 2
    with session():
        assert next_number("receipt", builder, "2026-27") == 3
        rollback()
    with session():
        assert next_number("receipt", builder, "2026-27") == 3
        assert next_number("demand", builder, "2026-27") == 1


def test_numbers_stay_gapless_when_many_bookings_are_paid_at_once():
    builder = make_builder()
    cases = [Case(builder, make_customer()) for _ in range(8)]

    def pay(case: Case) -> None:
        for amount in ("10.00", "20.00", "30.00"):
            case.record(amount)

    at_once([lambda case=case: pay(case) for case in cases])
    numbers = numbers_of(builder.builder_id)
    assert [int(number.rpartition("/")[2]) for number in numbers] == list(range(1, 25))
    assert {case.columns()["paid_amount"] for case in cases} == {Decimal("60.00")}


def test_one_transaction_on_two_bookings_at_once_is_received_once():
    """Their locks are not the same: the index decides, and its refusal says the same."""
    builder = make_builder()
    cases = [Case(builder, make_customer()) for _ in range(4)]

    def pay(case: Case) -> Any:
        try:
            return case.record("100.00", transaction_id="UTR-1")
        except Exception as failure:  # noqa: BLE001 - of the database or of the domain
            return failure

    found = at_once([lambda case=case: pay(case) for case in cases])
    failures = [each for each in found if isinstance(each, Exception)]
    assert len(failures) == 3
    for failure in failures:
        told = failure if isinstance(failure, RealtyError) else classify(failure)
        assert isinstance(told, DuplicateTransaction)


def test_two_cheques_do_not_pass_the_cap_together():
    case = Case()
    found = at_once([lambda: outcome(lambda: case.record("60000.00", "cheque"))] * 4)
    assert found.count(AdvanceCap) == 3


def test_cash_on_several_bookings_at_once_stays_below_the_limit():
    builder, customer = make_builder(), make_customer()
    cases = [Case(builder, customer) for _ in range(4)]
    found = at_once(
        [lambda case=case: outcome(lambda: case.record("9000.00", "cash")) for case in cases]
    )
    assert found.count(CashLimit) == 2


def test_a_receipt_and_its_reversals_at_once_end_at_nothing():
    case = Case()
    paid = case.record("100.00")
    found = at_once([lambda: outcome(lambda: case.reverse(paid))] * 4)
    assert sum(isinstance(each, int) for each in found) == 1
    assert case.columns()["paid_amount"] == 0


def test_the_last_rupee_is_taken_once():
    case = Case()
    case.record(TOKEN)
    case.confirm()
    case.register()
    rest = case.booking.total_amount - TOKEN
    found = at_once([lambda: outcome(lambda: case.record(rest))] * 4)
    assert found.count(Overpayment) == 3
    assert case.columns()["paid_amount"] == case.booking.total_amount
