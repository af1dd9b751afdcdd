"""Rows beside the plan, a charge or the price of a change: adding one, and voiding any."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pony.orm import flush

from realty.db import Installment
from realty.errors import Conflict, Detail, ValidationFailed
from realty.rules.money import MOST, ZERO, money_text
from realty.security import Identity
from realty.services.allocation import rows_of, set_row_status

MOST_ROWS = 1000
"""Rows that a schedule may have, as the contract bounds its sequence."""


def require_room(booking: Any, amount: Decimal, *, field: str) -> None:
    """Make sure that a booking can hold a row of `amount` beside what is payable already.

    Raises `ValidationFailed` at `field` with the most that it holds, `Conflict` when its schedule
    is as long as one may be.
    """
    payable = booking.total_amount + booking.variation_amount + booking.charge_amount
    if payable + amount > MOST:
        most = money_text(max(ZERO, MOST - payable))
        raise ValidationFailed.at(field, "is more than a booking can hold", most)
    if len(rows_of(booking.id)) >= MOST_ROWS:
        message = "The schedule has as many rows as one may have."
        raise Conflict(message, details=[Detail("booking_id", message, str(MOST_ROWS))])


def add_row(
    booking: Any,
    *,
    kind: str,
    label: str,
    amount: Decimal,
    due_date: date | None,
    change_request: Any = None,
    charge_code: str | None = None,
    now: datetime,
) -> Any:
    """Give a locked booking one more row, a `variation` or a `charge`, that it must pay.

    The caller settles the booking afterwards (`allocation.settle`).
    """
    row = Installment(
        booking=booking,
        sequence=max((row.sequence for row in rows_of(booking.id)), default=0) + 1,
        kind=kind,
        label=label,
        amount=amount,
        due_date=due_date,
        change_request=change_request,
        charge_code=charge_code,
        created_at=now,
        updated_at=now,
    )
    _count(booking, kind, amount)
    flush()
    return row


def void_row(
    booking: Any, row: Any, *, actor: Identity | None, now: datetime, reason: str | None
) -> None:
    """Void a row, even a paid one, of a locked booking: it takes no money any more and leaves the
    sum that it was in. The caller settles the booking afterwards; a void row stays as it is."""
    if row.status == "void":
        return
    set_row_status(row, "void", actor=actor, now=now, reason=reason)
    _count(booking, row.kind, -row.amount)


def _count(booking: Any, kind: str, amount: Decimal) -> None:
    """Move the sum of a kind of rows, which is a change of the booking; plan rows make the total,
    which never moves."""
    if kind != "plan":
        total = f"{kind}_amount"
        booking.set(**{total: getattr(booking, total) + amount}, version=booking.version + 1)
