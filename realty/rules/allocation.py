"""Which receipt pays which row: computed whole from what was received, never stored by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from realty.rules.money import ZERO


@dataclass(frozen=True, slots=True)
class NetReceipt:
    """A completed receipt, net of what was given back; `row_id` is the row that it names."""

    id: int
    amount: Decimal
    row_id: int | None = None


@dataclass(frozen=True, slots=True)
class OpenRow:
    """An installment, as far as the allocation looks at it; a void one takes nothing."""

    id: int
    sequence: int
    amount: Decimal
    due_date: date | None
    is_void: bool = False


class Share(NamedTuple):
    """So much of a receipt pays a row."""

    receipt_id: int
    row_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Allocation:
    """Every share, in the order in which the money was allocated, and what no row takes."""

    shares: Sequence[Share]
    unallocated_amount: Decimal

    def by_row(self) -> Mapping[int, Decimal]:
        """What is paid on each row, by its id; 0.00 for a row without a share."""
        paid: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        for share in self.shares:
            paid[share.row_id] += share.amount
        return paid

    def of_receipt(self, receipt_id: int) -> list[Share]:
        """Where the money of one receipt went."""
        return [share for share in self.shares if share.receipt_id == receipt_id]


def allocate(receipts: Iterable[NetReceipt], rows: Iterable[OpenRow]) -> Allocation:
    """Allocate `receipts`, in the order of their completion, to `rows` (domain, section 7).

    Each receipt pays first the row that it names, the rest goes to open rows by due date, those
    without one last, and by sequence. Rows are filled as far as the money reaches.
    """
    queue = sorted(
        (row for row in rows if not row.is_void),
        key=lambda row: (row.due_date or date.max, row.sequence),
    )
    wanting = {row.id: row.amount for row in queue}
    shares: list[Share] = []
    unallocated = ZERO
    for receipt in receipts:
        left = receipt.amount
        for row_id in _turns(receipt, queue):
            amount = min(left, wanting[row_id])
            if amount > 0:
                shares.append(Share(receipt.id, row_id, amount))
                wanting[row_id] -= amount
                left -= amount
        unallocated += left
    return Allocation(shares, unallocated)


def _turns(receipt: NetReceipt, queue: Sequence[OpenRow]) -> Iterator[int]:
    """The ids of the rows in the order in which a receipt pays them."""
    if any(row.id == receipt.row_id for row in queue):
        assert receipt.row_id is not None, "a row has an id"
        yield receipt.row_id
    yield from (row.id for row in queue if row.id != receipt.row_id)
