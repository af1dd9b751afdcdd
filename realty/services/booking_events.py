"""What every change of a booking leaves behind: its status, a line of history, a notification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pony.orm import select

from realty.db import Booking, Unit
from realty.db.locks import lock
from realty.errors import NotFound, ValidationFailed
from realty.rules.audit_chain import DetailValue
from realty.security import Identity
from realty.services import audit, history
from realty.services.notifications import notify_all

Side = Literal["customer", "builder"]
BOTH: tuple[Side, Side] = ("customer", "builder")

LONGEST_MESSAGE = 1000

_WORDS: dict[str, tuple[str, str]] = {
    "created": ("Unit booked", "{unit} is held under {number} until the token is due."),
    "repriced": ("Price changed", "The builder changed the price of {unit} ({number})."),
    "token_paid": (
        "Token paid",
        "The token of {number} for {unit} is paid: the builder may confirm it.",
    ),
    "token_lost": (
        "Token wanting again",
        "A receipt of {number} was taken back: {unit} is held until the token is due again.",
    ),
    "confirmed": ("Booking confirmed", "The builder confirmed {number} for {unit}."),
    "agreement_registered": (
        "Agreement registered",
        "The agreement of {number} for {unit} is registered.",
    ),
    "handed_over": ("Unit handed over", "{unit} ({number}) was handed over."),
    "expired": (
        "Booking expired",
        "The token of {number} was not paid in time: {unit} is available again.",
    ),
    "rejected": ("Booking rejected", "The builder rejected {number} for {unit}: {reason}"),
    "cancelled": ("Booking cancelled", "{number} for {unit} was cancelled: {reason}"),
}
"""Title and message of each event."""


class Subject(NamedTuple):
    """Whom a booking concerns, by user id, and what it is about."""

    unit_number: str
    project_name: str
    customer: int
    builder: int


def lock_booking(booking_id: int) -> Any:
    """The booking, locked and read under the lock."""
    return _present(lock(Booking, booking_id))


def lock_unit_and_booking(unit_id: int, booking_id: int) -> tuple[Any, Any]:
    """Both rows, locked in this order and read under their locks."""
    return _present(lock(Unit, unit_id)), lock_booking(booking_id)


def _present(row: Any | None) -> Any:
    if row is None:
        raise NotFound
    return row


def advance(
    booking: Any,
    target: str,
    *,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
    details: Mapping[str, DetailValue] | None = None,
) -> None:
    """Move a locked booking to `target`, whose right the caller has checked; `details` are what
    the audit log tells besides."""
    audit.note(
        f"booking.{target}",
        "booking",
        booking.id,
        builder_id=booking.builder.id,
        actor=actor,
        now=now,
        details={"status_before": booking.status, **(details or {})},
    )
    history.record(
        "booking",
        booking.id,
        before=booking.status,
        after=target,
        actor=actor,
        now=now,
        reason=reason,
    )
    booking.set(status=target, expires_at=None, version=booking.version + 1)


def tell(
    booking: Any,
    event: str,
    sides: Iterable[Side],
    *,
    now: datetime,
    reason: str | None = None,
    occasion: str = "",
) -> None:
    """Notify `sides` of an event, once; `occasion` tells one from another that may come again."""
    subject = subject_of(booking.id)
    title, message = _WORDS[event]
    words = {
        "number": booking.booking_number,
        "unit": f"{subject.unit_number} in {subject.project_name}",
        "reason": reason,
    }
    notify_all(
        [getattr(subject, side) for side in sides],
        "booking",
        title=title,
        message=message.format_map(words)[:LONGEST_MESSAGE],
        entity="booking",
        entity_id=booking.id,
        action_url=f"/bookings/{booking.id}",
        dedupe_key=f"booking:{booking.id}:{event}{occasion}",
        now=now,
    )


def subject_of(booking_id: int) -> Subject:
    """Whom a booking concerns, and the names of what it is about."""
    columns = select(
        (b.unit.unit_number, b.project.project_name, b.customer.user.id, b.builder.user.id)
        for b in Booking
        if b.id == booking_id
    )
    return Subject(*columns.without_distinct()[:1][0])


def written(text: str, field: str) -> str:
    """`text` without the blanks around it; raises `ValidationFailed` when nothing is left."""
    stripped = text.strip()
    if not stripped:
        raise ValidationFailed.at(field, "must not be blank")
    return stripped
