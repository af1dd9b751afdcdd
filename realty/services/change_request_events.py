"""What every move of a change request leaves behind: its status, a line of history, a fact in the
audit log, a notification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from realty.db import ChangeRequest
from realty.rules.audit_chain import DetailValue
from realty.rules.change_requests import OPEN, check_change
from realty.rules.money import money_text
from realty.security import Identity
from realty.services import audit, history
from realty.services.booking_events import BOTH, LONGEST_MESSAGE, Side, subject_of
from realty.services.notifications import notify

_WORDS: dict[str, tuple[str, str]] = {
    "submitted": ("Change requested", "The customer asks for a change of {unit}: {what}."),
    "under_review": ("Change under review", "The builder looks at {what} for {unit}."),
    "quoted": ("Change quoted", "The builder quotes {cost} for {what}, {unit}. Please answer."),
    "free": ("Change approved", "The builder makes {what} for {unit} at no cost."),
    "approved": ("Quote accepted", "The customer accepted {cost} for {what}, {unit}."),
    "in_progress": ("Change in progress", "The work on {what} for {unit} has begun."),
    "completed": ("Change completed", "{what} for {unit} is done."),
    "rejected": ("Change rejected", "The builder rejected {what} for {unit}{reason}"),
    "withdrawn": ("Change withdrawn", "The customer withdrew {what} for {unit}{reason}"),
    "declined": ("Quote declined", "The customer declined the quote of {what}, {unit}{reason}"),
    "expired": ("Quote expired", "The quote of {what}, {unit}, was not accepted in time."),
    "void": ("Change void", "{what} for {unit} is void{reason}"),
}
"""Title and message of each event; an event is the status reached, or a quote of nothing."""


def note(
    request: Any,
    booking: Any,
    status: str,
    *,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
    details: Mapping[str, DetailValue] | None = None,
) -> None:
    """Write to the history and to the audit log that `request` comes to be `status`; None is
    where a new one comes from. `details` are what the log tells besides."""
    before = None if status == "submitted" else request.status
    history.record(
        "change_request",
        request.id,
        before=before,
        after=status,
        actor=actor,
        now=now,
        reason=reason,
    )
    audit.note(
        f"change_request.{status}",
        "change_request",
        request.id,
        builder_id=booking.builder.id,
        actor=actor,
        now=now,
        details={"booking_id": booking.id, "status_before": before, **(details or {})},
    )


def advance(
    request: Any,
    booking: Any,
    target: str,
    *,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
    details: Mapping[str, DetailValue] | None = None,
) -> None:
    """Move a request, whose booking is locked, to `target`, whose right the caller has checked."""
    note(request, booking, target, actor=actor, now=now, reason=reason, details=details)
    request.set(status=target, version=request.version + 1)


def tell(
    request: Any,
    booking: Any,
    event: str,
    sides: Iterable[Side],
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Notify `sides` of an event; none of them comes twice to one request."""
    subject = subject_of(booking.id)
    title, message = _WORDS[event]
    words = {
        "what": f"{request.tracking_number} ({request.request_title})",
        "unit": f"{subject.unit_number} in {subject.project_name}",
        "cost": f"{booking.project.currency} {money_text(request.estimated_cost)}",
        "reason": f": {reason}" if reason else ".",
    }
    for side in sides:
        notify(
            getattr(subject, side),
            "change_request",
            title=title,
            message=message.format_map(words)[:LONGEST_MESSAGE],
            entity="change_request",
            entity_id=request.id,
            action_url=f"/change-requests/{request.id}",
            dedupe_key=f"change_request:{request.id}:{event}",
            now=now,
        )


def end_all(booking: Any, because: str, *, actor: Identity | None, now: datetime) -> None:
    """Void what is open on a booking that has become `because`, and tell whoever did not end it.

    What its rows owe is for the end of the booking to settle.
    """
    booking_id = booking.id
    sides: tuple[Side, ...] = BOTH
    if actor is not None:
        sides = ("builder",) if actor.role == "customer" else ("customer",)
    reason = f"The booking was {because}."
    waiting = ChangeRequest.select(lambda c: c.booking.id == booking_id and c.status in OPEN)
    for request in waiting.order_by(lambda c: c.id):
        target = check_change("end", request.status, because, "system")
        advance(request, booking, target, actor=actor, now=now, reason=reason)
        tell(request, booking, target, sides, now=now, reason=reason)
