"""Units as rows of a sheet: its columns, what their cells may hold, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from realty.rules.money import MOST, ZERO, money_text, paisa
from realty.rules.spreadsheets import (
    escape,
    join_entries,
    original,
    reversible,
    split_entries,
    unescape,
)
from realty.rules.stacks import MOST_NUMBER_CHARACTERS, NUMBER

MOST_AREA = Decimal("99999999.99")
MOST_CHARGES = 30
MOST_FEATURES = 50
_LONGEST_TEXT = 100
_LONGEST_TOWER = 50
_LONGEST_SHOWN = 100

# Digits in groups of two or three, the last of three: 55,00,000 and 5,500,000 alike.
_AMOUNT = re.compile(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})(?:\.([0-9]{1,2})0*)?")
_WHOLE = re.compile(r"(-?[0-9]{1,9})(?:\.0*)?")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VISIBLE = re.compile(r"[^\s\x00-\x20\x7f-\xa0]")
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


class SheetError(NamedTuple):
    """One thing that is wrong: the row as the spreadsheet counts it, the column by its name, what
    stands there, and why it cannot be taken. `value` is at most 100 characters."""

    row: int
    column: str | None
    value: str | None
    reason: str

    @property
    def field(self) -> str:
        """The path that an error of the API names: `rows[17].price`."""
        return f"rows[{self.row}].{self.column}" if self.column else f"rows[{self.row}]"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One unit of a sheet: those columns that the sheet has, as the database holds them."""

    number: int
    columns: Mapping[str, Any]

    @property
    def key(self) -> tuple[str | None, str]:
        """What names the unit in its project: tower and number."""
        return self.columns.get("tower"), self.columns["unit_number"]


class _Refused(ValueError):
    """A cell cannot be taken, for the reason that the text gives."""


@dataclass(frozen=True, slots=True)
class Column:
    """How a column's cell is read (`_Refused` if it cannot be) and what is written into one; one
    that is not `needed` for a new unit may be empty, which means `empty`."""

    read: Callable[[str], Any]
    show: Callable[[Any], str | int | Decimal]
    needed: bool = False
    empty: Any = None


def _name(cell: str, *, longest: int) -> str:
    if len(cell) > longest or not NUMBER.fullmatch(cell):
        raise _Refused(
            f"It has 1 to {longest} of A-Z, a-z, 0-9, space and ./_- and begins and ends with a"
            " letter or digit."
        )
    return cell


def _choice(cell: str, *, choices: Sequence[str]) -> str:
    word = _BETWEEN_WORDS.sub("", cell).lower()
    if word not in choices:
        raise _Refused(f"It is none of {', '.join(choices)}.")
    return word


def _whole(cell: str, *, least: int, most: int) -> int:
    found = _WHOLE.fullmatch(cell)
    if found is None or not least <= int(found[1]) <= most:
        raise _Refused(f"It is no whole number from {least} to {most}.")
    return int(found[1])


def _amount(cell: str, *, most: Decimal) -> Decimal:
    found = _AMOUNT.fullmatch(cell)
    if found is None:
        raise _Refused("It is no amount of at most two places, such as 5500000.00 or 55,00,000.")
    figure = found[1].replace(",", "").lstrip("0") or "0"
    amount = Decimal(f"{figure}.{found[2] or 0}")
    if amount > most:
        raise _Refused(f"It is more than {most}.")
    return paisa(amount)


def _charges(cell: str) -> list[dict[str, str]]:
    charges = [_charge(entry) for entry in split_entries(cell)]
    if len(charges) > MOST_CHARGES:
        raise _Refused(f"It has more than {MOST_CHARGES} charges.")
    return charges


def _charge(entry: str) -> dict[str, str]:
    code, first, rest = entry.partition(":")
    label, second, amount = rest.rpartition(":")
    if not (first and second):
        raise _Refused("A charge is written as code: label: amount; the next follows after |.")
    if not _CODE.fullmatch(code.strip()):
        raise _Refused("A charge's code has 1 to 40 of a-z, 0-9 and _, a letter first.")
    return {
        "code": code.strip(),
        "label": _text(label.strip(), "label"),
        "amount": money_text(_amount(amount.strip(), most=MOST)),
    }


def _features(cell: str) -> list[str]:
    features = [_text(entry, "feature") for entry in split_entries(cell)]
    if len(features) > MOST_FEATURES:
        raise _Refused(f"It has more than {MOST_FEATURES} features.")
    if len(set(features)) < len(features):
        raise _Refused("A feature stands there twice.")
    return features


def _text(entry: str, what: str) -> str:
    try:
        text = unescape(entry)
    except ValueError as error:
        raise _Refused(str(error)) from error
    if not _VISIBLE.search(text) or len(text) > _LONGEST_TEXT:
        raise _Refused(f"A {what} has 1 to {_LONGEST_TEXT} characters, one of them visible.")
    return text


def _shown_charges(charges: Iterable[Mapping[str, str]]) -> str:
    return join_entries(
        f"{each['code']}: {escape(each['label'])}: {each['amount']}" for each in charges
    )


def _shown_features(features: Iterable[str]) -> str:
    return reversible(join_entries(escape(each) for each in features))


def _shown_text(text: str | None) -> str:
    return text or ""


def _shown_count(count: int | None) -> int:
    return count or 0


def _count_of(most: int) -> Column:
    return Column(partial(_whole, least=0, most=most), _shown_count, empty=0)


def columns_of(unit_types: Sequence[str], facings: Sequence[str]) -> Mapping[str, Column]:
    """The columns of a sheet by name, in their order, given the enums of two of them."""
    price, area = partial(_amount, most=MOST), partial(_amount, most=MOST_AREA)
    name = partial(_name, longest=MOST_NUMBER_CHARACTERS)
    return {
        "tower": Column(partial(_name, longest=_LONGEST_TOWER), _shown_text),
        "unit_number": Column(name, _shown_text, needed=True),
        "floor_number": Column(partial(_whole, least=-5, most=200), _shown_count, needed=True),
        "unit_type": Column(partial(_choice, choices=unit_types), _shown_text, needed=True),
        "area_sqft": Column(area, paisa, needed=True),
        "carpet_area_sqft": Column(area, paisa, needed=True),
        "price": Column(price, paisa, needed=True),
        "floor_rise_per_sqft": Column(price, paisa, empty=ZERO),
        "preferential_charges": Column(_charges, _shown_charges, empty=[]),
        "other_charges": Column(_charges, _shown_charges, empty=[]),
        "facing": Column(partial(_choice, choices=facings), _shown_text),
        "bedrooms": _count_of(20),
        "bathrooms": _count_of(20),
        "balconies": _count_of(20),
        "parking_spaces": _count_of(20),
        "features": Column(_features, _shown_features, empty=[]),
    }


def read_header(
    number: int, cells: Sequence[str], columns: Mapping[str, Column]
) -> tuple[dict[int, str], list[SheetError]]:
    """The name of the column at each position, and what is wrong with the names.

    `Unit Number` is `unit_number`; a column without a name is none.
    """
    layout: dict[int, str] = {}
    errors = []
    for position, cell in enumerate(cells):
        name = _BETWEEN_WORDS.sub("_", cell).lower()
        if not cell:
            continue
        if name not in columns:
            reason = f"It is none of the columns {', '.join(columns)}."
            errors.append(SheetError(number, None, cut(cell), reason))
        elif name in layout.values():
            errors.append(SheetError(number, name, cut(cell), "The column stands there twice."))
        else:
            layout[position] = name
    if "unit_number" not in layout.values() and not errors:
        errors.append(SheetError(number, "unit_number", None, "The sheet has no such column."))
    return layout, errors


def read_row(
    number: int,
    cells: Sequence[str],
    unusable: Mapping[int, str],
    layout: Mapping[int, str],
    columns: Mapping[str, Column],
) -> tuple[SheetRow | None, list[SheetError]]:
    """The unit of a row, or everything that is wrong with its cells, which come trimmed.

    `unusable` says of the position of a cell why nothing in it counts.
    """
    values: dict[str, Any] = {}
    errors = []
    for position, cell in enumerate(cells):
        if cell and position not in layout:
            reason = "It stands under no column."
            errors.append(SheetError(number, None, cut(cell), reason))
    for position, name in layout.items():
        cell = cells[position] if position < len(cells) else ""
        try:
            values[name] = _value(cell, columns[name], unusable.get(position))
        except _Refused as refused:
            errors.append(SheetError(number, name, cut(cell), str(refused)))
    return (None if errors else SheetRow(number, values)), errors


def _value(cell: str, column: Column, flaw: str | None) -> Any:
    if flaw is not None:
        raise _Refused(flaw)
    if cell.startswith("="):
        raise _Refused("It is a formula: paste its value.")
    text = original(cell)
    if text:
        return column.read(text)
    if column.needed:
        raise _Refused("It must not be empty.")
    return column.empty


def cut(cell: str) -> str | None:
    """A cell as an error shows it, None for an empty one."""
    shown = cell if len(cell) <= _LONGEST_SHOWN else f"{cell[: _LONGEST_SHOWN - 1]}…"
    return shown or None
