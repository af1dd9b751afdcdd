"""Sheets are hostile: whatever is wrong with one, nothing of it is imported, and the caller is told
where it is wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from tests.client import Api
from tests.database import content
from tests.factories import make_booking, make_builder, make_customer, make_project, make_unit
from tests.functional.units.sheets import FLAT, csv_sheet, xlsx_sheet
from tests.uploads import ONE_UNIT, sheet_upload

HEADER = list(FLAT)
NEW = list({**FLAT, "unit_number": "A-901"}.values())
SHEET = "xl/worksheets/sheet1.xml"


def with_formula() -> bytes:
    """A price that the spreadsheet computes; what it last was is stored beside it."""
    return xlsx_sheet([HEADER, NEW, [*NEW[:1], "A-902", *NEW[2:-1], "=1000000*6"]])


def bomb() -> bytes:
    """Some tens of kilobytes that are 64 MiB when they are unpacked."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(with_formula())) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name != SHEET:
                target.writestr(name, source.read(name))
        with target.open(SHEET, "w", force_zip64=True) as part:
            part.write(b"<worksheet><sheetData>")
            for _ in range(64):
                part.write(b" " * 1024 * 1024)
    return out.getvalue()


def million_rows() -> bytes:
    """As many as a spreadsheet has."""
    return b"unit_number\r\n" + b"A-1\r\n" * 1_000_000


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a formula cell": (with_formula, "rows[3].price"),
    "a formula cell in CSV": (
        lambda: csv_sheet({**FLAT, "unit_number": "A-901", "price": "=6000000"}),
        "rows[2].price",
    ),
    "a command in CSV": (
        lambda: csv_sheet({**FLAT, "unit_number": "A-901", "tower": "=cmd|'/c calc'!A0"}),
        "rows[2].tower",
    ),
    "a million rows": (million_rows, "rows[10002]"),
    "a zip bomb": (bomb, "file"),
    "mixed encodings": (
        lambda: ONE_UNIT + "Z,Z-102,1,2bhk,1,1,é".encode() + "Z,Z-103,é".encode("cp1252"),
        "rows[3]",
    ),
    "a number twice": (
        lambda: csv_sheet(*[{**FLAT, "unit_number": "A-901"}] * 2),
        "rows[3].unit_number",
    ),
    "a price on a booked unit": (
        lambda: csv_sheet({**FLAT, "unit_number": "A-901"}, {**FLAT, "price": "1.00"}),
        "rows[3].price",
    ),
}


@pytest.mark.parametrize(("sheet", "field"), CASES.values(), ids=CASES)
def test_a_hostile_sheet_is_refused_whole(
    api: Api, database: str, sheet: Callable[[], bytes], field: str
) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    make_booking(make_unit(project, unit_number="A-101"), make_customer(), status="confirmed")
    before = content(database)
    path = f"/api/projects/{project.id}/units/import"
    answer = as_builder.post(path, sheet_upload(sheet(), dry_run=False), status=422)
    assert answer.code == "validation_error"
    assert [each["field"] for each in answer.error["details"]] == [field]
    assert content(database) == before
