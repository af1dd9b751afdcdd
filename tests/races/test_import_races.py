"""importUnits beside what else happens to the units of a project: one order of the two remains."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

from realty.commands.audit import verify
from realty.db import Project, Unit
from realty.db.session import session
from tests.factories import ProjectRow
from tests.functional.units.sheets import FLAT, csv_sheet
from tests.races.buyers import send_order, together
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply
from tests.uploads import sheet_upload

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROUNDS = 6
OLD, NEW = Decimal("6000000.00"), Decimal("7000000.00")


def bring(
    fleet: Fleet, server: int, sale: Launch, content: bytes, project: ProjectRow | None = None
) -> Reply:
    """importUnits."""
    path = f"/api/projects/{(project or sale.project).id}/units/import"
    form = sheet_upload(content, dry_run=False)
    return fleet.post(server, path, form, token=sale.builder.token)


def prices(sale: Launch, price: Decimal, **over: object) -> bytes:
    """A price list of all units of the sale."""
    rows = [{"tower": "A", "unit_number": unit.unit_number} for unit in sale.units]
    return csv_sheet(*({**row, "price": f"{price}", **over} for row in rows))


def new_units(count: int, first: int = 0) -> bytes:
    """So many units that are not there yet."""
    return csv_sheet(*({**FLAT, "unit_number": f"N-{first + n}"} for n in range(count)))


def check_counters(project: ProjectRow, total: int) -> None:
    """What the project says of its units equals what they are."""
    project_id = project.id
    with session():
        row = Project[project_id]
        units = list(Unit.select(lambda u: u.project.id == project_id))
        found = [unit.price for unit in units]
        assert (row.total_units, len(units)) == (total, total)
        assert row.available_units == sum(unit.status == "available" for unit in units)
        assert (row.price_range_min, row.price_range_max) == (min(found), max(found))


def test_new_prices_and_bookings(
    fleet: Fleet, launch: Callable[[int, int], Launch], database: str
) -> None:
    """Whoever came first: everything was booked at the old prices and none changed, or all at the
    new ones. A sheet is never half in."""
    for turn in range(ROUNDS):
        sale = launch(4, 4)
        buyers = [
            partial(send_order, fleet, turn + n, customer, unit)
            for n, (customer, unit) in enumerate(zip(sale.customers, sale.units, strict=True))
        ]
        sheet = partial(bring, fleet, turn, sale, prices(sale, NEW))
        report, *orders = together([sheet, *buyers])
        assert {order.status for order in orders} == {201}
        assert report.status in {200, 422}, report.body
        price = NEW if report.status == 200 else OLD
        with session():
            project = Project[sale.project.id]
            assert {unit.price for unit in project.units} == {price}
            assert {b.price_snapshot["base_price"] for b in project.bookings} == {f"{price}"}
        check_counters(sale.project, 4)
    assert verify(database, None)


def test_one_sheet_many_times(
    fleet: Fleet, launch: Callable[[int, int], Launch], database: str
) -> None:
    """The units are made once; whoever came later finds them there."""
    sale = launch(1, 0)
    for turn in range(ROUNDS):
        rush = [partial(bring, fleet, n, sale, new_units(20, turn * 20)) for n in range(3)]
        replies = together(rush)
        assert [reply.status for reply in replies] == [200] * 3, [each.body for each in replies]
        reports = [reply.data["import"] for reply in replies]
        told = sorted((each["created"], each["unchanged"]) for each in reports)
        assert told == [(0, 20), (0, 20), (20, 0)]
        check_counters(sale.project, 1 + 20 * (turn + 1))
    assert verify(database, None)


def test_two_price_lists(fleet: Fleet, launch: Callable[[int, int], Launch], database: str) -> None:
    """One list is in force in the end, whole, and its versions and facts fit."""
    sale = launch(6, 0)
    for turn in range(ROUNDS):
        lists = [Decimal(f"{7 + turn}{n}00000.00") for n in range(3)]
        replies = together(
            [partial(bring, fleet, n, sale, prices(sale, price)) for n, price in enumerate(lists)]
        )
        assert [reply.status for reply in replies] == [200] * 3, [each.body for each in replies]
        assert [reply.data["import"]["updated"] for reply in replies] == [6] * 3
        with session():
            (price,) = {unit.price for unit in Unit.select()}
            assert price in lists
            assert {unit.version for unit in Unit.select()} == {1 + 3 * (turn + 1)}
    check_counters(sale.project, 6)
    assert verify(database, None)


def test_sheets_beside_single_units_and_generated_ones(
    fleet: Fleet, launch: Callable[[int, int], Launch], database: str
) -> None:
    """No number is given twice, whoever made it; the others change it, or are told that it is."""
    sale = launch(1, 0)
    generate = f"/api/projects/{sale.project.id}/units/generate"
    flat = {key: FLAT[key] for key in ("unit_type", "area_sqft", "carpet_area_sqft", "price")}
    for turn in range(ROUNDS):
        number = {"tower": "A", "unit_number": f"N-{turn * 4}", "floor_number": 1}
        tower = {"name": "A", "floors_from": 1, "floors_to": 1}
        pattern = {"unit_number_format": f"N-{turn * 4 + 1}"}
        bodies = {
            "/api/units": {**flat, **number, "project_id": sale.project.id},
            generate: {"towers": [tower], "stack": [{**flat, "stack": 1}], **pattern},
        }
        singles = [
            partial(fleet.post, n, path, body, token=sale.builder.token)
            for n, (path, body) in enumerate(bodies.items())
        ]
        sheet = partial(bring, fleet, 2, sale, new_units(4, turn * 4))
        report, *others = together([sheet, *singles])
        assert report.status == 200, report.body
        assert {other.status for other in others} <= {201, 409}
        made = sum(other.status == 201 for other in others)
        assert report.data["import"]["created"] == 4 - made
        check_counters(sale.project, 1 + 4 * (turn + 1))
    assert verify(database, None)
