"""Changes at once: what a project and a builder say of themselves equals their rows afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pony.orm import count
from webtest import TestApp

from realty.db import Builder, Project, Unit, connection
from realty.db.session import session
from tests.client import Caller, check_answer
from tests.factories import (
    ProjectRow,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)

THREADS = 6
FLAT = {
    "unit_type": "2bhk",
    "area_sqft": "1200.00",
    "carpet_area_sqft": "900.00",
    "price": "6000000.00",
}
Send = Callable[[Caller, str, str, Any], Callable[[], int]]


@pytest.fixture
def send(app: Any) -> Send:
    """Prepare a request; calling it sends it and returns the status, which may be any that the
    contract knows but a failure of ours."""

    def status_of(caller: Caller, method: str, path: str, body: Any) -> int:
        response = TestApp(app, cookiejar=None).request(
            path,
            method=method,
            body=b"" if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {caller.token}",
                "Content-Type": "application/json",
            },
            expect_errors=True,
        )
        check_answer(method, path, response)
        assert response.status_int < 500, response.text
        return int(response.status_int)

    return lambda *request: partial(status_of, *request)


def at_once(calls: Sequence[Callable[[], int]]) -> Counter[int]:
    """How many calls, made by several threads, answered which status."""

    def run(call: Callable[[], int]) -> int:
        try:
            return call()
        finally:
            connection.disconnect()

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(run, calls))


def new_unit(project: ProjectRow, number: str, **over: Any) -> dict[str, Any]:
    """A body of createUnit."""
    return {**FLAT, "project_id": project.id, "unit_number": number, "floor_number": 1, **over}


def expect_counters(project: ProjectRow) -> None:
    """What the project says of its units equals what they are."""
    project_id = project.id
    with session():
        row = Project[project_id]
        units = list(Unit.select(lambda u: u.project.id == project_id))
        assert row.total_units == len(units)
        assert row.available_units == sum(unit.status == "available" for unit in units)
        assert row.price_range_min == min(unit.price for unit in units)
        assert row.price_range_max == max(unit.price for unit in units)


def test_a_unit_number_is_given_once(send: Send) -> None:
    builder = make_builder()
    project = make_project(builder)
    bodies = [new_unit(project, f"V-{n % 4}") for n in range(20)]
    statuses = at_once([send(builder, "POST", "/api/units", body) for body in bodies])
    assert statuses == {201: 4, 409: 16}
    expect_counters(project)


def test_counters_hold_while_units_come_go_and_move(send: Send) -> None:
    builder = make_builder()
    project = make_project(builder)
    units = make_units(project, 9)
    blocked, dearer, gone = units[:3], units[3:6], units[6:]
    towers = [{"name": "T", "floors_from": 1, "floors_to": 3}]
    stack = [{**FLAT, "stack": 1, "price": "5000000.00"}]
    generate = f"/api/projects/{project.id}/units/generate"
    customers = [make_customer() for _ in range(3)]
    sold = make_units(project, 3)
    calls = [
        *(
            send(builder, "PATCH", f"/api/units/{unit.id}/status", {"status": "blocked"})
            for unit in blocked
        ),
        *(
            send(builder, "PATCH", f"/api/units/{unit.id}", {"price": f"{n}7000000.00"})
            for n, unit in enumerate(dearer, start=1)
        ),
        *(send(builder, "DELETE", f"/api/units/{unit.id}", None) for unit in gone),
        *(send(builder, "POST", "/api/units", new_unit(project, f"V-{n}")) for n in range(3)),
        *(
            send(
                customer,
                "POST",
                "/api/bookings",
                {"unit_id": unit.id, "payment_plan": "construction_linked"},
            )
            for customer, unit in zip(customers, sold, strict=True)
        ),
        send(builder, "POST", generate, {"towers": towers, "stack": stack}),
    ]
    interleaved = [call for n in range(3) for call in calls[n::3]]
    assert at_once(interleaved) == {200: 6, 204: 3, 201: 7}
    expect_counters(project)
    with session():
        row = Project[project.id]
        assert (row.total_units, row.available_units) == (15, 9)
        assert row.price_range_max == Decimal("37000000.00")


def test_total_projects_holds_while_projects_come_and_go(send: Send) -> None:
    builder = make_builder()
    cancelled, deleted = (
        [make_project(builder, status="planning") for _ in range(4)] for _ in range(2)
    )
    body = {
        "project_name": "Kāverī",
        "project_type": "residential",
        "location_city": "Pune",
        "location_state": "Maharashtra",
    }
    calls = [
        call
        for one, other in zip(cancelled, deleted, strict=True)
        for call in (
            send(builder, "PATCH", f"/api/projects/{one.id}/status", {"status": "cancelled"}),
            send(builder, "PATCH", f"/api/projects/{one.id}/status", {"status": "cancelled"}),
            send(builder, "DELETE", f"/api/projects/{other.id}", None),
            send(builder, "DELETE", f"/api/projects/{other.id}", None),
            send(builder, "POST", "/api/projects", body),
        )
    ]
    statuses = at_once(calls)
    assert statuses == {200: 4, 409: 4, 204: 4, 404: 4, 201: 4}
    with session():
        live = count(p for p in Project if p.status != "cancelled")
        assert Builder[builder.builder_id].total_projects == live == 4


def test_a_project_is_booked_or_closed_but_not_both(send: Send) -> None:
    for close, body in (
        ("status", {"status": "cancelled"}),
        ("unpublish", None),
        ("", None),
    ):
        builder = make_builder()
        method = {"status": "PATCH", "unpublish": "POST", "": "DELETE"}[close]
        project = make_project(builder)
        unit = make_unit(project)
        order = {"unit_id": unit.id, "payment_plan": "loan"}
        buyers = [make_customer() for _ in range(4)]
        calls = [send(buyer, "POST", "/api/bookings", order) for buyer in buyers]
        path = f"/api/projects/{project.id}/{close}".rstrip("/")
        calls.insert(1, send(builder, method, path, body))
        statuses = at_once(calls)
        assert statuses[201] <= 1
        if close == "status":
            assert (statuses[201], statuses[200]) in {(1, 0), (0, 1)}
        if close == "":
            assert (statuses[201], statuses[204]) in {(1, 0), (0, 1)}


def test_a_project_with_a_booking_refuses_many_deletions(send: Send) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_booking(make_unit(project), make_customer(), status="expired")
    calls = [send(builder, "DELETE", f"/api/projects/{project.id}", None) for _ in range(4)]
    assert at_once(calls) == {409: 4}
    expect_counters(project)
