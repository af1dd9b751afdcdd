"""The money rules of a booking once more, in whole paise and without the program: the oracle.

It knows no row of a plan and no allocation, only what was paid, given back and asked for, and
says of each attempt whether it must be refused, and with which figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

LIVE_BEFORE_AGREEMENT = {"pending", "token_paid", "confirmed"}
DEAD = {"expired", "rejected", "cancelled"}
CASH_LIMIT = 20_000_00
MOST_REPORTS = 5
MOVES = {
    "accept": ("reported", {"receipt"}),
    "decline": ("reported", {"receipt"}),
    "clear": ("pending", {"receipt", "refund", "compensation"}),
    "bounce": ("pending", {"receipt", "refund", "compensation"}),
    "fail": ("pending", {"receipt", "refund", "compensation"}),
    "refund": ("completed", {"receipt"}),
    "reverse": ("completed", {"receipt", "refund", "compensation"}),
}
ENDS = {"decline": "failed", "bounce": "bounced", "fail": "failed", "clear": "completed"}


class Refusal(NamedTuple):
    """The code, and the figure in paise where one goes with it."""

    code: str
    figure: int | None = None


def rupees(paise: int) -> Decimal:
    """As the services take it."""
    return Decimal(paise).scaleb(-2)


def paise(amount: Decimal) -> int:
    """As the model counts."""
    return int(amount * 100)


@dataclass(eq=False)
class Entry:
    """A payment; `of` is what it gives back or undoes."""

    id: int
    kind: str
    status: str
    amount: int
    method: str
    transaction: str | None = None
    of: Entry | None = None


@dataclass(eq=False)
class Extra:
    """A row beside the plan."""

    id: int
    kind: str
    amount: int


@dataclass(eq=False)
class Book:
    """One booking; `desk` holds every booking of this customer with this builder."""

    total: int
    token: int
    cap: int
    desk: list[Book]
    status: str = "pending"
    deduction: int = 0
    compensation: int = 0
    entries: list[Entry] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)

    def undone(self, entry: Entry) -> int:
        """What reversals took back of it."""
        return sum(each.amount for each in self._of(entry, "reversal"))

    def given_back(self, entry: Entry) -> int:
        """What is gone of a payment: reversed, or refunded by refunds that stand."""
        refunds = self._of(entry, "refund")
        return self.undone(entry) + sum(each.amount - self.undone(each) for each in refunds)

    def left(self, entry: Entry) -> int:
        """What is left of a payment."""
        return entry.amount - self.given_back(entry)

    def _of(self, entry: Entry, kind: str) -> Iterator[Entry]:
        counted = {"pending", "completed"}
        for each in self.entries:
            if each.of is entry and each.kind == kind and each.status in counted:
                yield each

    def paid(self) -> int:
        """Receipts less refunds less reversals; a reversed refund adds again."""
        return sum(
            self.left(each)
            for each in self.entries
            if each.kind == "receipt" and each.status == "completed"
        )

    def clearing(self) -> int:
        """Receipts that are in the bank."""
        return sum(
            each.amount
            for each in self.entries
            if each.kind == "receipt" and each.status == "pending"
        )

    def payable(self) -> int:
        """What is asked for on a live booking."""
        return self.total + sum(extra.amount for extra in self.extras)

    def owed(self) -> int:
        """What a dead booking owes back."""
        return max(0, self.paid() - self.deduction) if self.status in DEAD else 0

    def spare(self) -> int:
        """What may be refunded."""
        dead = self.status in DEAD
        return self.owed() if dead else max(0, self.paid() - self.payable())

    def cash(self) -> int:
        """The cash of all bookings, net of reversals."""
        return sum(
            each.amount - book.undone(each)
            for book in self.desk
            for each in book.entries
            if each.kind == "receipt" and each.method == "cash" and each.status == "completed"
        )

    def rooms(self, method: str) -> Iterable[Refusal]:
        """Each limit of a new receipt, in the order in which they are asked."""
        counted = self.paid() + self.clearing()
        if self.status in LIVE_BEFORE_AGREEMENT:
            yield Refusal("rera_advance_cap", max(0, self.cap - counted))
        yield Refusal("overpayment", max(0, self.payable() - counted))
        if method == "cash":
            yield Refusal("cash_limit", max(0, CASH_LIMIT - 1 - self.cash()))

    def room(self, method: str) -> int:
        """The most that a new receipt may be."""
        return min(refusal.figure or 0 for refusal in self.rooms(method))

    def is_received(self, method: str, transaction: str | None) -> bool:
        """Whether a receipt that is not wholly reversed has this transaction."""
        return transaction is not None and any(
            (each.method, each.transaction) == (method, transaction)
            and each.kind == "receipt"
            and each.status in {"pending", "completed"}
            and book.undone(each) < each.amount
            for book in self.desk
            for each in book.entries
        )

    def why_no_receipt(self, amount: int, method: str, transaction: str | None) -> Refusal | None:
        """The refusal of a new receipt."""
        if self.status in DEAD:
            return Refusal("booking_closed")
        if self.is_received(method, transaction):
            return Refusal("duplicate_transaction")
        return next((each for each in self.rooms(method) if amount > (each.figure or 0)), None)

    def why_no_report(self) -> Refusal | None:
        """The refusal of a customer's report."""
        if self.status in DEAD:
            return Refusal("booking_closed")
        waiting = sum(each.status == "reported" for each in self.entries)
        return Refusal("report_limit") if waiting >= MOST_REPORTS else None

    def why_no_compensation(self, amount: int) -> Refusal | None:
        """The refusal of a compensation."""
        paid = sum(
            self.left(each)
            for each in self.entries
            if each.kind == "compensation" and each.status in {"pending", "completed"}
        )
        most = max(0, self.compensation - paid)
        return Refusal("compensation_exceeds_due", most) if amount > most else None

    def why_not(self, action: str, entry: Entry, amount: int = 0) -> Refusal | None:
        """The refusal of an action on a payment; of a refund or a reversal of `amount`."""
        source, kinds = MOVES[action]
        if entry.status != source or entry.kind not in kinds:
            return Refusal("invalid_transition")
        if action == "accept":
            return self._why_not_accepted(entry)
        left = self.left(entry)
        if action == "refund" and amount > min(left, self.spare()):
            return Refusal("refund_exceeds_due", min(left, self.spare()))
        if action == "reverse" and (amount > left or not left):
            return Refusal("reversal_exceeds_payment", left)
        return None

    def _why_not_accepted(self, entry: Entry) -> Refusal | None:
        if self.status not in DEAD:
            return self.why_no_receipt(entry.amount, entry.method, entry.transaction)
        twice = self.is_received(entry.method, entry.transaction)
        return Refusal("duplicate_transaction") if twice else None

    def follow_token(self) -> None:
        """What the sum makes of a booking that is not confirmed yet."""
        reached = self.paid() >= self.token
        if self.status == "pending" and reached:
            self.status = "token_paid"
        elif self.status == "token_paid" and not reached:
            self.status = "pending"
