"""Ten thousand units at once: in, dearer, out and back, each within ten seconds."""

from __future__ import annotations

import logging
import time
from decimal import Decimal
from typing import Any

import pytest
from pony.orm import select

from realty.adapters import sheets
from realty.commands.audit import verify
from realty.db import AuditLog, Project, Unit
from realty.db.session import session
from tests.client import Answer, Api
from tests.factories import make_builder, make_project
from tests.functional.units.sheets import FLAT, HEADER, XLSX, csv_sheet, export, send

pytestmark = pytest.mark.slow

UNITS = 10_000
MOST_SECONDS = 10.0
log = logging.getLogger("tests.sheets")


def unit(number: int, **over: object) -> dict[str, object]:
    """A unit with everything that a sheet can hold."""
    tower, place = divmod(number, 1000)
    floor, stack = divmod(place, 10)
    name = "ABCDEFGHIJ"[tower]
    return {
        **FLAT,
        "tower": name,
        "unit_number": f"{name}-{floor:02}{stack:02}",
        "floor_number": floor,
        "price": f"{5_000_000 + number * 1000}.00",
        "floor_rise_per_sqft": "40.00",
        "preferential_charges": "lake_view: Lake view: 250000.00 | corner: Corner: 100000.00",
        "other_charges": "car_park: Covered car park: 300000.00",
        "facing": "northeast",
        "bedrooms": 3,
        "bathrooms": 3,
        "balconies": 2,
        "parking_spaces": 1,
        "features": "Lake-facing balcony | Utility room",
        **over,
    }


def timed(what: str, answer: Any) -> Answer:
    """The answer to a call, which must not have taken longer than it may."""
    begun = time.perf_counter()
    given: Answer = answer()
    seconds = time.perf_counter() - begun
    log.info("%s: %.1f s", what, seconds)
    assert seconds < MOST_SECONDS, what
    return given


def outcome(answer: Answer) -> tuple[int, int, int]:
    """Created, updated and unchanged."""
    report = answer.data["import"]
    assert report["rows"] == UNITS
    return report["created"], report["updated"], report["unchanged"]


def test_ten_thousand_units(api: Api, database: str) -> None:
    builder = make_builder()
    project, as_builder = make_project(builder), api.as_(builder)
    rows = [unit(number) for number in range(UNITS)]
    listed = [[row[name] for name in HEADER] for row in rows]
    workbook = sheets.workbook("Units", HEADER, listed, as_text=frozenset())
    made = timed("import, XLSX", lambda: send(as_builder, project, workbook))
    assert outcome(made) == (UNITS, 0, 0)
    dearer = csv_sheet(*(unit(n, price=f"{6_000_000 + n}.50") for n in range(UNITS)))
    changed = timed("new prices, CSV", lambda: send(as_builder, project, dearer))
    assert outcome(changed) == (0, UNITS, 0)
    given = timed("export, XLSX", lambda: export(as_builder, project, XLSX))
    same = timed("the same again, XLSX", lambda: send(as_builder, project, given.body))
    assert outcome(same) == (0, 0, UNITS)
    with session():
        row = Project[project.id]
        assert (row.total_units, row.available_units) == (UNITS, UNITS)
        assert row.price_range_min == Decimal("6000000.50")
        assert row.price_range_max == Decimal("6009999.50")
        assert set(select(u.version for u in Unit)) == {2}
        assert AuditLog.select(lambda a: a.action == "unit.repriced").count() == UNITS
    assert verify(database, None)
