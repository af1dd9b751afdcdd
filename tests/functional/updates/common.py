"""A project with its builder and somebody who has booked, and what the tests do with its news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pony.orm import select

from realty.db import Notification
from realty.db.session import session
from tests.client import Answer, Api
from tests.factories import (
    BookingRow,
    BuilderAccount,
    CustomerAccount,
    ProjectRow,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)

NEWS = {"update_title": "The fourth slab is cast", "update_content": "Curing takes until Friday."}


@dataclass(frozen=True)
class Site:
    """A project on which work goes on."""

    builder: BuilderAccount
    project: ProjectRow
    customer: CustomerAccount
    booking: BookingRow


def make_site(status: str = "confirmed", **over: Any) -> Site:
    """A project and a customer with a booking in it; `over` is of the project."""
    builder, customer = make_builder(), make_customer()
    project = make_project(builder, **over)
    booking = make_booking(make_unit(project), customer, status=status)
    return Site(builder, project, customer, booking)


def draft(api: Api, site: Site, **over: Any) -> dict[str, Any]:
    """A draft that the builder wrote."""
    path = f"/api/projects/{site.project.id}/updates"
    made: dict[str, Any] = api.as_(site.builder).post(path, {**NEWS, **over}, status=201).data
    update: dict[str, Any] = made["update"]
    return update


def edit(api: Api, site: Site, update_id: int, **changes: Any) -> Answer:
    """Change an update; `status` of the answer is 200 unless `expect` says otherwise."""
    expect, headers = changes.pop("expect", 200), changes.pop("headers", None)
    path = f"/api/updates/{update_id}"
    return api.as_(site.builder).patch(path, changes, status=expect, headers=headers)


def published(api: Api, site: Site, **over: Any) -> dict[str, Any]:
    """An update that the builder wrote and published."""
    update_id = draft(api, site, **over)["id"]
    update: dict[str, Any] = edit(api, site, update_id, status="published").data["update"]
    return update


def listed(api: Api, caller: Any, site: Site, **params: Any) -> Any:
    """The list of a project's news as a caller reads it."""
    path = f"/api/projects/{site.project.id}/updates"
    return api.as_(caller).get(path, params).data


def ids(data: Any) -> list[int]:
    """The ids of a list, in its order."""
    return [update["id"] for update in data["updates"]]


def told(update_id: int) -> list[int]:
    """The user ids of everybody who was told of an update, once for each time."""
    with session():
        rows = select(
            (n.id, n.user.id)
            for n in Notification
            if n.related_entity_type == "update" and n.related_entity_id == update_id
        )
        return sorted(user_id for _, user_id in rows)
