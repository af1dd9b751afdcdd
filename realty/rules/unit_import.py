"""What the rows of a sheet make of the units of a project: pure comparison, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from realty.errors import ValidationFailed
from realty.rules.cost_sheet import TERM_COLUMNS, check_terms, terms_of
from realty.rules.lifecycles import PRICEABLE
from realty.rules.unit_sheet import Column, SheetError, SheetRow, cut

Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit as it stands, with the columns that a sheet has."""

    unit_id: int
    status: str
    version: int
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A unit and what becomes of it: only the columns that will differ."""

    unit: Standing
    columns: Mapping[str, Any]

    @property
    def repriced(self) -> Mapping[str, Any]:
        """Those of the columns that the cost sheet is made of."""
        return {name: self.columns[name] for name in TERM_COLUMNS if name in self.columns}


@dataclass(slots=True)
class Plan:
    """What an import does: the columns of new units, changes, and what must not be done."""

    created: list[Mapping[str, Any]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    errors: list[SheetError] = field(default_factory=list)


def plan_import(
    rows: Iterable[SheetRow], standing: Mapping[Key, Standing], columns: Mapping[str, Column]
) -> Plan:
    """Compare the rows with the units that stand there by tower and number.

    What is wrong with a row is an error of the plan: a number that stands in two rows, a column
    that a new unit needs, a price or area of a unit that is booked or sold, or terms that no unit
    has.
    """
    plan = Plan()
    first: dict[Key, int] = {}
    for row in rows:
        before = first.setdefault(row.key, row.number)
        if before != row.number:
            reason = f"Row {before} has the same tower and number."
            plan.errors.append(SheetError(row.number, "unit_number", row.key[1], reason))
            continue
        unit = standing.get(row.key)
        if unit is None:
            _create(plan, row, columns)
        else:
            _change(plan, row, unit, columns)
    return plan


def _create(plan: Plan, row: SheetRow, columns: Mapping[str, Column]) -> None:
    errors = [
        SheetError(row.number, name, None, "A new unit needs it, and the sheet has no such column.")
        for name, column in columns.items()
        if column.needed and name not in row.columns
    ]
    unit = {name: row.columns.get(name, column.empty) for name, column in columns.items()}
    errors = errors or _terms_errors(row.number, unit, columns)
    if errors:
        plan.errors += errors
    else:
        plan.created.append(unit)


def _change(plan: Plan, row: SheetRow, unit: Standing, columns: Mapping[str, Column]) -> None:
    present = unit.columns
    change = Change(unit, {n: value for n, value in row.columns.items() if value != present[n]})
    if not change.columns:
        plan.unchanged += 1
        return
    errors: Sequence[SheetError] = ()
    if change.repriced and unit.status not in PRICEABLE:
        reason = f"The unit is {unit.status}: it is part of what was sold."
        errors = [
            _error(row.number, name, change.columns[name], columns, reason)
            for name in change.repriced
        ]
    elif change.repriced:
        errors = _terms_errors(row.number, {**present, **change.columns}, columns)
    if errors:
        plan.errors += errors
    else:
        plan.changed.append(change)


def _terms_errors(
    number: int, unit: Mapping[str, Any], columns: Mapping[str, Column]
) -> list[SheetError]:
    try:
        check_terms(terms_of(unit))
    except ValidationFailed as refused:
        return [
            _error(number, each.field, unit[each.field], columns, each.message)
            for each in refused.details
        ]
    return []


def _error(
    number: int, name: str, value: Any, columns: Mapping[str, Column], reason: str
) -> SheetError:
    """An error at a value, shown as it stands in a sheet."""
    return SheetError(number, name, cut(str(columns[name].show(value))), reason)
