"""Bringing a booking up to its money: every sum, every status of a row, and the token."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from realty.db import Installment
from realty.rules.allocation import Allocation, OpenRow, allocate
from realty.rules.lifecycles import DEAD, check_booking
from realty.rules.money import ZERO
from realty.rules.policy import Policy
from realty.rules.position import installment_status
from realty.security import Identity
from realty.services import history, ledger
from realty.services.booking_events import BOTH, advance, tell
from realty.services.booking_terms import site_of
from realty.services.policy import current_policy


def allocation_of(booking: Any) -> Allocation:
    """Which receipt of a booking pays which row, as it stands now."""
    return allocation_among(ledger.payments_of(booking.id), rows_of(booking.id))


def allocation_among(payments: Iterable[Any], rows: Iterable[Any]) -> Allocation:
    """The same of all `payments` and `rows` of a booking, which were read already."""
    return allocate(
        ledger.net_receipts(payments),
        [
            OpenRow(row.id, row.sequence, row.amount, row.due_date, row.status == "void")
            for row in rows
        ],
    )


def rows_of(booking_id: int) -> list[Any]:
    """The installments of a booking, by sequence."""
    rows = Installment.select(lambda i: i.booking.id == booking_id)
    return list(rows.order_by(lambda i: i.sequence))


def settle(booking: Any, *, actor: Identity | None, now: datetime) -> None:
    """Allocate everything anew under the booking's lock, and let what follows from it happen.

    Call it once, at the end, after any change of a booking's payments, rows, amounts or due dates:
    `paid_amount` of booking and rows and the rows' statuses are set, the token is found reached or
    lost, and the version moves when anything changed.
    """
    policy, version = current_policy(), booking.version
    found = allocation_of(booking)
    paid = sum((share.amount for share in found.shares), ZERO) + found.unallocated_amount
    rows_changed = _write_rows(booking, found, policy, actor=actor, now=now)
    paid_changed = paid != booking.paid_amount
    if paid_changed:
        booking.paid_amount = paid
    _follow_token(booking, paid, policy, actor=actor, now=now)
    if (rows_changed or paid_changed) and booking.version == version:
        booking.version += 1


def _write_rows(
    booking: Any, found: Allocation, policy: Policy, *, actor: Identity | None, now: datetime
) -> bool:
    """Give each row what is paid on it and its status; say whether any changed."""
    today, dead = site_of(booking.project.id).today(now), booking.status in DEAD
    paid, changed = found.by_row(), False
    for row in rows_of(booking.id):
        status = installment_status(
            is_void=row.status == "void",
            amount=row.amount,
            paid_amount=paid[row.id],
            due_date=row.due_date,
            is_demanded=row.demanded_at is not None and not dead,
            today=today,
            policy=policy,
        )
        if paid[row.id] != row.paid_amount:
            row.paid_amount = paid[row.id]
            changed = True
        if status != row.status:
            set_row_status(row, status, actor=actor, now=now)
            changed = True
    return changed


def set_row_status(
    row: Any, status: str, *, actor: Identity | None, now: datetime, reason: str | None = None
) -> None:
    """Change the status of an installment, and write that it changed."""
    history.record(
        "installment",
        row.id,
        before=row.status,
        after=status,
        actor=actor,
        now=now,
        reason=reason,
    )
    row.status = status


def _follow_token(
    booking: Any, paid: Decimal, policy: Policy, *, actor: Identity | None, now: datetime
) -> None:
    """Token reached or lost; from the builder's confirmation on neither moves the booking."""
    reached = paid >= booking.token_amount
    if booking.status == "pending" and reached:
        action, event = "reach_token", "token_paid"
    elif booking.status == "token_paid" and not reached:
        action, event = "lose_token", "token_lost"
    else:
        return
    advance(booking, check_booking(action, booking.status, "system"), actor=actor, now=now)
    if booking.status == "pending":
        booking.expires_at = now + timedelta(hours=policy.booking_hold_hours)
    tell(booking, event, BOTH, now=now, occasion=f":{booking.version}")
