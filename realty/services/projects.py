"""Projects: create, change, move, publish, feature, save, delete.

The builder's `total_projects` counts its projects that are not cancelled and moves by one UPDATE
in the transaction of the project. `version` rises with what its builder or an admin changes, not
with the counters that follow from units: a sale must not make a builder's edit stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pony.orm import count, desc, exists, flush, select

from realty.db import Appointment, Booking, Builder, Project, StatusHistory, Unit, db, stamps
from realty.db.locks import lock, lock_many
from realty.errors import Conflict, Detail, HasBookings, NotFound, ValidationFailed
from realty.rules.clock import local_date, timezone_name
from realty.rules.currencies import currency_code
from realty.rules.lifecycles import (
    OCCUPYING,
    check_project,
    check_project_dates,
    check_project_ready,
)
from realty.rules.policy import Policy
from realty.rules.rera import registration_gate
from realty.rules.setting_tables import DAYS
from realty.security import Identity
from realty.services import audit, files, history
from realty.services.appointments import call_off_coming
from realty.services.versions import require_version

DECLARED = ("total_units", "price_range_min", "price_range_max")
"""What the builder declares until the project has units."""

_DECIMALS = ("price_range_min", "price_range_max", "project_area")
_REGISTRATION = frozenset({"rera_number", "rera_valid_until", "rera_exempt_reason", "timezone"})
_NOT_BEFORE_START = (
    "expected_completion_date",
    "actual_completion_date",
    "occupancy_certificate_date",
)
_COSTED = [
    *("project_type", "location_city", "location_state"),
    *("occupancy_certificate_date", "currency", "timezone"),
]
"""What every cost sheet of the project is made of, beside its units."""
NO_PROJECT = "The project was cancelled."
_PICTURES = {"images": "project_image", "floor_plans": "floor_plan"}
"""Columns of pictures, and what an uploaded one must be for."""
_NAMING_FILES = frozenset({*_PICTURES, "brochure_file_id"})
_FACTS = ("actual_completion_date", "occupancy_certificate_date")
# Children before parents. What stands in no list here (visits, conversations) keeps the project.
_DELETIONS = (
    # What was attached to any of it is attached to nothing, and so removed by the next tick.
    (
        "UPDATE files SET attached_to_type = NULL, attached_to_id = NULL WHERE"
        " (attached_to_type = 'project' AND attached_to_id = $project_id)"
        " OR (attached_to_type = 'unit' AND attached_to_id IN"
        " (SELECT id FROM units WHERE project_id = $project_id))"
        " OR (attached_to_type = 'phase' AND attached_to_id IN"
        " (SELECT id FROM project_progress WHERE project_id = $project_id))"
        " OR (attached_to_type = 'update' AND attached_to_id IN"
        " (SELECT id FROM construction_updates WHERE project_id = $project_id))"
        " OR (attached_to_type = 'model' AND attached_to_id IN"
        " (SELECT id FROM models_3d WHERE project_id = $project_id))"
    ),
    "DELETE FROM saved_projects WHERE project_id = $project_id",
    "DELETE FROM models_3d WHERE project_id = $project_id",
    (
        "DELETE FROM update_revisions WHERE update_id IN"
        " (SELECT id FROM construction_updates WHERE project_id = $project_id)"
    ),
    "DELETE FROM construction_updates WHERE project_id = $project_id",
    "DELETE FROM project_progress WHERE project_id = $project_id",
    "DELETE FROM cache_stamps WHERE project_id = $project_id",
    "DELETE FROM units WHERE project_id = $project_id",
    "DELETE FROM projects WHERE id = $project_id",
)


def create(*, actor: Identity, body: Mapping[str, Any], now: datetime, policy: Policy) -> Any:
    """A new project of the calling builder: in planning, unpublished, without units. One that
    states no capacity for visits has the setting's.

    Raises `ValidationFailed`, for its files as `files.attach` does.
    """
    _count_projects(actor.builder_id, 1)
    columns, named = _apart(body)
    columns.setdefault("slot_capacity", policy.appointment_slot_capacity)
    project = Project(
        builder=actor.builder_id,
        **_columns(columns),
        available_units=body["total_units"],
        created_at=now,
        updated_at=now,
    )
    _check(project)
    project.flush()
    _put_files(project, named, actor)
    project.flush()
    return project


def update(
    *,
    actor: Identity,
    project_id: int,
    changes: Mapping[str, Any],
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Change columns and, with `status` (and `reason`), the status, which sees the new dates.

    Raises `StaleVersion`, `ValidationFailed`, `InvalidTransition`, `HasBookings`, `Conflict` for
    what is kept from units, and `ReraRegistrationRequired` when a published project would lose
    what entitled it.
    """
    columns, named = _apart(changes)
    target, reason = columns.pop("status", None), columns.pop("reason", None)
    if target is None and "reason" in changes:
        raise ValidationFailed.at("reason", "A reason belongs to a change of status.")
    project = _locked(project_id)
    require_version(project, expected)
    _refuse_declared(project_id, columns)
    before = project.to_dict(_COSTED)
    project.set(**_columns(columns))
    repriced = audit.differences(before, project.to_dict(_COSTED))
    if repriced:
        audit.note(
            "project.repriced",
            "project",
            project_id,
            builder_id=actor.builder_id,
            actor=actor,
            now=now,
            details=repriced,
        )
    if "total_units" in columns:
        project.available_units = project.total_units
    _check(project)
    _put_files(project, named, actor)
    if target is not None:
        _move(project, target, actor=actor, now=now, reason=reason)
    _check_dates(project, columns, now)
    if project.is_published and not _REGISTRATION.isdisjoint(columns):
        _require_registration(project, now)
    project.version += 1
    project.flush()
    return project


def publish(*, project_id: int, now: datetime, policy: Policy) -> Any:
    """Show a project to everybody; one that is published stays as it is.

    Raises `ReraRegistrationRequired`, and `Conflict` for a cancelled project or a builder that
    must be verified first.
    """
    project = _locked(project_id)
    if project.is_published:
        return project
    if project.status == "cancelled":
        raise Conflict("A cancelled project cannot be published.")
    _require_registration(project, now)
    if policy.builders_require_verification:
        builder = lock(Builder, project.builder.id)
        if builder is None or not builder.verified:
            raise Conflict("Only a verified builder may publish a project.")
    project.set(is_published=True, version=project.version + 1)
    project.flush()
    return project


def unpublish(*, project_id: int) -> Any:
    """Hide a project from the public; one that is hidden stays as it is."""
    project = _locked(project_id)
    if project.is_published:
        project.set(is_published=False, version=project.version + 1)
        project.flush()
    return project


def feature(*, project_id: int, is_featured: bool, expected: frozenset[int] | None) -> Any:
    """Put a project among the featured ones or take it out; the same again changes nothing."""
    project = _locked(project_id)
    require_version(project, expected)
    if project.is_featured != is_featured:
        project.set(is_featured=is_featured, version=project.version + 1)
        project.flush()
    return project


def save(*, actor: Identity, project_id: int, now: datetime) -> None:
    """Keep an eye on a project; twice is once."""
    db.execute(
        "INSERT INTO saved_projects (customer_id, project_id, created_at)"
        " VALUES ($customer_id, $project_id, $now) ON CONFLICT DO NOTHING",
        {"customer_id": actor.customer_id, "project_id": project_id, "now": now},
    )


def unsave(*, actor: Identity, project_id: int) -> None:
    """No longer keep an eye on a project, whether it was saved or not."""
    db.execute(
        "DELETE FROM saved_projects WHERE customer_id = $customer_id AND project_id = $project_id",
        {"customer_id": actor.customer_id, "project_id": project_id},
    )


def delete(*, project_id: int) -> None:
    """Remove a project with its units, phases, updates, models and saved marks.

    Raises `HasBookings` once anything in it was ever booked. Visits and conversations about it
    stay on record, so they too keep it (the database's refusal becomes a `Conflict`).
    """
    lock_many(Unit, select(u.id for u in Unit if u.project.id == project_id))
    project = _locked(project_id)
    if exists(b for b in Booking if b.project.id == project_id):
        raise HasBookings
    for statement in _DELETIONS:
        db.execute(statement, {"project_id": project_id})
    stamps.move_catalogue()
    if project.status != "cancelled":
        _count_projects(project.builder.id, -1)


def _locked(project_id: int) -> Any:
    project = lock(Project, project_id)
    if project is None:
        raise NotFound
    return project


def _apart(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of a body, and what names files."""
    named = {name: body[name] for name in _NAMING_FILES if name in body}
    return {name: value for name, value in body.items() if name not in named}, named


def _put_files(project: Any, named: Mapping[str, Any], actor: Identity) -> None:
    """Attach the files that a body names to the project, and release those that it no longer
    names. Raises as `files.attach` does."""
    for column, purpose in _PICTURES.items():
        if column in named:
            pictures = files.exchange_pictures(
                getattr(project, column),
                named[column],
                owner=actor,
                purposes=(purpose,),
                entity="project",
                entity_id=project.id,
                field=column,
            )
            project.set(**{column: pictures})
    if "brochure_file_id" in named:
        project.brochure_file = files.exchange(
            project.brochure_file,
            named["brochure_file_id"],
            owner=actor,
            purposes=("brochure",),
            entity="project",
            entity_id=project.id,
            field="brochure_file_id",
        )


def _columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a body that has passed the contract; money and areas become `Decimal`."""
    decimals = {name: Decimal(body[name]) for name in _DECIMALS if body.get(name) is not None}
    return {**body, **decimals}


def _check(project: Any) -> None:
    """What the contract cannot say of a project's columns; raises `ValidationFailed`."""
    lowest, highest = project.price_range_min, project.price_range_max
    if lowest is not None and highest is not None and highest < lowest:
        raise ValidationFailed.at("price_range_max", "It must not be below price_range_min.")
    start = project.start_date
    for name in _NOT_BEFORE_START:
        day = getattr(project, name)
        if start is not None and day is not None and day < start:
            raise ValidationFailed.at(name, "It must not be before start_date.")
    timezone_name(project.timezone)
    currency_code(project.currency)
    week = project.visiting_hours or {}
    for name in DAYS:
        hours = week.get(name)
        if hours is not None and hours["closes"] <= hours["opens"]:
            raise ValidationFailed.at(f"visiting_hours.{name}", "It must close after it opens.")


def _check_dates(project: Any, columns: Mapping[str, Any], now: datetime) -> None:
    """What happened did not happen tomorrow, and a status keeps the date that it needs."""
    today = local_date(now, project.timezone)
    for name in _FACTS:
        if columns.get(name) is not None and columns[name] > today:
            raise ValidationFailed.at(name, "It must not be after today.", today.isoformat())
    dates = project.to_dict(["start_date", "occupancy_certificate_date"])
    if not dates.keys().isdisjoint(columns):
        check_project_dates(project.status, dates)


def _refuse_declared(project_id: int, columns: Mapping[str, Any]) -> None:
    """`Conflict` for what is kept from the units, once there are units."""
    sent = [name for name in DECLARED if name in columns]
    if sent and exists(u for u in Unit if u.project.id == project_id):
        raise Conflict(
            "Once a project has units, its totals are kept from them.",
            details=[Detail(name, "It is kept from the units.") for name in sent],
        )


def _move(project: Any, target: str, *, actor: Identity, now: datetime, reason: str | None) -> None:
    """Bring a locked project to `target`."""
    before, project_id = project.status, project.id
    check_project(before, target, _status_before_hold(project_id) if before == "on_hold" else None)
    check_project_ready(
        target,
        start_date=project.start_date,
        occupancy_certificate_date=project.occupancy_certificate_date,
        occupying_bookings=_bookings(project_id, OCCUPYING) if target == "cancelled" else 0,
        sold_not_handed_over=(
            _bookings(project_id, ("agreement_registered",)) if target == "delivered" else 0
        ),
    )
    project.status = target
    history.record(
        "project", project_id, before=before, after=target, actor=actor, now=now, reason=reason
    )
    if target == "cancelled":
        flush()
        visits = Appointment.select(lambda a: a.project.id == project_id)
        call_off_coming(visits, ("customer",), actor=actor, now=now, reason=NO_PROJECT)
        _count_projects(project.builder.id, -1)


def _status_before_hold(project_id: int) -> str | None:
    held = select(
        h
        for h in StatusHistory
        if h.entity == "project" and h.entity_id == project_id and h.to_status == "on_hold"
    )
    # By id, which rises under the project's lock; the clocks of two machines differ.
    latest = held.order_by(lambda h: desc(h.id)).first()
    return None if latest is None else latest.from_status


def _bookings(project_id: int, statuses: Any) -> int:
    wanted = tuple(statuses)
    found = count(b for b in Booking if b.project.id == project_id and b.status in wanted)
    return int(found)


def _require_registration(project: Any, now: datetime) -> None:
    registration_gate(
        rera_number=project.rera_number,
        valid_until=project.rera_valid_until,
        exempt_reason=project.rera_exempt_reason,
        today=local_date(now, project.timezone),
    )


def _count_projects(builder_id: int | None, change: int) -> None:
    """Move a builder's `total_projects`; it locks the builder's row, so a new project comes after
    it, and a change of one, whose row is locked first, before it."""
    db.execute(
        "UPDATE builders SET total_projects = total_projects + $change WHERE id = $builder_id",
        {"builder_id": builder_id, "change": change},
    )
