"""Asking for visits, and what the tests ask about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.db import Appointment, Notification
from realty.db.session import session
from tests.client import Answer, Api
from tests.factories import ProjectRow, slot_at

PATH = "/api/appointments"
REASON = {"reason": "We have fallen ill."}


def utc(moment: datetime) -> str:
    """A naive UTC moment as the contract writes it."""
    return f"{moment.isoformat()}Z"


def wish(project: ProjectRow, days: int = 3, clock: str = "10:00", **over: Any) -> dict[str, Any]:
    """The least body of createAppointment, so many days from today by the clock of the site."""
    return {
        "project_id": project.id,
        "appointment_type": "site_visit",
        "appointment_date": utc(slot_at(project, days, clock)),
        **over,
    }


def ask(api: Api, caller: Any, body: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Ask for a visit and return it."""
    visit: dict[str, Any] = api.as_(caller).post(PATH, body, status=201).data["appointment"]
    return visit


def act(api: Api, caller: Any, visit_id: int, action: str, **options: Any) -> Answer:
    """Confirm, complete or miss a visit."""
    return api.as_(caller).patch(f"{PATH}/{visit_id}/status", {"action": action}, **options)


def move(api: Api, caller: Any, visit_id: int, body: dict[str, Any], **options: Any) -> Answer:
    """Ask for another time."""
    return api.as_(caller).patch(f"{PATH}/{visit_id}/reschedule", body, **options)


def call_off(api: Api, caller: Any, visit_id: int, **options: Any) -> Answer:
    """Cancel a visit."""
    return api.as_(caller).post(f"{PATH}/{visit_id}/cancel", REASON, **options)


def shown(api: Api, caller: Any, visit_id: int) -> dict[str, Any]:
    """A visit as `caller` reads it."""
    visit: dict[str, Any] = api.as_(caller).get(f"{PATH}/{visit_id}").data["appointment"]
    return visit


def stored(visit_id: int, *names: str) -> tuple[Any, ...]:
    """Columns of a visit as they are stored."""
    with session():
        row = Appointment[visit_id]
        return tuple(getattr(row, name) for name in names)


def told(caller: Any, visit_id: int) -> list[tuple[str, str]]:
    """Title and message of what somebody was told of a visit, oldest first."""
    user_id = caller.user_id
    with session():
        rows = Notification.select(
            lambda n: n.user.id == user_id and n.related_entity_id == visit_id
        )
        return [(row.title, row.message) for row in rows.order_by(lambda n: n.id)]


def slots(
    api: Api, caller: Any, project: ProjectRow, **params: Any
) -> dict[tuple[str, str], dict[str, Any]]:
    """The times of a project, by the clock of the site: (day, clock) → slot."""
    data = api.as_(caller).get(f"{PATH}/slots", {"project_id": project.id, **params}).data
    return {
        (day["date"], slot["local_time"]): slot for day in data["days"] for slot in day["slots"]
    }
