"""The building sites: phases as they were reported, with pictures, and what time brings about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from realty.demo.layout import PHASES, PhasePlan, phase_plans
from realty.demo.pictures import Album
from realty.demo.places import Place
from realty.demo.sales import ZONE
from realty.demo.timeline import Script, morning
from realty.rules.clock import local_date
from realty.security import Identity
from realty.services import demands, expiry, phases, projects, reminders
from realty.services.phase_queries import phases_of

LONG_AGO = timedelta(days=7)
LATELY = timedelta(days=12)
"""How often the clock is looked at: once a week, and every day of the last days."""


def build(place: Place, project_id: int, builder: Identity, album: Album, now: datetime) -> Script:
    """Plan the phases of a project, then report on each as it begins and as it ends."""
    today = local_date(now, ZONE)
    plans = phase_plans(place, today)
    at = yield now + timedelta(days=min(place.starts, 0) - 14)
    phases.replace(
        project_id,
        [plan.columns() for plan in plans],
        actor=builder,
        expected=None,
        now=at,
    )
    _picture(place, project_id, builder, album, at)
    ids = [row.id for row in phases_of(project_id)]
    for index, (plan, phase_id) in enumerate(zip(plans, ids, strict=True)):
        if plan.ended_on is None and not plan.under_way:
            return
        at = yield max(at, morning(plan.start_date))
        _report(phase_id, project_id, builder, at, progress_percentage=Decimal("10.00"))
        if plan.ended_on is None:
            at = yield now - timedelta(days=5)
            _photograph(place, plan, index, phase_id, project_id, builder, album, at)
            if place.status == "on_hold":
                _report(phase_id, project_id, builder, at, status="on_hold")
            return
        at = yield max(at, morning(plan.ended_on))
        _photograph(place, plan, index, phase_id, project_id, builder, album, at)


def watch_the_clock(
    begun: datetime, now: datetime, demanded: Callable[[int, datetime], None]
) -> Script:
    """What `realty tick` does, week by week; `demanded` is told each booking and the moment."""
    at = begun
    while True:
        at = yield at + (LONG_AGO if now - at > LATELY else timedelta(days=1))
        for phase_id in phases.late_phases(at):
            phases.mark_delayed(phase_id, at)
        for booking_id in demands.due_bookings(at):
            if demands.demand_due(booking_id, at):
                demanded(booking_id, at)
        for booking_id in demands.late_bookings(at):
            demands.mark_overdue(booking_id, at)
        for request_id in expiry.due_quotes(at):
            expiry.expire_quote(request_id, at)
        if now - at <= LATELY:
            for row_id in reminders.due_reminders(at):
                reminders.remind(row_id, at)


def _report(
    phase_id: int, project_id: int, builder: Identity, at: datetime, **changes: Any
) -> None:
    phases.update(phase_id, changes, project_id=project_id, actor=builder, expected=None, now=at)


def _photograph(
    place: Place,
    plan: PhasePlan,
    index: int,
    phase_id: int,
    project_id: int,
    builder: Identity,
    album: Album,
    at: datetime,
) -> None:
    """Report a phase as it stands now, with a picture of it."""
    name = f"{place.key}-{plan.milestone_code}"
    picture = album.site(name, storeys=1 + index, owner=builder, purpose="phase_image", now=at)
    done = plan.ended_on is not None
    _report(
        phase_id,
        project_id,
        builder,
        at,
        progress_percentage=Decimal("100.00") if done else Decimal("45.00"),
        milestone_images=[{"file_id": picture, "caption": f"{plan.phase_name}, from the gate"}],
        contractor_notes="Cube tests passed; next inspection by the structural engineer.",
        **({"actual_end_date": plan.ended_on} if done else {}),
    )


def _picture(place: Place, project_id: int, builder: Identity, album: Album, at: datetime) -> None:
    """The elevation, the typical floor and the brochure of a project."""
    elevation = album.site(
        f"{place.key}-elevation",
        storeys=len(PHASES) + 4,
        owner=builder,
        purpose="project_image",
        now=at,
    )
    lines = (place.name, place.address, f"RERA {place.rera_number}", place.authority)
    plan = album.paper(
        f"{place.key}-typical-floor",
        ("TYPICAL FLOOR", *lines),
        owner=builder,
        purpose="floor_plan",
        now=at,
        form="PNG",
    )
    brochure = album.paper(
        f"{place.key}-brochure", lines, owner=builder, purpose="brochure", now=at
    )
    projects.update(
        actor=builder,
        project_id=project_id,
        changes={
            "images": [{"file_id": elevation, "caption": f"{place.name}, elevation"}],
            "floor_plans": [{"file_id": plan, "caption": "Typical floor"}],
            "brochure_file_id": brochure,
        },
        expected=None,
        now=at,
    )
