"""The state machine of change requests, as a table, and until when a quote holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from realty.errors import Detail, InvalidTransition, ValidationFailed
from realty.rules.lifecycles import Role
from realty.rules.policy import Policy

OPEN = frozenset({"submitted", "under_review", "quoted", "approved", "in_progress"})
"""The rest is final. What is open becomes void with its booking's end."""
PRICEABLE_BOOKINGS = frozenset({"confirmed", "agreement_registered"})
"""Only on these may a change be asked for, priced and accepted (domain, section 12)."""
MOST_QUOTE_DAYS = 365


@dataclass(frozen=True, slots=True)
class ChangeTransition:
    """`role` may bring a request from any of `sources` to `target`.

    `prices` is what leads to money: it needs a booking on which something may still be priced.
    """

    sources: frozenset[str]
    target: str
    role: Role
    prices: bool = False


def _move(
    sources: set[str] | frozenset[str], target: str, role: Role, *, prices: bool = False
) -> ChangeTransition:
    return ChangeTransition(frozenset(sources), target, role, prices)


_UNANSWERED = {"submitted", "under_review"}
CHANGE_TRANSITIONS: Mapping[str, ChangeTransition] = {
    "review": _move({"submitted"}, "under_review", "builder", prices=True),
    "quote": _move(_UNANSWERED, "quoted", "builder", prices=True),
    "reject": _move(_UNANSWERED, "rejected", "builder"),
    "start": _move({"approved"}, "in_progress", "builder"),
    "complete": _move({"in_progress"}, "completed", "builder"),
    "void": _move({"approved"}, "void", "builder"),
    "accept": _move({"quoted"}, "approved", "customer", prices=True),
    "decline": _move({"quoted"}, "declined", "customer"),
    "withdraw": _move(_UNANSWERED | {"quoted"}, "withdrawn", "customer"),
    "expire": _move({"quoted"}, "expired", "system"),
    "end": _move(OPEN, "void", "system"),
}
"""What may happen to a request, in the order in which it is offered. A quote of nothing is
accepted by itself: it leads to `approved`. `end` comes with the end of the booking."""


def _open_transitions(status: str, booking_status: str, role: str) -> dict[str, str]:
    """Action → status that it leads to, for what `role` may do with a request now."""
    return {
        action: move.target
        for action, move in CHANGE_TRANSITIONS.items()
        if status in move.sources
        and role == move.role
        and (booking_status in PRICEABLE_BOOKINGS or not move.prices)
    }


def allowed_change_actions(
    status: str, booking_status: str, role: str, *, quote_holds: bool
) -> tuple[str, ...]:
    """What `role` may do with a request now: the contract's `ChangeRequestAction`.

    `quote_holds` is False from the moment at which the quote expires.
    """
    return tuple(
        action
        for action in _open_transitions(status, booking_status, role)
        if quote_holds or action != "accept"
    )


def check_change(action: str, status: str, booking_status: str, role: Role) -> str:
    """The status that `action` leads to.

    Raises `InvalidTransition` when `role` may not do it now; its detail's `allowed` names the
    statuses to which `role` may bring the request.
    """
    possible = _open_transitions(status, booking_status, role)
    if action in possible:
        return possible[action]
    allowed = tuple(dict.fromkeys(possible.values()))
    refusal = InvalidTransition.between("change request", status, action, allowed)
    priced = CHANGE_TRANSITIONS[action]
    if status not in priced.sources or role != priced.role:
        raise refusal
    booking = Detail("booking_id", f"Its booking is {booking_status}.", booking_status)
    raise InvalidTransition(
        f"A change of a booking that is {booking_status} is not priced any more.",
        details=[*refusal.details, booking],
    )


def quote_valid_until(asked: datetime | None, *, now: datetime, policy: Policy) -> datetime:
    """When a quote made at `now` expires: as `asked` (naive UTC), else after the usual days.

    Raises `ValidationFailed` for a time that is not to come, or too far off.
    """
    if asked is None:
        return now + timedelta(days=policy.change_request_quote_days)
    if asked <= now:
        raise ValidationFailed.at("quote_valid_until", "Give a time that is still to come.")
    if asked > now + timedelta(days=MOST_QUOTE_DAYS):
        message = f"A quote holds for {MOST_QUOTE_DAYS} days at most."
        raise ValidationFailed.at("quote_valid_until", message)
    return asked


def quote_holds(valid_until: datetime | None, now: datetime) -> bool:
    """Whether a quote may still be accepted at `now`."""
    return valid_until is not None and now < valid_until
