"""The state machines of bookings, units and projects, as tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from realty.errors import Conflict, Detail, HasBookings, InvalidTransition, ValidationFailed

Role = Literal["customer", "builder", "admin", "system"]
UnitMover = Literal["builder", "booking", "system"]
"""Who moves a unit: its builder by hand, the booking service, or the clock."""

OCCUPYING = frozenset({"pending", "token_paid", "confirmed", "agreement_registered", "handed_over"})
"""A booking in one of these takes its unit."""
CANCELLABLE = OCCUPYING - {"handed_over"}
DEAD = frozenset({"expired", "rejected", "cancelled"})
AFTER_AGREEMENT = frozenset({"agreement_registered", "handed_over"})
"""Here the advance cap is lifted and rows may be demanded."""


@dataclass(frozen=True, slots=True)
class BookingTransition:
    """`roles` may move a booking from any of `sources` to `target`."""

    sources: frozenset[str]
    target: str
    roles: frozenset[str]


def _move(sources: set[str] | frozenset[str], target: str, *roles: Role) -> BookingTransition:
    return BookingTransition(frozenset(sources), target, frozenset(roles))


BOOKING_TRANSITIONS: Mapping[str, BookingTransition] = {
    "confirm": _move({"token_paid"}, "confirmed", "builder"),
    "reject": _move({"pending", "token_paid"}, "rejected", "builder"),
    "register_agreement": _move({"confirmed"}, "agreement_registered", "builder"),
    "hand_over": _move({"agreement_registered"}, "handed_over", "builder"),
    "cancel": _move(CANCELLABLE, "cancelled", "customer", "builder"),
    "reach_token": _move({"pending"}, "token_paid", "system"),
    "lose_token": _move({"token_paid"}, "pending", "system"),
    "expire": _move({"pending"}, "expired", "system"),
}
"""What may happen to a booking after its creation, in the order in which it is offered."""

UNIT_TRANSITIONS: Mapping[tuple[str, str], frozenset[UnitMover]] = {
    ("available", "reserved"): frozenset({"builder"}),
    ("available", "blocked"): frozenset({"builder"}),
    ("reserved", "available"): frozenset({"builder", "system"}),
    ("blocked", "available"): frozenset({"builder"}),
    ("available", "booked"): frozenset({"booking"}),
    ("reserved", "booked"): frozenset({"booking"}),
    ("booked", "sold"): frozenset({"booking"}),
    ("booked", "available"): frozenset({"booking"}),
    ("sold", "available"): frozenset({"booking"}),
}
PRICEABLE = frozenset({"available", "reserved", "blocked"})
"""A unit's price and areas change only in these."""

PROJECT_TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    "planning": ("construction", "on_hold", "cancelled"),
    "construction": ("completed", "on_hold", "cancelled"),
    "completed": ("delivered",),
    "delivered": (),
    "on_hold": ("cancelled",),
    "cancelled": (),
}
"""Beside these, a project on hold returns to the status it came from."""
CLOSED_TO_BOOKINGS = frozenset({"on_hold", "cancelled"})
NEEDED_DATES: Mapping[str, tuple[str, str]] = {
    "construction": ("start_date", "A project under construction has a start date."),
    "completed": (
        "occupancy_certificate_date",
        "A completed project has an occupancy certificate.",
    ),
    "delivered": (
        "occupancy_certificate_date",
        "A delivered project has an occupancy certificate.",
    ),
}
"""The date that a project has in a status, and what to say without it."""


def _open_transitions(status: str, role: Role) -> dict[str, str]:
    """Action → status that it leads to, for what `role` may do with a booking in `status`."""
    return {
        action: move.target
        for action, move in BOOKING_TRANSITIONS.items()
        if status in move.sources and role in move.roles
    }


def allowed_booking_actions(status: str, role: Role) -> tuple[str, ...]:
    """What `role` may do with a booking in `status`: the contract's `BookingAction`.

    `update` stands first: both sides may change a booking that could still be cancelled.
    """
    may_update = status in CANCELLABLE and role in {"customer", "builder"}
    return (*(["update"] if may_update else []), *_open_transitions(status, role))


def check_booking(action: str, status: str, role: Role) -> str:
    """The status that `action` leads to.

    Raises `InvalidTransition` when `role` may not do it now; its detail's `allowed` names the
    statuses to which `role` may move the booking.
    """
    possible = _open_transitions(status, role)
    if action not in possible:
        raise InvalidTransition.between("booking", status, action, tuple(possible.values()))
    return possible[action]


def require_booking_status(what: str, status: str, allowed: Collection[str]) -> None:
    """Raises `InvalidTransition` unless a booking's builder may do `what`, which moves no booking,
    in `status`; its detail's `allowed` names the statuses to which the builder may move it."""
    if status not in allowed:
        possible = tuple(_open_transitions(status, "builder").values())
        raise InvalidTransition.between("booking", status, what, possible)


def allowed_unit_statuses(status: str, mover: UnitMover) -> tuple[str, ...]:
    """The statuses to which `mover` may bring a unit from `status`."""
    return tuple(
        target
        for (source, target), movers in UNIT_TRANSITIONS.items()
        if source == status and mover in movers
    )


def check_unit(status: str, target: str, mover: UnitMover) -> None:
    """Raises `InvalidTransition` unless `mover` may bring a unit from `status` to `target`."""
    allowed = allowed_unit_statuses(status, mover)
    if target not in allowed:
        raise InvalidTransition.between("unit", status, target, allowed)


def allowed_project_statuses(status: str, previous: str | None) -> tuple[str, ...]:
    """Where a project may go from `status`; `previous` is where it was before it went on hold."""
    back = (previous,) if status == "on_hold" and previous is not None else ()
    return (*back, *PROJECT_TRANSITIONS[status])


def check_project(status: str, target: str, previous: str | None) -> None:
    """Raises `InvalidTransition` unless a project may go from `status` to `target`."""
    allowed = allowed_project_statuses(status, previous)
    if target not in allowed:
        raise InvalidTransition.between("project", status, target, allowed)


def check_project_dates(status: str, dates: Mapping[str, date | None]) -> None:
    """Raises `ValidationFailed` when `dates`, by column, lack the one that `status` needs."""
    field, message = NEEDED_DATES.get(status, ("", ""))
    if field and dates[field] is None:
        raise ValidationFailed.at(field, message)


def check_project_ready(
    target: str,
    *,
    start_date: date | None,
    occupancy_certificate_date: date | None,
    occupying_bookings: int,
    sold_not_handed_over: int,
) -> None:
    """What a status demands of a project beside its place in the table.

    Raises `ValidationFailed` naming the missing date, `HasBookings` on cancelling a project with
    occupying bookings, `Conflict` on delivering one with sold units not handed over.
    """
    dates = {
        "start_date": start_date,
        "occupancy_certificate_date": occupancy_certificate_date,
    }
    check_project_dates(target, dates)
    if target == "cancelled" and occupying_bookings:
        raise HasBookings(
            "A project with live bookings cannot be cancelled.",
            details=[Detail("status", "Bookings that are live.", str(occupying_bookings))],
        )
    if target == "delivered" and sold_not_handed_over:
        raise Conflict(
            "Every sold unit must be handed over first.",
            details=[Detail("status", "Units not handed over.", str(sold_not_handed_over))],
        )
