"""Projects, their units and phases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pony.orm import flush

from realty.db import (
    Builder,
    Project,
    ProjectPhase,
    Unit,
)
from realty.db.session import session
from realty.rules.clock import local_date
from tests.deployment import CLOCK
from tests.factories.base import ZONE, numbers
from tests.factories.people import BuilderAccount


@dataclass(frozen=True)
class ProjectRow:
    """A project."""

    id: int
    builder_id: int


@dataclass(frozen=True)
class UnitRow:
    """A unit."""

    id: int
    project_id: int
    builder_id: int
    unit_number: str


def make_project(
    builder: BuilderAccount, *, published: bool = True, status: str = "construction", **over: Any
) -> ProjectRow:
    """A project without units, registered with RERA, that counts among its builder's."""
    number = next(numbers)
    today = local_date(CLOCK.now(), ZONE)
    finished = status in {"completed", "delivered"}
    with session():
        row = Project(
            **{
                "builder": builder.builder_id,
                "project_name": f"Kāverī Heights {number}",
                "description": "Two towers around a garden.",
                "project_type": "residential",
                "status": status,
                "location_address": "Outer Ring Road, Bellandur",
                "location_city": "Bangalore",
                "location_state": "Karnataka",
                "location_zipcode": "560103",
                "amenities": ["Swimming pool", "Clubhouse"],
                "start_date": None if status == "planning" else today - timedelta(days=200),
                "expected_completion_date": today + timedelta(days=700),
                "actual_completion_date": today if finished else None,
                "occupancy_certificate_date": today if finished else None,
                "is_published": published,
                "rera_number": f"PRM/KA/RERA/1251/446/PR/{number:06d}",
                "rera_valid_until": today + timedelta(days=900),
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        if status != "cancelled":
            Builder[builder.builder_id].total_projects += 1
        row.flush()
        return ProjectRow(row.id, builder.builder_id)


def make_units(project: ProjectRow, n: int = 1, **over: Any) -> list[UnitRow]:
    """`n` units of a project, four to a floor, with the project's counters moved."""
    with session():
        row = Project[project.id]
        present = row.units.count()
        units = [_make_unit(row, present + index, over) for index in range(n)]
        flush()
        count_units(row)
        return [UnitRow(unit.id, row.id, project.builder_id, unit.unit_number) for unit in units]


def make_unit(project: ProjectRow, **over: Any) -> UnitRow:
    """One unit."""
    return make_units(project, 1, **over)[0]


def _make_unit(project: Any, index: int, over: dict[str, Any]) -> Any:
    floor, position = divmod(index, 4)
    return Unit(
        **{
            "project": project,
            "tower": "A",
            "unit_number": f"A-{floor + 1}{position + 1:02d}",
            "unit_type": "2bhk",
            "floor_number": floor + 1,
            "area_sqft": Decimal("1200.00"),
            "carpet_area_sqft": Decimal("900.00"),
            "price": Decimal("6000000.00"),
            "floor_rise_per_sqft": Decimal("25.00"),
            "facing": "east",
            "bedrooms": 2,
            "bathrooms": 2,
            "balconies": 1,
            "parking_spaces": 1,
            "created_at": CLOCK.now(),
            "updated_at": CLOCK.now(),
            **over,
        }
    )


def count_units(project: Any) -> None:
    """Keep what a project says about its units, as the services do."""
    units = list(project.units)
    prices = [unit.price for unit in units]
    project.set(
        total_units=len(units),
        available_units=sum(unit.status == "available" for unit in units),
        price_range_min=min(prices),
        price_range_max=max(prices),
    )


def make_phase(project: ProjectRow, **over: Any) -> int:
    """A phase of a project, not started, after those that the project has; return its id."""
    with session():
        row = Project[project.id]
        sequence = row.phases.count() + 1
        phase = ProjectPhase(
            **{
                "project": row,
                "sequence": sequence,
                "phase_name": f"Phase {sequence}",
                "weight_percent": Decimal("100.00"),
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        phase.flush()
        phase_id: int = phase.id
        return phase_id
