"""The bookings of the demo data: each is led from its first day to its outcome by the services.

The services do what they do for a caller, at moments of the past.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from realty.db import Booking
from realty.demo.deals import Deal
from realty.demo.pictures import Album
from realty.demo.timeline import Script
from realty.rules.clock import local_date
from realty.rules.money import ZERO, money, percent_of
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import (
    booking_moves,
    bookings,
    cancellations,
    ledger,
    payment_moves,
    payments,
    refunds,
)
from realty.services.allocation import rows_of
from realty.services.booking_queries import position_of
from realty.services.payments import COMPENSATION, NewPayment

ZONE = "Asia/Kolkata"
HALF = Decimal("50.00")
AT_AGREEMENT = 2
"""The row of every plan but full_payment that falls due with the agreement."""
ASKED = ("demanded", "partially_paid", "overdue")
CLEARED_AFTER = timedelta(hours=40)
ACCEPTED_AFTER = timedelta(hours=19)
Paying = Generator[datetime, datetime, datetime]
"""A part of a script in which money moves; it returns the moment at which that is settled."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A deal with its booking."""

    deal: Deal
    booking_id: int
    unit_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who acts: customers by number, builders by place, and the units by place and number."""

    customers: list[Identity]
    builders: Mapping[str, Identity]
    units: Mapping[tuple[str, str, str], int]


def booking_of(sold: Sold) -> Any:
    """The row of a booking."""
    return Booking.get(id=sold.booking_id)


class Sales:
    """Scripts of bookings, and what became of them; `sold` is by place and unit number, the last
    booking of each."""

    def __init__(self, cast: Cast, album: Album, *, policy: Policy, now: datetime) -> None:
        self.sold: dict[tuple[str, str], Sold] = {}
        self._by_booking: dict[int, Sold] = {}
        self._cast = cast
        self._album = album
        self._policy = policy
        self._now = now
        self._random = Random(2026)

    def script(self, deal: Deal) -> Script:
        """Place the booking and lead it to its outcome."""
        now = yield self._now - timedelta(days=deal.days_ago)
        sold = self._place(deal, now)
        if deal.outcome == "expired":
            now = yield now + timedelta(hours=73)
            cancellations.expire(sold.booking_id, unit_id=sold.unit_id, now=now)
        elif deal.outcome == "rejected":
            now = yield now + timedelta(hours=20)
            self._reject(sold, now)
        elif deal.outcome != "pending":
            now = yield now + timedelta(hours=3 if deal.outcome.startswith("pending_") else 23)
            now = yield from self._pay_token(sold, now)
            yield from self._decide(sold, now)

    def answer_demand(self, booking_id: int, now: datetime) -> Script:
        """The customer pays what was demanded, within days, as long as he pays at all."""
        sold = self._by_booking[booking_id]
        now = yield now + timedelta(days=self._random.randrange(2, 12))
        if self._now - now < timedelta(days=sold.deal.stops):
            return
        for row in rows_of(booking_id):
            if row.status in ASKED:
                now = yield from self._pay(sold, row, row.amount - row.paid_amount, now)

    def pay_part(self, place: str, unit: str, days_ago: float, sequence: int, text: str) -> Script:
        """The buyer pays a part of one row by bank transfer."""
        now = yield self._now - timedelta(days=days_ago)
        sold = self.sold[place, unit]
        row = rows_of(sold.booking_id)[sequence - 1]
        self._record(sold, row, money(text), "bank_transfer", now)

    def parties(self, sold: Sold) -> tuple[Identity, Identity]:
        """The customer and the builder of a booking."""
        return self._cast.customers[sold.deal.buyer], self._cast.builders[sold.deal.place]

    def _place(self, deal: Deal, now: datetime) -> Sold:
        """The customer books; with a discount it is the builder who books for him."""
        unit_id = self._cast.units[deal.place, *deal.unit]
        actor = self._cast.customers[deal.buyer]
        order = bookings.Order(
            unit_id=unit_id,
            payment_plan=deal.plan,
            loan_bank=deal.bank,
            special_requests=deal.wish,
        )
        if deal.discount is not None:
            amount, reason = deal.discount
            order = replace(
                order,
                customer_id=actor.customer_id,
                discount_amount=money(amount),
                discount_reason=reason,
            )
            actor = self._cast.builders[deal.place]
        sold = Sold(deal, bookings.place(order, actor=actor, now=now).id, unit_id)
        self.sold[deal.place, deal.unit[1]] = self._by_booking[sold.booking_id] = sold
        return sold

    def _decide(self, sold: Sold, now: datetime) -> Script:
        """What the builder makes of a booking whose token is paid, and what follows."""
        deal = sold.deal
        customer, builder = self.parties(sold)
        if deal.outcome in {"token_paid", "pending_cheque", "pending_reported"}:
            return
        now = yield now + timedelta(hours=30)
        if deal.outcome == "rejected_paid":
            self._reject(sold, now)
            yield from self._give_back(sold, now + timedelta(days=9), "bank_transfer")
            return
        booking_moves.confirm(sold.booking_id, actor=builder, now=now)
        if deal.outcome == "confirmed":
            return
        if deal.outcome == "cancelled_early":
            now = yield now + timedelta(days=21)
            self._cancel(sold, customer, now)
            yield from self._give_back(sold, now + timedelta(days=16), "bank_transfer")
        elif deal.outcome == "cancelled_owing":
            now = yield self._now - timedelta(days=11)
            self._cancel(sold, customer, now)
            yield from self._give_back(sold, self._now - timedelta(days=1), "cheque", half=True)
        elif deal.outcome == "cancelled_by_builder":
            now = yield now + timedelta(days=66)
            self._cancel(sold, builder, now)
            now = yield from self._give_back(sold, now + timedelta(days=20), "cheque")
            self._compensate(sold, now)
        else:
            yield from self._agree(sold, now)

    def _agree(self, sold: Sold, now: datetime) -> Script:
        """Register the agreement; what is then demanded is paid as `answer_demand` has it."""
        deal = sold.deal
        customer, builder = self.parties(sold)
        now = yield max(now, self._now - timedelta(days=deal.days_ago - deal.agreed_after))
        day = local_date(now, ZONE)
        booking_moves.register_agreement(
            sold.booking_id,
            unit_id=sold.unit_id,
            actor=builder,
            agreement_number=f"REG/{day.year}/{self._random.randrange(1000, 99999):05d}",
            registered_on=day,
            now=now,
        )
        if deal.outcome == "cancelled_by_customer":
            now = yield self._now - timedelta(days=30)
            self._cancel(sold, customer, now)
        elif deal.outcome == "handed_over":
            now = yield self._now - timedelta(days=40)
            booking_moves.hand_over(sold.booking_id, actor=builder, handed_over_on=None, now=now)

    def _reject(self, sold: Sold, now: datetime) -> None:
        _, builder = self.parties(sold)
        cancellations.reject(
            sold.booking_id,
            unit_id=sold.unit_id,
            actor=builder,
            reason=sold.deal.reason,
            now=now,
        )

    def _cancel(self, sold: Sold, actor: Identity, now: datetime) -> None:
        quote = cancellations.quote(sold.booking_id, actor=actor, now=now)
        cancellations.cancel(
            sold.booking_id,
            unit_id=sold.unit_id,
            actor=actor,
            reason=sold.deal.reason,
            expected_refund=quote.refund_amount,
            now=now,
        )

    def _pay_token(self, sold: Sold, now: datetime) -> Paying:
        """A token by cheque may bounce; then it comes by bank transfer the same day."""
        row = rows_of(sold.booking_id)[0]
        amount = booking_of(sold).token_amount
        if sold.deal.outcome == "pending_cheque":
            self._record(sold, row, amount, "cheque", now)
            return now
        if sold.deal.outcome == "pending_reported":
            self.report(sold, row, amount, "upi", now)
            return now
        if sold.deal.trouble == "bounced":
            cheque = self._record(sold, row, amount, "cheque", now)
            now = yield now + CLEARED_AFTER
            self.move(sold, cheque, "bounce", now, "Returned unpaid: the signature differs.")
            now = yield now + timedelta(hours=4)
            self._record(sold, row, amount, "bank_transfer", now)
            return now
        return (yield from self._pay(sold, row, amount, now))

    def _pay(self, sold: Sold, row: Any, amount: Decimal, now: datetime) -> Paying:
        """Pay a row in the customer's way, up to the completed receipt."""
        deal = sold.deal
        method = "bank_transfer" if deal.method == "loan" and row.sequence == 1 else deal.method
        if row.charge_code == "maintenance":
            method = "cash"
        if method == "upi":
            said = self.report(sold, row, amount, "upi", now)
            now = yield now + ACCEPTED_AFTER
            self.move(sold, said, "accept", now)
            return now
        paid = self._record(sold, row, amount, method, now)
        if method == "cheque":
            now = yield now + CLEARED_AFTER
            self.move(sold, paid, "clear", now)
        if deal.trouble == "reversed" and row.sequence == AT_AGREEMENT:
            now = yield now + timedelta(days=5)
            _, builder = self.parties(sold)
            refunds.reverse(
                paid.id,
                booking_id=sold.booking_id,
                amount=None,
                reason="The bank took the credit back: the drawer's account was closed.",
                actor=builder,
                now=now,
            )
            now = yield now + timedelta(days=2)
            self._record(sold, row, amount, "bank_transfer", now)
        return now

    def _record(self, sold: Sold, row: Any, amount: Decimal, method: str, now: datetime) -> Any:
        """The builder enters a receipt."""
        _, builder = self.parties(sold)
        return payments.record(self._stated(sold, row, amount, method, now), actor=builder, now=now)

    def report(self, sold: Sold, row: Any, amount: Decimal, method: str, now: datetime) -> Any:
        """The customer says that he paid, with the paper that his bank made."""
        customer, _ = self.parties(sold)
        new = self._stated(sold, row, amount, method, now)
        lines = (
            "PAYMENT ADVICE",
            f"Amount: INR {amount}",
            f"Reference: {new.transaction_id}",
            f"Date: {new.payment_date}",
            f"Towards: {booking_of(sold).booking_number}",
        )
        name = f"advice-{new.transaction_id}"
        proof = self._album.paper(name, lines, owner=customer, purpose="payment_proof", now=now)
        return payments.report(replace(new, proof_file_id=proof), actor=customer, now=now)

    def _stated(
        self, sold: Sold, row: Any, amount: Decimal, method: str, now: datetime
    ) -> NewPayment:
        taxed = booking_of(sold).price_snapshot["tds_applies"] and row.kind == "plan"
        kinds = {"plan": "token" if row.sequence == 1 else "installment", "charge": "charge"}
        return NewPayment(
            booking_id=sold.booking_id,
            payment_type=kinds.get(row.kind, "installment"),
            amount=amount,
            tds_amount=percent_of(amount, self._policy.tds_percent) if taxed else ZERO,
            payment_method=method,
            transaction_id=self._transaction_id(method),
            payment_date=local_date(now, ZONE),
            installment_id=row.id,
        )

    def move(
        self, sold: Sold, payment: Any, action: str, now: datetime, reason: str | None = None
    ) -> None:
        """The builder answers a report, or tells what the bank said."""
        _, builder = self.parties(sold)
        payment_moves.move(
            payment.id,
            booking_id=sold.booking_id,
            action=action,
            reason=reason,
            actor=builder,
            now=now,
        )

    def _give_back(self, sold: Sold, at: datetime, method: str, *, half: bool = False) -> Paying:
        """Refund what is owed on a dead booking, receipt by receipt; a cheque clears later."""
        now = yield at
        _, builder = self.parties(sold)
        booking = booking_of(sold)
        owed = position_of(booking).refund_owed
        left = percent_of(owed, HALF) if half else owed
        refunded = []
        for receipt in sorted(booking.payments, key=lambda row: row.id):
            if not left:
                break
            if not ledger.is_receipt(receipt) or receipt.status != "completed":
                continue
            amount = min(left, refunds.remaining_of(receipt))
            if not amount:
                continue
            left -= amount
            row = refunds.refund(
                receipt.id,
                booking_id=sold.booking_id,
                amount=amount,
                payment_method=method,
                transaction_id=self._transaction_id(method),
                payment_date=local_date(now, ZONE),
                notes=None,
                actor=builder,
                now=now,
            )
            refunded.append(row)
        if method == "cheque":
            now = yield now + timedelta(days=3)
            for row in refunded:
                self.move(sold, row, "clear", now)
        return now

    def _compensate(self, sold: Sold, now: datetime) -> None:
        """Pay what the builder owes for having cancelled."""
        _, builder = self.parties(sold)
        payments.record(
            NewPayment(
                booking_id=sold.booking_id,
                payment_type=COMPENSATION,
                amount=booking_of(sold).compensation_amount,
                payment_method="bank_transfer",
                transaction_id=self._transaction_id("bank_transfer"),
                payment_date=local_date(now, ZONE),
            ),
            actor=builder,
            now=now,
        )

    def _transaction_id(self, method: str) -> str | None:
        number = self._random.randrange(10**11, 10**12)
        if method == "cash":
            return None
        if method == "cheque":
            return f"{number % 10**6:06d}"
        if method == "upi":
            return str(number)
        bank = self._random.choice(("HDFC", "SBIN", "ICIC", "UTIB", "KKBK"))
        return f"{bank}N{number}"
