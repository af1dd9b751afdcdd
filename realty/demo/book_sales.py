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
EXTRA_EVERY = 20
"""Every so many-th booking has a report that waits, and one a cheque that bounced."""


@dataclass(slots=True)
class Row:
    """An installment to be, with the amounts and moments at which it is paid."""

    planned: ScheduleRow
    demanded_at: datetime | None
    due_date: date | None
    paid: list[tuple[Decimal, datetime]] = field(default_factory=list)

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

    def __init__(self, terms: ProjectTerms, random: Random, policy: Policy, now: datetime) -> None:
        self._terms = terms
        self._random = random
        self._policy = policy
        self._now = now

    def sell(self, unit: Mapping[str, Any], unit_id: int, project_id: int, *, most: int) -> Sale:
        """A home sold between half a year and three years ago, paid up to some row in at most
        `most` payments; the buyer and the builder are added by the caller."""
        placed = self._now - timedelta(minutes=self._random.randrange(180 * 1440, 1100 * 1440))
        agreed = placed + AGREED_AFTER
        booked_on, agreed_on = local_date(placed, ZONE), local_date(agreed, ZONE)
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
        unpaid = self._random.randrange(3)
        for row in [rows[0], *asked[: max(1, len(asked) - unpaid)]]:
            most -= self._pay(row, placed, most)
        columns = {
            # Its own id makes the number, once it has one.
            "booking_number": f"BOOK/{unit_id}",
            "unit": unit_id,
            "project": project_id,
            "status": "agreement_registered",
            "booking_date": booked_on,
            "payment_plan": "installments",
            **price_columns(sheet, Concession()),
            "variation_amount": ZERO,
            "charge_amount": ZERO,
            "deduction_amount": ZERO,
            "refund_amount": ZERO,
            "compensation_amount": ZERO,
            "paid_amount": sum((row.paid_amount for row in rows), ZERO),
            "agreement_number": f"REG/{agreed_on.year}/{unit_id:07d}",
            "actual_registration_date": agreed_on,
            "created_by_customer": True,
            "version": 3,
            "created_at": placed,
            "updated_at": agreed,
        }
        return Sale(
            columns, rows, sheet.tds_applies, self._extras(unit_id, sheet.total_amount, most)
        )

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
        """Pay a row in two parts, or in one where only one payment is left; says in how many.

        The parts of the token come before the agreement, those of other rows after the demand.
        """
        since = row.demanded_at or placed
        amount = row.planned.amount
        half = paisa_down(amount / 2)
        parts = [amount] if most == 1 or row.planned.sequence == 1 else [half, amount - half]
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
