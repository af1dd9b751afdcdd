"""generateUnits: whole towers, all or nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pony.orm import count

from realty.db import Project, Unit
from realty.db.session import session
from tests.client import Api, contract
from tests.factories import (
    ProjectRow,
    make_admin,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.queries import queries

EXAMPLE = contract()["components"]["examples"]["UnitGeneration"]["value"]
FLAT = {
    "stack": 1,
    "unit_type": "2bhk",
    "area_sqft": "1200.00",
    "carpet_area_sqft": "900.00",
    "price": "6000000.00",
}


def path_of(project: ProjectRow) -> str:
    """Where units are generated."""
    return f"/api/projects/{project.id}/units/generate"


def towers(*names: str, floors: int = 2, **over: Any) -> dict[str, Any]:
    """A body with one flat on each floor."""
    plans = [{"name": name, "floors_from": 1, "floors_to": floors} for name in names]
    return {"towers": plans, "stack": [FLAT], **over}


def test_generate_units_as_in_the_example(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    answer = api.as_(builder).post(path_of(project), EXAMPLE, status=201)
    generated = answer.data["generated"]
    assert answer.headers["Location"].endswith(f"/api/projects/{project.id}/units")
    listed = api.get(answer.headers["Location"], {"limit": 100, "sort": "unit_number"}).data
    assert listed["pagination"]["totalItems"] == generated["count"]
    assert (generated["total_units"], generated["available_units"]) == (generated["count"],) * 2
    numbers = {unit["unit_number"] for unit in listed["units"]}
    assert generated["first_unit_number"] in numbers


def test_generate_units_builds_prices_numbers_and_columns(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    charge = {"code": "lake_view", "label": "Lake view", "amount": "250000.00"}
    shop = {
        **FLAT,
        "stack": 12,
        "unit_type": "shop",
        "facing": "east",
        "floor_rise_per_sqft": "10.50",
        "preferential_charges": [charge],
        "features": ["Shopfront", 'Ĉu "quoted", \\ and {braces}'],
        "parking_spaces": 2,
    }
    body = {
        "towers": [{"name": "B", "floors_from": -1, "floors_to": 2, "skip_floors": [0]}],
        "stack": [FLAT, shop],
        "price_step_per_floor": "1000.50",
        "unit_number_format": "{tower}.{floor:03}/{stack}",
    }
    generated = api.as_(builder).post(path_of(project), body, status=201).data["generated"]
    assert (generated["count"], generated["first_unit_number"]) == (6, "B.-01/1")
    assert generated["last_unit_number"] == "B.002/12"
    rows = api.get(f"/api/projects/{project.id}/units", {"sort": "floor_number"}).data["units"]
    shops = [row for row in rows if row["unit_type"] == "shop"]
    assert [row["price"] for row in shops] == ["6000000.00", "6001000.50", "6002001.00"]
    top = shops[-1]
    assert {name: top[name] for name in shop if name not in {"stack", "price"}} == {
        name: value for name, value in shop.items() if name not in {"stack", "price"}
    }
    assert (top["tower"], top["status"], top["version"], top["bedrooms"]) == (
        "B",
        "available",
        1,
        0,
    )
    shown = api.get(f"/api/projects/{project.id}").data["project"]
    assert (shown["price_range_min"], shown["price_range_max"]) == ("6000000.00", "6002001.00")
    # A row made in bulk is an ordinary row afterwards.
    unit = f"/api/units/{top['id']}"
    api.as_(builder).patch(
        unit, {"price": "7000000.00"}, headers={"If-Match": '"1.' + "0" * 16 + '"'}
    )


def test_generate_units_is_all_or_nothing(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_unit(project, tower="B", unit_number="B-201", status="blocked")
    answer = api.as_(builder).post(path_of(project), towers("A", "B"), status=409)
    assert answer.code == "conflict"
    assert [detail["value"] for detail in answer.error["details"]] == ["B-201"]
    with session():
        assert count(u for u in Unit) == 1
    body = towers("A", "B", unit_number_format="{tower}{floor}{stack:02}")
    generated = api.as_(builder).post(path_of(project), body, status=201).data["generated"]
    assert (generated["count"], generated["total_units"]) == (4, 5)
    assert generated["available_units"] == 4
    again = api.as_(builder).post(path_of(project), body, status=409)
    assert len(again.error["details"]) == 4


def test_generate_units_takes_2000_in_few_statements(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    stack = [{**FLAT, "stack": position} for position in range(1, 11)]
    body = towers("A", "B", "C", "D", floors=50, stack=stack)
    with queries() as sent:
        generated = api.as_(builder).post(path_of(project), body, status=201).data["generated"]
    assert generated["count"] == 2000
    assert len(sent) < 15
    with session():
        assert count(u for u in Unit if u.project.id == project.id) == 2000
        assert Project[project.id].available_units == 2000
    more = towers("E", floors=50, stack=[*stack, *[{**FLAT, "stack": 40 + n} for n in range(31)]])
    answer = api.as_(builder).post(path_of(project), more, status=422)
    assert answer.error["details"][0]["field"] == "towers"


@pytest.mark.parametrize("status", ["delivered", "cancelled"])
def test_generate_units_in_a_project_that_is_over(api: Api, status: str) -> None:
    builder = make_builder()
    project = make_project(builder, status=status)
    assert api.as_(builder).post(path_of(project), towers("A"), status=409).code == "conflict"


def test_generate_units_stops_at_what_a_project_may_have(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = make_builder()
    project = make_project(builder)
    monkeypatch.setattr("realty.services.units.MOST_UNITS", 3)
    api.as_(builder).post(path_of(project), towers("A", floors=3), status=201)
    assert api.as_(builder).post(path_of(project), towers("B"), status=409).code == "conflict"
    with session():
        assert Project[project.id].total_units == count(u for u in Unit) == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        towers(),
        towers("A", "A"),
        towers("A", floors=0),
        towers("A", floors=201),
        towers("A", stack=[]),
        towers("A", stack=[FLAT, FLAT]),
        towers("A", stack=[{**FLAT, "price": "0.00"}]),
        towers("A", stack=[{**FLAT, "carpet_area_sqft": "1200.01"}]),
        towers("A", price_step_per_floor="9999999999999.99"),
        towers("A", unit_number_format="{tower}"),
        towers("A", unit_number_format="{tower}-{floor}-"),
        towers("A", unit_number_format="{0}"),
        towers("A", unit_number_format="{floor.__class__}"),
        towers("A", unit_number_format="X" * 29 + "{floor}{stack}"),
        towers("A", unit_number_format="{floor:09}"),
    ],
)
def test_generate_units_refuses(api: Api, body: dict[str, Any]) -> None:
    builder = make_builder()
    project = make_project(builder)
    assert api.as_(builder).post(path_of(project), body, status=422).code == "validation_error"
    with session():
        assert Project[project.id].price_range_max is None
        assert count(u for u in Unit) == 0


def test_generate_units_is_for_the_builder_of_the_project(api: Api) -> None:
    project = make_project(make_builder())
    body, path = towers("A"), path_of(project)
    assert api.post(path, body, status=401).code == "authentication_required"
    assert api.as_(make_builder()).post(path, body, status=404).code == "not_found"
    for other in (make_customer(), make_admin()):
        assert api.as_(other).post(path, body, status=403).code == "forbidden"


def test_generate_units_of_two_towers_without_a_word_on_prices(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    api.as_(builder).post(path_of(project), towers("A", "B"), status=201)
    rows = api.get(f"/api/projects/{project.id}/units", {"sort": "unit_number"}).data["units"]
    assert [row["unit_number"] for row in rows] == ["A-101", "A-201", "B-101", "B-201"]
    assert {Decimal(row["price"]) for row in rows} == {Decimal("6000000.00")}
