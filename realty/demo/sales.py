"""The bookings of the demo data: each is played from its first day by the services themselves.

The services do what they do for a caller, at moments of the past; only payments, which no
operation records yet, are written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from pony.orm import flush

from realty.db import Installment, Payment, db
from realty.rules.clock import local_date
from realty.rules.money import money, percent_of
from realty.rules.policy import Policy
from realty.rules.position import installment_status
from realty.security import Identity
from realty.services import booking_moves, bookings, cancellations
from realty.services.booking_events import advance

ZONE = "Asia/Kolkata"
ENDED_DAYS_AGO = {"cancelled_by_customer": 30, "handed_over": 40}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One booking: who buys what, so many days ago, and how it went.

    `agreed_after` counts days to the agreement. `pays` says what becomes of what is demanded:
    all of it, all but the last row, or nothing.
    """

    buyer: int
    place: str
    unit: tuple[str, str]
    plan: str
    days_ago: float
    outcome: str
    method: str = "bank_transfer"
    discount: tuple[str, str] | None = None
    agreed_after: int = 28
    pays: str = "all"
    reason: str = ""
    wish: str | None = None
    bank: str | None = None


def _deal(
    days_ago: float, buyer: int, place: str, unit: str, plan: str, outcome: str, **more: Any
) -> Deal:
    tower, _, number = unit.partition(" ")
    return Deal(
        buyer=buyer,
        place=place,
        unit=(tower, number),
        plan=plan,
        days_ago=days_ago,
        outcome=outcome,
        **more,
    )


DEALS = (
    _deal(1320, 4, "meridian", "Meridian Meridian-302", "full_payment", "handed_over"),
    _deal(1290, 9, "meridian", "Meridian Meridian-502", "loan", "handed_over", method="loan",
          bank="Canara Bank"),
    _deal(1235, 15, "meridian", "Meridian Meridian-403", "construction_linked", "handed_over"),
    _deal(1180, 12, "meridian", "Meridian Meridian-601", "installments", "handed_over"),
    _deal(1150, 1, "orchard", "Villa V-03", "construction_linked", "handed_over"),
    _deal(1010, 0, "orchard", "Villa V-11", "installments", "handed_over", method="bank_transfer",
          wish="ದಯವಿಟ್ಟು ಮಾವಿನ ಮರವನ್ನು ಉಳಿಸಿ: please keep the mango tree by the gate."),
    _deal(610, 5, "seafront", "One One-1802", "construction_linked", "agreement_registered",
          wish="Seventh-floor parking close to the lift, if it can be."),
    _deal(540, 0, "lakeside", "A A-903", "construction_linked", "agreement_registered",
          pays="all_but_last", agreed_after=35),
    _deal(455, 2, "lakeside", "B B-701", "loan", "agreement_registered", method="loan",
          bank="State Bank of India"),
    _deal(410, 8, "seafront", "One One-903", "installments", "agreement_registered", pays="none"),
    _deal(372, 14, "lakeside", "C C-404", "construction_linked", "agreement_registered"),
    _deal(330, 6, "riverwalk", "Mula Mula-501", "construction_linked", "cancelled_by_customer",
          reason="We are moving to Copenhagen for work.", agreed_after=45),
    _deal(305, 3, "techpark", "Square Square-201", "installments", "confirmed", method="cheque"),
    _deal(260, 13, "riverwalk", "Mutha Mutha-302", "loan", "agreement_registered",
          method="loan", bank="HDFC Bank", discount=("150000.00", "Festive offer, Diwali")),
    _deal(205, 10, "sahakar", "Kaveri Kaveri-402", "construction_linked", "agreement_registered"),
    _deal(160, 11, "riverwalk", "Bazaar Bazaar-004", "full_payment", "confirmed"),
    _deal(120, 7, "sahakar", "Godavari Godavari-705", "installments", "cancelled_by_builder",
          reason="The layout of this line had to be changed for the fire lane."),
    _deal(96, 16, "lakeside", "A A-402", "construction_linked", "expired"),
    _deal(90, 16, "lakeside", "A A-402", "construction_linked", "confirmed", method="upi"),
    _deal(80, 17, "orchard", "Villa V-38", "full_payment", "agreement_registered",
          pays="all_but_last"),
    _deal(75, 18, "sahakar", "Kaveri Kaveri-801", "loan", "cancelled_early", method="upi",
          reason="The loan was not sanctioned."),
    _deal(52, 19, "riverwalk", "Mula Mula-804", "full_payment", "confirmed",
          discount=("200000.00", "Early bird, senior citizen")),
    _deal(41, 7, "lakeside", "B B-302", "installments", "rejected_paid",
          reason="The buyer's name differs from the PAN; please book again in the right name."),
    _deal(33, 6, "riverwalk", "Mutha Mutha-803", "construction_linked", "confirmed"),
    _deal(20, 18, "sahakar", "Godavari Godavari-302", "loan", "token_paid", method="upi"),
    _deal(12, 10, "lakeside", "C C-1002", "construction_linked", "token_paid"),
    _deal(9, 13, "lakeside", "B B-1101", "full_payment", "rejected",
          reason="The unit is promised to the landowner; A-1101 is free."),
    _deal(6.5, 2, "seafront", "One One-2104", "construction_linked", "expired"),
    _deal(2.2, 0, "lakeside", "A A-1103", "construction_linked", "pending",
          wish="Kitchen platform two inches lower than standard, please."),
    _deal(1.6, 14, "lakeside", "B B-504", "loan", "pending_cheque", method="cheque",
          bank="Axis Bank"),
    _deal(1.1, 5, "seafront", "One One-1201", "installments", "pending_reported", method="upi"),
    _deal(0.4, 19, "riverwalk", "Mula Mula-304", "full_payment", "pending"),
)  # fmt: skip


class Story:
    """Plays deals in the order of their days, inside one transaction."""

    def __init__(
        self,
        *,
        customers: list[Identity],
        builders: Mapping[str, Identity],
        units: Mapping[tuple[str, str, str], int],
        phase_ends: Mapping[tuple[str, str], date],
        policy: Policy,
        now: datetime,
    ) -> None:
        """`units` by place, tower and number; `phase_ends` by place and milestone code."""
        self._customers = customers
        self._builders = builders
        self._units = units
        self._phase_ends = phase_ends
        self._policy = policy
        self._now = now
        self._random = Random(2026)
        self._demands = 0

    def play(self, deal: Deal) -> Any:
        """Place the booking and lead it to its outcome; returns it."""
        customer, builder = self._customers[deal.buyer], self._builders[deal.place]
        unit_id = self._units[deal.place, *deal.unit]
        placed = self._now - timedelta(days=deal.days_ago)
        booking = self._place(deal, unit_id, placed)
        outcome = deal.outcome
        if outcome.startswith("pending"):
            self._wait(deal, booking, placed)
        elif outcome == "expired":
            cancellations.expire(booking.id, unit_id=unit_id, now=placed + timedelta(hours=73))
        elif outcome == "rejected":
            at = placed + timedelta(hours=20)
            cancellations.reject(
                booking.id, unit_id=unit_id, actor=builder, reason=deal.reason, now=at
            )
        else:
            self._go_on(deal, booking, unit_id, customer, builder, placed)
        self._settle_rows(booking)
        return booking

    def _place(self, deal: Deal, unit_id: int, placed: datetime) -> Any:
        """The customer books; with a discount it is the builder who books for him."""
        order = bookings.Order(
            unit_id=unit_id,
            payment_plan=deal.plan,
            special_requests=deal.wish,
            loan_bank=deal.bank,
        )
        actor = self._customers[deal.buyer]
        if deal.discount is not None:
            amount, reason = deal.discount
            order = bookings.Order(
                unit_id=unit_id,
                payment_plan=deal.plan,
                loan_bank=deal.bank,
                customer_id=actor.customer_id,
                discount_amount=money(amount),
                discount_reason=reason,
            )
            actor = self._builders[deal.place]
        booking = bookings.place(order, actor=actor, now=placed)
        # A row that this transaction made is as good as locked: nobody else sees it.
        db._get_cache().for_update.add(booking)
        return booking

    def _wait(self, deal: Deal, booking: Any, placed: datetime) -> None:
        at = placed + timedelta(hours=3)
        status = {"pending_cheque": "pending", "pending_reported": "reported"}.get(deal.outcome)
        if status is not None:
            self._pay(deal, booking, self._rows(booking)[0], booking.token_amount, at, status)

    def _go_on(
        self,
        deal: Deal,
        booking: Any,
        unit_id: int,
        customer: Identity,
        builder: Identity,
        placed: datetime,
    ) -> None:
        """From the token to the outcome."""
        paid_at = placed + timedelta(hours=26)
        receipt = self._pay(deal, booking, self._rows(booking)[0], booking.token_amount, paid_at)
        advance(booking, "token_paid", actor=None, now=paid_at)
        flush()
        if deal.outcome == "token_paid":
            return
        decided = placed + timedelta(days=3)
        if deal.outcome == "rejected_paid":
            cancellations.reject(
                booking.id, unit_id=unit_id, actor=builder, reason=deal.reason, now=decided
            )
            self._refund(booking, receipt, receipt.amount, decided + timedelta(days=9))
            return
        booking_moves.confirm(booking.id, actor=builder, now=decided)
        if deal.outcome == "confirmed":
            return
        if deal.outcome == "cancelled_early":
            self._cancel(deal, booking, unit_id, customer, placed + timedelta(days=24))
            self._refund(booking, receipt, booking.refund_amount, placed + timedelta(days=40))
            return
        if deal.outcome == "cancelled_by_builder":
            self._cancel(deal, booking, unit_id, builder, placed + timedelta(days=70))
            return
        ended = self._now - timedelta(days=ENDED_DAYS_AGO.get(deal.outcome, 0))
        self._agree(deal, booking, unit_id, builder, placed, ended)
        if deal.outcome == "cancelled_by_customer":
            self._cancel(deal, booking, unit_id, customer, ended)
        elif deal.outcome == "handed_over":
            booking_moves.hand_over(booking.id, actor=builder, handed_over_on=None, now=ended)

    def _cancel(
        self, deal: Deal, booking: Any, unit_id: int, actor: Identity, at: datetime
    ) -> None:
        flush()
        quote = cancellations.quote(booking.id, actor=actor, now=at)
        cancellations.cancel(
            booking.id,
            unit_id=unit_id,
            actor=actor,
            reason=deal.reason,
            expected_refund=quote.refund_amount,
            now=at,
        )

    def _agree(
        self,
        deal: Deal,
        booking: Any,
        unit_id: int,
        builder: Identity,
        placed: datetime,
        until: datetime,
    ) -> None:
        """Register the agreement, then demand and pay what has fallen due since, and `until`."""
        at = placed + timedelta(days=deal.agreed_after)
        day = local_date(at, ZONE)
        booking_moves.register_agreement(
            booking.id,
            unit_id=unit_id,
            actor=builder,
            agreement_number=f"REG/{day.year}/{self._random.randrange(1000, 99999):05d}",
            registered_on=day,
            now=at,
        )
        flush()
        demanded = [row for row in self._rows(booking) if self._demand(deal, row, at, until)]
        demanded.sort(key=lambda row: (row.demanded_at, row.sequence))
        paid = {"all": demanded, "all_but_last": demanded[:-1], "none": demanded[:1]}[deal.pays]
        for row in paid:
            days = self._random.randrange(2, 12)
            moment = min(row.demanded_at + timedelta(days=days), until - timedelta(hours=9))
            self._pay(deal, booking, row, row.amount, moment)
        flush()

    def _demand(self, deal: Deal, row: Any, agreed_at: datetime, until: datetime) -> bool:
        """Demand a row whose phase is complete, or whose day is near; whether it was."""
        if row.paid_amount >= row.amount:
            return False
        due_days = timedelta(days=self._policy.demand_due_days)
        if row.milestone_code is not None:
            ended = self._phase_ends.get((deal.place, row.milestone_code))
            if ended is None:
                return False
            at = max(agreed_at + timedelta(hours=1), _morning(ended))
        else:
            at = max(agreed_at + timedelta(hours=1), _morning(row.due_date - due_days))
        if at > until - timedelta(days=1):
            return False
        self._demands += 1
        row.set(demanded_at=at, demand_number=f"DN-{at.year}-{self._demands:06d}")
        if row.due_date is None:
            row.due_date = local_date(at, ZONE) + due_days
        return True

    def _pay(
        self,
        deal: Deal,
        booking: Any,
        row: Any,
        amount: Decimal,
        at: datetime,
        status: str = "completed",
    ) -> Any:
        """A receipt for one row; a completed one moves the sums of the booking and the row."""
        completed = status == "completed"
        method = "bank_transfer" if deal.method == "loan" and row.sequence == 1 else deal.method
        taxed = booking.price_snapshot["tds_applies"]
        builder = self._builders[deal.place]
        payment = Payment(
            booking=booking,
            builder=booking.builder,
            installment=row,
            payment_type="token" if row.sequence == 1 else "installment",
            amount=amount,
            tds_amount=percent_of(amount, self._policy.tds_percent) if taxed else Decimal("0.00"),
            payment_method=method,
            status=status,
            transaction_id=self._transaction_id(method),
            payment_date=local_date(at, ZONE),
            cleared_at=at if completed else None,
            recorded_by=(self._customers[deal.buyer] if status == "reported" else builder).user_id,
            created_at=at,
            updated_at=at,
        )
        if completed:
            row.paid_amount += amount
            booking.paid_amount += amount
        flush()
        return payment

    def _refund(self, booking: Any, receipt: Any, amount: Decimal, at: datetime) -> None:
        """Give money of one receipt back by bank transfer."""
        Payment(
            booking=booking,
            builder=booking.builder,
            payment_type="refund",
            amount=amount,
            payment_method="bank_transfer",
            status="completed",
            transaction_id=self._transaction_id("bank_transfer"),
            payment_date=local_date(at, ZONE),
            cleared_at=at,
            recorded_by=booking.builder.user,
            reverses_payment=receipt,
            created_at=at,
            updated_at=at,
        )
        receipt.installment.paid_amount -= amount
        booking.paid_amount -= amount
        flush()

    def _transaction_id(self, method: str) -> str:
        number = self._random.randrange(10**11, 10**12)
        if method == "cheque":
            return f"{number % 10**6:06d}"
        if method == "upi":
            return str(number)
        bank = self._random.choice(("HDFC", "SBIN", "ICIC", "UTIB", "KKBK"))
        return f"{bank}N{number}"

    def _rows(self, booking: Any) -> list[Any]:
        flush()
        booking_id = booking.id
        return list(
            Installment.select(lambda i: i.booking.id == booking_id).order_by(lambda i: i.sequence)
        )

    def _settle_rows(self, booking: Any) -> None:
        """Give each row the status that its sums and dates make."""
        today = local_date(self._now, ZONE)
        for row in self._rows(booking):
            row.status = installment_status(
                is_void=row.status == "void",
                amount=row.amount,
                paid_amount=row.paid_amount,
                due_date=row.due_date,
                is_demanded=row.demanded_at is not None,
                today=today,
                policy=self._policy,
            )
        flush()


def _morning(day: date) -> datetime:
    """Half past nine in India."""
    return datetime(day.year, day.month, day.day, 4)  # noqa: DTZ001 - naive UTC inside
