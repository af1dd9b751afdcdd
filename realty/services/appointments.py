"""Visits: asked for, answered, moved, cancelled, held.

A project's row is the lock of its visits, and before it a customer's row that of theirs: both are
locked first, in this order, and only then is a visit read or a place counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from pony.orm import flush, select

from realty.db import Appointment, scopes
from realty.errors import Conflict, Detail, NotFound, ValidationFailed
from realty.rules.appointments import OPEN, Standing, check_appointment, other_side
from realty.rules.lifecycles import Role
from realty.rules.slots import VisitRules, check_time, span_of
from realty.security import Identity
from realty.services import history
from realty.services.appointment_events import advance, call_off, tell
from realty.services.appointment_times import lock_project, require_free
from realty.services.booking_events import Side, written
from realty.services.booking_terms import require_builder_for
from realty.services.living import lock_customer
from realty.services.policy import current_policy
from realty.services.versions import require_version

BUILDER_FIELDS = ("customer_id", "meeting_details", "notes")
ALWAYS_OPEN = frozenset({"notes"})
"""What may still be written on a visit that is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller asks for; `customer_id`, `meeting_details` and `notes` are the builder's.

    `duration_minutes` None is the setting's usual length.
    """

    project_id: int
    appointment_type: str
    appointment_date: datetime
    duration_minutes: int | None = None
    customer_id: int | None = None
    unit_id: int | None = None
    booking_id: int | None = None
    meeting_location: str = "site"
    meeting_details: str | None = None
    attendees: Sequence[str] = ()
    agenda: str | None = None
    notes: str | None = None


def arrange(wish: Wish, *, actor: Identity, now: datetime) -> Any:
    """Ask for a visit: a customer for himself, a builder for a customer that is joined to it.

    It is `scheduled`, takes its places at once, and waits for the other side's answer.

    Raises `NotFound` for a project, unit, booking or customer that the caller does not see,
    `ValidationFailed` for a time that is not offered or things that do not belong together,
    `Conflict` for a project that was cancelled, `SlotUnavailable`, `AppointmentOverlap`.
    """
    customer_id = _visitor(wish, actor)
    _require_project(wish.project_id, actor)
    unit_id = _unit_of(wish, customer_id, actor)
    policy = current_policy()
    project = _locked(customer_id, wish.project_id)
    _require_standing(project)
    rules = VisitRules.of(project, policy)
    minutes = wish.duration_minutes or policy.appointment_default_minutes
    span = span_of(wish.appointment_date, minutes)
    check_time(span, rules, now=now)
    require_free(span, rules, project.id, customer_id, actor=actor)
    awaited = cast("Side", other_side(actor.role))
    visit = Appointment(
        customer=customer_id,
        project=project,
        unit=unit_id,
        booking=wish.booking_id,
        appointment_type=wish.appointment_type,
        appointment_date=wish.appointment_date,
        duration_minutes=minutes,
        meeting_location=wish.meeting_location,
        meeting_details=wish.meeting_details,
        attendees=list(wish.attendees),
        agenda=wish.agenda,
        notes=wish.notes,
        created_by=actor.role,
        awaiting=awaited,
        created_at=now,
        updated_at=now,
    )
    flush()
    history.record("appointment", visit.id, before=None, after="scheduled", actor=actor, now=now)
    tell(visit, "asked", (awaited,), actor=actor, now=now)
    return visit


def confirm(
    appointment_id: int,
    *,
    project_id: int,
    customer_id: int,
    actor: Identity,
    now: datetime,
    expected: frozenset[int] | None = None,
) -> None:
    """Agree to the time, as the side whose answer is awaited.

    The places are counted again, among what is confirmed: a capacity that was lowered since, or an
    overlap, shows here. Raises `StaleVersion`, `InvalidTransition`, `SlotUnavailable`,
    `AppointmentOverlap`.
    """
    project = _locked(customer_id, project_id)
    visit, policy = Appointment.get(id=appointment_id), current_policy()
    require_version(visit, expected)
    target = check_appointment("confirm", Standing.of(visit, policy), _role(actor), now=now)
    require_free(
        span_of(visit.appointment_date, visit.duration_minutes),
        VisitRules.of(project, policy),
        project_id,
        customer_id,
        actor=actor,
        beside=appointment_id,
        statuses=frozenset({"confirmed"}),
    )
    asked_by = cast("Side", other_side(actor.role))
    advance(visit, target, actor=actor, now=now, awaiting=None)
    tell(visit, target, (asked_by,), actor=actor, now=now, occasion=_round_of(visit))


def conclude(
    appointment_id: int,
    action: str,
    *,
    project_id: int,
    actor: Identity,
    now: datetime,
    expected: frozenset[int] | None = None,
) -> None:
    """Say after the start whether the customer came: `complete` or `no_show`.

    Raises `StaleVersion`, `InvalidTransition`.
    """
    visit, target = _prepared(action, appointment_id, project_id, actor, now)
    require_version(visit, expected)
    advance(visit, target, actor=actor, now=now)
    tell(visit, target, ("customer",), actor=actor, now=now)


def reschedule(
    appointment_id: int,
    *,
    project_id: int,
    customer_id: int,
    appointment_date: datetime,
    duration_minutes: int | None,
    reason: str | None,
    actor: Identity,
    now: datetime,
    expected: frozenset[int] | None = None,
) -> None:
    """Move a visit to another time, or make it longer or shorter: it is `scheduled` again, and the
    other side's answer is awaited, whoever moved it before.

    Raises `StaleVersion`, `InvalidTransition`, `RescheduleLimit`, `ValidationFailed` for a time
    that is not offered or is the present one, `SlotUnavailable`, `AppointmentOverlap`.
    """
    project = _locked(customer_id, project_id)
    visit, policy = Appointment.get(id=appointment_id), current_policy()
    require_version(visit, expected)
    target = check_appointment("reschedule", Standing.of(visit, policy), _role(actor), now=now)
    minutes = duration_minutes or visit.duration_minutes
    if (appointment_date, minutes) == (visit.appointment_date, visit.duration_minutes):
        raise ValidationFailed.at("appointment_date", "The visit is at this time already.")
    rules, span = VisitRules.of(project, policy), span_of(appointment_date, minutes)
    check_time(span, rules, now=now)
    require_free(span, rules, project_id, customer_id, actor=actor, beside=appointment_id)
    awaited = cast("Side", other_side(actor.role))
    advance(
        visit,
        target,
        actor=actor,
        now=now,
        reason=reason,
        appointment_date=appointment_date,
        duration_minutes=minutes,
        awaiting=awaited,
        reschedule_reason=reason,
        reschedule_count=visit.reschedule_count + 1,
    )
    tell(
        visit,
        "rescheduled",
        (awaited,),
        actor=actor,
        now=now,
        reason=reason,
        occasion=_round_of(visit),
    )


def cancel(
    appointment_id: int, *, project_id: int, reason: str, actor: Identity, now: datetime
) -> None:
    """Call a visit off before it begins. Raises `InvalidTransition`, and `ValidationFailed` for a
    blank reason."""
    reason = written(reason, "reason")
    visit, target = _prepared("cancel", appointment_id, project_id, actor, now)
    call_off(visit, target, actor=actor, now=now, reason=reason)
    left = cast("Side", other_side(actor.role))
    tell(visit, target, (left,), actor=actor, now=now, reason=reason)


def call_off_coming(
    visits: Any, sides: Sequence[Side], *, actor: Identity, now: datetime, reason: str
) -> None:
    """Call off those of `visits`, all of locked projects, that are still to come, and tell these
    sides."""
    open_ones = tuple(OPEN)
    coming = visits.filter(lambda a: a.status in open_ones and a.appointment_date > now)
    for visit in coming.order_by(Appointment.id):
        call_off(visit, "cancelled", actor=actor, now=now, reason=reason)
        tell(visit, "cancelled", sides, actor=actor, now=now, reason=reason)


def update(
    appointment_id: int,
    *,
    project_id: int,
    changes: Mapping[str, Any],
    expected: frozenset[int] | None,
    actor: Identity,
    now: datetime,
) -> None:
    """Change what the builder writes on a visit; the customer is told of all but the notes.

    Raises `StaleVersion`, and `Conflict` for anything but the notes of a visit that is over.
    """
    lock_project(project_id)
    visit = Appointment.get(id=appointment_id)
    require_version(visit, expected)
    changed = {name: value for name, value in changes.items() if getattr(visit, name) != value}
    shown = changed.keys() - ALWAYS_OPEN
    if shown and visit.status not in OPEN:
        message = f"A visit that is {visit.status} keeps its details."
        raise Conflict(message, details=[Detail(name, message) for name in sorted(shown)])
    if not changed:
        return
    visit.set(**changed, version=visit.version + 1)
    visit.flush()
    if shown:
        occasion = f":{visit.version}"
        tell(visit, "changed", ("customer",), actor=actor, now=now, occasion=occasion)


def _visitor(wish: Wish, actor: Identity) -> int:
    """The customer who visits: the caller, or the one whom the calling builder names."""
    if actor.role == "customer":
        require_builder_for(actor, [f for f in BUILDER_FIELDS if getattr(wish, f) is not None])
        assert actor.customer_id is not None, "a customer's identity carries its customer_id"
        return actor.customer_id
    customer_id = wish.customer_id
    if customer_id is None:
        raise ValidationFailed.at("customer_id", "Name the customer that you invite.")
    joined = scopes.visible_customers(actor).filter(lambda c: c.id == customer_id)
    if not select(c.id for c in joined)[:1]:
        raise NotFound
    return customer_id


def _require_project(project_id: int, actor: Identity) -> None:
    """Raises `NotFound` unless the caller sees the project and, being a builder, owns it."""
    visible = scopes.visible_projects(actor).filter(lambda p: p.id == project_id)
    owners = select(p.builder.id for p in visible)[:1]
    if not owners or (actor.role == "builder" and owners[0] != actor.builder_id):
        raise NotFound


def _unit_of(wish: Wish, customer_id: int, actor: Identity) -> int | None:
    """The unit that a visit is about: the one that is named, else that of the booking.

    Raises `NotFound` for one that the caller does not see, `ValidationFailed` when customer,
    project, booking and unit do not belong together.
    """
    unit_id, booking_id = wish.unit_id, wish.booking_id
    if booking_id is not None:
        visible = scopes.visible_bookings(actor).filter(lambda b: b.id == booking_id)
        columns = select((b.project.id, b.customer.id, b.unit.id) for b in visible)
        rows = columns.without_distinct()[:1]
        if not rows or rows[0][1] != customer_id:
            raise NotFound
        if rows[0][0] != wish.project_id:
            raise ValidationFailed.at("booking_id", "The booking is in another project.")
        if unit_id not in {None, rows[0][2]}:
            raise ValidationFailed.at("unit_id", "The booking is of another unit.")
        return int(rows[0][2])
    if unit_id is not None:
        visible = scopes.visible_units(actor).filter(lambda u: u.id == unit_id)
        projects = select(u.project.id for u in visible)[:1]
        if not projects:
            raise NotFound
        if projects[0] != wish.project_id:
            raise ValidationFailed.at("unit_id", "The unit is in another project.")
    return unit_id


def _require_standing(project: Any) -> None:
    if project.status == "cancelled":
        raise Conflict("This project was cancelled: there is nothing to visit.")


def _locked(customer_id: int, project_id: int) -> Any:
    """The project, after the customer's row and its own were locked."""
    lock_customer(customer_id)
    return lock_project(project_id)


def _prepared(
    action: str, appointment_id: int, project_id: int, actor: Identity, now: datetime
) -> tuple[Any, str]:
    """A visit of the locked project, and where `action` leads it. Raises `InvalidTransition`."""
    lock_project(project_id)
    visit = Appointment.get(id=appointment_id)
    standing = Standing.of(visit, current_policy())
    return visit, check_appointment(action, standing, _role(actor), now=now)


def _role(actor: Identity) -> Role:
    return cast("Role", actor.role)


def _round_of(visit: Any) -> str:
    """The end of a notification's key: each time that is agreed on is told of anew."""
    return f":{visit.reschedule_count}"
