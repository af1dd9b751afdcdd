"""Whole towers at once: towers, floors and the positions of a floor become units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from realty.errors import Detail, ValidationFailed
from realty.rules.cost_sheet import check_terms, terms_of
from realty.rules.money import MOST, money

MOST_UNITS = 2000
MOST_NUMBER_CHARACTERS = 30
_PLACE = re.compile(r"\{(tower|floor|stack)(?::0([1-4]))?\}")
NUMBER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ./_-]*[A-Za-z0-9])?")
"""What a unit's number and a tower's name are made of."""
_DEFAULT_FORMAT = "{tower}-{floor}{stack:02}"
_COUNTS = ("bedrooms", "bathrooms", "balconies", "parking_spaces")

UnitColumns = dict[str, Any]
"""Column names of a unit with their values."""


def unit_columns(body: Mapping[str, Any]) -> UnitColumns:
    """The columns that `UnitCreate` and `StackUnit` of the contract share, defaults filled in.

    `body` has passed the contract. Money and areas become `Decimal`; charges stay JSON.
    """
    return {
        "unit_type": body["unit_type"],
        "area_sqft": money(body["area_sqft"]),
        "carpet_area_sqft": money(body["carpet_area_sqft"]),
        "price": money(body["price"]),
        "floor_rise_per_sqft": money(body.get("floor_rise_per_sqft", "0.00")),
        "preferential_charges": body.get("preferential_charges", []),
        "other_charges": body.get("other_charges", []),
        "facing": body.get("facing"),
        **{name: body.get(name, 0) for name in _COUNTS},
        "features": body.get("features", []),
    }


def _unit_number(pattern: str, tower: str, floor: int, stack: int) -> str:
    values = {"tower": tower, "floor": floor, "stack": stack}
    return _PLACE.sub(lambda place: str(values[place[1]]).zfill(int(place[2] or 0)), pattern)


def _floors(tower: Mapping[str, Any], field: str) -> list[int]:
    lowest, highest = tower["floors_from"], tower["floors_to"]
    if highest < lowest:
        raise ValidationFailed.at(f"{field}.floors_to", "It must not be below floors_from.")
    skipped = set(tower.get("skip_floors", ()))
    floors = [floor for floor in range(lowest, highest + 1) if floor not in skipped]
    if not floors:
        raise ValidationFailed.at(f"{field}.skip_floors", "A tower needs at least one floor.")
    return floors


def _refuse_twice(values: Sequence[object], field: str) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise ValidationFailed.at(field, "It stands there twice.", str(repeated[0]))


def _check_numbers(units: Sequence[UnitColumns]) -> None:
    field = "unit_number_format"
    for unit in units:
        number = unit["unit_number"]
        if len(number) > MOST_NUMBER_CHARACTERS or not NUMBER.fullmatch(number):
            raise ValidationFailed.at(
                field,
                "A unit number has 1 to 30 characters and begins and ends with a letter or digit.",
                number[:100],
            )
    repeated = [
        number
        for (_, number), count in Counter((u["tower"], u["unit_number"]) for u in units).items()
        if count > 1
    ]
    if repeated:
        raise ValidationFailed(
            details=[Detail(field, "Two units of a tower get this number.", repeated[0])]
        )


def expand(body: Mapping[str, Any]) -> list[UnitColumns]:
    """The units of `UnitGeneration`, tower by tower from the lowest floor up, all available.

    The price rises by `price_step_per_floor` with each floor that is not skipped. Raises
    `ValidationFailed` for more than 2,000 units, a tower or position named twice, floors upside
    down, a unit number that repeats or does not fit, or areas and prices that no unit has.
    """
    towers, stack = body["towers"], body["stack"]
    _refuse_twice([tower["name"] for tower in towers], "towers")
    _refuse_twice([position["stack"] for position in stack], "stack")
    floors = [_floors(tower, f"towers[{index}]") for index, tower in enumerate(towers)]
    count = sum(len(levels) for levels in floors) * len(stack)
    if count > MOST_UNITS:
        raise ValidationFailed.at("towers", f"At most {MOST_UNITS} units in a call.", str(count))

    step = money(body.get("price_step_per_floor", "0.00"))
    rises = max(len(levels) for levels in floors) - 1
    positions = [(position["stack"], unit_columns(position)) for position in stack]
    for index, (_, columns) in enumerate(positions):
        for price in (columns["price"], min(columns["price"] + step * rises, MOST)):
            check_terms(terms_of({**columns, "price": price}), f"stack[{index}].")

    pattern = body.get("unit_number_format", _DEFAULT_FORMAT)
    units = [
        {
            **columns,
            "tower": tower["name"],
            "floor_number": floor,
            "unit_number": _unit_number(pattern, tower["name"], floor, number),
            "price": columns["price"] + step * Decimal(level),
        }
        for tower, levels in zip(towers, floors, strict=True)
        for level, floor in enumerate(levels)
        for number, columns in positions
    ]
    _check_numbers(units)
    return units
