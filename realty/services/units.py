"""Units: create, change, move, delete, and whole towers at once.

What a project says of its units (`total_units`, `available_units`, its price range) is counted
anew under the project's lock whenever units or prices change; a change of status moves
`available_units` by exactly its effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pony.orm import exists, flush, select

from realty.db import Booking, Project, Unit, db, stamps
from realty.db.bulk import insert_many
from realty.db.locks import lock
from realty.errors import Conflict, Detail, HasBookings, NotFound, ValidationFailed
from realty.rules.cost_sheet import check_terms, terms_of
from realty.rules.lifecycles import PRICEABLE
from realty.rules.money import money_text
from realty.rules.stacks import expand, unit_columns
from realty.security import Identity
from realty.services import audit, files
from realty.services.inventory import count_available, move_unit
from realty.services.versions import require_version

MOST_UNITS = 100_000
"""A project has no more; its counters and its grid are declared up to here."""
CLOSED_TO_UNITS = frozenset({"delivered", "cancelled"})
_DECIMALS = frozenset({"area_sqft", "carpet_area_sqft", "price", "floor_rise_per_sqft"})
_PRICE = _DECIMALS | {"unit_type", "preferential_charges", "other_charges"}
"""What the cost sheet is made of; the type of a unit decides its tax."""
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Generated:
    """What was generated, and the project's counters after it."""

    project_id: int
    count: int
    first_unit_number: str
    last_unit_number: str
    total_units: int
    available_units: int


def create(*, actor: Identity, body: Mapping[str, Any], now: datetime) -> Any:
    """A new unit, available, in a project of the calling builder.

    Raises `NotFound` for another's project, `Conflict` for one that is delivered or cancelled or a
    number that is taken, `ValidationFailed` for areas and prices that no unit has.
    """
    columns = {
        **unit_columns(body),
        "tower": body.get("tower"),
        "unit_number": body["unit_number"],
        "floor_number": body["floor_number"],
    }
    check_terms(terms_of(columns))
    project_id = body["project_id"]
    # The owner never changes, so it may be read before the lock; the row itself may not.
    owner_id = select(p.builder.id for p in Project if p.id == project_id).first()
    if owner_id is None or owner_id != actor.builder_id:
        raise NotFound
    _lock_open_project(project_id)
    _refuse_taken(project_id, [columns], "unit_number")
    unit = Unit(project=project_id, **columns, created_at=now, updated_at=now)
    count_units(project_id)
    _put_floor_plan(unit, body, actor)
    audit.note(
        "unit.created",
        "unit",
        unit.id,
        builder_id=owner_id,
        actor=actor,
        now=now,
        details={"project_id": project_id, "price": money_text(unit.price)},
    )
    return unit


def generate(
    *, actor: Identity, project_id: int, body: Mapping[str, Any], now: datetime
) -> Generated:
    """All units of a `UnitGeneration`, or none.

    Raises `ValidationFailed` as `stacks.expand` does, `Conflict` as `create` does.
    """
    units = expand(body)
    _lock_open_project(project_id)
    _refuse_taken(project_id, units, "unit_number_format")
    common = {
        "project": project_id,
        "status": "available",
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    insert_many(Unit, [{**unit, **common} for unit in units])
    total, available = count_units(project_id)
    prices = [unit["price"] for unit in units]
    audit.note(
        "units.generated",
        "project",
        project_id,
        builder_id=actor.builder_id,
        actor=actor,
        now=now,
        details={
            "count": len(units),
            "first_unit_number": units[0]["unit_number"],
            "last_unit_number": units[-1]["unit_number"],
            "lowest_price": money_text(min(prices)),
            "highest_price": money_text(max(prices)),
        },
    )
    return Generated(
        project_id=project_id,
        count=len(units),
        first_unit_number=units[0]["unit_number"],
        last_unit_number=units[-1]["unit_number"],
        total_units=total,
        available_units=available,
    )


def update(
    *,
    actor: Identity,
    unit_id: int,
    changes: Mapping[str, Any],
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Change columns of a unit.

    Raises `StaleVersion`, `Conflict` for a price or area of a unit that is booked or sold and for
    a number that is taken, `ValidationFailed` for areas and prices that no unit has, and for a
    floor plan as `files.attach` does.
    """
    unit = _locked(unit_id)
    require_version(unit, expected)
    columns = {
        name: Decimal(value) if name in _DECIMALS else value
        for name, value in changes.items()
        if name != "floor_plan_file_id"
    }
    before = unit.to_dict()
    priced = [name for name in columns if name in _PRICE]
    if priced:
        _check_price(unit.status, {**before, **columns}, priced)
        lock(Project, before["project"])
    if not {"tower", "unit_number"}.isdisjoint(columns):
        _refuse_taken(before["project"], [{**before, **columns}], "unit_number", but=unit_id)
    unit.set(**columns, version=unit.version + 1)
    _put_floor_plan(unit, changes, actor)
    if priced:
        count_units(before["project"])
    unit.flush()
    repriced = audit.differences(before, {name: columns[name] for name in priced})
    if repriced:
        audit.note(
            "unit.repriced",
            "unit",
            unit_id,
            builder_id=actor.builder_id,
            actor=actor,
            now=now,
            details=repriced,
        )
    return unit


def set_status(
    *,
    actor: Identity,
    unit_id: int,
    body: Mapping[str, Any],
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Reserve, block or release a unit; a reserved one may be reserved anew.

    Raises `StaleVersion`, `InvalidTransition`, and `ValidationFailed` for a reservation without an
    end to come, or with one where none belongs.
    """
    target = body["status"]
    _check_reservation(target, body, now)
    unit = _locked(unit_id)
    require_version(unit, expected)
    change = 0
    if target == unit.status == "reserved":
        unit.version += 1
    else:
        change = move_unit(
            unit, target, mover="builder", actor=actor, now=now, reason=body.get("reason")
        )
    if target == "reserved":
        note = body.get("reserved_note", unit.reserved_note)
        unit.set(reserved_until=body["reserved_until"], reserved_note=note)
    count_available(unit.project.id, change)
    return unit


def delete(*, unit_id: int) -> None:
    """Remove a unit that was never booked. A visit to it stays on record and so keeps it."""
    unit = _locked(unit_id)
    project_id = unit.project.id
    lock(Project, project_id)
    if exists(b for b in Booking if b.unit.id == unit_id):
        raise HasBookings
    # What was attached to it is attached to nothing, and so removed by the next tick.
    db.execute(
        "UPDATE files SET attached_to_type = NULL, attached_to_id = NULL WHERE"
        " (attached_to_type = 'unit' AND attached_to_id = $unit_id)"
        " OR (attached_to_type = 'model' AND attached_to_id IN"
        " (SELECT id FROM models_3d WHERE unit_id = $unit_id))",
        {"unit_id": unit_id},
    )
    db.execute("DELETE FROM models_3d WHERE unit_id = $unit_id", {"unit_id": unit_id})
    db.execute("DELETE FROM units WHERE id = $unit_id", {"unit_id": unit_id})
    count_units(project_id)


def _put_floor_plan(unit: Any, body: Mapping[str, Any], actor: Identity) -> None:
    """Exchange the floor plan of a stored unit for the one that a body names, if it does."""
    if "floor_plan_file_id" in body:
        unit.floor_plan_file = files.exchange(
            unit.floor_plan_file,
            body["floor_plan_file_id"],
            owner=actor,
            purposes=("floor_plan",),
            entity="unit",
            entity_id=unit.id,
            field="floor_plan_file_id",
        )


def _locked(unit_id: int) -> Any:
    unit = lock(Unit, unit_id)
    if unit is None:
        raise NotFound
    return unit


def _lock_open_project(project_id: int) -> None:
    project = lock(Project, project_id)
    if project is None:
        raise NotFound
    require_open(project.status)


def require_open(project_status: str) -> None:
    """Raises `Conflict` when a project in this status gets no more units."""
    if project_status in CLOSED_TO_UNITS:
        raise Conflict(f"A project that is {project_status} gets no more units.")


def _refuse_taken(
    project_id: int, units: Sequence[Mapping[str, Any]], field: str, *, but: int = 0
) -> None:
    """`Conflict` when another unit than `but` has one of these numbers in its tower."""
    numbers = {(unit["tower"], unit["unit_number"]) for unit in units}
    if len(numbers) == 1:
        ((_, number),) = numbers
        present = select(
            (u.tower, u.unit_number)
            for u in Unit
            if u.project.id == project_id and u.unit_number == number and u.id != but
        )
    else:
        present = select((u.tower, u.unit_number) for u in Unit if u.project.id == project_id)
    taken = sorted(numbers.intersection(present), key=str)
    if taken:
        raise Conflict(
            "A unit with this number exists.",
            details=[
                Detail(field, f"{f'Tower {tower}' if tower else 'The project'} has it.", number)
                for tower, number in taken[:_MOST_NAMED]
            ],
        )


def _check_price(status: str, columns: Mapping[str, Any], priced: Sequence[str]) -> None:
    if status not in PRICEABLE:
        raise Conflict(
            f"The price, the areas and the type of a unit that is {status} do not change.",
            details=[Detail(name, "It is part of what was sold.") for name in priced],
        )
    check_terms(terms_of(columns))


def _check_reservation(target: str, body: Mapping[str, Any], now: datetime) -> None:
    until = body.get("reserved_until")
    if target == "reserved":
        if until is None or until <= now:
            raise ValidationFailed.at("reserved_until", "Give a time that is still to come.")
        return
    for name in ("reserved_until", "reserved_note"):
        if body.get(name) is not None:
            raise ValidationFailed.at(name, "It belongs to a reservation only.")


def count_units(project_id: int) -> tuple[int, int]:
    """Count a locked project's units anew and return how many there are, and are available."""
    flush()
    counted = db.execute(
        "UPDATE projects SET (total_units, available_units, price_range_min, price_range_max) ="
        " (SELECT count(*), count(*) FILTER (WHERE status = 'available'), min(price), max(price)"
        " FROM units WHERE project_id = $project_id) WHERE id = $project_id"
        " RETURNING total_units, available_units",
        {"project_id": project_id},
        {},
    )
    stamps.move_project(project_id)
    total, available = counted.fetchone()
    require_room(total)
    return total, available


def require_room(total: int) -> None:
    """Raises `Conflict` when a project cannot have so many units."""
    if total > MOST_UNITS:
        raise Conflict(f"A project has at most {MOST_UNITS} units.")
