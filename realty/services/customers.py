"""Customers as builders and admins see them, and the own profile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pony.orm import desc, select

from realty.db import Booking, Customer, Project, User, scopes
from realty.errors import NotFound
from realty.security import Identity
from realty.services import accounts
from realty.services.paging import Page, page_of

ORDERS: dict[str, Any] = {
    "created_at": lambda c: (c.created_at, c.id),
    "-created_at": lambda c: (desc(c.created_at), desc(c.id)),
    "name": lambda c: (c.first_name, c.last_name, c.id),
    "-name": lambda c: (desc(c.first_name), desc(c.last_name), desc(c.id)),
}


def search(
    identity: Identity,
    *,
    q: str | None,
    project_id: int | None,
    sort: str,
    page: int,
    limit: int,
) -> Page:
    """The customers that the caller may see, with their users loaded; those who deleted their
    account are in nobody's list, though cards still name nobody in their place. Raises `NotFound`
    for a project that is not the caller's."""
    query = scopes.visible_customers(identity).filter(lambda c: c.user.deleted_at is None)
    if project_id is not None:
        _require_own_project(identity, project_id)
        booked = select(b.customer.id for b in Booking if b.project.id == project_id)
        query = query.filter(lambda c: c.id in booked)
    if q is not None:
        words = q.lower()
        query = query.filter(
            lambda c: (
                words in (c.first_name + " " + c.last_name).lower()
                or words in c.user.email
                or words in c.phone
            )
        )
    query = query.order_by(ORDERS[sort]).prefetch(Customer.user, User)
    return page_of(query, page=page, limit=limit)


def _require_own_project(identity: Identity, project_id: int) -> None:
    projects = Project.select(lambda p: p.id == project_id)
    if identity.role == "builder":
        builder_id = identity.builder_id
        projects = projects.filter(lambda p: p.builder.id == builder_id)
    if not select(p.id for p in projects)[:1]:
        raise NotFound


def read(customer_id: int) -> Any:
    """One customer; whether it is visible was decided by its resource."""
    return Customer[customer_id]


def update_own(
    identity: Identity,
    changes: dict[str, Any],
    *,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Change the caller's profile. Raises `StaleVersion`, `ValidationFailed`."""
    return accounts.update_profile(
        Customer, identity.customer_id, changes, expected=expected, now=now
    )
