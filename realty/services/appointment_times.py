"""Which times are taken, by the visits of a project and by those of a customer."""

from __future__ import annotations

from typing import Any

from pony.orm import select

from realty.db import Appointment, Project, scopes
from realty.db.locks import lock
from realty.errors import AppointmentOverlap, Detail, NotFound, SlotUnavailable
from realty.rules.slots import LONGEST, OCCUPYING, Span, VisitRules, require_place, span_of
from realty.security import Identity


def lock_project(project_id: int) -> Any:
    """The project, locked: none of its visits changes meanwhile but by this transaction."""
    project = lock(Project, project_id)
    if project is None:
        raise NotFound
    return project


def taken_by(
    within: Span,
    *,
    project_id: int | None = None,
    customer_id: int | None = None,
    beside: int | None = None,
    statuses: frozenset[str] = OCCUPYING,
) -> dict[int, Span]:
    """The visits of a project or of a customer that take some of `within`, by their ids; the visit
    `beside` is left out."""
    among, start, end, earliest = tuple(sorted(statuses)), *within, within.start - LONGEST
    found = Appointment.select(
        lambda a: a.status in among and a.appointment_date < end and a.appointment_date > earliest
    )
    if project_id is not None:
        found = found.filter(lambda a: a.project.id == project_id)
    if customer_id is not None:
        found = found.filter(lambda a: a.customer.id == customer_id)
    rows = select((a.id, a.appointment_date, a.duration_minutes) for a in found)
    spans = {
        row_id: span_of(begins, minutes) for row_id, begins, minutes in rows if row_id != beside
    }
    return {row_id: span for row_id, span in spans.items() if span.end > start}


def require_free(
    span: Span,
    rules: VisitRules,
    project_id: int,
    customer_id: int,
    *,
    actor: Identity,
    beside: int | None = None,
    statuses: frozenset[str] = OCCUPYING,
) -> None:
    """Under both locks: a place in the project, and nothing else of the customer's at that time.

    A builder is not told of what a customer does at another's: there it is simply not to be had.
    """
    own = sorted(taken_by(span, customer_id=customer_id, beside=beside, statuses=statuses))
    if own:
        seen = scopes.visible_appointments(actor).filter(lambda a: a.id in own)
        known = select(a.id for a in seen).order_by(1)[:1]
        if not known:
            raise SlotUnavailable
        detail = Detail("appointment_date", "The customer's visit at this time.", str(known[0]))
        raise AppointmentOverlap(details=[detail])
    taken = taken_by(span, project_id=project_id, beside=beside, statuses=statuses)
    require_place(span, taken.values(), rules)
