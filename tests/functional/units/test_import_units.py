"""importUnits: a whole sheet or nothing, and a dry run that judges as the import does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from realty.adapters import sheets
from realty.commands.audit import verify
from realty.db import AuditLog, Project, SystemSetting, Unit
from realty.db.connection import disconnect
from realty.db.locks import lock_rows
from realty.db.session import session
from realty.services import unit_import
from tests.client import Api
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
from tests.functional.units.sheets import (
    FLAT,
    csv_sheet,
    export,
    found,
    send,
    units_of,
    xlsx_sheet,
)
from tests.uploads import ONE_UNIT, Upload, sheet_upload

FULL = {
    **FLAT,
    "unit_number": "A-1203",
    "floor_number": "12",
    "unit_type": "3 BHK",
    "area_sqft": "1,650.50",
    "price": "1,15,50,000",
    "floor_rise_per_sqft": "40",
    "preferential_charges": "lake_view: Lake view: 2,50,000.00 | corner: Corner: 100000",
    "other_charges": "car_park: Car park: covered: 300000.00",
    "facing": "North East",
    "bedrooms": "3.0",
    "bathrooms": "3",
    "balconies": "2",
    "parking_spaces": "1",
    "features": r"Utility room | A\|B \\ C",
}


def counters(project: ProjectRow) -> tuple[Any, ...]:
    """What the project says of its units, which equals what they are."""
    project_id = project.id
    with session():
        row = Project[project_id]
        units = list(Unit.select(lambda u: u.project.id == project_id))
        prices = [unit.price for unit in units]
        said = (row.total_units, row.available_units, row.price_range_min, row.price_range_max)
        available = sum(unit.status == "available" for unit in units)
        if units:
            assert said == (len(units), available, min(prices), max(prices))
        return said


def facts(action: str) -> list[tuple[int | None, dict[str, Any]]]:
    """Entity and details of every audited fact of this kind."""
    with session():
        rows = AuditLog.select(lambda a: a.action == action).order_by(AuditLog.id)
        return [(row.entity_id, dict(row.details)) for row in rows]


def put_setting(key: str, value: int) -> None:
    with session():
        SystemSetting(setting_key=key, setting_value=value, setting_type="number", category="units")


def test_import_units_makes_units_with_everything(api: Api, database: str) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    sheet = csv_sheet(FULL, {**FLAT, "tower": ""})
    report = send(as_builder, project, sheet).data["import"]
    assert report == {
        "project_id": project.id,
        "dry_run": False,
        "rows": 2,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "total_units": 2,
        "available_units": 2,
        "error_count": 0,
        "errors": [],
    }
    units = units_of(as_builder, project)
    shown = {name: units["A-1203"][name] for name in FULL}
    assert shown == {
        "tower": "A",
        "unit_number": "A-1203",
        "floor_number": 12,
        "unit_type": "3bhk",
        "area_sqft": "1650.50",
        "carpet_area_sqft": "900.00",
        "price": "11550000.00",
        "floor_rise_per_sqft": "40.00",
        "preferential_charges": [
            {"code": "lake_view", "label": "Lake view", "amount": "250000.00"},
            {"code": "corner", "label": "Corner", "amount": "100000.00"},
        ],
        "other_charges": [
            {"code": "car_park", "label": "Car park: covered", "amount": "300000.00"}
        ],
        "facing": "northeast",
        "bedrooms": 3,
        "bathrooms": 3,
        "balconies": 2,
        "parking_spaces": 1,
        "features": ["Utility room", "A|B \\ C"],
    }
    plain = units["A-101"]
    assert (plain["tower"], plain["facing"], plain["bedrooms"]) == (None, None, 0)
    assert (plain["other_charges"], plain["features"], plain["version"]) == ([], [], 1)
    assert (plain["status"], plain["floor_rise_per_sqft"]) == ("available", "0.00")
    assert counters(project) == (2, 2, Decimal("6000000.00"), Decimal("11550000.00"))
    details = {
        "created": 2,
        "updated": 0,
        "sha256": sha256(sheet).hexdigest(),
        "lowest_price": "6000000.00",
        "highest_price": "11550000.00",
    }
    assert facts("units.imported") == [(project.id, details)]
    assert facts("unit.repriced") == []
    # A row made by a sheet is an ordinary row afterwards.
    answer = as_builder.get(f"/api/units/{plain['id']}")
    tag = {"If-Match": answer.headers["ETag"]}
    as_builder.patch(f"/api/units/{plain['id']}", {"price": "7000000.00"}, headers=tag)
    assert verify(database, None)


def test_a_dry_run_writes_nothing_and_says_the_same(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    make_unit(project, unit_number="A-101", price=Decimal("5000000.00"))
    make_unit(project, unit_number="A-102", status="blocked")
    before = units_of(as_builder, project)
    sheet = csv_sheet(FLAT, {**FLAT, "unit_number": "A-201"}, {**FLAT, "unit_number": "A-202"})
    told = send(as_builder, project, sheet, dry_run=True).data["import"]
    assert units_of(as_builder, project) == before
    assert facts("units.imported") == []
    assert (told["created"], told["updated"], told["total_units"]) == (2, 1, 4)
    assert told["available_units"] == 3
    done = send(as_builder, project, sheet).data["import"]
    assert {**told, "dry_run": False} == done
    assert counters(project)[:2] == (4, 3)


def test_import_units_changes_only_what_differs(api: Api, clock: Clock, database: str) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    same, dearer, other = make_units(project, 3)
    clock.advance(minutes=1)
    prices = csv_sheet(
        {"tower": "A", "unit_number": same.unit_number, "price": "6000000.00"},
        {"tower": "A", "unit_number": dearer.unit_number, "price": "6500000.50"},
    )
    before = units_of(as_builder, project)
    report = send(as_builder, project, prices).data["import"]
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 1, 1)
    after = units_of(as_builder, project)
    assert {name: after[name] for name in (same.unit_number, other.unit_number)} == {
        name: before[name] for name in (same.unit_number, other.unit_number)
    }
    changed = after[dearer.unit_number]
    differing = {key for key, value in changed.items() if before[dearer.unit_number][key] != value}
    assert differing == {"price", "agreement_value", "version", "updated_at"}
    assert (changed["price"], changed["version"]) == ("6500000.50", 2)
    assert facts("unit.repriced") == [
        (dearer.id, {"price": "6500000.50", "price_before": "6000000.00"})
    ]
    assert counters(project)[3] == Decimal("6500000.50")
    again = send(as_builder, project, prices).data["import"]
    assert (again["updated"], again["unchanged"]) == (0, 2)
    assert len(facts("units.imported")) == 1
    assert verify(database, None)


def test_an_empty_cell_means_its_default_and_an_absent_column_nothing(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    charge = {"code": "car_park", "label": "Car park", "amount": "300000.00"}
    unit = make_unit(project, features=["Pool"], other_charges=[charge])
    sheet = csv_sheet(
        {
            "tower": "A",
            "unit_number": unit.unit_number,
            "features": "",
            "facing": "",
            "bedrooms": "",
        }
    )
    assert send(as_builder, project, sheet).data["import"]["updated"] == 1
    shown = units_of(as_builder, project)[unit.unit_number]
    assert (shown["features"], shown["facing"], shown["bedrooms"]) == ([], None, 0)
    assert (shown["other_charges"], shown["bathrooms"]) == ([charge], 2)
    assert facts("unit.repriced") == []


def test_what_was_sold_stays_as_it_was_sold(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    booked, free = make_units(project, 2)
    make_booking(booked, make_customer(), status="confirmed")
    row = {**FLAT, "unit_number": booked.unit_number}
    sheet = csv_sheet(
        {**row, "price": "7000000.00", "carpet_area_sqft": "901", "unit_type": "3bhk"},
        {**row, "unit_number": free.unit_number, "price": "7000000.00"},
    )
    reason = "The unit is booked: it is part of what was sold."
    assert found(as_builder, project, sheet) == [
        (2, "unit_type", "3bhk", reason),
        (2, "carpet_area_sqft", "901.00", reason),
        (2, "price", "7000000.00", reason),
    ]
    assert counters(project)[3] == Decimal("6000000.00")
    # What is no part of the price may change.
    harmless = csv_sheet(
        {"tower": "A", "unit_number": booked.unit_number, "facing": "west", "price": "6000000"}
    )
    assert send(as_builder, project, harmless).data["import"]["updated"] == 1


def test_every_error_of_a_sheet_is_told_with_its_place(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    sheet = csv_sheet(
        FLAT,
        {**FLAT, "unit_number": "", "price": "55 lakh"},
        {**FLAT, "unit_number": "A-102", "floor_number": "1.5", "unit_type": "6bhk"},
        {**FLAT},
        {**FLAT, "unit_number": "A-103", "carpet_area_sqft": "1200.01"},
        {**FLAT, "unit_number": "A-104", "price": "0"},
        {**FLAT, "unit_number": "A-105", "price": "=1+1"},
    )
    told = found(as_builder, project, sheet)
    assert [each[:3] for each in told] == [
        (3, "unit_number", None),
        (3, "price", "55 lakh"),
        (4, "floor_number", "1.5"),
        (4, "unit_type", "6bhk"),
        (5, "unit_number", "A-101"),
        (6, "carpet_area_sqft", "1200.01"),
        (7, "price", "0.00"),
        (8, "price", "=1+1"),
    ]
    assert told[4][3] == "Row 2 has the same tower and number."
    assert units_of(as_builder, project) == {}
    assert facts("units.imported") == []


def test_errors_are_bounded_and_counted(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    rows = [
        {**FLAT, "unit_number": f"A-{n}", "price": "free", "area_sqft": "-1"} for n in range(80)
    ]
    report = send(as_builder, project, csv_sheet(*rows), dry_run=True).data["import"]
    assert (len(report["errors"]), report["error_count"], report["rows"]) == (100, 160, 80)
    refused = send(as_builder, project, csv_sheet(*rows), status=422).error
    assert refused["message"] == "Nothing was imported: 160 errors in 80 rows."
    assert len(refused["details"]) == 100


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("unit_number,Prise", [(1, None, "Prise")]),
        ("unit_number,price,Price", [(1, "price", "Price")]),
        ("tower,price", [(1, "unit_number", None)]),
        ("unit_number,status", [(1, None, "status")]),
    ],
)
def test_columns_are_known_and_stand_there_once(api: Api, header: str, told: Any) -> None:
    builder = make_builder()
    project = make_project(builder)
    errors = found(api.as_(builder), project, f"{header}\r\nA-1,2,3\r\n".encode())
    assert [each[:3] for each in errors] == told


def test_a_new_unit_needs_its_columns(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_unit(project, unit_number="A-1", tower=None)
    errors = found(
        api.as_(builder), project, b"unit_number,price\r\nA-1,6000001\r\nA-2,6000000\r\n"
    )
    assert [each[:3] for each in errors] == [
        (3, "floor_number", None),
        (3, "unit_type", None),
        (3, "area_sqft", None),
        (3, "carpet_area_sqft", None),
    ]


def test_a_cell_under_no_column_is_an_error(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    sheet = ONE_UNIT.rstrip() + b",,lost\r\n,,,\r\n\r\n"
    assert [each[:3] for each in found(api.as_(builder), project, sheet)] == [(2, None, "lost")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_as_programs_write_it(api: Api, delimiter: str, encoding: str) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    unit = {**FLAT, "features": 'Kāverī-view, "corner"; high', "Facing ": "EAST"}
    text = csv_sheet(unit, delimiter=delimiter, lineterminator="\n").decode()
    padded = f"\n{text}{delimiter * 20}\n\n"
    report = send(as_builder, project, padded.encode(encoding)).data["import"]
    assert (report["rows"], report["created"]) == (1, 1)
    shown = units_of(as_builder, project)["A-101"]
    assert (shown["features"], shown["facing"]) == (['Kāverī-view, "corner"; high'], "east")


UNREADABLE = {
    "Windows-1252 in row 3": (
        ONE_UNIT + "Z,Z-102,1,2bhk,1,1,\xa35\r\n".encode("cp1252"),
        "rows[3]",
        "It is not in UTF-8: save it as CSV UTF-8.",
    ),
    "half of UTF-16": (ONE_UNIT.decode().encode("utf-16")[:-1], "rows[2]", None),
    "U+0000": (ONE_UNIT + b"Z,Z\0,1\r\n", "rows[3]", None),
    "a quote that never ends": (ONE_UNIT + b'"Z,Z-102', "rows[3]", None),
    "blank": (b" \r\n\r\n", "file", "The sheet is empty."),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file", None),
    "half a workbook": (xlsx_sheet([["unit_number"], ["A-1"]])[:-30], "file", None),
    "an archive of nothing": (b"PK\x03\x04" + bytes(60), "file", None),
    "too many cells": (ONE_UNIT + b"," * 64 + b"x\r\n", "rows[3]", None),
}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("content", "field", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_sheet_is_refused(
    api: Api, content: bytes, field: str, message: str | None, dry_run: bool
) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    answer = send(as_builder, project, content, dry_run=dry_run, status=422)
    assert answer.code == "validation_error"
    (detail,) = answer.error["details"]
    assert detail["field"] == field
    assert message in {None, detail["message"]}
    assert units_of(as_builder, project) == {}


def test_rows_and_bytes_are_bounded(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    put_setting("units.import_max_rows", 3)
    rows = [{**FLAT, "unit_number": f"A-{n}"} for n in range(4)]
    answer = send(as_builder, project, csv_sheet(*rows), status=422)
    assert answer.error["details"][0] == {
        "field": "rows[5]",
        "message": "A sheet has at most 3 rows.",
    }
    assert send(as_builder, project, csv_sheet(*rows[:3])).data["import"]["created"] == 3
    put_setting("units.import_max_mb", 1)
    padding = b"\r\n" * 600_000
    answer = send(as_builder, project, ONE_UNIT + padding, status=413)
    assert answer.code == "payload_too_large"


@pytest.mark.parametrize("status", ["delivered", "cancelled"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_project_that_is_over_gets_no_units(api: Api, status: str, dry_run: bool) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder, status=status), api.as_(builder)
    make_unit(project, tower="Z", unit_number="Z-101")
    present = ONE_UNIT.replace(b"900.00", b"901.00")
    assert send(as_builder, project, present, dry_run=dry_run).data["import"]["updated"] == 1
    sheet = ONE_UNIT.replace(b"Z-101", b"Z-102")
    answer = send(as_builder, project, sheet, dry_run=dry_run, status=409)
    assert answer.code == "conflict"


def test_what_was_declared_stands_until_there_are_units(api: Api) -> None:
    builder = make_builder()
    declared = {"total_units": 80, "available_units": 80, "price_range_min": Decimal(1)}
    project, as_builder = make_project(builder, **declared), api.as_(builder)
    header = ONE_UNIT.partition(b"\r\n")[0]
    report = send(as_builder, project, header).data["import"]
    assert (report["rows"], report["created"], report["total_units"]) == (0, 0, 80)
    assert counters(project)[:3] == (80, 80, Decimal(1))
    assert send(as_builder, project, ONE_UNIT).data["import"]["total_units"] == 1


def test_one_sheet_is_read_at_a_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    monkeypatch.setattr(sheets, "PATIENCE_SECONDS", 0.01)
    with sheets._ONE_AT_A_TIME:
        busy = send(as_builder, project, ONE_UNIT, status=503)
    assert int(busy.headers["Retry-After"]) > 0
    send(as_builder, project, ONE_UNIT)


PARTS = {
    "no dry_run": ((("file", ("a.csv", ONE_UNIT)),), "dry_run"),
    "another dry_run": ((("dry_run", "True"), ("file", ("a.csv", ONE_UNIT))), "dry_run"),
    "no file": ((("dry_run", "true"),), "file"),
    "an unknown part": ((("dry_run", "true"), ("overwrite", "1")), "overwrite"),
}


@pytest.mark.parametrize(("parts", "field"), PARTS.values(), ids=PARTS)
def test_a_form_has_exactly_its_two_parts(api: Api, parts: Any, field: str) -> None:
    builder = make_builder()
    project = make_project(builder)
    path = f"/api/projects/{project.id}/units/import"
    answer = api.as_(builder).post(path, Upload(parts), status=422)
    assert [each["field"] for each in answer.error["details"]] == [field]


def test_import_and_export_are_for_the_projects_builder(api: Api) -> None:
    project = make_project(make_builder())
    other = api.as_(make_builder())
    path = f"/api/projects/{project.id}/units"
    other.post(f"{path}/import", sheet_upload(ONE_UNIT, dry_run=True), status=404)
    other.get(f"{path}/export", status=404)
    hidden = make_project(make_builder(), published=False)
    send(other, hidden, ONE_UNIT, dry_run=True, status=404)
    other.get(f"/api/projects/{hidden.id}/units/export", status=404)


def test_import_units_asks_as_much_for_many_rows_as_for_few(api: Api) -> None:
    builder = make_builder()
    as_builder = api.as_(builder)
    # The first fact of a builder begins its chain.
    send(as_builder, make_project(builder), ONE_UNIT)
    sent = []
    for count in (2, 40):
        project = make_project(builder)
        rows = [{**FLAT, "unit_number": f"A-{n}", "price": f"{n + 1}00000"} for n in range(count)]
        for price in ("", "5"):
            changed = [{**row, "price": f"{price}{row['price']}"} for row in rows]
            with queries() as statements:
                send(as_builder, project, csv_sheet(*changed))
            sent.append(len(statements))
    assert sent[:2] == sent[2:]


def test_a_sheet_that_is_sent_twice_changes_nothing_more(api: Api) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    send(as_builder, project, csv_sheet(FULL, FLAT))
    before = units_of(as_builder, project)
    report = send(as_builder, project, csv_sheet(FULL, FLAT)).data["import"]
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 2)
    assert units_of(as_builder, project) == before
    assert export(as_builder, project).status == 200


def test_a_unit_that_comes_in_between_is_locked_as_well(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is locked is looked up before; when that is not all any more, the request runs again."""
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    locked: list[set[int]] = []

    def overtaken(entity: Any, ids: set[int]) -> None:
        if not locked:
            with ThreadPoolExecutor(1) as elsewhere:
                unit = elsewhere.submit(make_unit, project, tower="Z", unit_number="Z-101").result()
                elsewhere.submit(disconnect).result()
            made.append(unit.id)
        locked.append(ids)
        lock_rows(entity, ids)

    made: list[int] = []
    monkeypatch.setattr(unit_import, "lock_rows", overtaken)
    sheet = ONE_UNIT.replace(b"6000000.00", b"6500000.00")
    report = send(as_builder, project, sheet).data["import"]
    assert (report["created"], report["updated"]) == (0, 1)
    assert locked == [set(), set(made)]
    assert counters(project)[2:] == (Decimal("6500000.00"), Decimal("6500000.00"))
