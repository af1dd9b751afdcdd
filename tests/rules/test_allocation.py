"""Which receipt pays which row: worked examples, and what holds for any receipts and rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from realty.rules.allocation import NetReceipt, OpenRow, Share, allocate

DAY = date(2026, 4, 1)
PAISE = st.integers(0, 500).map(lambda paise: Decimal(paise) / 100)


def rupees(amount: int) -> Decimal:
    return Decimal(f"{amount}.00")


def row(id_: int, amount: int, due: int | None = None, *, void: bool = False) -> OpenRow:
    return OpenRow(id_, id_, rupees(amount), None if due is None else DAY + timedelta(due), void)


def shares(*triples: tuple[int, int, int]) -> list[Share]:
    return [Share(receipt, row_id, rupees(amount)) for receipt, row_id, amount in triples]


def test_the_named_row_comes_first_then_the_due_dates_then_the_sequence():
    rows = [row(1, 10), row(2, 10, 9), row(3, 10, 5), row(4, 10, 5), row(5, 10)]
    found = allocate([NetReceipt(7, rupees(47), row_id=5)], rows)
    assert found.shares == shares((7, 5, 10), (7, 3, 10), (7, 4, 10), (7, 2, 10), (7, 1, 7))
    assert found.unallocated_amount == 0


def test_a_void_row_takes_nothing_even_when_it_is_named():
    found = allocate([NetReceipt(7, rupees(15), row_id=1)], [row(1, 10, void=True), row(2, 10)])
    assert found.shares == shares((7, 2, 10))
    assert found.unallocated_amount == rupees(5)


def test_a_named_row_that_is_full_leaves_everything_to_the_others():
    receipts = [NetReceipt(7, rupees(10), row_id=2), NetReceipt(8, rupees(4), row_id=2)]
    found = allocate(receipts, [row(1, 10, 0), row(2, 10, 1)])
    assert found.shares == shares((7, 2, 10), (8, 1, 4))
    assert found.of_receipt(8) == shares((8, 1, 4))
    assert found.by_row()[1] == rupees(4)
    assert found.by_row()[99] == 0


@st.composite
def books(draw: st.DrawFn) -> tuple[list[NetReceipt], list[OpenRow]]:
    """Up to eight receipts, of paise too, that name any row, none, or one that is not there."""
    days = st.none() | st.integers(0, 5).map(lambda days: DAY + timedelta(days))
    rows = [
        OpenRow(id_, id_, draw(PAISE), draw(days), draw(st.integers(0, 4)) == 0)
        for id_ in range(1, 1 + draw(st.integers(0, 6)))
    ]
    named = st.none() | st.integers(1, 8)
    receipts = [
        NetReceipt(100 + n, draw(PAISE), draw(named)) for n in range(draw(st.integers(0, 8)))
    ]
    return receipts, rows


@given(books())
def test_no_paisa_is_lost_and_no_row_takes_more_than_it_asks_for(book):
    receipts, rows = book
    found = allocate(receipts, rows)
    for receipt in receipts:
        spent = sum((share.amount for share in found.of_receipt(receipt.id)), Decimal(0))
        assert 0 <= spent <= receipt.amount
    total = sum((receipt.amount for receipt in receipts), Decimal(0))
    assert sum((share.amount for share in found.shares), found.unallocated_amount) == total
    paid = found.by_row()
    for each in rows:
        assert 0 <= paid[each.id] <= (0 if each.is_void else each.amount)
    assert all(share.amount > 0 for share in found.shares)


@given(books())
def test_nothing_stays_unallocated_while_a_row_is_open(book):
    receipts, rows = book
    found = allocate(receipts, rows)
    open_amount = sum((each.amount for each in rows if not each.is_void), Decimal(0))
    total = sum((receipt.amount for receipt in receipts), Decimal(0))
    assert found.unallocated_amount == max(Decimal(0), total - open_amount)


@given(books())
def test_a_later_receipt_never_moves_the_money_of_an_earlier_one(book):
    receipts, rows = book
    whole = list(allocate(receipts, rows).shares)
    for length in range(len(receipts)):
        part = list(allocate(receipts[:length], rows).shares)
        assert whole[: len(part)] == part


@given(books())
def test_a_row_is_paid_only_when_all_that_come_before_it_are_full(book):
    """Apart from the row that a receipt names, which it pays as far as it goes."""
    receipts, rows = book
    queue = sorted(
        (each for each in rows if not each.is_void),
        key=lambda each: (each.due_date is None, each.due_date or DAY, each.sequence),
    )
    for number, receipt in enumerate(receipts, start=1):
        before = allocate(receipts[: number - 1], rows).by_row()
        found = allocate(receipts[:number], rows)
        after, own = found.by_row(), found.of_receipt(receipt.id)
        for each in queue:
            if each.id == receipt.row_id:
                first = min(receipt.amount, each.amount - before[each.id])
                assert after[each.id] - before[each.id] == first
        for share in own:
            if share.row_id != receipt.row_id:
                ahead = [each.id for each in queue].index(share.row_id)
                assert all(after[each.id] == each.amount for each in queue[:ahead])
