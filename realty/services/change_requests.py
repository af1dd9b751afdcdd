"""A customer's wish to have the unit built differently, from asking to done.

The booking's row is the lock of all its change requests: it is locked first, and only then is a
request read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from secrets import token_hex
from typing import Any, cast

from pony.orm import flush, select

from realty.db import ChangeRequest, Installment, Model3D, scopes
from realty.errors import Conflict, Detail, NotFound, QuoteChanged, QuoteExpired, ValidationFailed
from realty.rules.audit_chain import DetailValue
from realty.rules.change_requests import (
    PRICEABLE_BOOKINGS,
    check_change,
    quote_holds,
    quote_valid_until,
)
from realty.rules.identifiers import tracking_number
from realty.rules.lifecycles import Role
from realty.rules.money import ZERO, money_text
from realty.security import Identity
from realty.services import allocation, files, payable_rows
from realty.services.booking_events import BOTH, lock_booking, written
from realty.services.booking_terms import site_of
from realty.services.change_request_events import advance, note, tell
from realty.services.policy import current_policy

LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a customer asks for; `attachments` are ids of the caller's own files."""

    booking_id: int
    request_type: str
    request_title: str
    request_description: str | None = None
    current_specification: str | None = None
    requested_specification: str | None = None
    model_id: int | None = None
    priority: str = "medium"
    is_structural: bool = False
    attachments: Sequence[int] = ()


def submit(wish: Wish, *, actor: Identity, now: datetime) -> Any:
    """Ask for a change of the caller's own booking.

    Raises `NotFound` for a booking or model that the caller does not see, `Conflict` for a booking
    on which nothing may be priced, `ValidationFailed` for a blank title, a structural change
    without an attachment, or a file that is not the caller's.
    """
    title = written(wish.request_title, "request_title")
    if wish.is_structural and not wish.attachments:
        raise ValidationFailed.at("attachments", "A structural change needs an attachment.")
    booking_id = wish.booking_id
    mine = scopes.visible_bookings(actor).filter(lambda b: b.id == booking_id)
    if not select(b.id for b in mine)[:1]:
        raise NotFound
    booking = lock_booking(booking_id)
    _require_priceable(booking)
    if wish.model_id is not None:
        _require_model(wish.model_id, booking)
    request = ChangeRequest(
        # Its own id makes the number, below.
        tracking_number=token_hex(16),
        booking=booking,
        request_type=wish.request_type,
        request_title=title,
        request_description=wish.request_description,
        current_specification=wish.current_specification,
        requested_specification=wish.requested_specification,
        model=wish.model_id,
        priority=wish.priority,
        is_structural=wish.is_structural,
        attachments=list(wish.attachments),
        created_at=now,
        updated_at=now,
    )
    flush()
    today = site_of(booking.project.id).today(now)
    request.tracking_number = tracking_number(today.year, request.id)
    for position, file_id in enumerate(wish.attachments):
        files.attach(
            file_id,
            owner=actor,
            purposes=("change_request",),
            entity="change_request",
            entity_id=request.id,
            field=f"attachments[{position}]",
        )
    note(request, booking, "submitted", actor=actor, now=now)
    tell(request, booking, "submitted", ("builder",), now=now)
    return request


def review(request_id: int, *, booking_id: int, actor: Identity, now: datetime) -> None:
    """Take a request up. Raises `InvalidTransition`."""
    booking, request, target = _prepared("review", request_id, booking_id, actor)
    advance(request, booking, target, actor=actor, now=now)
    tell(request, booking, target, ("customer",), now=now)


def quote(
    request_id: int,
    *,
    booking_id: int,
    cost: Decimal,
    timeline_days: int,
    response: str | None,
    valid_until: datetime | None,
    actor: Identity,
    now: datetime,
) -> None:
    """Say what a change costs and how long it takes; what costs nothing is approved at once.

    Raises `InvalidTransition`; `ValidationFailed` for a time that has passed or is too far off, or
    a cost that the booking could not hold.
    """
    booking, request, target = _prepared("quote", request_id, booking_id, actor)
    payable_rows.require_room(booking, cost, field="estimated_cost")
    request.set(
        estimated_cost=cost,
        estimated_timeline_days=timeline_days,
        builder_response=response,
        quote_valid_until=quote_valid_until(valid_until, now=now, policy=current_policy()),
    )
    event = target
    if cost == ZERO:
        event, target = "free", "approved"
        request.set(final_cost=cost, approved_at=now)
    details: dict[str, DetailValue] = {
        "estimated_cost": money_text(cost),
        "estimated_timeline_days": timeline_days,
    }
    advance(request, booking, target, actor=actor, now=now, details=details)
    tell(request, booking, event, ("customer",), now=now)


def reject(
    request_id: int, *, booking_id: int, reason: str, actor: Identity, now: datetime
) -> None:
    """Refuse a request. Raises `InvalidTransition`, `ValidationFailed` for a blank reason."""
    reason = written(reason, "reason")
    booking, request, target = _prepared("reject", request_id, booking_id, actor)
    request.rejection_reason = reason
    advance(request, booking, target, actor=actor, now=now, reason=reason)
    tell(request, booking, target, ("customer",), now=now, reason=reason)


def start(request_id: int, *, booking_id: int, actor: Identity, now: datetime) -> None:
    """Begin the work. Raises `InvalidTransition`."""
    booking, request, target = _prepared("start", request_id, booking_id, actor)
    advance(request, booking, target, actor=actor, now=now)
    tell(request, booking, target, ("customer",), now=now)


def complete(request_id: int, *, booking_id: int, actor: Identity, now: datetime) -> None:
    """Finish the work. Raises `InvalidTransition`."""
    booking, request, target = _prepared("complete", request_id, booking_id, actor)
    request.completed_at = now
    advance(request, booking, target, actor=actor, now=now)
    tell(request, booking, target, ("customer",), now=now)


def void(request_id: int, *, booking_id: int, reason: str, actor: Identity, now: datetime) -> None:
    """Take back what was approved: its row is void even if it is paid, and the money is allocated
    anew, so that what no row takes may be refunded.

    Raises `InvalidTransition`, `ValidationFailed` for a blank reason.
    """
    reason = written(reason, "reason")
    booking, request, target = _prepared("void", request_id, booking_id, actor)
    advance(request, booking, target, actor=actor, now=now, reason=reason)
    row = Installment.get(change_request=request)
    if row is not None:
        payable_rows.void_row(booking, row, actor=actor, now=now, reason=reason)
        allocation.settle(booking, actor=actor, now=now)
    tell(request, booking, target, ("customer",), now=now, reason=reason)


def accept(
    request_id: int,
    *,
    booking_id: int,
    expected_cost: Decimal | None,
    actor: Identity,
    now: datetime,
) -> None:
    """Take a quote: its cost becomes payable on the booking, as a row of its own.

    Raises `InvalidTransition`; `QuoteExpired`; `QuoteChanged` with the cost when it is not the one
    that the caller was shown; `ValidationFailed` for a cost that the booking could not hold.
    """
    booking, request, target = _prepared("accept", request_id, booking_id, actor)
    _require_quote(request, expected_cost, now)
    cost = request.estimated_cost
    payable_rows.require_room(booking, cost, field="expected_cost")
    request.set(final_cost=cost, approved_at=now)
    details = {"final_cost": money_text(cost)}
    advance(request, booking, target, actor=actor, now=now, details=details)
    due_date = site_of(booking.project.id).today(now) + timedelta(
        days=current_policy().demand_due_days
    )
    label = f"Change {request.tracking_number}: {request.request_title}"
    payable_rows.add_row(
        booking,
        kind="variation",
        label=label[:LONGEST_LABEL].rstrip(),
        amount=cost,
        due_date=due_date,
        change_request=request,
        now=now,
    )
    allocation.settle(booking, actor=actor, now=now)
    tell(request, booking, target, ("builder",), now=now)


def decline(
    request_id: int, *, booking_id: int, reason: str | None, actor: Identity, now: datetime
) -> None:
    """Refuse a quote. Raises `InvalidTransition`."""
    _leave("decline", request_id, booking_id, reason, actor, now)


def withdraw(
    request_id: int, *, booking_id: int, reason: str | None, actor: Identity, now: datetime
) -> None:
    """Give up a request before it is approved. Raises `InvalidTransition`."""
    _leave("withdraw", request_id, booking_id, reason, actor, now)


def expire(request_id: int, *, booking_id: int, now: datetime) -> bool:
    """End a quote that was not accepted in time; False when there is none to end any more."""
    booking = lock_booking(booking_id)
    request = ChangeRequest.get(id=request_id)
    if request.status != "quoted" or quote_holds(request.quote_valid_until, now):
        return False
    target = check_change("expire", request.status, booking.status, "system")
    advance(request, booking, target, actor=None, now=now)
    tell(request, booking, target, BOTH, now=now)
    return True


def _prepared(
    action: str, request_id: int, booking_id: int, actor: Identity
) -> tuple[Any, Any, str]:
    """The locked booking, its request, and where `action` leads it. Raises `InvalidTransition`."""
    booking = lock_booking(booking_id)
    request = ChangeRequest.get(id=request_id)
    role = cast("Role", actor.role)
    return booking, request, check_change(action, request.status, booking.status, role)


def _leave(
    action: str,
    request_id: int,
    booking_id: int,
    reason: str | None,
    actor: Identity,
    now: datetime,
) -> None:
    booking, request, target = _prepared(action, request_id, booking_id, actor)
    advance(request, booking, target, actor=actor, now=now, reason=reason)
    tell(request, booking, target, ("builder",), now=now, reason=reason)


def _require_priceable(booking: Any) -> None:
    if booking.status not in PRICEABLE_BOOKINGS:
        status, allowed = booking.status, tuple(sorted(PRICEABLE_BOOKINGS, reverse=True))
        raise Conflict(
            f"A booking that is {status} takes no change requests.",
            details=[Detail("booking_id", "It may be in one of these.", status, allowed)],
        )


def _require_model(model_id: int, booking: Any) -> None:
    """Raises `NotFound` unless it is a current model of the booking's unit, or of its project as a
    whole; a customer of the project opens it whatever its access level."""
    project_id, unit_id = booking.project.id, booking.unit.id
    found = select(
        m.id
        for m in Model3D
        if m.id == model_id
        and m.project.id == project_id
        and m.status == "current"
        and (m.unit is None or m.unit.id == unit_id)
    )
    if not found[:1]:
        raise NotFound


def _require_quote(request: Any, expected_cost: Decimal | None, now: datetime) -> None:
    if not quote_holds(request.quote_valid_until, now):
        raise QuoteExpired
    cost = request.estimated_cost
    if expected_cost is not None and expected_cost != cost:
        raise QuoteChanged(
            "The quote is another one.",
            details=[Detail("expected_cost", "The change costs this now.", money_text(cost))],
        )
