"""Reading change requests: pages with their counts, and one whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pony.orm import count, desc, select

from realty.db import Booking, ChangeRequest, Customer, scopes
from realty.db.enums import CHANGE_REQUEST_STATUSES
from realty.security import Identity
from realty.services.booking_queries import Due, schedule_of
from realty.services.paging import Page, page_of
from realty.services.timelines import Entry, timeline_of

_CARDS = (
    ChangeRequest.booking,
    Booking.unit,
    Booking.project,
    Booking.builder,
    Booking.customer,
    Customer.user,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a list is narrowed and ordered; all conditions hold together."""

    booking_id: int | None = None
    project_id: int | None = None
    status: str | None = None
    request_type: str | None = None
    priority: str | None = None
    q: str | None = None
    sort: str = "-created_at"


@dataclass(frozen=True, slots=True)
class Whole:
    """A request with what happened to it and the row that it made payable."""

    request: Any
    timeline: Sequence[Entry]
    variation: Due | None


def listed(
    actor: Identity, wanted: Filter, *, page: int, limit: int
) -> tuple[Page, Mapping[str, int]]:
    """A page of the caller's requests with all that their cards show, and the number of requests
    by status, every status named. The numbers are narrowed by booking, project and search alone."""
    found = _searched(scopes.visible_change_requests(actor), wanted)
    rows = _ordered(_narrowed(found, wanted), wanted.sort).prefetch(*_CARDS)
    return page_of(rows, page=page, limit=limit), _counts(found)


def whole(request_id: int, *, now: datetime) -> Whole:
    """One request with all that its cards show."""
    found = ChangeRequest.select(lambda c: c.id == request_id)
    request = found.prefetch(*_CARDS, Booking.installments)[:1][0]
    timeline = timeline_of("change_request", request_id, builder=request.booking.builder)
    rows = schedule_of(request.booking, now=now).rows
    variation = next((due for due in rows if due.row.change_request == request), None)
    return Whole(request, timeline, variation)


def _searched(found: Any, wanted: Filter) -> Any:
    if wanted.booking_id is not None:
        booking_id = wanted.booking_id
        found = found.filter(lambda c: c.booking.id == booking_id)
    if wanted.project_id is not None:
        project_id = wanted.project_id
        found = found.filter(lambda c: c.booking.project.id == project_id)
    if wanted.q is not None:
        words = wanted.q.lower()
        found = found.filter(
            lambda c: (
                words in c.tracking_number.lower()
                or words in c.request_title.lower()
                or words in c.booking.booking_number.lower()
                or words in c.booking.unit.unit_number.lower()
                or words in c.booking.project.project_name.lower()
                or words
                in (c.booking.customer.first_name + " " + c.booking.customer.last_name).lower()
            )
        )
    return found


def _narrowed(found: Any, wanted: Filter) -> Any:
    if wanted.status is not None:
        status = wanted.status
        found = found.filter(lambda c: c.status == status)
    if wanted.request_type is not None:
        request_type = wanted.request_type
        found = found.filter(lambda c: c.request_type == request_type)
    if wanted.priority is not None:
        priority = wanted.priority
        found = found.filter(lambda c: c.priority == priority)
    return found


def _ordered(found: Any, sort: str) -> Any:
    column = sort.removeprefix("-")
    if sort.startswith("-"):
        return found.order_by(lambda c: (desc(getattr(c, column)), desc(c.id)))
    return found.order_by(lambda c: (getattr(c, column), c.id))


def _counts(found: Any) -> dict[str, int]:
    by_status = dict(select((c.status, count(c.id)) for c in found))
    return {status: by_status.get(status, 0) for status in CHANGE_REQUEST_STATUSES}
