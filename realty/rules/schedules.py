"""What is payable when: the default rows of a payment plan."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from realty.rules.money import paisa_down, shares
from realty.rules.policy import Policy
from realty.rules.setting_tables import PlanRow

_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One plan row of a booking; `due_date` is null until its event has a date.

    `due_rule` and `due_offset` say what makes it due, as the contract's `PlannedInstallment` does;
    a row with a date of its own has no rule.
    """

    sequence: int
    label: str
    milestone_code: str | None
    percent: Decimal
    amount: Decimal
    due_rule: str | None
    due_offset: int
    due_date: date | None
    kind: str = "plan"


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later, or that month's last day if it is shorter."""
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def due_date(rule: str, offset: int, *, booked_on: date, agreement_on: date | None) -> date | None:
    """The day on which a row of this rule falls due, None while its event has no date."""
    if rule == "on_booking":
        return booked_on
    if agreement_on is None or rule == "on_milestone":
        return None
    if rule == "months_after_agreement":
        return add_months(agreement_on, offset)
    return agreement_on + timedelta(days=offset)


def _parts(row: PlanRow) -> Iterator[tuple[str, str | None, Decimal, int]]:
    """Label, milestone code, percent and offset of each part; the last takes the residue."""
    if row.parts == 1:
        yield row.label, row.milestone_code, row.percent, row.due_offset
        return
    each = paisa_down(row.percent / row.parts)
    for part in range(1, row.parts + 1):
        percent = each if part < row.parts else row.percent - each * (row.parts - 1)
        code = f"{row.milestone_code}_{part}" if row.milestone_code else None
        yield f"{row.label} {part}", code, percent, row.due_offset * part


def default_schedule(
    plan: str,
    *,
    total_amount: Decimal,
    booked_on: date,
    policy: Policy,
    agreement_on: date | None = None,
) -> tuple[ScheduleRow, ...]:
    """The rows of a default plan: percents sum to exactly 100 and amounts to `total_amount`.

    The booking row is due on `booked_on`. Rows that count from the agreement have no due date
    unless `agreement_on` is given; milestone rows have none before their demand. A booking keeps
    rule and offset of each row, so that a plan that changes later leaves it alone.
    """
    parts = [(row.due_rule, *part) for row in policy.plan(plan) for part in _parts(row)]
    amounts = shares(total_amount, [percent for _, _, _, percent, _ in parts])
    return tuple(
        ScheduleRow(
            sequence=sequence,
            label=label,
            milestone_code=code,
            percent=percent,
            amount=amount,
            due_rule=rule,
            due_offset=offset,
            due_date=due_date(rule, offset, booked_on=booked_on, agreement_on=agreement_on),
        )
        for sequence, ((rule, label, code, percent, offset), amount) in enumerate(
            zip(parts, amounts, strict=True), start=1
        )
    )
