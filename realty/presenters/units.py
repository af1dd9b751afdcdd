"""Units and their grid as the contract shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from realty.db.enums import UNIT_TYPES
from realty.presenters.cards import project_card
from realty.presenters.files import file_ref
from realty.presenters.projects import status_counts
from realty.rules.clock import rfc3339
from realty.rules.cost_sheet import TERM_COLUMNS, UnitTerms, agreement_value, terms_of
from realty.rules.money import money_text
from realty.security import Identity
from realty.services.unit_queries import Availability, Cell
from realty.services.units import Generated


def unit_json(unit: Any, viewer: Identity | None) -> dict[str, Any]:
    """`Unit`; its project must be loaded. The builder's note is for its own builder only."""
    project = unit.project
    own = viewer is not None and viewer.builder_id == project.builder.id
    return {
        "id": unit.id,
        "project_id": project.id,
        "project": project_card(project),
        "tower": unit.tower,
        "unit_number": unit.unit_number,
        "unit_type": unit.unit_type,
        "floor_number": unit.floor_number,
        "area_sqft": money_text(unit.area_sqft),
        "carpet_area_sqft": money_text(unit.carpet_area_sqft),
        "price": money_text(unit.price),
        "floor_rise_per_sqft": money_text(unit.floor_rise_per_sqft),
        "preferential_charges": unit.preferential_charges,
        "other_charges": unit.other_charges,
        "agreement_value": money_text(agreement_value(_terms(unit))),
        "status": unit.status,
        "facing": unit.facing,
        "bedrooms": unit.bedrooms or 0,
        "bathrooms": unit.bathrooms or 0,
        "balconies": unit.balconies or 0,
        "parking_spaces": unit.parking_spaces or 0,
        "features": unit.features,
        "floor_plan_file": file_ref(unit.floor_plan_file),
        "reserved_until": rfc3339(unit.reserved_until),
        "reserved_note": unit.reserved_note if own else None,
        "version": unit.version,
        "created_at": rfc3339(unit.created_at),
        "updated_at": rfc3339(unit.updated_at),
    }


def _terms(unit: Any) -> UnitTerms:
    return terms_of({name: getattr(unit, name) for name in TERM_COLUMNS})


def generated_json(generated: Generated) -> dict[str, Any]:
    """`GeneratedUnits`."""
    return asdict(generated)


def availability_json(availability: Availability) -> dict[str, Any]:
    """`ProjectAvailability`; a project without units shows what its builder declared."""
    project, cells = availability.project, availability.cells
    by_type, by_status = availability.by_type(), availability.by_status()
    return {
        "project": project_card(project),
        "total_units": len(cells) or project.total_units,
        "available_units": by_status["available"] if cells else project.available_units,
        "towers": [
            {
                "tower": tower,
                "floors": [
                    {"floor_number": floor, "units": [_cell(cell) for cell in units]}
                    for floor, units in floors
                ],
            }
            for tower, floors in availability.towers()
        ],
        "by_type": [_type_count(kind, by_type[kind]) for kind in UNIT_TYPES if kind in by_type],
        "by_status": status_counts(by_status),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    """`AvailabilityUnit`."""
    return {
        "unit_id": cell.unit_id,
        "unit_number": cell.unit_number,
        "unit_type": cell.unit_type,
        "status": cell.status,
        "price": money_text(cell.price),
        "carpet_area_sqft": money_text(cell.carpet_area_sqft),
        "facing": cell.facing,
    }


def _type_count(unit_type: str, cells: Sequence[Cell]) -> dict[str, Any]:
    """`UnitTypeCount`."""
    prices = [cell.price for cell in cells]
    return {
        "unit_type": unit_type,
        "total_units": len(cells),
        "available_units": sum(cell.status == "available" for cell in cells),
        "price_min": money_text(min(prices)),
        "price_max": money_text(max(prices)),
    }
