"""Reading payments: pages of them, and one whole with where its money went and what came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pony.orm import desc, raw_sql, select

from realty.db import Booking, Customer, Payment, scopes
from realty.rules.allocation import Share
from realty.security import Identity
from realty.services import ledger
from realty.services.allocation import allocation_among
from realty.services.booking_queries import installment_lines, installments_in
from realty.services.card_columns import OF_A_PAYMENT
from realty.services.ledger import GivenBack
from realty.services.paging import Page, page_of_rows
from realty.services.payments import duplicates_of
from realty.services.refunds import refundable_on

CARDS = (Booking.unit, Booking.project, Booking.customer, Customer.user)
"""What the cards of a booking and its customer show."""
_CARDS = (
    Payment.booking,
    Payment.builder,
    Payment.recorded_by,
    *CARDS,
    Booking.installments,
)
MOST_DUPLICATES = 100
"""So many are named in a warning."""

# A refund counts once it is made; a reversed one does not. SQLite sums in floating point.
_REFUNDED = """"p"."id" IN (
    SELECT given.receipt_id FROM (
        SELECT reverses_payment_id AS receipt_id, amount FROM payments
        WHERE payment_type = 'refund' AND status IN ('pending', 'completed')
        UNION ALL
        SELECT refund.reverses_payment_id, -reversal.amount
        FROM payments reversal JOIN payments refund ON refund.id = reversal.reverses_payment_id
        WHERE reversal.payment_type = 'reversal' AND refund.payment_type = 'refund'
    ) AS given JOIN payments receipt ON receipt.id = given.receipt_id
    GROUP BY given.receipt_id, receipt.amount
    HAVING ABS(SUM(given.amount) - receipt.amount) < 0.005
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a list is narrowed and ordered; all conditions hold together. `since` and `until` are
    the first and the last `payment_date`."""

    status: str | None = None
    payment_method: str | None = None
    payment_type: str | None = None
    booking_id: int | None = None
    project_id: int | None = None
    since: date | None = None
    until: date | None = None
    q: str | None = None
    sort: str = "-created_at"


@dataclass(frozen=True, slots=True)
class Shown:
    """A payment with what was given back of it, and the most that may be refunded of it now."""

    payment: Any
    back: GivenBack
    refundable: Decimal

    @property
    def status(self) -> str:
        """The stored status, or `refunded` for a receipt that was given back whole."""
        return shown_status(self.payment, self.back)

    @property
    def remaining(self) -> Decimal:
        """What was not given back of it."""
        return Decimal(self.payment.amount - self.back.total)


@dataclass(frozen=True, slots=True)
class Whole:
    """One payment with everything about it; `back` knows every payment of the booking by id.

    `shares` come with the rows that they pay; `duplicates` are the ids of what looks the same.
    """

    shown: Shown
    shares: Sequence[tuple[Any, Share]]
    reversed_by: Sequence[Any]
    back: Mapping[int, GivenBack]
    duplicates: Sequence[int]


def listed(actor: Identity, wanted: Filter, *, page: int, limit: int) -> tuple[Page, list[Shown]]:
    """A page of the caller's payments with all that their cards show, in a bounded number of
    queries."""
    found = _narrowed(scopes.visible_payments(actor), wanted)
    if wanted.q is not None:
        found = _searched(found, actor, wanted.q)
    ordered = _ordered(found, wanted.sort)
    lines = {"installment_lines": installment_lines("r.booking_id")}
    result = page_of_rows(ordered, page=page, limit=limit, cards=OF_A_PAYMENT, columns=lines)
    for payment in result.rows:
        payment.booking.installments = installments_in(payment.installment_lines)
    back = _given_back(result.rows)
    return result, [_shown(payment, back[payment.id]) for payment in result.rows]


def whole(payment_id: int, booking_id: int, actor: Identity) -> Whole:
    """One payment of a booking with all that is about it.

    What a report looks like is told as far as the caller sees the other payments: that somebody
    else used a transaction is nobody's business.
    """
    payments = ledger.payments_of(booking_id, *_CARDS)
    payment = next(each for each in payments if each.id == payment_id)
    back = ledger.given_back(payments)
    rows = {row.id: row for row in payment.booking.installments}
    shares = allocation_among(payments, rows.values()).of_receipt(payment_id)
    alike = duplicates_of(payment) if payment.status == "reported" else []
    visible = scopes.visible_payments(actor).filter(lambda p: p.id in alike)
    return Whole(
        shown=_shown(payment, back[payment_id]),
        shares=sorted(
            ((rows[share.row_id], share) for share in shares), key=lambda each: each[0].sequence
        ),
        reversed_by=[each for each in payments if each.reverses_payment == payment],
        back=back,
        duplicates=sorted(select(p.id for p in visible))[:MOST_DUPLICATES] if alike else [],
    )


def shown_status(payment: Any, back: GivenBack) -> str:
    """The stored status, or `refunded` for a receipt that was given back whole."""
    whole_back = ledger.is_receipt(payment) and back.refunded == payment.amount
    return "refunded" if whole_back else str(payment.status)


def _shown(payment: Any, back: GivenBack) -> Shown:
    """The booking's installments must be loaded."""
    if not (ledger.is_receipt(payment) and payment.status == "completed"):
        return Shown(payment, back, Decimal(0))
    return Shown(payment, back, min(payment.amount - back.total, refundable_on(payment.booking)))


def _given_back(rows: Iterable[Any]) -> Mapping[int, GivenBack]:
    """What was given back of each of `rows`, in one query whatever there is: what names one of
    them, and what names a refund among those."""
    ids = [row.id for row in rows]
    if not ids:
        return ledger.given_back(())
    # One set of ids rather than two conditions, so that PostgreSQL goes by the index of each.
    named = select(r.id for r in Payment if r.id in ids or r.reverses_payment.id in ids)
    naming = Payment.select(lambda p: p.reverses_payment.id in named)
    return ledger.given_back(naming)


def _narrowed(found: Any, wanted: Filter) -> Any:
    if wanted.status == "refunded":
        found = found.filter(lambda p: raw_sql(_REFUNDED))  # noqa: ARG005 - the row is named in it
    elif wanted.status is not None:
        status = wanted.status
        found = found.filter(lambda p: p.status == status)
        if status == "completed":
            found = found.filter(lambda p: not raw_sql(_REFUNDED))  # noqa: ARG005 - as above
    if wanted.payment_method is not None:
        method = wanted.payment_method
        found = found.filter(lambda p: p.payment_method == method)
    if wanted.payment_type is not None:
        payment_type = wanted.payment_type
        found = found.filter(lambda p: p.payment_type == payment_type)
    if wanted.booking_id is not None:
        booking_id = wanted.booking_id
        found = found.filter(lambda p: p.booking.id == booking_id)
    if wanted.project_id is not None:
        project_id = wanted.project_id
        found = found.filter(lambda p: p.booking.project.id == project_id)
    if wanted.since is not None:
        since = wanted.since
        found = found.filter(lambda p: p.payment_date >= since)
    if wanted.until is not None:
        until = wanted.until
        found = found.filter(lambda p: p.payment_date <= until)
    return found


def _searched(found: Any, actor: Identity, q: str) -> Any:
    words = q.lower()
    # The caller's bookings are looked through once; joined, they were looked up for each payment.
    bookings = scopes.visible_bookings(actor).filter(
        lambda b: (
            words in b.booking_number.lower()
            or words in b.unit.unit_number.lower()
            or words in (b.customer.first_name + " " + b.customer.last_name).lower()
        )
    )
    ids = select(b.id for b in bookings)
    return found.filter(
        lambda p: (
            words in p.receipt_number.lower()
            or words in p.transaction_id.lower()
            or p.booking.id in ids
        )
    )


def _ordered(found: Any, sort: str) -> Any:
    column = sort.removeprefix("-")
    if sort.startswith("-"):
        return found.order_by(lambda p: (desc(getattr(p, column)), desc(p.id)))
    return found.order_by(lambda p: (getattr(p, column), p.id))
