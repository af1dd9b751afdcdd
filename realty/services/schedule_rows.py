"""The plan rows of a booking, written from a plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from realty.db import Booking, Installment
from realty.db.bulk import insert_many
from realty.rules.money import ZERO
from realty.rules.policy import Policy
from realty.rules.schedules import ScheduleRow, default_schedule
from realty.security import Identity
from realty.services.allocation import set_row_status


def write_schedule(booking: Any, *, policy: Policy, actor: Identity, now: datetime) -> None:
    """Give a booking the rows of its default plan, in place of the plan rows that it has."""
    rows = default_schedule(
        booking.payment_plan,
        total_amount=booking.total_amount,
        booked_on=booking.booking_date,
        policy=policy,
    )
    write_rows(booking, rows, actor=actor, now=now)


def write_first_schedule(booking: Any, *, policy: Policy, now: datetime) -> None:
    """Give a booking that was just made the rows of its default plan, in one statement."""
    rows = default_schedule(
        booking.payment_plan,
        total_amount=booking.total_amount,
        booked_on=booking.booking_date,
        policy=policy,
    )
    fresh = {
        "booking": booking.id,
        "status": "scheduled",
        "paid_amount": ZERO,
        "created_at": now,
        "updated_at": now,
    }
    insert_many(Installment, [{"sequence": row.sequence, **_columns(row), **fresh} for row in rows])
    # Pony knows that a new booking has no rows: let it look when it is asked.
    booking._vals_.pop(Booking.installments, None)


def write_rows(
    booking: Any, rows: Sequence[ScheduleRow], *, actor: Identity, now: datetime
) -> None:
    """Give a booking, on which nothing was demanded or received, these plan rows and no others.

    A row stays the row of its sequence, because a customer's report may name it; those that are
    left over are void.
    """
    present = sorted(booking.installments, key=lambda row: row.sequence)
    for planned, row in zip_longest(rows, present):
        if planned is None:
            if row.status != "void":
                set_row_status(row, "void", actor=actor, now=now)
            continue
        columns = _columns(planned)
        if row is None:
            Installment(booking=booking, sequence=planned.sequence, **columns)
            continue
        row.set(**columns)
        if row.status == "void":
            set_row_status(row, "scheduled", actor=actor, now=now)


def _columns(planned: ScheduleRow) -> dict[str, Any]:
    return {
        "kind": planned.kind,
        "label": planned.label,
        "milestone_code": planned.milestone_code,
        "percent": planned.percent,
        "amount": planned.amount,
        "due_rule": planned.due_rule,
        "due_offset": planned.due_offset,
        "due_date": planned.due_date,
    }
