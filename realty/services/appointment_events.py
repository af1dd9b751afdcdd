"""What every move of a visit leaves behind: its status, a line of history, a notification."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from pony.orm import select

from realty.db import Appointment
from realty.rules.clock import local_moment
from realty.rules.words import date_in_words
from realty.security import Identity
from realty.services import history
from realty.services.booking_events import LONGEST_MESSAGE, Side
from realty.services.notifications import notify

_WORDS: dict[str, tuple[str, str]] = {
    "asked": (
        "Visit requested",
        "The {actor} asks for a {kind} at {project} on {when}. Please answer.",
    ),
    "confirmed": ("Visit confirmed", "The {actor} confirmed the {kind} at {project} on {when}."),
    "rescheduled": (
        "Visit rescheduled",
        "The {actor} moved the {kind} at {project} to {when}{reason} Please answer.",
    ),
    "changed": (
        "Visit details changed",
        "The builder changed the details of the {kind} at {project} on {when}.",
    ),
    "cancelled": (
        "Visit cancelled",
        "The {actor} cancelled the {kind} at {project} on {when}{reason}",
    ),
    "lapsed": ("Visit lapsed", "The {kind} at {project} on {when} was not confirmed in time."),
    "completed": ("Visit completed", "The {kind} at {project} on {when} took place. Thank you."),
    "no_show": (
        "Visit missed",
        "The builder waited in vain for the {kind} at {project} on {when}.",
    ),
    "reminder": ("Visit soon", "There is a {kind} at {project} on {when}."),
    "question": (
        "Visit not answered yet",
        "A {kind} at {project} on {when} waits for your answer, and is cancelled without it.",
    ),
}
"""Title and message of each event."""


class Subject(NamedTuple):
    """Whom a visit concerns, by user id, and what it is about."""

    appointment_type: str
    start: datetime
    project_name: str
    timezone: str
    customer: int
    builder: int


def subject_of(appointment_id: int) -> Subject:
    """Whom a visit concerns, and when and where it is."""
    columns = select(
        (
            a.appointment_type,
            a.appointment_date,
            a.project.project_name,
            a.project.timezone,
            a.customer.user.id,
            a.project.builder.user.id,
        )
        for a in Appointment
        if a.id == appointment_id
    )
    return Subject(*columns.without_distinct()[:1][0])


def advance(
    visit: Any,
    target: str,
    *,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
    **columns: Any,
) -> None:
    """Move a visit, whose project is locked, to `target`, whose right the caller has checked, and
    set `columns` with it. A visit that keeps its status and not its time has a line of history
    too."""
    history.record(
        "appointment",
        visit.id,
        before=visit.status,
        after=target,
        actor=actor,
        now=now,
        reason=reason,
    )
    visit.set(status=target, version=visit.version + 1, **columns)
    visit.flush()


def call_off(
    visit: Any, target: str, *, actor: Identity | None, now: datetime, reason: str
) -> None:
    """Cancel a visit for a reason: by the side that does it, or by the system."""
    advance(
        visit,
        target,
        actor=actor,
        now=now,
        reason=reason,
        awaiting=None,
        cancelled_by=actor.role if actor else "system",
        cancellation_reason=reason,
    )


def tell(
    visit: Any,
    event: str,
    sides: Iterable[Side],
    *,
    actor: Identity | None,
    now: datetime,
    reason: str | None = None,
    occasion: str = "",
) -> None:
    """Notify `sides` of an event, once; `occasion` tells one from another that may come again."""
    subject = subject_of(visit.id)
    title, message = _WORDS[event]
    words = {
        "actor": actor.role if actor else "system",
        "kind": subject.appointment_type.replace("_", " "),
        "project": subject.project_name,
        "when": time_in_words(subject.start, subject.timezone),
        "reason": f": {reason}" if reason else ".",
    }
    for side in sides:
        notify(
            getattr(subject, side),
            "appointment",
            title=title,
            message=message.format_map(words)[:LONGEST_MESSAGE],
            entity="appointment",
            entity_id=visit.id,
            action_url=f"/appointments/{visit.id}",
            dedupe_key=f"appointment:{visit.id}:{event}{occasion}",
            now=now,
        )


def time_in_words(moment: datetime, tz_name: str) -> str:
    """Day and clock time where the site is, with the name of its time then: `24 November 2026 at
    10:30 IST`."""
    local = local_moment(moment, tz_name)
    return f"{date_in_words(local.date())} at {local:%H:%M} {local:%Z}"
