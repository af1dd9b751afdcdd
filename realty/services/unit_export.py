"""The units of a project as a sheet, which an import takes back without a change."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pony.orm import select

from realty.adapters import sheets
from realty.db import Unit
from realty.db.enums import FACINGS, UNIT_TYPES
from realty.errors import ValidationFailed
from realty.rules.policy import Policy
from realty.rules.unit_import import Standing
from realty.rules.unit_sheet import columns_of
from realty.services import unit_queries

COLUMNS = columns_of(UNIT_TYPES, FACINGS)
"""What a sheet of units has, in this order."""
_COUNTS = ("bedrooms", "bathrooms", "balconies", "parking_spaces")
_AS_TEXT = frozenset({"tower", "unit_number"})
"""A spreadsheet would make a date of `1-2` and drop the zeros of `001`."""
_TITLE = "Units"

SheetLine = list[str | int | Decimal]
"""The cells of one unit, in the order of `COLUMNS`."""


def standing_units(project_id: int, *, tower: str | None = None) -> list[Standing]:
    """The units of a project, or of one tower of it, as they stand, with the columns of a sheet.

    In one query, and without making objects of the rows.
    """
    units = Unit.select(lambda u: u.project.id == project_id)
    if tower is not None:
        units = units.filter(lambda u: u.tower == tower)
    rows = select(
        (
            u.id,
            u.status,
            u.version,
            u.tower,
            u.unit_number,
            u.floor_number,
            u.unit_type,
            u.area_sqft,
            u.carpet_area_sqft,
            u.price,
            u.floor_rise_per_sqft,
            u.preferential_charges,
            u.other_charges,
            u.facing,
            u.bedrooms,
            u.bathrooms,
            u.balconies,
            u.parking_spaces,
            u.features,
        )
        for u in unit_queries.as_they_stand(units)
    )
    return [_standing(*row) for row in rows.without_distinct()]


def lines(project_id: int, *, tower: str | None, policy: Policy) -> list[SheetLine]:
    """Every unit of a project, or of a tower of it, as the line of a sheet.

    Raises `ValidationFailed` for more than an import takes: `units.import_max_rows`.
    """
    units = standing_units(project_id, tower=tower)
    most = policy.units_import_max_rows
    if len(units) > most:
        message = f"A sheet has at most {most} units; export one tower at a time."
        raise ValidationFailed.at("tower", message, str(most))
    return [[column.show(unit.columns[name]) for name, column in COLUMNS.items()] for unit in units]


def workbook(units: Sequence[SheetLine]) -> bytes:
    """The lines as an XLSX file."""
    return sheets.workbook(_TITLE, tuple(COLUMNS), units, as_text=_AS_TEXT)


def _standing(unit_id: int, status: str, version: int, *cells: Any) -> Standing:
    columns = dict(zip(COLUMNS, cells, strict=True))
    # The API shows a count that is not stored as 0.
    counts = {name: columns[name] or 0 for name in _COUNTS}
    return Standing(unit_id, status, version, {**columns, **counts})
