"""Visits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from realty.db import Appointment, Project
from realty.db.session import session
from realty.rules.clock import instant, local_date
from tests.deployment import CLOCK
from tests.factories.catalogue import ProjectRow
from tests.factories.people import CustomerAccount


def slot_at(project: ProjectRow, days: int, clock: str = "10:00") -> datetime:
    """The naive UTC at which the clock of the site shows `clock`, so many days from today."""
    with session():
        zone = Project[project.id].timezone
    day = local_date(CLOCK.now(), zone) + timedelta(days=days)
    return instant(datetime.fromisoformat(f"{day.isoformat()}T{clock}"), zone)


def make_appointment(
    project: ProjectRow,
    customer: CustomerAccount,
    start: datetime | None = None,
    status: str = "scheduled",
    **over: Any,
) -> int:
    """A visit in any status, three days from today at ten unless told; return its id.

    The customer asked for it: scheduled, it waits for the builder.
    """
    begins = start or slot_at(project, 3)
    with session():
        visit = Appointment(
            **{
                "customer": customer.customer_id,
                "project": project.id,
                "appointment_type": "site_visit",
                "appointment_date": begins,
                "duration_minutes": 60,
                "status": status,
                "attendees": ["Ananyā Iyer"],
                "created_by": "customer",
                "awaiting": "builder" if status == "scheduled" else None,
                "cancelled_by": "customer" if status == "cancelled" else None,
                "cancellation_reason": "Rain" if status == "cancelled" else None,
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        visit.flush()
        appointment_id: int = visit.id
        return appointment_id
