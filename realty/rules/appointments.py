"""The state machine of visits, as a table: who may do what, before the start or from it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from realty.errors import Detail, InvalidTransition, RescheduleLimit
from realty.rules.lifecycles import Role
from realty.rules.policy import Policy

BOTH_SIDES: frozenset[Role] = frozenset({"customer", "builder"})
OPEN = frozenset({"scheduled", "confirmed"})
"""The rest is final."""


@dataclass(frozen=True, slots=True)
class VisitTransition:
    """`roles` may bring a visit from any of `sources` to `target`, from its start on (`begun`) or
    before it; `awaited` where only the side whose answer is waited for may."""

    sources: frozenset[str]
    target: str
    roles: frozenset[Role]
    begun: bool
    awaited: bool = False


_BUILDER: frozenset[Role] = frozenset({"builder"})
_SYSTEM: frozenset[Role] = frozenset({"system"})
_SCHEDULED, _CONFIRMED = frozenset({"scheduled"}), frozenset({"confirmed"})
APPOINTMENT_TRANSITIONS: Mapping[str, VisitTransition] = {
    "confirm": VisitTransition(_SCHEDULED, "confirmed", BOTH_SIDES, begun=False, awaited=True),
    "reschedule": VisitTransition(OPEN, "scheduled", BOTH_SIDES, begun=False),
    "cancel": VisitTransition(OPEN, "cancelled", BOTH_SIDES, begun=False),
    "complete": VisitTransition(_CONFIRMED, "completed", _BUILDER, begun=True),
    "no_show": VisitTransition(_CONFIRMED, "no_show", _BUILDER, begun=True),
    "lapse": VisitTransition(_SCHEDULED, "cancelled", _SYSTEM, begun=True),
}
"""What may happen to a visit, in the order in which it is offered (domain, section 8)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a visit decides: its status, whose answer is awaited, its start (naive UTC), and how
    often it may still be rescheduled."""

    status: str
    awaiting: str | None
    start: datetime
    moves_left: int

    @classmethod
    def of(cls, visit: Any, policy: Policy) -> Standing:
        """Where a visit stands, by its columns."""
        return cls(
            status=visit.status,
            awaiting=visit.awaiting,
            start=visit.appointment_date,
            moves_left=max(0, policy.appointment_max_reschedules - visit.reschedule_count),
        )


def allowed_appointment_actions(standing: Standing, role: str, *, now: datetime) -> tuple[str, ...]:
    """What `role` may do with a visit at `now`: the contract's `AppointmentAction`."""
    return tuple(
        action
        for action in _possible(standing, role, now=now)
        if action != "reschedule" or standing.moves_left
    )


def check_appointment(action: str, standing: Standing, role: Role, *, now: datetime) -> str:
    """The status that `action` leads to.

    Raises `InvalidTransition` when `role` may not do it now; its first detail's `allowed` names
    the statuses to which `role` may bring the visit. Raises `RescheduleLimit` when it was moved as
    often as may be.
    """
    possible = _possible(standing, role, now=now)
    if action in possible:
        if action == "reschedule" and not standing.moves_left:
            raise RescheduleLimit
        return possible[action]
    allowed = tuple(dict.fromkeys(possible.values()))
    refusal = InvalidTransition.between("visit", standing.status, action, allowed)
    move = APPOINTMENT_TRANSITIONS[action]
    if standing.status not in move.sources:
        raise refusal
    if move.awaited and role != standing.awaiting:
        why = Detail("awaiting", f"The {standing.awaiting}'s answer is awaited.")
    else:
        when = "has not begun yet" if move.begun else "has begun"
        why = Detail("appointment_date", f"The visit {when}.")
    raise InvalidTransition(refusal.message, details=[*refusal.details, why])


def _possible(standing: Standing, role: str, *, now: datetime) -> dict[str, str]:
    """Action → status that it leads to, for what `role` may do with a visit at `now`."""
    begun = standing.start <= now
    return {
        action: move.target
        for action, move in APPOINTMENT_TRANSITIONS.items()
        if standing.status in move.sources
        and role in move.roles
        and begun == move.begun
        and (not move.awaited or role == standing.awaiting)
    }


def other_side(role: str) -> str:
    """The builder for a customer, the customer for a builder."""
    return "builder" if role == "customer" else "customer"
