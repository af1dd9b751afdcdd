"""Asking for changes, and what the tests ask about them."""

from __future__ import annotations

from typing import Any

from realty.db import AuditLog, ChangeRequest, Installment
from realty.db.session import session
from tests.client import Answer, Api
from tests.functional.bookings.common import Sale

PATH = "/api/change-requests"
QUOTE = {"estimated_cost": "185000.00", "estimated_timeline_days": 21}
REASON = {"reason": "The slab needs that wall."}
# What each action is sent.
BODIES: dict[str, Any] = {"quote": QUOTE, "reject": REASON, "void": REASON}


def wish(booking: Any, **over: Any) -> dict[str, Any]:
    """The least body of createChangeRequest."""
    return {
        "booking_id": booking.id,
        "request_type": "layout",
        "request_title": "Open kitchen",
        **over,
    }


def ask(api: Api, sale: Sale, booking: Any, **over: Any) -> dict[str, Any]:
    """Ask for a change as the customer and return the request."""
    answer = api.as_(sale.customer).post(PATH, wish(booking, **over), status=201)
    request: dict[str, Any] = answer.data["change_request"]
    return request


def act(
    api: Api, caller: Any, request_id: int, action: str, body: Any = None, **options: Any
) -> Answer:
    """POST an action on a change request, with its usual body unless one is given."""
    sent = BODIES.get(action) if body is None else body
    return api.as_(caller).post(f"{PATH}/{request_id}/{action}", sent, **options)


def shown(api: Api, caller: Any, request_id: int) -> dict[str, Any]:
    """A change request as `caller` reads it."""
    request: dict[str, Any] = api.as_(caller).get(f"{PATH}/{request_id}").data["change_request"]
    return request


def schedule(api: Api, caller: Any, booking: Any) -> dict[str, Any]:
    """The rows of a booking and their sums."""
    found: dict[str, Any] = api.as_(caller).get(f"/api/bookings/{booking.id}/schedule").data
    return found


def stored(request_id: int, *names: str) -> tuple[Any, ...]:
    """Columns of a change request as they are stored."""
    with session():
        row = ChangeRequest[request_id]
        return tuple(getattr(row, name) for name in names)


def change(request_id: int, **over: Any) -> None:
    """Set columns of a change request behind the application's back."""
    with session():
        ChangeRequest[request_id].set(**over)


def row_of(request_id: int) -> int:
    """The id of the row of the schedule that a change request made."""
    with session():
        row = Installment.get(change_request=request_id)
        row_id: int = row.id
        return row_id


def audited(request_id: int) -> list[str]:
    """What the audit log tells of a change request, oldest first."""
    with session():
        facts = AuditLog.select(
            lambda a: a.entity == "change_request" and a.entity_id == request_id
        )
        return [fact.action for fact in facts.order_by(lambda a: a.id)]
