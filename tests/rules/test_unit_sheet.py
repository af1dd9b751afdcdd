"""Cells of a sheet of units: what is accepted, and that every text comes back as it went."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.db.enums import FACINGS, UNIT_TYPES
from realty.rules.spreadsheets import (
    escape,
    harmless,
    join_entries,
    original,
    reversible,
    split_entries,
    unescape,
)
from realty.rules.unit_sheet import columns_of, read_header, read_row

COLUMNS = columns_of(UNIT_TYPES, FACINGS)
# Lone halves of characters cannot be stored, nor can U+0000.
TEXTS = st.text(
    st.one_of(
        st.sampled_from("|\\ '=+-@:u0x_\n\r\t\u2028\ufffe\u00a0"),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    min_size=1,
)


def read(name: str, cell: str) -> Any:
    """The value of a cell of one column, or the reason why it has none."""
    row, errors = read_row(2, ["A-1", cell], {}, {0: "unit_number", 1: name}, COLUMNS)
    return row.columns[name] if row else errors[0].reason


@given(st.lists(TEXTS, min_size=1))
def test_entries_come_back_as_they_went(texts: list[str]) -> None:
    cell = reversible(join_entries(escape(text) for text in texts))
    assert cell == cell.strip()
    assert harmless(cell) == cell
    assert [unescape(entry) for entry in split_entries(original(cell))] == texts


@pytest.mark.parametrize(
    ("cell", "text"),
    [("'=1", "=1"), ("''quoted", "'quoted"), ("'quoted", "'quoted"), ("-5", "-5"), ("'", "'")],
)
def test_an_apostrophe_that_guards_is_taken_off(cell: str, text: str) -> None:
    assert original(cell) == text


AMOUNTS = {
    "5500000": "5500000.00",
    "5500000.5": "5500000.50",
    "5500000.05": "5500000.05",
    "5500000.500": "5500000.50",
    "55,00,000.00": "5500000.00",
    "5,500,000": "5500000.00",
    "0005": "5.00",
    "9999999999999.99": "9999999999999.99",
}
NO_AMOUNTS = [
    *("55 lakh", "5500000.005", "5.5E+06", "1e5", "-1", "+1", "1,50", "1.500.000,00", "1500,50"),
    *("5500000.", ".5", "₹5", "NaN", "inf", "1_000", "5500 000", "10000000000000.00"),
    "9" * 30_000,
    "\u0661\u0660\u0660",
]


@pytest.mark.parametrize(("cell", "amount"), AMOUNTS.items())
def test_amounts_as_people_write_them(cell: str, amount: str) -> None:
    read_amount = read("price", cell)
    assert (read_amount, str(read_amount)) == (Decimal(amount), amount)


@pytest.mark.parametrize("cell", NO_AMOUNTS)
def test_what_is_no_amount_is_not_guessed_at(cell: str) -> None:
    assert isinstance(read("price", cell), str)


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("floor_number", "-5", -5),
        ("floor_number", "7.0", 7),
        ("floor_number", "200.", 200),
        ("bedrooms", "", 0),
        ("bedrooms", "0.00", 0),
        ("unit_type", "3 BHK", "3bhk"),
        ("unit_type", "Penthouse", "penthouse"),
        ("facing", "North-East", "northeast"),
        ("facing", "", None),
        ("tower", "", None),
        ("tower", "Block 1/2", "Block 1/2"),
        ("features", "", []),
        ("features", r"a\|b | c\\ | d\u000ae | \n", ["a|b", "c\\", "d\ne", "\\n"]),
        ("preferential_charges", "", []),
        (
            "preferential_charges",
            "a:x: y:1,000|b_2 : B : 2.5",
            [
                {"code": "a", "label": "x: y", "amount": "1000.00"},
                {"code": "b_2", "label": "B", "amount": "2.50"},
            ],
        ),
    ],
)
def test_cells_that_are_taken(name: str, cell: str, value: Any) -> None:
    assert read(name, cell) == value


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("floor_number", "-6"),
        ("floor_number", "201"),
        ("floor_number", "1.5"),
        ("floor_number", "ground"),
        ("floor_number", ""),
        ("floor_number", "9" * 5000),
        ("bedrooms", "-1"),
        ("bedrooms", "21"),
        ("unit_type", "6bhk"),
        ("facing", "up"),
        ("tower", "Ätower"),
        ("tower", "x" * 51),
        ("area_sqft", "100000000.00"),
        ("price", ""),
        ("price", "=1+1"),
        ("features", "a | a"),
        ("features", "a || b"),
        ("features", "a |"),
        ("features", "x" * 101),
        ("features", r"\u0000"),
        ("features", r"\ud83d"),
        ("features", " | ".join(map(str, range(51)))),
        ("other_charges", "Car park: 300000"),
        ("other_charges", "car_park: : 300000"),
        ("other_charges", "Car: Car park: 300000"),
        ("other_charges", "car: Car park: 3 lakh"),
        ("other_charges", "car: Car park: -1"),
        ("other_charges", " | ".join(["a: b: 1"] * 31)),
    ],
)
def test_cells_that_are_refused(name: str, cell: str) -> None:
    row, errors = read_row(2, ["A-1", cell], {}, {0: "unit_number", 1: name}, COLUMNS)
    assert row is None
    ((number, column, value, reason),) = errors
    assert (number, column) == (2, name)
    assert value == (cell if len(cell) <= 100 else f"{cell[:99]}…") or (value, cell) == (None, "")
    assert reason.endswith(".")


def test_header_names_are_forgiving_and_known() -> None:
    layout, errors = read_header(1, ["Unit Number", "", "PRICE", "area-sqft"], COLUMNS)
    assert (layout, errors) == ({0: "unit_number", 2: "price", 3: "area_sqft"}, [])


def test_an_unusable_cell_has_its_reason() -> None:
    layout = {0: "unit_number", 1: "price"}
    row, errors = read_row(9, ["A-1", "46054"], {1: "It is a date."}, layout, COLUMNS)
    assert (row, errors) == (None, [(9, "price", "46054", "It is a date.")])
