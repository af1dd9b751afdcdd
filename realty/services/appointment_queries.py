"""Reading visits: pages with their counts, one whole, and the times that a project offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pony.orm import count, desc, select

from realty.db import Appointment, Customer, Project, Unit, User, scopes
from realty.db.enums import APPOINTMENT_STATUSES
from realty.errors import NotFound
from realty.rules.appointments import OPEN, Standing
from realty.rules.clock import day_begins, local_date
from realty.rules.slots import Day, Span, VisitRules, check_range, days_of
from realty.security import Identity
from realty.services.appointment_times import taken_by
from realty.services.paging import Page, page_of
from realty.services.policy import current_policy
from realty.services.timelines import Entry, timeline_of

CARDS = (
    Appointment.project,
    Appointment.unit,
    Appointment.booking,
    Appointment.customer,
    Customer.user,
    Project.builder,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a list is narrowed and ordered; all conditions hold together.

    `since` and `until` are the first and the last day on which a visit begins.
    """

    status: str | None = None
    appointment_type: str | None = None
    meeting_location: str | None = None
    awaiting: str | None = None
    project_id: int | None = None
    unit_id: int | None = None
    booking_id: int | None = None
    customer_id: int | None = None
    since: date | None = None
    until: date | None = None
    q: str | None = None
    sort: str = "-created_at"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit with what decides about it, and, where one is asked for, what happened to it."""

    row: Any
    standing: Standing
    timeline: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """The times that a project offers for visits of `minutes`."""

    project: Any
    rules: VisitRules
    minutes: int
    days: Sequence[Day]


def listed(
    actor: Identity, wanted: Filter, *, page: int, limit: int, now: datetime
) -> tuple[Page, Sequence[Visit], Mapping[str, int]]:
    """A page of the caller's visits with all that their cards show, and the number of visits by
    status, every status named, with those that are to come and those that wait for the caller.
    The numbers are narrowed by what a visit is about and the search alone."""
    policy = current_policy()
    found = _searched(scopes.visible_appointments(actor), wanted)
    rows = _ordered(_narrowed(found, wanted, actor), wanted.sort).prefetch(*CARDS)
    shown = page_of(rows, page=page, limit=limit)
    visits = [Visit(row, Standing.of(row, policy)) for row in shown.rows]
    return shown, visits, _counts(found, actor, now)


def whole(appointment_id: int) -> Visit:
    """One visit with all that its cards show."""
    row = Appointment.select(lambda a: a.id == appointment_id).prefetch(*CARDS)[:1][0]
    timeline = timeline_of("appointment", appointment_id, builder=row.project.builder)
    return Visit(row, Standing.of(row, current_policy()), timeline)


def calendar(
    project_id: int,
    *,
    viewer: Identity | None,
    first: date | None,
    last: date | None,
    minutes: int | None,
    now: datetime,
) -> Calendar:
    """The times of some days at a project that the caller sees; a customer's own visits are marked.

    Raises `NotFound`, and `ValidationFailed` for days that are too many or too far off.
    """
    project = scopes.visible_projects(viewer).filter(lambda p: p.id == project_id).first()
    if project is None:
        raise NotFound
    policy = current_policy()
    rules = VisitRules.of(project, policy)
    length = timedelta(minutes=minutes or policy.appointment_default_minutes)
    today = local_date(now, rules.timezone)
    first, days = check_range(first, last, length, rules, today=today)
    within = Span(
        day_begins(first, rules.timezone),
        day_begins(first + timedelta(days=days), rules.timezone),
    )
    own: dict[int, Span] = {}
    if viewer is not None and viewer.customer_id is not None:
        own = taken_by(within, customer_id=viewer.customer_id)
    shown = days_of(
        first,
        days,
        length,
        rules,
        taken=list(taken_by(within, project_id=project_id).values()),
        own=list(own.values()),
        now=now,
    )
    return Calendar(project, rules, length // timedelta(minutes=1), shown)


def _searched(found: Any, wanted: Filter) -> Any:
    if wanted.project_id is not None:
        project_id = wanted.project_id
        found = found.filter(lambda a: a.project.id == project_id)
    if wanted.unit_id is not None:
        unit_id = wanted.unit_id
        found = found.filter(lambda a: a.unit.id == unit_id)
    if wanted.booking_id is not None:
        booking_id = wanted.booking_id
        found = found.filter(lambda a: a.booking.id == booking_id)
    if wanted.customer_id is not None:
        customer_id = wanted.customer_id
        found = found.filter(lambda a: a.customer.id == customer_id)
    if wanted.q is not None:
        words = wanted.q.lower()
        # A visit need not be about a unit, and a join would lose those that are not.
        units = select(u.id for u in Unit if words in u.unit_number.lower())
        found = found.filter(
            lambda a: (
                words in a.project.project_name.lower()
                or words in (a.customer.first_name + " " + a.customer.last_name).lower()
                or words in a.agenda.lower()
                or a.unit.id in units
            )
        )
    return found


def _narrowed(found: Any, wanted: Filter, actor: Identity) -> Any:
    if wanted.status is not None:
        status = wanted.status
        found = found.filter(lambda a: a.status == status)
    if wanted.appointment_type is not None:
        appointment_type = wanted.appointment_type
        found = found.filter(lambda a: a.appointment_type == appointment_type)
    if wanted.meeting_location is not None:
        meeting_location = wanted.meeting_location
        found = found.filter(lambda a: a.meeting_location == meeting_location)
    if wanted.awaiting is not None:
        awaiting = wanted.awaiting
        found = found.filter(lambda a: a.awaiting == awaiting)
    if wanted.since is None and wanted.until is None:
        return found
    user_id = actor.user_id
    zone = select(u.timezone for u in User if u.id == user_id).first()
    if wanted.since is not None:
        start = day_begins(wanted.since, zone)
        found = found.filter(lambda a: a.appointment_date >= start)
    if wanted.until is not None:
        end = day_begins(_day_after(wanted.until), zone)
        found = found.filter(lambda a: a.appointment_date < end)
    return found


def _day_after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def _ordered(found: Any, sort: str) -> Any:
    column = sort.removeprefix("-")
    if sort.startswith("-"):
        return found.order_by(lambda a: (desc(getattr(a, column)), desc(a.id)))
    return found.order_by(lambda a: (getattr(a, column), a.id))


def _counts(found: Any, actor: Identity, now: datetime) -> dict[str, int]:
    """In one statement; what began without an answer is to come no more and waits for nobody."""
    rows = select((a.status, a.awaiting, a.appointment_date > now, count(a.id)) for a in found)
    counts = dict.fromkeys((*APPOINTMENT_STATUSES, "upcoming", "awaiting_me"), 0)
    for status, awaiting, ahead, number in rows:
        counts[status] += number
        if ahead and status in OPEN:
            counts["upcoming"] += number
            counts["awaiting_me"] += number if awaiting == actor.role else 0
    return counts
