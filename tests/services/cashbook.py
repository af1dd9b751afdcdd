"""A booking with both of its sides, and the money services called for it, each in a transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from realty.db import Booking, Installment, Payment, utcnow
from realty.db.session import session
from realty.rules.clock import local_date
from realty.security import Identity
from realty.services import (
    booking_moves,
    cancellations,
    change_requests,
    charges,
    demands,
    payment_moves,
    payments,
    refunds,
)
from realty.services.allocation import rows_of
from tests.factories import (
    ZONE,
    Account,
    BookingRow,
    BuilderAccount,
    CustomerAccount,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)

NOW = utcnow().replace(microsecond=0)
TOTAL = Decimal("1000000.05")
TOKEN = Decimal("100000.00")
_transactions = count(1)


def identity_of(account: Account) -> Identity:
    """The account as the services know a caller."""
    if isinstance(account, BuilderAccount):
        return Identity(account.user_id, "builder", 1, builder_id=account.builder_id)
    if isinstance(account, CustomerAccount):
        return Identity(account.user_id, "customer", 1, customer_id=account.customer_id)
    return Identity(account.user_id, "admin", 1)


def booked(
    builder: BuilderAccount, customer: CustomerAccount, *, taxed: bool = False, **over: Any
) -> BookingRow:
    """A pending booking of 1,000,000.05 with a token, and a cap, of 100,000.00."""
    today = local_date(NOW, ZONE)
    unit = make_unit(make_project(builder, occupancy_certificate_date=today))
    columns = {
        "agreement_value": TOTAL,
        "gst_amount": Decimal("0.00"),
        "total_amount": TOTAL,
        "token_amount": TOKEN,
        "advance_cap_amount": TOKEN,
        "price_snapshot": {"tds_applies": taxed, "tds_rate": "1.00"},
        **over,
    }
    return make_booking(unit, customer, **columns)


@dataclass
class Case:
    """A booking under test; `now` moves by hand."""

    builder: BuilderAccount = field(default_factory=make_builder)
    customer: CustomerAccount = field(default_factory=make_customer)
    booking: BookingRow = None  # type: ignore[assignment]
    now: datetime = NOW

    def __post_init__(self) -> None:
        """Book, unless a booking is given."""
        if self.booking is None:
            self.booking = booked(self.builder, self.customer)

    @property
    def seller(self) -> Identity:
        """The builder as a caller."""
        return identity_of(self.builder)

    @property
    def buyer(self) -> Identity:
        """The customer as a caller."""
        return identity_of(self.customer)

    @property
    def today(self) -> date:
        """The project's day."""
        return local_date(self.now, ZONE)

    def wait(self, days: int) -> None:
        """Let days pass."""
        self.now += timedelta(days=days)

    def new(self, amount: Decimal | str, method: str = "upi", **over: Any) -> payments.NewPayment:
        """A token payment of today with a transaction of its own."""
        number = None if method == "cash" else f"TX{next(_transactions)}"
        columns: dict[str, Any] = {
            "booking_id": self.booking.id,
            "payment_type": "token",
            "amount": Decimal(amount),
            "payment_method": method,
            "transaction_id": number,
            "payment_date": self.today,
        }
        return payments.NewPayment(**{**columns, **over})

    def record(self, amount: Decimal | str, method: str = "upi", **over: Any) -> int:
        """The builder records it; the payment's id."""
        new = self.new(amount, method, **over)
        with session():
            return int(payments.record(new, actor=self.seller, now=self.now).id)

    def report(self, amount: Decimal | str, method: str = "upi", **over: Any) -> int:
        """The customer reports it; the payment's id."""
        new = self.new(amount, method, **over)
        with session():
            return int(payments.report(new, actor=self.buyer, now=self.now).id)

    def move(self, payment_id: int, action: str, reason: str | None = "The bank said so.") -> None:
        """What the builder says of a payment."""
        with session():
            payment_moves.move(
                payment_id,
                booking_id=self.booking.id,
                action=action,
                reason=reason,
                actor=self.seller,
                now=self.now,
            )

    def refund(
        self, payment_id: int, amount: Decimal | str, method: str = "upi", **over: Any
    ) -> int:
        """The builder gives money back; the refund's id."""
        new = self.new(amount, method)
        values: dict[str, Any] = {
            "amount": new.amount,
            "payment_method": method,
            "transaction_id": new.transaction_id,
            "payment_date": self.today,
            "notes": None,
            **over,
        }
        with session():
            row = refunds.refund(
                payment_id, booking_id=self.booking.id, actor=self.seller, now=self.now, **values
            )
            return int(row.id)

    def reverse(
        self, payment_id: int, amount: Decimal | str | None = None, reason: str = "It bounced."
    ) -> int:
        """The builder takes an entry back; the reversal's id."""
        with session():
            row = refunds.reverse(
                payment_id,
                booking_id=self.booking.id,
                amount=None if amount is None else Decimal(amount),
                reason=reason,
                actor=self.seller,
                now=self.now,
            )
            return int(row.id)

    def confirm(self) -> None:
        """The builder confirms."""
        with session():
            booking_moves.confirm(self.booking.id, actor=self.seller, now=self.now)

    def register(self) -> None:
        """The builder registers the agreement today."""
        with session():
            booking_moves.register_agreement(
                self.booking.id,
                unit_id=self.booking.unit_id,
                actor=self.seller,
                agreement_number="AGR/1",
                registered_on=self.today,
                now=self.now,
            )

    def hand_over(self) -> None:
        """The builder gives the unit over today."""
        with session():
            booking_moves.hand_over(
                self.booking.id, actor=self.seller, handed_over_on=None, now=self.now
            )

    def reject(self) -> None:
        """The builder declines the booking."""
        with session():
            cancellations.reject(
                self.booking.id,
                unit_id=self.booking.unit_id,
                actor=self.seller,
                reason="Sold by mistake.",
                now=self.now,
            )

    def expire(self) -> bool:
        """What the clock does with it."""
        with session():
            return cancellations.expire(self.booking.id, unit_id=self.booking.unit_id, now=self.now)

    def cancel(self, by: Identity) -> None:
        """One side cancels for what it was quoted."""
        with session():
            quote = cancellations.quote(self.booking.id, actor=by, now=self.now)
        with session():
            cancellations.cancel(
                self.booking.id,
                unit_id=self.booking.unit_id,
                actor=by,
                reason="Plans changed.",
                expected_refund=quote.refund_amount,
                now=self.now,
            )

    def add(self, kind: str, amount: Decimal | str) -> int:
        """One more row to pay, a change that is accepted or a charge; its id."""
        if kind == "variation":
            return self._accepted(Decimal(amount))
        with session():
            return charges.raise_charge(
                self.booking.id,
                charge_code="parking",
                label="Second parking space",
                amount=Decimal(amount),
                due_date=self.today,
                actor=self.seller,
                now=self.now,
            )

    def _accepted(self, cost: Decimal) -> int:
        wish = change_requests.Wish(
            booking_id=self.booking.id, request_type="layout", request_title="A wider door"
        )
        with session():
            request_id = change_requests.submit(wish, actor=self.buyer, now=self.now).id
        common: dict[str, Any] = {"booking_id": self.booking.id, "now": self.now}
        with session():
            change_requests.quote(
                request_id,
                cost=cost,
                timeline_days=7,
                response=None,
                valid_until=None,
                actor=self.seller,
                **common,
            )
        with session():
            change_requests.accept(request_id, expected_cost=cost, actor=self.buyer, **common)
        with session():
            return int(Installment.get(change_request=request_id).id)

    def void(self, row_id: int) -> None:
        """That charge, or the change of that variation, is not wanted any more."""
        with session():
            row = Installment[row_id]
            request_id = row.change_request and row.change_request.id
        common: dict[str, Any] = {"reason": "Not wanted.", "actor": self.seller, "now": self.now}
        with session():
            if request_id is None:
                charges.void_charge(self.booking.id, row_id, **common)
            else:
                change_requests.void(request_id, booking_id=self.booking.id, **common)

    def tick(self) -> None:
        """What the clock does with the rows: demands them, and finds them overdue."""
        for work in (demands.demand_due, demands.mark_overdue):
            with session():
                work(self.booking.id, self.now)

    def columns(self) -> dict[str, Any]:
        """The booking's row."""
        with session():
            return dict(Booking[self.booking.id].to_dict())

    def payment(self, payment_id: int) -> dict[str, Any]:
        """A payment's row."""
        with session():
            return dict(Payment[payment_id].to_dict())

    def rows(self) -> list[tuple[int, str, Decimal]]:
        """(sequence, status, paid) of each installment that is void or has something paid."""
        with session():
            return [
                (row.sequence, row.status, row.paid_amount)
                for row in rows_of(self.booking.id)
                if row.paid_amount or row.status == "void"
            ]

    def row_id(self, sequence: int) -> int:
        """The id of one installment."""
        with session():
            return int(rows_of(self.booking.id)[sequence - 1].id)
