"""What must hold of a booking's money in the database, whatever happened, beside the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pony.orm import select

from realty.db import Booking, Installment, Payment, StatusHistory, Unit
from realty.services.allocation import allocation_of, rows_of
from tests.services.money_model import CASH_LIMIT, DEAD, LIVE_BEFORE_AGREEMENT, Book, paise

SIGNS = {"token": 1, "refund": -1, "compensation": 0}
ZERO = Decimal(0)


def check_booking(booking_id: int, book: Book) -> None:
    """The identity of domain, section 7, and what goes with it; run it inside a session."""
    booking = Booking[booking_id]
    assert booking.status == book.status
    assert paise(booking.paid_amount) == book.paid() == _paid_by_payments(booking_id)
    _check_rows(booking, book)
    assert book.cash() < CASH_LIMIT
    if book.status in LIVE_BEFORE_AGREEMENT:
        assert book.paid() + book.clearing() <= book.cap
    if book.status in DEAD:
        assert booking.refund_due_date is not None
        assert Unit[booking.unit.id].status == "available"
    for entry in book.entries:
        assert 0 <= book.left(entry) <= entry.amount


def _paid_by_payments(booking_id: int) -> int:
    """Receipts less refunds less reversals, straight from the rows; each status has its line."""
    paid, statuses = ZERO, _last_statuses(booking_id)
    for row in Payment.select(lambda p: p.booking.id == booking_id):
        assert row.status == statuses[row.id]
        refunding = (row.payment_type, row.status) == ("refund", "pending")
        if row.payment_type == "reversal":
            paid -= SIGNS[row.reverses_payment.payment_type] * row.amount
        elif row.status == "completed" or refunding:
            paid += SIGNS[row.payment_type] * row.amount
    return paise(paid)


def _last_statuses(booking_id: int) -> dict[int, str]:
    """Where the history says that each payment is."""
    ids = select(p.id for p in Payment if p.booking.id == booking_id)
    moves = select(
        (h.id, h.entity_id, h.to_status)
        for h in StatusHistory
        if h.entity == "payment" and h.entity_id in ids
    )
    return {payment_id: status for _, payment_id, status in sorted(moves)}


def _check_rows(booking: Any, book: Book) -> None:
    """Rows and sums agree, and money lies about only when no row wants it."""
    found = allocation_of(booking)
    paid = found.by_row()
    sums = {"plan": ZERO, "variation": ZERO, "charge": ZERO}
    wanting = ZERO
    for row in rows_of(booking.id):
        assert row.paid_amount == paid[row.id] <= row.amount
        if row.status == "void":
            assert not row.paid_amount
            continue
        sums[row.kind] += row.amount
        wanting += row.amount - row.paid_amount
        assert (row.status == "paid") == (row.paid_amount == row.amount)
    assert not (found.unallocated_amount and wanting)
    assert sums["variation"] == booking.variation_amount
    assert sums["charge"] == booking.charge_amount
    if book.status not in DEAD:
        assert sums["plan"] == booking.total_amount
        assert paise(sum(sums.values(), ZERO)) == book.payable()


def check_numbers(builder_id: int, books: Sequence[Book]) -> None:
    """Each completed receipt has a number, and no series of receipts or demands has a gap."""
    receipts = select(
        (p.financial_year, p.receipt_number)
        for p in Payment
        if p.builder.id == builder_id and p.receipt_number is not None
    ).without_distinct()[:]
    demands = select(
        i.demand_number
        for i in Installment
        if i.booking.builder.id == builder_id and i.demand_number is not None
    ).without_distinct()[:]
    completed = [
        entry
        for book in books
        for entry in book.entries
        if entry.kind == "receipt" and entry.status == "completed"
    ]
    assert len(receipts) == len(completed)
    assert all(f"/{year}/" in number for year, number in receipts)
    series: dict[str, list[int]] = {}
    for text in sorted([number for _, number in receipts] + list(demands)):
        name, _, number = text.rpartition("/")
        series.setdefault(name, []).append(int(number))
    for numbers in series.values():
        assert numbers == list(range(1, len(numbers) + 1))
