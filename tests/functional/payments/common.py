"""Money through the API: what builder and customer send, and what the tests look at afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from realty.db import Installment
from realty.db.session import session
from realty.rules.clock import local_date
from realty.services.allocation import settle
from realty.services.booking_events import lock_booking
from realty.services.payable_rows import add_row, void_row
from tests.client import Answer, Api
from tests.deployment import CLOCK
from tests.factories import ZONE
from tests.functional.bookings.common import PATH as BOOKINGS
from tests.functional.bookings.common import act, register

PATH = "/api/payments"
TOKEN = "633150.00"
"""The token, and the advance cap, of the first unit of `make_sale`."""

_numbers = count(1)


def today(distance: int = 0) -> str:
    """The project's day, so many days from today."""
    return (local_date(CLOCK.now(), ZONE) + timedelta(days=distance)).isoformat()


def payment(booking: Any, amount: Any = TOKEN, method: str = "upi", **over: Any) -> dict[str, Any]:
    """A body of recordPayment; each has a transaction of its own unless it is cash."""
    body = {
        "booking_id": getattr(booking, "id", booking),
        "payment_type": "token",
        "amount": str(amount),
        "payment_method": method,
        "payment_date": today(),
        **({} if method == "cash" else {"transaction_id": f"TX-{next(_numbers)}"}),
        **over,
    }
    return {name: value for name, value in body.items() if value is not None}


def send(api: Api, caller: Any, body: Any, status: int = 201, *, key: str | None = None) -> Answer:
    """POST a payment."""
    headers = {"Idempotency-Key": key} if key else {}
    return api.as_(caller).post(PATH, body, status=status, headers=headers)


def pay(
    api: Api, caller: Any, booking: Any, amount: Any = TOKEN, method: str = "upi", **over: Any
) -> Any:
    """Report or record a payment, and return it."""
    return send(api, caller, payment(booking, amount, method, **over)).data["payment"]


def move(
    api: Api, caller: Any, paid: Any, action: str, reason: str | None = None, status: int = 200
) -> Answer:
    """Say what became of a payment; what needs a reason has one."""
    if reason is None and action in {"decline", "bounce", "fail"}:
        reason = "The bank said no."
    body = {"action": action, **({"reason": reason} if reason else {})}
    return api.as_(caller).patch(f"{PATH}/{_id(paid)}/status", body, status=status)


def refund(
    api: Api,
    caller: Any,
    paid: Any,
    amount: Any,
    method: str = "bank_transfer",
    *,
    status: int = 201,
    key: str | None = None,
    **over: Any,
) -> Answer:
    """Give back of a payment."""
    body = payment(0, amount, method)
    del body["booking_id"], body["payment_type"]
    body |= over
    headers = {"Idempotency-Key": key} if key else {}
    path = f"{PATH}/{_id(paid)}/refund"
    return api.as_(caller).post(path, body, status=status, headers=headers)


def reverse(
    api: Api,
    caller: Any,
    paid: Any,
    amount: Any = None,
    *,
    status: int = 201,
    key: str | None = None,
) -> Answer:
    """Undo a payment, in whole or in part."""
    body = {"reason": "It was entered twice."}
    if amount is not None:
        body["amount"] = str(amount)
    headers = {"Idempotency-Key": key} if key else {}
    path = f"{PATH}/{_id(paid)}/reverse"
    return api.as_(caller).post(path, body, status=status, headers=headers)


def got(api: Api, caller: Any, paid: Any) -> Any:
    """A payment as it is now."""
    return api.as_(caller).get(f"{PATH}/{_id(paid)}").data["payment"]


def booking_now(api: Api, caller: Any, booking: Any) -> Any:
    """A booking as it is now."""
    return api.as_(caller).get(f"{BOOKINGS}/{getattr(booking, 'id', booking)}").data["booking"]


def ledger(api: Api, caller: Any, booking: Any, **params: str) -> Any:
    """The statement of a booking."""
    path = f"{BOOKINGS}/{getattr(booking, 'id', booking)}/ledger"
    return api.as_(caller).get(path, params).data["ledger"]


def agree(api: Api, builder: Any, booking: Any) -> None:
    """Confirm a booking whose token is paid and register its agreement today."""
    act(api, builder, booking, "confirm")
    act(api, builder, booking, "register-agreement", register(today()))


def demand(booking_id: int, *sequences: int, days_ago: int = 0, due: int = 15) -> None:
    """Demand rows behind the application's back, `due` days after the demand."""
    at = CLOCK.now() - timedelta(days=days_ago)
    with session():
        for row in Installment.select(lambda i: i.booking.id == booking_id):
            if row.sequence in sequences:
                row.set(
                    demanded_at=at,
                    demand_number=f"DN/2026-27/{row.id:06d}",
                    due_date=local_date(at, ZONE) + timedelta(days=due),
                    status="demanded",
                )


def leave_unallocated(api: Api, builder: Any, booking_id: int, amount: str) -> Any:
    """Have a change of the unit paid and then voided; the payment, which no row takes any more.

    The rest of the booking must be paid already.
    """
    with session():
        locked = lock_booking(booking_id)
        row = add_row(
            locked,
            kind="variation",
            label="Open kitchen",
            amount=Decimal(amount),
            due_date=None,
            now=CLOCK.now(),
        )
        settle(locked, actor=None, now=CLOCK.now())
        row_id = row.id
    paid = pay(api, builder, booking_id, amount)
    with session():
        locked = lock_booking(booking_id)
        row = Installment[row_id]
        void_row(locked, row, actor=None, now=CLOCK.now(), reason="Not built.")
        settle(locked, actor=None, now=CLOCK.now())
    return paid


def rows_of(booking_id: int) -> list[dict[str, Any]]:
    """The rows of a schedule as they are stored, by sequence."""
    with session():
        rows = Installment.select(lambda i: i.booking.id == booking_id)
        return [row.to_dict() for row in rows.order_by(lambda i: i.sequence)]


def total(amounts: Iterable[str]) -> Decimal:
    """The sum of amounts of an answer."""
    return sum(map(Decimal, amounts), Decimal(0))


def _id(paid: Any) -> int:
    found: int = paid["id"] if isinstance(paid, dict) else paid
    return found
