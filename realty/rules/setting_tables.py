"""The settings that are tables: their rows, and the check that a table makes sense.

A table is stored as a JSON array of objects whose properties are exactly the row's fields:
percentages and money as texts with two places, the rest as JSON integers, texts and null.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from decimal import Decimal
from typing import Any, TypeVar

from realty.rules.money import HUNDRED, MOST, money_text
from realty.rules.settings_spec import decimal_text, refused, whole_number

MOST_ROWS = 100
MOST_CHARACTERS = 120
MOST_COUNT = 3650
ANY_STATE = "*"
"""The row of a state that has none of its own."""

COUNTED_RULES = ("days_after_agreement", "months_after_agreement")
DUE_RULES = ("on_booking", "on_agreement", *COUNTED_RULES, "on_milestone")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class CancellationBand:
    """What a customer who cancels up to `up_to_days` after booking loses (null: any later day)."""

    up_to_days: int | None
    percent: Decimal


@dataclass(frozen=True, slots=True)
class StateCharges:
    """What a state takes from the buyer at registration: an estimate, shown beside the price.

    `registration_maximum` is the ceiling of the registration fee, null where there is none.
    """

    state: str
    stamp_duty_percent: Decimal
    registration_percent: Decimal
    registration_maximum: Decimal | None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line of a payment plan; with `parts` > 1 it becomes that many equal rows.

    `due_offset` counts the days or months of a `due_rule` that has them, else it is 0; part *n* is
    due after *n* times that. `milestone_code` goes with `on_milestone`; with several parts the
    codes are `slab_1`, `slab_2`, …
    """

    label: str
    percent: Decimal
    due_rule: str
    due_offset: int = 0
    milestone_code: str | None = None
    parts: int = 1


@dataclass(frozen=True, slots=True)
class VisitingHours:
    """One day's hours for visits, project-local, `HH:MM`."""

    day: str
    opens: str
    closes: str


def text(value: object) -> str:
    """`value` if it is a JSON text that is not blank and not long, else `ValidationFailed`."""
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_CHARACTERS:
        raise refused(f"It must be a text of 1 to {MOST_CHARACTERS} characters.")
    return value


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise refused("It must be an object.")
    return value


def day_offset(value: object) -> int:
    """A number of days before (negative) or after, within a year."""
    return whole_number(value, -365, 365)


def hours_before(value: object) -> int:
    """A number of hours before something, within 30 days."""
    return whole_number(value, 1, 720)


def items(value: object, read: Callable[[object], _Item]) -> tuple[_Item, ...]:
    """A JSON array, each element turned by `read`; `ValidationFailed` for anything else."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_ROWS:
        raise refused(f"It must be an array of 1 to {MOST_ROWS} elements.")
    return tuple(read(item) for item in value)


def _cell(column: Field[Any], value: object) -> object:
    kind, _, optional = str(column.type).partition(" | ")
    if optional and value is None:
        return None
    if kind == "str":
        return text(value)
    if kind == "int":
        return whole_number(value, 0, MOST_COUNT)
    return decimal_text(value, HUNDRED if column.name.endswith("percent") else MOST)


def rows(row_type: type[_Item]) -> Callable[[object], tuple[_Item, ...]]:
    """A reader of JSON tables whose rows are the dataclass `row_type`."""
    columns = fields(row_type)  # type: ignore[arg-type]  # only dataclasses are passed

    def read_row(value: object) -> _Item:
        row = _object(value)
        if row.keys() != {column.name for column in columns}:
            names = ", ".join(column.name for column in columns)
            raise refused(f"Each element must have exactly: {names}.")
        return row_type(**{column.name: _cell(column, row[column.name]) for column in columns})

    return lambda value: items(value, read_row)


def dump_rows(table: tuple[Any, ...]) -> list[dict[str, object]]:
    """The JSON form of a table of dataclass rows."""
    return [
        {
            column.name: money_text(cell) if isinstance(cell, Decimal) else cell
            for column in fields(row)
            for cell in [getattr(row, column.name)]
        }
        for row in table
    ]


def cancellation_bands(value: object) -> tuple[CancellationBand, ...]:
    """Bands by rising day, the last without an end, so that every day falls in one."""
    bands = rows(CancellationBand)(value)
    ends = [band.up_to_days for band in bands[:-1]]
    days = [end for end in ends if end is not None]
    if len(days) != len(ends) or days != sorted(set(days)) or bands[-1].up_to_days is not None:
        raise refused("The days must rise from band to band, and only the last be null.")
    return bands


def state_charges(value: object) -> tuple[StateCharges, ...]:
    """One row per state, and one for `*`."""
    charges = rows(StateCharges)(value)
    states = [row.state.casefold() for row in charges]
    if ANY_STATE not in states or len(set(states)) != len(states):
        raise refused("Each state must stand once, and * for all others.")
    return charges


def payment_plan(value: object) -> tuple[PlanRow, ...]:
    """A plan whose percents sum to exactly 100 and whose first row is due at the booking."""
    plan = rows(PlanRow)(value)
    for row in plan:
        if row.due_rule not in DUE_RULES:
            raise refused(f"A due_rule is one of {', '.join(DUE_RULES)}.")
        if (row.due_rule == "on_milestone") != (row.milestone_code is not None):
            raise refused("A row has a milestone_code when its due_rule is on_milestone.")
        if row.milestone_code is not None and not _CODE.fullmatch(row.milestone_code):
            raise refused("A milestone_code has small letters, digits and _, at most 40.")
        if row.due_rule not in COUNTED_RULES and row.due_offset:
            raise refused("Only days and months after the agreement have a due_offset.")
        if not row.parts or row.due_offset * row.parts > MOST_COUNT:
            raise refused(f"A row has a part or more, the last due by {MOST_COUNT} at the latest.")
    if sum(row.parts for row in plan) > MOST_ROWS:
        raise refused(f"A plan has at most {MOST_ROWS} rows.")
    if sum(row.percent for row in plan) != HUNDRED:
        raise refused("The percents must sum to exactly 100.00.")
    at_booking = [row for row in plan if row.due_rule == "on_booking"]
    if at_booking != [plan[0]] or plan[0].parts != 1:
        raise refused("The first row, in one part, and no other is due on_booking.")
    return plan


def visiting_hours(value: object) -> tuple[VisitingHours, ...]:
    """The hours of the days that have some, from an object of all seven: hours or null each."""
    week = _object(value)
    if week.keys() != set(DAYS):
        raise refused(f"It must have exactly: {', '.join(DAYS)}.")
    hours = tuple(
        row
        for day in DAYS
        if week[day] is not None
        for row in rows(VisitingHours)([{"day": day, **_object(week[day])}])
    )
    for row in hours:
        if not _HOUR.fullmatch(row.opens) or not _HOUR.fullmatch(row.closes):
            raise refused("Write hours as 09:00.")
        if row.opens >= row.closes:
            raise refused("A day must open before it closes.")
    return hours


def dump_visiting_hours(hours: tuple[VisitingHours, ...]) -> dict[str, dict[str, str] | None]:
    """The contract's `VisitingHours`: every day of the week, null for one without visits."""
    opened = {row.day: {"opens": row.opens, "closes": row.closes} for row in hours}
    return {day: opened.get(day) for day in DAYS}
