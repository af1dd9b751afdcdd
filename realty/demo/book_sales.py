"""What was sold and paid in the book for volume: a home, its schedule, who paid which part when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from realty.rules.clock import local_date
from realty.rules.cost_sheet import ProjectTerms, cost_sheet, terms_of
from realty.rules.money import ZERO, paisa_down, percent_of
from realty.rules.policy import Policy
from realty.rules.schedules import ScheduleRow, default_schedule
from realty.services.booking_terms import Concession, price_columns

ZONE = "Asia/Kolkata"
AGREED_AFTER = timedelta(days=20)
UNPAID = frozenset({"pending", "expired"})
YOUNG = frozenset({"pending", "token_paid", "confirmed"})
"""Before the agreement: placed in the last two months."""
DEAD = frozenset({"expired", "cancelled"})
EXTRA_EVERY = 20
"""Every so many-th booking has a report that waits, and one a cheque that bounced."""


@dataclass(slots=True)
class Row:
    """An installment to be, with the amounts and moments at which it is paid."""

    planned: ScheduleRow
    demanded_at: datetime | None
    due_date: date | None
    paid: list[tuple[Decimal, datetime]] = field(default_factory=list)
    is_void: bool = False

    @property
    def paid_amount(self) -> Decimal:
        """What of it is paid."""
        return sum((amount for amount, _ in self.paid), ZERO)


@dataclass(slots=True)
class Sale:
    """A booking to be: its columns, its rows, and payments that do not count."""

    columns: dict[str, Any]
    rows: list[Row]
    taxed: bool
    extras: list[dict[str, Any]]


class Seller:
    """Makes the sales of one project."""

    def __init__(
        self,
        terms: ProjectTerms,
        random: Random,
        policy: Policy,
        now: datetime,
        *,
        halved: bool = True,
    ) -> None:
        """Rows are paid in two halves if `halved`, else at once."""
        self._terms = terms
        self._random = random
        self._policy = policy
        self._now = now
        self._halved = halved

    def sell(
        self,
        unit: Mapping[str, Any],
        unit_id: int,
        project_id: int,
        *,
        most: int,
        status: str = "agreement_registered",
    ) -> Sale:
        """A home sold between half a year and three years ago, and paid up to some row in at most
        `most` payments, as `status` has it; the buyer and the builder are added by the caller."""
        placed = self._placed(status)
        agreed = placed + AGREED_AFTER
        registered = status not in YOUNG | DEAD
        booked_on = local_date(placed, ZONE)
        agreed_on = local_date(agreed, ZONE) if registered else None
        sheet = cost_sheet(terms_of(unit, unit_id), self._terms, now=placed, policy=self._policy)
        schedule = default_schedule(
            "installments",
            total_amount=sheet.total_amount,
            booked_on=booked_on,
            agreement_on=agreed_on,
            policy=self._policy,
        )
        rows = [self._row(planned, placed, agreed) for planned in schedule]
        asked = [row for row in rows if row.demanded_at is not None]
        unpaid = 0 if status == "handed_over" else self._random.randrange(3)
        paid = [rows[0], *asked[: max(1, len(asked) - unpaid)]] if registered else rows[:1]
        for row in paid if status not in UNPAID else []:
            most -= self._pay(row, placed, most)
        columns = {
            # Its own id makes the number, once it has one.
            "booking_number": f"BOOK/{unit_id}",
            "unit": unit_id,
            "project": project_id,
            "status": status,
            "booking_date": booked_on,
            "payment_plan": "installments",
            **price_columns(sheet, Concession()),
            "variation_amount": ZERO,
            "charge_amount": ZERO,
            "deduction_amount": ZERO,
            "compensation_amount": ZERO,
            "paid_amount": sum((row.paid_amount for row in rows), ZERO),
            "agreement_number": f"REG/{agreed_on.year}/{unit_id:07d}" if agreed_on else None,
            "actual_registration_date": agreed_on,
            "handover_date": local_date(self._now, ZONE) if status == "handed_over" else None,
            "expires_at": self._now + timedelta(hours=60) if status == "pending" else None,
            **self._end(status, placed, rows),
            "created_by_customer": True,
            "version": 3,
            "created_at": placed,
            "updated_at": min(agreed, self._now),
        }
        extras = self._extras(unit_id, sheet.total_amount, most) if registered else []
        return Sale(columns, rows, sheet.tds_applies, extras)

    def _placed(self, status: str) -> datetime:
        if status == "pending":
            return self._now - timedelta(minutes=self._random.randrange(60, 720))
        if status in YOUNG:
            return self._now - timedelta(minutes=self._random.randrange(2 * 1440, 60 * 1440))
        # Two years of quarters are over when a home is handed over.
        first = 860 if status == "handed_over" else 180
        return self._now - timedelta(minutes=self._random.randrange(first * 1440, 1100 * 1440))

    def _end(self, status: str, placed: datetime, rows: list[Row]) -> dict[str, Any]:
        """What the end of a booking leaves: here it always comes in time for a whole refund."""
        if status not in DEAD:
            return {
                "cancelled_at": None,
                "cancelled_by": None,
                "cancellation_reason": None,
                "cancellation_fault": None,
                "refund_amount": ZERO,
                "refund_due_date": None,
            }
        for row in rows:
            row.is_void = not row.paid
        ended, cancelled = placed + timedelta(days=3), status == "cancelled"
        return {
            "cancelled_at": ended,
            "cancelled_by": "customer" if cancelled else "system",
            "cancellation_reason": "Found another home." if cancelled else None,
            "cancellation_fault": "customer" if cancelled else None,
            "refund_amount": rows[0].paid_amount,
            "refund_due_date": local_date(ended, ZONE) + timedelta(days=self._policy.refund_days),
        }

    def _row(self, planned: ScheduleRow, placed: datetime, agreed: datetime) -> Row:
        """A row, demanded where its day has come near since the agreement."""
        if planned.due_rule == "on_booking" or planned.due_date is None:
            return Row(planned, None, planned.due_date)
        ahead = timedelta(days=self._policy.demand_due_days)
        at = max(agreed, datetime.combine(planned.due_date - ahead, placed.time()))
        if at > self._now - timedelta(days=1):
            return Row(planned, None, planned.due_date)
        late = planned.due_date < local_date(at, ZONE)
        return Row(planned, at, local_date(at, ZONE) + ahead if late else planned.due_date)

    def _pay(self, row: Row, placed: datetime, most: int) -> int:
        """Pay a row in two parts, or in one where that is wanted or only one payment is left; says
        in how many.

        The parts of the token come before the agreement, those of other rows after the demand.
        """
        since = row.demanded_at or placed
        amount = row.planned.amount
        half = paisa_down(amount / 2)
        whole = most == 1 or row.planned.sequence == 1 or not self._halved
        parts = [amount] if whole else [half, amount - half]
        moments = [since + timedelta(hours=self._random.randrange(1, 20))]
        moments.append(moments[0] + timedelta(hours=2))
        row.paid = list(zip(parts, moments, strict=False))[:most]
        return len(row.paid)

    def _extras(self, unit_id: int, total: Decimal, most: int) -> list[dict[str, Any]]:
        """Now and then a report that waits for its answer, or a cheque that bounced."""
        at = self._now - timedelta(hours=1 + unit_id % 400)
        common = {"amount": percent_of(total, Decimal(1)), "created_at": at}
        found = []
        if unit_id % EXTRA_EVERY == 0:
            found.append({**common, "status": "reported", "failure_reason": None})
        if unit_id % EXTRA_EVERY == 1:
            found.append({**common, "status": "bounced", "failure_reason": "Insufficient funds"})
        return found[:most]
