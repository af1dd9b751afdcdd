"""Whole towers at once: how many, which numbers, which prices."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.errors import ValidationFailed
from realty.rules.stacks import expand, unit_columns

CAR_PARK = {"code": "car_park", "label": "Covered car park", "amount": "300000.00"}


def position(stack: int = 1, **changes) -> dict:
    return {
        "stack": stack,
        "unit_type": "2bhk",
        "area_sqft": "1180.00",
        "carpet_area_sqft": "842.00",
        "price": "7960000.00",
        **changes,
    }


def tower(name: str = "A", lowest: int = 1, highest: int = 12, **changes) -> dict:
    return {"name": name, "floors_from": lowest, "floors_to": highest, **changes}


def body(**changes) -> dict:
    return {"towers": [tower()], "stack": [position()], **changes}


def test_two_towers_with_two_homes_on_each_floor() -> None:
    units = expand(
        body(
            towers=[tower(), tower("B", 1, 14, skip_floors=[13])],
            stack=[position(1), position(2, price="11250000.00", other_charges=[CAR_PARK])],
            price_step_per_floor="50000.00",
        )
    )
    assert len(units) == 50
    assert (units[0]["unit_number"], units[-1]["unit_number"]) == ("A-101", "B-1402")
    assert units[0]["price"] == Decimal("7960000.00")
    assert units[3]["price"] == Decimal("11300000.00")
    # Floor 14 of tower B is the thirteenth that there is.
    assert units[-1]["price"] == Decimal("11250000.00") + 12 * 50000
    assert units[-1]["floor_number"] == 14
    assert units[-1]["other_charges"] == [CAR_PARK]
    assert {unit["tower"] for unit in units} == {"A", "B"}


def test_what_is_left_out_has_its_default() -> None:
    assert unit_columns(position()) == {
        "unit_type": "2bhk",
        "area_sqft": Decimal("1180.00"),
        "carpet_area_sqft": Decimal("842.00"),
        "price": Decimal("7960000.00"),
        "floor_rise_per_sqft": Decimal("0.00"),
        "preferential_charges": [],
        "other_charges": [],
        "facing": None,
        "bedrooms": 0,
        "bathrooms": 0,
        "balconies": 0,
        "parking_spaces": 0,
        "features": [],
    }


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        ("{tower}-{floor}{stack:02}", "A-701"),
        ("{floor:03}/{stack}", "007/1"),
        ("Block {tower} {floor:02}.{stack:04}", "Block A 07.0001"),
    ],
)
def test_how_numbers_are_built(pattern: str, number: str) -> None:
    [unit] = expand(body(towers=[tower("A", 7, 7)], unit_number_format=pattern))
    assert unit["unit_number"] == number


def test_basements_have_numbers_too() -> None:
    units = expand(body(towers=[tower("P", -2, 0)], unit_number_format="P{floor}"))
    assert [unit["unit_number"] for unit in units] == ["P-2", "P-1", "P0"]


@given(
    floors=st.lists(st.integers(-5, 200), min_size=2, max_size=2, unique=True).map(sorted),
    names=st.lists(st.sampled_from("ABCDEFGH"), min_size=1, max_size=3, unique=True),
    positions=st.lists(st.integers(1, 99), min_size=1, max_size=3, unique=True),
)
def test_any_plan_gives_each_unit_once(floors: list, names: list, positions: list) -> None:
    lowest, highest = floors
    plan = body(
        towers=[tower(name, lowest, highest) for name in names],
        stack=[position(number) for number in positions],
        unit_number_format="{tower}.{floor:03}.{stack:02}",
    )
    units = expand(plan)
    assert len(units) == len(names) * (highest - lowest + 1) * len(positions)
    assert len({unit["unit_number"] for unit in units}) == len(units)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"towers": [tower("A", 2, 1)]}, "towers[0].floors_to"),
        ({"towers": [tower("A", 3, 3, skip_floors=[3])]}, "towers[0].skip_floors"),
        ({"towers": [tower("A"), tower("A", 20, 21)]}, "towers"),
        ({"stack": [position(1), position(1)]}, "stack"),
        ({"towers": [tower("A", -5, 200)], "stack": [position(n) for n in range(1, 11)]}, "towers"),
        ({"unit_number_format": "{tower}"}, "unit_number_format"),
        ({"unit_number_format": "{floor}-"}, "unit_number_format"),
        ({"unit_number_format": "x" * 31 + "{floor}"}, "unit_number_format"),
        ({"stack": [position(carpet_area_sqft="1180.01")]}, "stack[0].carpet_area_sqft"),
        (
            {"stack": [position(1), position(2, price="0.00")], "price_step_per_floor": "1.00"},
            "stack[1].price",
        ),
        ({"price_step_per_floor": "9999999999999.99"}, "stack[0].price"),
    ],
)
def test_a_plan_that_cannot_be(changes: dict, field: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        expand(body(**changes))
    assert refusal.value.details[0].field == field
