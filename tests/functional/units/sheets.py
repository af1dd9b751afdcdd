"""Sheets of units for tests: written as people do, sent, and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openpyxl

from tests.client import Answer, Api
from tests.factories import ProjectRow
from tests.uploads import sheet_upload

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FLAT = {
    "tower": "A",
    "unit_number": "A-101",
    "floor_number": "1",
    "unit_type": "2bhk",
    "area_sqft": "1200.00",
    "carpet_area_sqft": "900.00",
    "price": "6000000.00",
}
HEADER = (
    *("tower", "unit_number", "floor_number", "unit_type", "area_sqft", "carpet_area_sqft"),
    *("price", "floor_rise_per_sqft", "preferential_charges", "other_charges", "facing"),
    *("bedrooms", "bathrooms", "balconies", "parking_spaces", "features"),
)


def csv_sheet(*units: Mapping[str, object], columns: Sequence[str] = (), **options: Any) -> bytes:
    """Units as CSV, with the columns of the first unless told."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(units[0]), restval="", **options)
    writer.writeheader()
    writer.writerows(units)
    return out.getvalue().encode()


def xlsx_sheet(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows, the header first, as another program writes a workbook."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send(
    api: Api, project: ProjectRow, content: bytes, *, dry_run: bool = False, status: int = 200
) -> Answer:
    """importUnits."""
    path = f"/api/projects/{project.id}/units/import"
    return api.post(path, sheet_upload(content, dry_run=dry_run), status=status)


def found(api: Api, project: ProjectRow, content: bytes) -> list[tuple[Any, ...]]:
    """Row, column, value and reason of every error that a dry run finds. The import finds the
    same and changes nothing."""
    report = send(api, project, content, dry_run=True).data["import"]
    errors = report["errors"]
    assert report["error_count"] == len(errors)
    if errors:
        refused = send(api, project, content, status=422).error
        assert refused["code"] == "validation_error"
        assert [tuple(each.values()) for each in refused["details"]] == [
            (
                f"rows[{each['row']}]" + (f".{each['column']}" if each["column"] else ""),
                each["reason"],
                *([each["value"]] if each["value"] else []),
            )
            for each in errors
        ]
    return [tuple(each[key] for key in ("row", "column", "value", "reason")) for each in errors]


def export(api: Api, project: ProjectRow, accept: str = "text/csv", **query: Any) -> Answer:
    """exportUnits."""
    path = f"/api/projects/{project.id}/units/export"
    return api.get(path, query, headers={"Accept": accept})


def table(answer: Answer) -> list[dict[str, str]]:
    """The rows of a CSV answer."""
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def cells(answer: Answer) -> list[list[Any]]:
    """The cells of an XLSX answer, as another program reads them."""
    book = openpyxl.load_workbook(io.BytesIO(answer.body))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def units_of(api: Api, project: ProjectRow) -> dict[str, dict[str, Any]]:
    """The units of a project by number."""
    query = {"limit": 100, "sort": "unit_number"}
    listed = api.get(f"/api/projects/{project.id}/units", query).data["units"]
    return {unit["unit_number"]: unit for unit in listed}
