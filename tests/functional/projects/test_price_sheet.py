"""getPriceSheet: what every unit of a project costs today, as JSON and as a table."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from realty.db import SystemSetting, Unit
from realty.db.enums import UNIT_STATUSES
from realty.db.session import session
from realty.presenters.cost_sheets import PRICE_SHEET_COLUMNS
from realty.presenters.tables import csv_bytes
from tests.client import Answer, Api
from tests.deployment import Clock
from tests.factories import (
    ProjectRow,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.queries import queries

CSV = {"Accept": "text/csv"}


def sheet_of(project: ProjectRow) -> str:
    return f"/api/projects/{project.id}/price-sheet"


def table(answer: Answer) -> list[dict[str, str]]:
    """The rows of a CSV answer by column."""
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def make_home(project: ProjectRow, **over: Any) -> Any:
    """A unit with every part that a price has."""
    parts = {
        "price": Decimal("11550000.00"),
        "area_sqft": Decimal("1650.00"),
        "carpet_area_sqft": Decimal("1180.00"),
        "floor_rise_per_sqft": Decimal("40.00"),
        "preferential_charges": [{"code": "lake_view", "label": "Lake", "amount": "250000.00"}],
        "other_charges": [{"code": "car_park", "label": "Car park", "amount": "450000.00"}],
    }
    return make_unit(project, **{**parts, **over})


def test_get_price_sheet_is_the_cost_sheet_of_each_unit(api: Api, clock: Clock) -> None:
    project = make_project(make_builder())
    home, shop = make_home(project), make_unit(project, price=Decimal("4000000.00"))
    data = api.get(sheet_of(project)).data
    assert data["project"]["id"] == project.id
    assert data["as_of"] == f"{clock.now().isoformat()}Z"
    priced = {row["unit"]["id"]: row for row in data["units"]}
    for unit in (home, shop):
        alone = api.get(f"/api/units/{unit.id}/cost-sheet").data
        assert priced[unit.id] == {key: alone[key] for key in ("unit", "cost_sheet", "estimates")}
    sheet = priced[home.id]["cost_sheet"]
    assert (sheet["gst_rate"], sheet["gst_reason"]) == ("5.00", "residential")
    assert (sheet["total_amount"], sheet["tds_applies"]) == ("12931800.00", True)
    assert priced[home.id]["estimates"]["stamp_duty_amount"] == "689696.00"


def test_get_price_sheet_as_a_table(api: Api, clock: Clock) -> None:
    project = make_project(make_builder())
    home = make_home(project, unit_type="3bhk", tower="A", floor_number=-1, unit_number="A-703")
    answer = api.get(sheet_of(project), headers=CSV)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="price-sheet-{project.id}.csv"'
    )
    assert "Accept" in answer.headers["Vary"]
    assert answer.body.startswith(",".join(PRICE_SHEET_COLUMNS).encode() + b"\r\n")
    (row,) = table(answer)
    assert row == {
        "unit_id": str(home.id),
        "tower": "A",
        "floor_number": "-1",
        "unit_number": "A-703",
        "unit_type": "3bhk",
        "status": "available",
        "area_sqft": "1650.00",
        "carpet_area_sqft": "1180.00",
        "base_price": "11550000.00",
        "floor_rise_per_sqft": "40.00",
        "floor_rise_amount": "66000.00",
        "preferential_charges_amount": "250000.00",
        "other_charges_amount": "450000.00",
        "agreement_value": "12316000.00",
        "gst_rate": "5.00",
        "gst_reason": "residential",
        "gst_amount": "615800.00",
        "total_amount": "12931800.00",
        "token_amount": "1293180.00",
        "tds_applies": "true",
        "tds_rate": "1.00",
        "stamp_duty_percent": "5.60",
        "stamp_duty_amount": "689696.00",
        "registration_percent": "2.00",
        "registration_amount": "246320.00",
        "currency": "INR",
        "as_of": f"{clock.now().isoformat()}Z",
    }


def test_a_table_is_whole_and_a_page_is_a_page(api: Api) -> None:
    project = make_project(make_builder())
    make_units(project, 12)
    page = api.get(sheet_of(project), {"page": 2, "limit": 5}).data
    assert len(page["units"]) == 5
    assert page["pagination"] == {
        "currentPage": 2,
        "totalPages": 3,
        "totalItems": 12,
        "hasNext": True,
        "hasPrev": True,
    }
    whole = table(api.get(sheet_of(project), {"page": 2, "limit": 5}, headers=CSV))
    assert len(whole) == 12
    assert [row["unit_id"] for row in whole[5:10]] == [
        str(row["unit"]["id"]) for row in page["units"]
    ]
    past = api.get(sheet_of(project), {"page": 9}).data
    assert (past["units"], past["pagination"]["totalItems"]) == ([], 12)


def test_a_table_has_an_end(api: Api) -> None:
    project = make_project(make_builder())
    make_units(project, 101)
    with session():
        SystemSetting(
            setting_key="pagination.max_offset",
            setting_value=100,
            setting_type="number",
            category="pagination",
        )
    refused = api.get(sheet_of(project), headers=CSV, status=422)
    assert refused.error["details"][0]["value"] == "100"
    few = {"status": "reserved"}
    assert table(api.get(sheet_of(project), few, headers=CSV)) == []
    assert len(api.get(sheet_of(project), {"limit": 100}).data["units"]) == 100


def test_get_price_sheet_stands_as_the_towers_do(api: Api) -> None:
    project = make_project(make_builder())
    places = [
        (None, 0, "1"),
        ("B", 1, "B-1"),
        ("A", 10, "A-10"),
        ("A", 2, "A-22"),
        ("A", 2, "A-21"),
    ]
    for tower, floor, number in places:
        make_unit(project, tower=tower, floor_number=floor, unit_number=number)
    numbers = ["A-21", "A-22", "A-10", "B-1", "1"]
    rows = api.get(sheet_of(project)).data["units"]
    assert [row["unit"]["unit_number"] for row in rows] == numbers
    assert [row["unit_number"] for row in table(api.get(sheet_of(project), headers=CSV))] == numbers


def test_get_price_sheet_filters(api: Api) -> None:
    project = make_project(make_builder())
    for status in UNIT_STATUSES:
        make_unit(project, status=status, tower="A", unit_type="2bhk")
    odd = make_unit(project, status="available", tower="B", unit_type="penthouse")
    for filters in (
        {"tower": "B"},
        {"unit_type": "penthouse"},
        {"tower": "B", "status": "available"},
    ):
        (row,) = api.get(sheet_of(project), filters).data["units"]
        assert row["unit"]["id"] == odd.id
        assert len(table(api.get(sheet_of(project), filters, headers=CSV))) == 1
    for status in UNIT_STATUSES:
        rows = api.get(sheet_of(project), {"status": status}).data["units"]
        assert {row["unit"]["status"] for row in rows} == {status}
    for wrong in ({"status": "gone"}, {"unit_type": "castle"}, {"tower": ""}, {"towers": "A"}):
        api.get(sheet_of(project), wrong, status=422)
        api.get(sheet_of(project), wrong, headers=CSV, status=422)


def test_an_empty_table_has_its_columns(api: Api) -> None:
    project = make_project(make_builder())
    answer = api.get(sheet_of(project), headers=CSV)
    assert answer.body == ",".join(PRICE_SHEET_COLUMNS).encode() + b"\r\n"
    assert api.get(sheet_of(project)).data["units"] == []


def test_no_cell_becomes_a_formula(api: Api) -> None:
    project = make_project(make_builder())
    make_unit(project, tower='=HYPERLINK("http://x.in")', unit_number="@SUM(A1)")
    make_unit(project, tower='Śikhara, "Nord"', unit_number="-12", floor_number=-5)
    answer = api.get(sheet_of(project), headers=CSV)
    first, second = table(answer)
    assert first["tower"] == """'=HYPERLINK("http://x.in")"""
    assert first["unit_number"] == "'@SUM(A1)"
    assert (second["tower"], second["unit_number"]) == ('Śikhara, "Nord"', "-12")
    assert second["floor_number"] == "-5"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_every_start_of_a_formula_is_disarmed(start: str) -> None:
    written = csv_bytes(("cell",), [{"cell": f"{start}1+cmd|'/c calc'!A0"}]).decode()
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row["cell"] == f"'{start}1+cmd|'/c calc'!A0"


def test_a_table_writes_null_and_truth_plainly() -> None:
    row = {"a": None, "b": True, "c": False, "d": -3, "e": "-3.50", "f": 'x"y', "g": "line\nbreak"}
    assert csv_bytes(tuple(row), [row]) == (
        b'a,b,c,d,e,f,g\r\n,true,false,-3,-3.50,"x""y","line\nbreak"\r\n'
    )


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_the_tag_changes_with_the_figures_alone(api: Api, clock: Clock, accept: str) -> None:
    project = make_project(make_builder())
    unit = make_home(project)
    headers = {"Accept": accept}
    first = api.get(sheet_of(project), headers=headers)
    tag = first.headers["ETag"]
    clock.advance(hours=1)
    second = api.get(sheet_of(project), headers=headers)
    assert second.body != first.body, "as_of has moved"
    assert second.headers["ETag"] == tag
    held = {**headers, "If-None-Match": tag}
    assert api.get(sheet_of(project), headers=held, status=304).body == b""
    with session():
        Unit[unit.id].price += Decimal("0.01")
    assert api.get(sheet_of(project), headers=held).headers["ETag"] != tag


def test_each_representation_has_a_tag_of_its_own(api: Api, clock: Clock) -> None:
    project = make_project(make_builder())
    make_home(project)
    tag = api.get(sheet_of(project), headers=CSV).headers["ETag"]
    api.get(sheet_of(project), headers={"If-None-Match": tag}, status=200)


def test_a_setting_and_a_certificate_change_the_tag(api: Api, clock: Clock) -> None:
    project = make_project(make_builder())
    make_home(project)
    tags = {api.get(sheet_of(project)).headers["ETag"]}
    with session():
        SystemSetting(
            setting_key="gst.residential_percent",
            setting_value="18.00",
            setting_type="number",
            category="gst",
        )
    answer = api.get(sheet_of(project))
    tags.add(answer.headers["ETag"])
    assert answer.data["units"][0]["cost_sheet"]["gst_amount"] == "2216880.00"
    assert len(tags) == 2


@pytest.mark.parametrize(
    ("unit", "project", "rate", "reason"),
    [
        ({"price": Decimal("4000000.00")}, {"location_city": "Mysuru"}, "1.00", "affordable"),
        ({"price": Decimal("4500000.01")}, {"location_city": "Mysuru"}, "5.00", "residential"),
        ({"price": Decimal("4000000.00")}, {"location_city": "Mumbai"}, "5.00", "residential"),
        ({"unit_type": "shop"}, {"project_type": "mixed"}, "12.00", "commercial"),
        ({"unit_type": "office"}, {"project_type": "commercial"}, "12.00", "commercial"),
        ({"unit_type": "plot"}, {}, "0.00", "plot"),
        ({}, {"occupancy_certificate_date": date(2020, 1, 1)}, "0.00", "occupancy_certificate"),
    ],
)
def test_the_reason_of_the_tax(
    api: Api, unit: dict[str, Any], project: dict[str, Any], rate: str, reason: str
) -> None:
    area = {"area_sqft": Decimal("1200.00"), "carpet_area_sqft": Decimal("900.00")}
    row = make_project(make_builder(), **project)
    make_unit(row, **{**area, "floor_rise_per_sqft": Decimal("0.00"), **unit})
    sheet = api.get(sheet_of(row)).data["units"][0]["cost_sheet"]
    assert (sheet["gst_rate"], sheet["gst_reason"]) == (rate, reason)
    assert table(api.get(sheet_of(row), headers=CSV))[0]["gst_reason"] == reason


def test_get_price_sheet_is_seen_as_the_project_is(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder, is_published=False)
    (unit,) = make_units(project, 1)
    for stranger in (None, make_builder(), customer):
        api.as_(stranger).get(sheet_of(project), status=404)
        api.as_(stranger).get(sheet_of(project), headers=CSV, status=404)
    assert api.as_(builder).get(sheet_of(project)).data["pagination"]["totalItems"] == 1
    make_booking(unit, customer)
    row = api.as_(customer).get(sheet_of(project)).data["units"][0]
    assert row["unit"]["status"] == "booked"


def test_get_price_sheet_asks_as_much_for_many_units_as_for_few(api: Api) -> None:
    few, many = make_project(make_builder()), make_project(make_builder())
    make_units(few, 2)
    make_units(many, 60)
    counts = []
    for project in (few, many):
        for headers in ({}, CSV):
            with queries() as sent:
                api.get(sheet_of(project), {"limit": 100}, headers=headers)
            counts.append(len(sent))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 6


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("application/json;q=0.2, text/csv;q=0.9", "text/csv"),
        ("text/csv;q=0, */*", "application/json"),
        ("image/png", "application/json"),
        ("not a media type", "application/json"),
    ],
)
def test_accept_chooses(api: Api, accept: str, kind: str) -> None:
    project = make_project(make_builder())
    answer = api.get(sheet_of(project), headers={"Accept": accept})
    assert answer.response.content_type == kind


def test_a_refusal_is_json_whatever_was_asked_for(api: Api) -> None:
    gone = ProjectRow(id=2_147_483_647, builder_id=1)
    assert api.get(sheet_of(gone), headers=CSV, status=404).code == "not_found"
