"""exportUnits: a sheet that an import takes back without a change, and that computes nothing."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from realty.db import SystemSetting
from realty.db.session import session
from tests.client import Api
from tests.factories import (
    BuilderAccount,
    ProjectRow,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.queries import queries
from tests.functional.units.sheets import HEADER, XLSX, cells, export, send, table, units_of

FORMULA = "=cmd|'/c calc'!A0"
HOSTILE_TEXTS = [
    FORMULA,
    "+1+1",
    "-5% for a corner",
    "@SUM(A1)",
    "'quoted",
    "'=1",
    "\uff1dSUM(1)",
    "\t=1",
    "a | b \\ c",
    " spaced ",
    "two\r\nlines",
    "_x0041_ \u2028 \x07",
    'He said "no", then; left',
    "कावेरी नज़ारा 🏠",
    "colon: here",
    "-5",
    "1e5",
]


def furnished(builder: BuilderAccount) -> ProjectRow:
    """A project whose units hold everything that is hard to bring through a spreadsheet."""
    project = make_project(builder)
    charges = [
        {"code": f"c{n}", "label": text, "amount": "100000.05"}
        for n, text in enumerate(HOSTILE_TEXTS)
    ]
    for number, text in enumerate(HOSTILE_TEXTS):
        make_unit(
            project,
            unit_number=f"A-{number}",
            features=[text, *(each for each in HOSTILE_TEXTS if each != text)],
            preferential_charges=[charges[number]],
            other_charges=charges,
            floor_number=number - 5,
            price=Decimal("999999990.05") + number,
        )
        make_unit(project, unit_number=f"{number:03}", features=[text], tower="1-2")
    make_unit(
        project, tower=None, unit_number="007", facing=None, bedrooms=None, parking_spaces=None
    )
    booked = make_unit(project, unit_number="B-1")
    make_booking(booked, make_customer(), status="confirmed")
    return project


@pytest.mark.parametrize("accept", ["text/csv", XLSX])
def test_export_units_comes_back_unchanged(api: Api, accept: str) -> None:
    builder = make_builder()
    project, as_builder = furnished(builder), api.as_(builder)
    before = units_of(as_builder, project)
    answer = export(as_builder, project, accept)
    for dry_run in (True, False):
        report = send(as_builder, project, answer.body, dry_run=dry_run).data["import"]
        assert (report["errors"], report["created"], report["updated"]) == ([], 0, 0)
        assert report["unchanged"] == report["rows"] == 2 * len(HOSTILE_TEXTS) + 2
    assert units_of(as_builder, project) == before


@pytest.mark.parametrize("accept", ["text/csv", XLSX])
def test_a_workbook_that_another_program_saved_comes_back_unchanged(api: Api, accept: str) -> None:
    """What Excel and others write: shared texts, figures as floats, styles, another sheet."""
    builder = make_builder()
    project, as_builder = furnished(builder), api.as_(builder)
    book = openpyxl.load_workbook(io.BytesIO(export(as_builder, project, XLSX).body))
    for row in book.active.iter_rows(min_row=2):
        for cell in row:
            if isinstance(cell.value, int | float):
                cell.value = float(cell.value)
                cell.number_format = "#,##0.00"
    book.create_sheet("Notes").append(["=1+1"])
    out = io.BytesIO()
    book.save(out)
    report = send(as_builder, project, out.getvalue()).data["import"]
    assert (report["errors"], report["unchanged"]) == ([], report["rows"])


def test_export_units_fills_another_project_alike(api: Api) -> None:
    builder = make_builder()
    project, as_builder = furnished(builder), api.as_(builder)
    copy = make_project(builder)
    for accept in ("text/csv", XLSX):
        send(as_builder, copy, export(as_builder, project, accept).body)
    own = {"id", "project_id", "project", "status", "created_at", "updated_at"}
    one, other = (
        {
            number: {key: value for key, value in unit.items() if key not in own}
            for number, unit in units_of(as_builder, each).items()
        }
        for each in (project, copy)
    )
    assert one == other


def test_export_units_as_csv(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    charge = {"code": "lake_view", "label": "Lake view", "amount": "250000.00"}
    make_unit(project, preferential_charges=[charge, {**charge, "code": "corner"}])
    answer = export(as_builder, project, "*/*")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    disposition = f'attachment; filename="units-{project.id}.csv"'
    assert answer.headers["Content-Disposition"] == disposition
    (row,) = table(answer)
    assert tuple(row) == HEADER
    assert row == {
        "tower": "A",
        "unit_number": "A-101",
        "floor_number": "1",
        "unit_type": "2bhk",
        "area_sqft": "1200.00",
        "carpet_area_sqft": "900.00",
        "price": "6000000.00",
        "floor_rise_per_sqft": "25.00",
        "preferential_charges": "lake_view: Lake view: 250000.00 | corner: Lake view: 250000.00",
        "other_charges": "",
        "facing": "east",
        "bedrooms": "2",
        "bathrooms": "2",
        "balconies": "1",
        "parking_spaces": "1",
        "features": "",
    }


def test_export_units_as_a_workbook(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    make_unit(project, unit_number="1-2", features=["Pool", "Garden"])
    answer = export(as_builder, project, XLSX)
    assert answer.headers["Content-Type"] == XLSX
    assert answer.headers["Content-Disposition"].endswith(f'"units-{project.id}.xlsx"')
    header, row = cells(answer)
    assert tuple(header) == HEADER
    assert row[:8] == ["A", "1-2", 1, "2bhk", 1200, 900, 6000000, 25]
    assert row[-1] == "Pool | Garden"
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body)).active
    # Typed as text, and told to remain so: not the first of February.
    assert [sheet.cell(2, column).number_format for column in (1, 2)] == ["@", "@"]
    assert sheet.column_dimensions["B"].number_format == "@"


@pytest.mark.parametrize("accept", ["text/csv", XLSX])
def test_no_cell_becomes_a_formula(api: Api, accept: str) -> None:
    builder = make_builder()
    project, as_builder = furnished(builder), api.as_(builder)
    answer = export(as_builder, project, accept)
    rows: list[list[Any]] = (
        [list(row.values()) for row in table(answer)] if accept == "text/csv" else cells(answer)
    )
    texts = [each for row in rows for each in row if isinstance(each, str)]
    assert f"'{FORMULA}" in [each.replace("\\|", "|") for each in texts]
    dangerous = [each for each in texts if each[:1] in set("=+-@\t\r\uff1d")]
    # Figures stay figures, a basement's floor among them.
    assert all(each.lstrip("-").isdigit() for each in dangerous)
    if accept == XLSX:
        book = openpyxl.load_workbook(io.BytesIO(answer.body))
        assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {
            "s",
            "n",
            "inlineStr",
        }


@pytest.mark.parametrize("accept", ["text/csv", XLSX])
def test_a_project_without_units_gives_a_template(api: Api, accept: str) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    answer = export(as_builder, project, accept)
    if accept == "text/csv":
        assert answer.body.decode() == ",".join(HEADER) + "\r\n"
    else:
        assert cells(answer) == [list(HEADER)]
    assert send(as_builder, project, answer.body).data["import"]["rows"] == 0


def test_export_units_stands_as_the_towers_do(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    for tower, number, floor in (("B", "1", 1), (None, "2", 1), ("A", "3", 2), ("A", "4", 1)):
        make_unit(project, tower=tower, unit_number=number, floor_number=floor)
    rows = table(export(as_builder, project))
    assert [row["unit_number"] for row in rows] == ["4", "3", "1", "2"]
    assert [row["unit_number"] for row in table(export(as_builder, project, tower="A"))] == [
        "4",
        "3",
    ]
    assert table(export(as_builder, project, tower="a")) == []


def test_an_export_is_no_larger_than_an_import(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    make_units(project, 3)
    make_unit(project, tower="B")
    with session():
        SystemSetting(
            setting_key="units.import_max_rows",
            setting_value=3,
            setting_type="number",
            category="units",
        )
    path = f"/api/projects/{project.id}/units/export"
    error = as_builder.get(path, status=422).error
    assert (error["details"][0]["field"], error["details"][0]["value"]) == ("tower", "3")
    assert len(table(export(as_builder, project, tower="A"))) == 3


def test_each_representation_has_a_tag_of_its_own(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    unit = make_unit(project)
    path = f"/api/projects/{project.id}/units/export"
    tags = {kind: export(as_builder, project, kind).headers["ETag"] for kind in ("text/csv", XLSX)}
    assert tags["text/csv"] != tags[XLSX]
    for kind, tag in tags.items():
        as_builder.get(path, headers={"Accept": kind, "If-None-Match": tag}, status=304)
    as_builder.patch(f"/api/units/{unit.id}", {"price": "6000000.01"})
    for kind, tag in tags.items():
        as_builder.get(path, headers={"Accept": kind, "If-None-Match": tag}, status=200)


def test_export_units_asks_as_much_for_many_units_as_for_few(api: Api) -> None:
    builder = make_builder()
    as_builder = api.as_(builder)
    sent = []
    for count in (1, 30):
        project = make_project(builder)
        make_units(project, count)
        with queries() as statements:
            export(as_builder, project)
        sent.append(len(statements))
    assert sent[0] == sent[1] <= 5
