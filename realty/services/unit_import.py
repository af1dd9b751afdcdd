"""Units out of a sheet: new ones and changes of present ones, all of a file or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, BinaryIO

from pony.orm import UnrepeatableReadError, select

from realty.adapters import sheets
from realty.adapters.sheets import SheetRefused, SheetsBusy
from realty.db import Project, Unit, stamps
from realty.db.bulk import insert_many, update_many
from realty.db.locks import lock, lock_rows
from realty.errors import Detail, NotFound, ServiceUnavailable, ValidationFailed
from realty.rules.money import money_text
from realty.rules.policy import Policy
from realty.rules.unit_import import Change, Key, Plan, Standing, plan_import
from realty.rules.unit_sheet import SheetError, SheetRow, read_header, read_row
from realty.security import Identity
from realty.services import audit
from realty.services.unit_export import COLUMNS, standing_units
from realty.services.units import count_units, require_open, require_room

FILE = "file"
MOST_ERRORS = 100
"""So many are told; how many there are is told beside them."""
_PLACES = {name: place for place, name in enumerate(COLUMNS)}


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or a dry run would do, and the project's counters after it."""

    project_id: int
    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    total_units: int
    available_units: int
    error_count: int
    errors: Sequence[SheetError]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What was read of a file: the units of its good rows, and what is wrong with the others."""

    count: int
    rows: list[SheetRow]
    errors: list[SheetError]
    sha256: str


def import_units(
    content: BinaryIO,
    *,
    actor: Identity,
    project_id: int,
    dry_run: bool,
    now: datetime,
    policy: Policy,
) -> Report:
    """Make or change the units of a project as the rows of a sheet say; they are told apart by
    tower and number, and a column that the sheet does not have stays as it is.

    A dry run writes nothing and tells everything that is wrong; it and the import judge alike.
    Raises `ValidationFailed` for a file that is no sheet and, but for a dry run, for anything that
    is wrong with a row; `Conflict` for new units in a project that is delivered or cancelled, or
    has too many; `ServiceUnavailable` while another sheet is being read.
    """
    sheet = _read(content, policy)
    if dry_run or sheet.errors:
        project, standing = Project.get(id=project_id), _by_key(standing_units(project_id))
    else:
        project, standing = _locked(project_id, sheet.rows)
    if project is None:
        raise NotFound
    plan = plan_import(sheet.rows, standing, COLUMNS)
    errors = sorted(sheet.errors + plan.errors, key=_place)
    total, available = _counted(project, standing, plan)
    if errors and not dry_run:
        raise _refusal(errors)
    if not dry_run and (plan.created or plan.changed):
        _write(plan, project_id, now)
        _note(plan, sheet, project_id, actor, now)
        if plan.created or any("price" in change.columns for change in plan.changed):
            total, available = count_units(project_id)
    return Report(
        project_id=project_id,
        dry_run=dry_run,
        rows=sheet.count,
        created=len(plan.created),
        updated=len(plan.changed),
        unchanged=plan.unchanged,
        total_units=total,
        available_units=available,
        error_count=len(errors),
        errors=errors[:MOST_ERRORS],
    )


def _read(content: BinaryIO, policy: Policy) -> _Sheet:
    """The sheet of a file, before anything is locked."""
    digest = sha256(content.read()).hexdigest()
    content.seek(0)
    try:
        found = sheets.read(content, most_rows=policy.units_import_max_rows)
    except SheetsBusy as busy:
        raise ServiceUnavailable from busy
    except SheetRefused as refused:
        field = FILE if refused.row is None else f"rows[{refused.row}]"
        raise ValidationFailed.at(field, str(refused)) from refused
    if not found:
        raise ValidationFailed.at(FILE, "The sheet is empty.")
    head, *lines = found
    layout, errors = read_header(head.number, head.cells, COLUMNS)
    if errors:
        # Without knowing what stands where there is no judging of cells.
        return _Sheet(len(lines), [], errors, digest)
    rows = []
    for line in lines:
        row, wrong = read_row(line.number, line.cells, line.unusable, layout, COLUMNS)
        errors += wrong
        if row is not None:
            rows.append(row)
    return _Sheet(len(lines), rows, errors, digest)


def _locked(project_id: int, rows: Iterable[SheetRow]) -> tuple[Any, dict[Key, Standing]]:
    """The project and its units; it and those of the rows are locked.

    Which units these are must be known before they are locked, and the project comes after them:
    when another import has made one of them meanwhile, the whole request runs again.
    """
    keys = {row.key for row in rows}
    present = select((u.id, u.tower, u.unit_number) for u in Unit if u.project.id == project_id)
    known = {row[0] for row in present.without_distinct() if row[1:] in keys}
    lock_rows(Unit, known)
    project = lock(Project, project_id)
    standing = _by_key(standing_units(project_id))
    if any(standing[key].unit_id not in known for key in keys & standing.keys()):
        raise UnrepeatableReadError("A unit of the sheet was made while it was being locked.")
    return project, standing


def _by_key(units: Iterable[Standing]) -> dict[Key, Standing]:
    return {(unit.columns["tower"], unit.columns["unit_number"]): unit for unit in units}


def _counted(project: Any, standing: Mapping[Key, Standing], plan: Plan) -> tuple[int, int]:
    """How many units the project has after the plan, and how many of them are available.

    Raises `Conflict` when it cannot get the new ones.
    """
    new = len(plan.created)
    if not new:
        return project.total_units, project.available_units
    require_open(project.status)
    require_room(len(standing) + new)
    available = sum(unit.status == "available" for unit in standing.values())
    return len(standing) + new, available + new


def _write(plan: Plan, project_id: int, now: datetime) -> None:
    common = {
        "project": project_id,
        "status": "available",
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    insert_many(Unit, [{**unit, **common} for unit in plan.created])
    # What differs in one row is written in all that change: one statement for five hundred.
    names = [name for name in COLUMNS if any(name in each.columns for each in plan.changed)]
    update_many(Unit, [_changed(change, names, now) for change in plan.changed])
    stamps.move_project(project_id)


def _changed(change: Change, names: Sequence[str], now: datetime) -> dict[str, Any]:
    unit = change.unit
    columns = {name: change.columns.get(name, unit.columns[name]) for name in names}
    return {"id": unit.unit_id, **columns, "version": unit.version + 1, "updated_at": now}


def _note(plan: Plan, sheet: _Sheet, project_id: int, actor: Identity, now: datetime) -> None:
    """One fact for the sheet with what it made, and one for each unit whose price it changed."""
    details: dict[str, Any] = {
        "created": len(plan.created),
        "updated": len(plan.changed),
        "sha256": sheet.sha256,
    }
    if plan.created:
        prices = [unit["price"] for unit in plan.created]
        details["lowest_price"] = money_text(min(prices))
        details["highest_price"] = money_text(max(prices))
    note = partial(audit.note, builder_id=actor.builder_id, actor=actor, now=now)
    note("units.imported", "project", project_id, details=details)
    for change in plan.changed:
        repriced = audit.differences(change.unit.columns, change.repriced)
        if repriced:
            note("unit.repriced", "unit", change.unit.unit_id, details=repriced)


def _refusal(errors: Sequence[SheetError]) -> ValidationFailed:
    rows = len({error.row for error in errors})
    return ValidationFailed(
        f"Nothing was imported: {len(errors)} errors in {rows} rows.",
        details=[Detail(each.field, each.reason, each.value) for each in errors[:MOST_ERRORS]],
    )


def _place(error: SheetError) -> tuple[int, int]:
    """Errors stand as their cells do."""
    return error.row, _PLACES.get(error.column or "", len(_PLACES))
