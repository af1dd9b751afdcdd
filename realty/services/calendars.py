"""The calendar feed of an account: a secret link to its visits and to what falls due.

Whoever has the link reads the feed without signing in, so it tells what its owner may tell a
calendar and no more: no notes of a builder, no papers, no payments that were made.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from pony.orm import count, desc, max, select, sum  # noqa: A004 - max and sum are of a query

from realty.adapters.ics import Event, Status, calendar_bytes
from realty.db import Appointment, Booking, Installment, Project, User, scopes
from realty.db.locks import lock
from realty.errors import NotFound
from realty.rules.lifecycles import DEAD
from realty.rules.money import paisa
from realty.rules.slots import span_of
from realty.rules.words import amount_text
from realty.security import Identity
from realty.services import links
from realty.services.file_access import reader_of

PURPOSE = "calendar"
NAME = "Realty"
KEPT = timedelta(days=180)
"""What is longer ago stands in the feed no more."""
MOST_EVENTS = 2000
"""Of visits, and of dates on which something falls due; of more, the latest."""

_STATUSES: dict[str, Status] = {"scheduled": "TENTATIVE", "cancelled": "CANCELLED"}
_SHOWN = (Appointment.project, Project.builder, Appointment.unit, Appointment.customer)
_PLACES = {"site": "On site", "office": "At the office", "online": "Online"}


def issue(actor: Identity, *, now: datetime) -> str:
    """A new secret for the caller's feed; the one before works no more."""
    lock(User, actor.user_id)
    links.revoke(actor.user_id, PURPOSE, now=now)
    return links.issue(actor.user_id, PURPOSE, lifetime=None, now=now)


def revoke(actor: Identity, *, now: datetime) -> None:
    """End the caller's feed, if there is one."""
    lock(User, actor.user_id)
    links.revoke(actor.user_id, PURPOSE, now=now)


def feed(secret: str, *, portal_url: str, now: datetime) -> bytes:
    """The calendar that a secret opens, as iCalendar.

    Raises `NotFound` for one that is unknown or revoked, and for the feed of an account that is
    deactivated.
    """
    user_id = links.owner_of(secret, PURPOSE)
    if user_id is None:
        raise NotFound
    owner = reader_of(user_id)
    return calendar_bytes(NAME, _events(owner, portal_url, now - KEPT))


def _events(owner: Identity, portal_url: str, since: datetime) -> Iterator[Event]:
    """An administrator has neither visits nor dues of his own."""
    if owner.role == "admin":
        return
    host = urlsplit(portal_url).hostname or NAME.lower()
    visits = scopes.visible_appointments(owner).filter(lambda a: a.appointment_date >= since)
    newest = visits.order_by(lambda a: (desc(a.appointment_date), desc(a.id)))
    for visit in newest.prefetch(*_SHOWN)[:MOST_EVENTS]:
        yield _visit(visit, owner, portal_url, host)
    dues = _own_dues if owner.role == "customer" else _dues_by_day
    yield from dues(owner, portal_url, host, since.date())


def _visit(visit: Any, owner: Identity, portal_url: str, host: str) -> Event:
    project = visit.project
    kind = visit.appointment_type.replace("_", " ").capitalize()
    where = f"{visit.unit.unit_number}, " if visit.unit else ""
    title = f"{kind}: {where}{project.project_name}"
    builder, customer = project.builder, visit.customer
    other = builder.company_name
    if owner.role == "builder":
        other = f"{customer.first_name} {customer.last_name}"
    lines = [f"With {other}", visit.agenda or ""]
    if visit.attendees:
        lines.append(f"Attendees: {'; '.join(visit.attendees)}")
    if visit.status == "cancelled":
        title = f"Cancelled: {title}"
        lines.append(f"Cancelled: {visit.cancellation_reason}")
    address = project.location_address or project.location_city
    place = f"{project.project_name}, {address}" if visit.meeting_location == "site" else ""
    span = span_of(visit.appointment_date, visit.duration_minutes)
    return Event(
        uid=f"appointment-{visit.id}@{host}",
        start=span.start,
        end=span.end,
        title=title,
        status=_STATUSES.get(visit.status, "CONFIRMED"),
        changed_at=visit.updated_at,
        text="\n".join(line for line in lines if line),
        place=visit.meeting_details or place or _PLACES[visit.meeting_location],
        link=f"{portal_url}/appointments/{visit.id}",
        sequence=visit.version - 1,
    )


def _open_rows(owner: Identity, since: date) -> Any:
    """The rows of live bookings that are not paid and have a date."""
    dead = tuple(sorted(DEAD))
    return scopes.visible_installments(owner).filter(
        lambda i: (
            i.status not in ("void", "paid")
            and i.due_date is not None
            and i.due_date >= since
            and i.booking.status not in dead
        )
    )


def _own_dues(owner: Identity, portal_url: str, host: str, since: date) -> Iterator[Event]:
    """A customer's rows, one by one."""
    rows = _open_rows(owner, since).order_by(lambda i: (desc(i.due_date), desc(i.id)))
    cards = (Installment.booking, Booking.unit, Booking.project)
    for row in rows.prefetch(*cards)[:MOST_EVENTS]:
        booking = row.booking
        project = booking.project
        amount = amount_text(row.amount - row.paid_amount, project.currency)
        yield Event(
            uid=f"installment-{row.id}@{host}",
            start=row.due_date,
            end=None,
            title=f"Payment due: {amount}",
            status="CONFIRMED",
            changed_at=row.updated_at,
            text=(
                f"{row.label}, {booking.unit.unit_number} in {project.project_name}"
                f" ({booking.booking_number})"
            ),
            link=f"{portal_url}/bookings/{booking.id}",
        )


def _dues_by_day(owner: Identity, portal_url: str, host: str, since: date) -> Iterator[Event]:
    """What falls due for a builder, in one entry for each project and day: there may be hundreds
    of rows."""
    rows = _open_rows(owner, since)
    sums = select(
        (
            i.due_date,
            i.booking.project,
            count(i.id),
            sum(i.amount - i.paid_amount),
            max(i.updated_at),
        )
        for i in rows
    ).order_by(desc(1), 2)
    for day, project, number, amount, changed_at in sums[:MOST_EVENTS]:
        yield Event(
            uid=f"due-{project.id}-{day.isoformat()}@{host}",
            start=day,
            end=None,
            title=f"Payments due: {amount_text(paisa(Decimal(amount)), project.currency)}",
            status="CONFIRMED",
            changed_at=changed_at,
            text=f"{number} in {project.project_name}",
            link=f"{portal_url}/projects/{project.id}",
        )
