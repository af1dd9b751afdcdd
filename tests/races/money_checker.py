"""Holds the money of every booking against its rows, with plain SQL and no code of the program.

`problems` returns one sentence for each fact that does not fit; an empty list is the proof.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

RECEIPTS = {"token", "installment", "final", "charge"}
DEAD = {"expired", "rejected", "cancelled"}
BEFORE_AGREEMENT = {"pending", "token_paid", "confirmed"}
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Entry:
    """One request that was to make a payment row, and what its caller was told."""

    booking_id: int
    status: int | None
    code: str = ""
    payment_id: int | None = None
    amount: Decimal | None = None
    key: str | None = None


@dataclass(frozen=True)
class BookingFacts:
    """The sums that a booking keeps."""

    id: int
    status: str
    total: Decimal
    variation: Decimal
    charge: Decimal
    paid: Decimal
    deduction: Decimal
    cap: Decimal
    compensation: Decimal

    @property
    def payable(self) -> Decimal:
        """All that is to be paid."""
        return self.total + self.variation + self.charge


@dataclass(frozen=True)
class PaymentFacts:
    """One row of money."""

    id: int
    booking_id: int
    builder_id: int
    kind: str
    amount: Decimal
    method: str
    status: str
    transaction_id: str | None
    receipt_number: str | None
    year: str | None
    reverses: int | None
    reversed_in_full: bool

    @property
    def counts(self) -> bool:
        """Whether the money is there, or on its way back to the customer."""
        return self.status == "completed" or (self.status == "pending" and self.kind == "refund")

    @property
    def is_receipt(self) -> bool:
        """Whether it is money of the customer."""
        return self.kind in RECEIPTS


@dataclass(frozen=True)
class RowFacts:
    """One installment."""

    id: int
    booking_id: int
    kind: str
    amount: Decimal
    paid: Decimal
    status: str


@dataclass
class Books:
    """The money of the database at rest."""

    bookings: dict[int, BookingFacts]
    payments: dict[int, PaymentFacts]
    rows: list[RowFacts]
    series: dict[tuple[int, str], int]

    def of(self, booking_id: int) -> list[PaymentFacts]:
        """The payment rows of a booking."""
        return [each for each in self.payments.values() if each.booking_id == booking_id]

    def given_back(self, payment: PaymentFacts) -> Decimal:
        """What refunds and reversals took from a payment; a reversed refund gives its part back."""
        taking = self._taking.get(payment.id, [])
        return sum((each.amount - self.given_back(each) for each in taking if each.counts), ZERO)

    @cached_property
    def _taking(self) -> dict[int, list[PaymentFacts]]:
        """The rows that name a payment, by its id."""
        found: defaultdict[int, list[PaymentFacts]] = defaultdict(list)
        for each in self.payments.values():
            if each.reverses is not None:
                found[each.reverses].append(each)
        return found


def read(cursor: Any) -> Books:
    """Everything that `problems` looks at, through a cursor of the driver's own."""
    bookings = _rows(
        cursor,
        "SELECT id, status, total_amount, variation_amount, charge_amount, paid_amount,"
        " deduction_amount, advance_cap_amount, compensation_amount FROM bookings",
    )
    payments = _rows(
        cursor,
        "SELECT id, booking_id, builder_id, payment_type, amount, payment_method, status,"
        " transaction_id, receipt_number, financial_year, reverses_payment_id, reversed_in_full"
        " FROM payments ORDER BY id",
    )
    installments = _rows(
        cursor, "SELECT id, booking_id, kind, amount, paid_amount, status FROM installments"
    )
    series = _rows(
        cursor,
        "SELECT builder_id, period, last_number FROM number_series WHERE series = 'receipt'",
    )
    return Books(
        bookings={row[0]: BookingFacts(*row[:2], *map(_money, row[2:])) for row in bookings},
        payments={
            row[0]: PaymentFacts(*row[:4], _money(row[4]), *row[5:11], bool(row[11]))
            for row in payments
        },
        rows=[RowFacts(*row[:3], _money(row[3]), _money(row[4]), row[5]) for row in installments],
        series={(builder, period): last for builder, period, last in series},
    )


def problems(told: Iterable[Entry], books: Books) -> list[str]:
    """What does not fit: the identity, a cap, a number, an answer without its row."""
    return [
        *_answers(list(told), books),
        *_identity(books),
        *_sums(books),
        *_bounds(books),
        *_numbers(books),
    ]


def _answers(told: list[Entry], books: Books) -> Iterator[str]:
    answered: set[int] = set()
    by_key: defaultdict[str, set[int]] = defaultdict(set)
    for each in told:
        if each.status is None or each.status >= 500:
            yield f"booking {each.booking_id} was answered {each.status} {each.code}"
        if each.payment_id is None:
            continue
        answered.add(each.payment_id)
        row = books.payments.get(each.payment_id)
        if row is None:
            yield f"payment {each.payment_id} was answered 201 and is not there"
        elif row.booking_id != each.booking_id or each.amount not in {None, row.amount}:
            yield f"payment {row.id} is another than the one that was asked for"
        if each.key is not None:
            by_key[each.key].add(each.payment_id)
    yield from (f"the key {key} made {sorted(ids)}" for key, ids in by_key.items() if len(ids) > 1)
    unasked = books.payments.keys() - answered
    yield from (f"payment {each} is there and nobody asked for it" for each in sorted(unasked))


def _identity(books: Books) -> Iterator[str]:
    for booking in books.bookings.values():
        own = books.of(booking.id)
        kept = sum((p.amount - books.given_back(p) for p in own if p.is_receipt and p.counts), ZERO)
        allocated = sum((row.paid for row in books.rows if row.booking_id == booking.id), ZERO)
        if booking.paid != kept:
            yield f"booking {booking.id} says {booking.paid} paid and its payments {kept}"
        if not ZERO <= allocated <= booking.paid:
            yield f"booking {booking.id} has {booking.paid} paid and {allocated} on its rows"
        owed = _open(booking, books)
        if booking.status not in DEAD and owed and allocated != booking.paid:
            yield f"booking {booking.id} leaves money idle while {owed} is open"


def _open(booking: BookingFacts, books: Books) -> Decimal:
    rows = [row for row in books.rows if row.booking_id == booking.id and row.status != "void"]
    return sum((row.amount - row.paid for row in rows), ZERO)


def _sums(books: Books) -> Iterator[str]:
    sums: defaultdict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
    for row in books.rows:
        if row.status != "void":
            sums[row.booking_id, row.kind] += row.amount
        if not ZERO <= row.paid <= row.amount or (row.status == "void" and row.paid):
            yield f"row {row.id} of {row.amount} ({row.status}) has {row.paid} paid"
        if (row.status == "paid") != (row.paid == row.amount and row.status != "void"):
            yield f"row {row.id} is {row.status} with {row.paid} of {row.amount} paid"
    for booking in books.bookings.values():
        kinds = {"variation": booking.variation, "charge": booking.charge}
        if booking.status not in DEAD:
            kinds["plan"] = booking.total
        for kind, expected in kinds.items():
            if sums[booking.id, kind] != expected:
                yield f"booking {booking.id}: {kind} rows sum to {sums[booking.id, kind]}"


def _bounds(books: Books) -> Iterator[str]:
    for payment in books.payments.values():
        back = books.given_back(payment)
        if not ZERO <= back <= payment.amount:
            yield f"payment {payment.id} of {payment.amount} has {back} given back"
        if payment.reversed_in_full and back != payment.amount:
            yield f"payment {payment.id} is marked reversed in full, {back} was given back"
    for booking in books.bookings.values():
        own = books.of(booking.id)
        clearing = sum((p.amount for p in own if p.is_receipt and p.status == "pending"), ZERO)
        if booking.status in BEFORE_AGREEMENT and booking.paid + clearing > booking.cap:
            yield f"booking {booking.id} took {booking.paid + clearing} before the agreement"
        if booking.status not in DEAD and booking.paid + clearing > booking.payable:
            yield f"booking {booking.id} took {booking.paid + clearing} of {booking.payable}"
    live = Counter(
        (each.builder_id, each.method, each.transaction_id)
        for each in books.payments.values()
        if each.is_receipt
        and each.status in {"pending", "completed"}
        and each.transaction_id is not None
        and not each.reversed_in_full
    )
    yield from (f"{key} was received {n} times" for key, n in live.items() if n > 1)


def _numbers(books: Books) -> Iterator[str]:
    given: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for payment in books.payments.values():
        numbered = payment.is_receipt and payment.status == "completed"
        if numbered != (payment.receipt_number is not None):
            yield f"payment {payment.id} ({payment.status}) has number {payment.receipt_number}"
        if payment.receipt_number is not None:
            number = int(payment.receipt_number.rpartition("/")[2])
            given[payment.builder_id, payment.year or ""].append(number)
    for series, numbers in given.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"the receipts of {series} are numbered {sorted(numbers)}"
        if books.series.get(series) != len(numbers):
            yield f"the series {series} stands at {books.series.get(series)}, not {len(numbers)}"


def _rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


def _money(value: Any) -> Decimal:
    """SQLite has numbers of its own kind."""
    return Decimal(str(value)).quantize(Decimal("0.01"))
