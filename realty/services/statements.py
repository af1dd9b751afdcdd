"""The statement of a booking: what was asked for, what was paid, and the balance after each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pony.orm import max, select  # noqa: A004 - max is of a query

from realty.db import Booking, StatusHistory
from realty.rules.clock import local_date
from realty.rules.lifecycles import DEAD
from realty.rules.money import ZERO
from realty.rules.position import PaymentPosition
from realty.services import ledger
from realty.services.booking_queries import position_of
from realty.services.ledger import GivenBack
from realty.services.payment_queries import CARDS

_RANKS = {"demand": 0, "charge": 0, "receipt": 1, "withdrawal": 3, "deduction": 4}
"""Of entries of one moment: what was asked for comes first, what is withdrawn last."""
_MIDDLE = 2
METHODS = {
    "bank_transfer": "bank transfer",
    "upi": "UPI",
    "cheque": "cheque",
    "demand_draft": "demand draft",
    "card": "card",
    "cash": "cash",
    "loan": "bank loan",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line; `amount` is a debit above zero and a credit below. `day` is the one to show."""

    at: datetime
    day: date
    kind: str
    label: str
    reference: str | None = None
    installment_id: int | None = None
    payment_id: int | None = None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of the whole booking; `position` has those that are derived from it."""

    debits: Decimal
    credits: Decimal
    received: Decimal
    refunded: Decimal
    reversed: Decimal
    clearing: Decimal
    reported: Decimal
    position: PaymentPosition


@dataclass(frozen=True, slots=True)
class Statement:
    """The entries from `since` to `until`, each with the balance after it; below zero the builder
    holds money. `compensation` stands outside; `back` knows what was given back, by payment."""

    booking: Any
    since: date | None
    until: date | None
    opening: Decimal
    entries: Sequence[tuple[Entry, Decimal]]
    closing: Decimal
    totals: Totals
    compensation: Sequence[Any]
    compensated: Decimal
    back: Mapping[int, GivenBack]


def statement(
    booking_id: int, *, since: date | None = None, until: date | None = None
) -> Statement:
    """The statement of a booking; days are those of the project.

    At the end of the entries the balance is what was asked for and stands, less `paid_amount`; on
    a dead booking nothing stands but the deduction.
    """
    booking = Booking.select(lambda b: b.id == booking_id).prefetch(*CARDS, Booking.installments)
    booking = booking[:1][0]
    payments = ledger.payments_of(booking_id)
    zone = booking.project.timezone
    lines = [*_asked(booking, zone), *_moved(payments)]
    lines += list(_ended(booking, lines, zone))
    lines.sort(key=lambda each: (each.at, _RANKS.get(each.kind, _MIDDLE)))
    balance = opening = ZERO
    shown: list[tuple[Entry, Decimal]] = []
    for line in lines:
        day = local_date(line.at, zone)
        if until is not None and day > until:
            break
        balance += line.amount
        if since is not None and day < since:
            opening = balance
        else:
            shown.append((line, balance))
    back = ledger.given_back(payments)
    return Statement(
        booking=booking,
        since=since,
        until=until,
        opening=opening,
        entries=shown,
        closing=balance,
        totals=_totals(booking, payments, back, lines),
        compensation=[each for each in payments if _is_compensation(each)],
        compensated=ledger.compensated(payments),
        back=back,
    )


def _asked(booking: Any, zone: str) -> Iterator[Entry]:
    """A debit for each row that was asked for, and a credit for each of them that was withdrawn."""
    rows = sorted(booking.installments, key=lambda row: row.sequence)
    changed = _last_changes([row.id for row in rows])
    for row in rows:
        at = _asked_at(row, booking, changed)
        if at is None:
            continue
        asked = Entry(
            at=at,
            day=local_date(at, zone),
            kind="charge" if row.kind == "charge" else "demand",
            label=row.label,
            reference=row.demand_number,
            installment_id=row.id,
            amount=row.amount,
        )
        yield asked
        if row.status == "void":
            yield _withdrawn(asked, changed.get((row.id, "void"), row.updated_at), zone)


def _last_changes(row_ids: Sequence[int]) -> dict[tuple[int, str], datetime]:
    """When each row last became void, or paid."""
    changes = select(
        (h.entity_id, h.to_status, max(h.at))
        for h in StatusHistory
        if h.entity == "installment" and h.entity_id in row_ids and h.to_status in ("void", "paid")
    )
    return {(row_id, status): at for row_id, status, at in changes}


def _asked_at(
    row: Any, booking: Any, changed: Mapping[tuple[int, str], datetime]
) -> datetime | None:
    """When the customer was asked for a row: a charge and what is due on booking at once, another
    by its demand. What was paid before anybody asked counts as asked for when it was paid."""
    at: datetime | None = row.demanded_at
    if row.kind == "charge":
        at = row.created_at
    elif row.due_rule == "on_booking":
        at = booking.created_at
    elif at is None and row.status == "paid":
        at = changed.get((row.id, "paid"), row.updated_at)
    return at


def _withdrawn(asked: Entry, at: datetime, zone: str) -> Entry:
    return Entry(
        at=at,
        day=local_date(at, zone),
        kind="withdrawal",
        label=f"Withdrawn: {asked.label}",
        reference=asked.reference,
        installment_id=asked.installment_id,
        amount=-asked.amount,
    )


def _moved(payments: Iterable[Any]) -> Iterator[Entry]:
    """The money that counts: receipts from their completion, what was given back from its entry."""
    for row in payments:
        named = row.reverses_payment
        if ledger.is_receipt(row) and row.status == "completed":
            label = f"{row.payment_type.capitalize()} by {METHODS[row.payment_method]}"
            yield _money(row, "receipt", label, row.cleared_at, row.receipt_number, -row.amount)
        elif row.payment_type == "refund" and row.status in {"pending", "completed"}:
            label = f"Refund by {METHODS[row.payment_method]}"
            yield _money(row, "refund", label, row.created_at, row.transaction_id, row.amount)
        elif row.payment_type == "reversal" and ledger.is_receipt(named):
            label, number = "Reversal of a receipt", named.receipt_number
            yield _money(row, "reversal", label, row.created_at, number, row.amount)
        elif row.payment_type == "reversal" and named.payment_type == "refund":
            label, number = "Reversal of a refund", named.transaction_id
            yield _money(row, "refund_reversal", label, row.created_at, number, -row.amount)


def _money(
    row: Any, kind: str, label: str, at: datetime, reference: str | None, amount: Decimal
) -> Entry:
    return Entry(
        at=at,
        day=row.payment_date,
        kind=kind,
        label=label,
        reference=reference,
        payment_id=row.id,
        amount=amount,
    )


def _ended(booking: Any, lines: Sequence[Entry], zone: str) -> Iterator[Entry]:
    """With the booking ends all that was asked for and stands still, and the deduction is owed."""
    at = booking.cancelled_at
    if booking.status not in DEAD or at is None:
        return
    void = {line.installment_id for line in lines if line.kind == "withdrawal"}
    for line in lines:
        if line.installment_id is not None and line.installment_id not in void:
            yield _withdrawn(line, at, zone)
    if booking.deduction_amount:
        yield Entry(
            at=at,
            day=local_date(at, zone),
            kind="deduction",
            label="Kept by the builder on cancellation",
            amount=booking.deduction_amount,
        )


def _is_compensation(row: Any) -> bool:
    """Whether a row is compensation, or the reversal of one."""
    of = row if row.reverses_payment is None else row.reverses_payment
    return bool(of.payment_type == "compensation")


def _totals(
    booking: Any,
    payments: Sequence[Any],
    back: Mapping[int, GivenBack],
    lines: Iterable[Entry],
) -> Totals:
    amounts = [line.amount for line in lines]
    receipts = [row for row in payments if ledger.is_receipt(row)]
    completed = [row for row in receipts if row.status == "completed"]
    return Totals(
        debits=sum((amount for amount in amounts if amount > 0), ZERO),
        credits=-sum((amount for amount in amounts if amount < 0), ZERO),
        received=sum((row.amount for row in completed), ZERO),
        refunded=sum((back[row.id].refunded for row in completed), ZERO),
        reversed=sum((back[row.id].reversed for row in completed), ZERO),
        clearing=ledger.clearing(payments),
        reported=sum((row.amount for row in receipts if row.status == "reported"), ZERO),
        position=position_of(booking),
    )
