"""The checker of the money races can fail: each planted fault is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.races.money_checker import BookingFacts, Books, Entry, PaymentFacts, RowFacts, problems

MONEY = {name: Decimal(f"{name}.00") for name in (0, 100, 200, 300, 400, 600, 1000)}


def books() -> Books:
    """A booking after its agreement: 400 received, 100 of it reversed, all on one row."""
    receipt = PaymentFacts(
        id=1,
        booking_id=7,
        builder_id=3,
        kind="token",
        amount=MONEY[400],
        method="upi",
        status="completed",
        transaction_id="TX-1",
        receipt_number="RC/2026-27/000001",
        year="2026-27",
        reverses=None,
        reversed_in_full=False,
    )
    reversal = replace(
        receipt,
        id=2,
        kind="reversal",
        amount=MONEY[100],
        transaction_id=None,
        receipt_number=None,
        year=None,
        reverses=1,
    )
    booking = BookingFacts(
        id=7,
        status="agreement_registered",
        total=MONEY[1000],
        variation=MONEY[0],
        charge=MONEY[0],
        paid=MONEY[300],
        deduction=MONEY[0],
        cap=MONEY[100],
        compensation=MONEY[0],
    )
    return Books(
        bookings={7: booking},
        payments={1: receipt, 2: reversal},
        rows=[
            RowFacts(1, 7, "plan", MONEY[400], MONEY[300], "partially_paid"),
            RowFacts(2, 7, "plan", MONEY[600], MONEY[0], "scheduled"),
        ],
        series={(3, "2026-27"): 1},
    )


TOLD = [
    Entry(7, 201, payment_id=1, amount=MONEY[400]),
    Entry(7, 201, payment_id=2, amount=MONEY[100]),
    Entry(7, 409, "overpayment", amount=MONEY[1000]),
]


def booking(**changes: object) -> Callable[[Books, list[Entry]], None]:
    """Another booking than its rows say."""

    def plant(found: Books, _told: list[Entry]) -> None:
        found.bookings[7] = replace(found.bookings[7], **changes)

    return plant


def payment(id_: int, **changes: object) -> Callable[[Books, list[Entry]], None]:
    """Another payment."""

    def plant(found: Books, _told: list[Entry]) -> None:
        found.payments[id_] = replace(found.payments[id_], **changes)

    return plant


def row(place: int, **changes: object) -> Callable[[Books, list[Entry]], None]:
    """Another installment."""

    def plant(found: Books, _told: list[Entry]) -> None:
        found.rows[place] = replace(found.rows[place], **changes)

    return plant


def told(entry: Entry) -> Callable[[Books, list[Entry]], None]:
    """One more answer."""
    return lambda _found, entries: entries.append(entry)


FAULTS = {
    "paid": booking(paid=MONEY[400]),
    "idle": row(0, paid=MONEY[200]),
    "row beyond": row(1, paid=MONEY[1000]),
    "void paid": row(0, status="void"),
    "row status": row(0, status="paid"),
    "plan sum": row(1, amount=MONEY[400]),
    "charge sum": booking(charge=MONEY[100]),
    "given back": payment(2, amount=MONEY[600]),
    "in full": payment(1, reversed_in_full=True),
    "cap": booking(status="confirmed"),
    "overpaid": booking(total=MONEY[200]),
    "no number": payment(1, receipt_number=None),
    "gap": payment(1, receipt_number="RC/2026-27/000002"),
    "number unused": payment(2, receipt_number="RC/2026-27/000002"),
    "lost": told(Entry(7, 201, payment_id=9, amount=MONEY[100])),
    "another amount": told(Entry(7, 201, payment_id=1, amount=MONEY[100])),
    "key twice": lambda _found, entries: entries.extend(
        [Entry(7, 201, payment_id=each, key="same") for each in (1, 2)]
    ),
    "defect": told(Entry(7, 500, "internal_error")),
    "no answer": told(Entry(7, None)),
    "unasked": lambda _found, entries: entries.pop(0),
    "received twice": lambda found, entries: (
        found.payments.update(
            {3: replace(found.payments[1], id=3, booking_id=8, receipt_number="RC/2026-27/000002")}
        ),
        entries.append(Entry(8, 201, payment_id=3)),
        found.series.update({(3, "2026-27"): 2}),
    ),
}


def test_sound_books_have_no_problem() -> None:
    assert problems(TOLD, books()) == []


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_fault_is_named(fault: Callable[[Books, list[Entry]], object]) -> None:
    found, entries = books(), list(TOLD)
    fault(found, entries)
    assert problems(entries, found) != []
