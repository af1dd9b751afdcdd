"""listUnits, listProjectUnits, getUnit, getProjectAvailability: reading units."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.client import Api
from tests.deployment import CLOCK
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.queries import queries

PATH = "/api/units"


def found(api: Api, caller: Any = None, path: str = PATH, **params: Any) -> list[int]:
    """The ids that `caller` gets, in their order."""
    return [row["id"] for row in api.as_(caller).get(path, params).data["units"]]


def test_list_units_shows_each_role_what_it_may_see(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    shown = make_unit(make_project(builder))
    hidden = make_unit(make_project(builder, published=False))
    in_hidden = f"/api/projects/{hidden.project_id}/units"
    for stranger in (None, make_builder(), customer):
        assert found(api, stranger) == [shown.id]
        api.as_(stranger).get(in_hidden, status=404)
        api.as_(stranger).get(f"{PATH}/{hidden.id}", status=404)
        api.as_(stranger).get(f"{PATH}/{hidden.id}/cost-sheet", status=404)
        api.as_(stranger).get(f"/api/projects/{hidden.project_id}/availability", status=404)
    make_booking(hidden, customer)
    for known in (builder, make_admin(), customer):
        assert set(found(api, known)) == {shown.id, hidden.id}
        assert found(api, known, in_hidden) == [hidden.id]
        assert api.as_(known).get(f"{PATH}/{hidden.id}").data["unit"]["status"] == "booked"
        api.as_(known).get(f"/api/projects/{hidden.project_id}/availability")


@pytest.mark.parametrize("everywhere", [True, False])
@pytest.mark.parametrize(
    "params",
    [
        {"floor": -2},
        {"status": "blocked"},
        {"unit_type": "shop"},
        {"facing": "northwest"},
        {"bedrooms": 0},
        {"max_price": "999.99"},
        {"max_area": "99.9"},
        {"q": "zeta-9"},
    ],
)
def test_list_units_filters_by(api: Api, params: dict[str, Any], everywhere: bool) -> None:
    project = make_project(make_builder())
    make_units(project, 2)
    wanted = make_unit(
        project,
        tower="Z",
        unit_number="Zeta-9",
        floor_number=-2,
        status="blocked",
        unit_type="shop",
        facing="northwest",
        bedrooms=0,
        price=Decimal("999.99"),
        area_sqft=Decimal("99.90"),
        carpet_area_sqft=Decimal("90.00"),
    )
    path = PATH if everywhere else f"/api/projects/{project.id}/units"
    scope = {"builder_id": project.builder_id} if everywhere else {}
    assert found(api, path=path, **scope, **params) == [wanted.id]
    assert wanted.id not in found(api, path=path, min_price="1000", min_area="100")
    assert len(found(api, path=path, min_price="999.99", min_area="99.9")) == 3


def test_list_project_units_by_tower(api: Api) -> None:
    project = make_project(make_builder())
    wanted, other = make_unit(project, tower="A"), make_unit(project, tower="AB")
    villa = make_unit(project, tower=None)
    path = f"/api/projects/{project.id}/units"
    assert found(api, path=path, tower="A") == [wanted.id]
    assert set(found(api, path=path)) == {wanted.id, other.id, villa.id}
    assert api.get(PATH, {"tower": "A"}, status=422).code == "validation_error"


@pytest.mark.parametrize(
    "params",
    [
        {"city": "PUN"},
        {"state": "Mahar"},
        {"project_type": "commercial"},
        {"project_status": "planning"},
        {"q": "tower pune"},
    ],
)
def test_list_units_filters_by_project(api: Api, params: dict[str, Any]) -> None:
    builder = make_builder()
    make_unit(make_project(builder))
    wanted = make_unit(
        make_project(
            make_builder(),
            status="planning",
            project_name="Ārya Tower",
            location_city="Pune",
            location_state="Maharashtra",
            project_type="commercial",
        )
    )
    assert found(api, **params) == [wanted.id]
    assert found(api, builder_id=wanted.builder_id) == [wanted.id]


def test_list_units_searches_numbers_of_one_builder_only(api: Api) -> None:
    builder = make_builder()
    unit = make_unit(make_project(builder), unit_number="Zeta-9")
    make_unit(make_project(builder))
    assert found(api, builder_id=builder.builder_id, q="zeta-9") == [unit.id]
    assert found(api, builder, mine=True, q="heights zeta-9") == [unit.id]
    assert found(api, q="zeta-9") == []
    assert len(found(api, q="heights bangalore")) == 2


def test_list_units_mine_is_for_builders(api: Api) -> None:
    builder = make_builder()
    own = make_unit(make_project(builder, published=False))
    make_unit(make_project(make_builder()))
    assert found(api, builder, mine=True) == [own.id]
    assert len(found(api, builder, mine=False)) == 2
    assert api.get(PATH, {"mine": True}, status=401).code == "authentication_required"
    assert api.as_(make_customer()).get(PATH, {"mine": True}, status=403).code == "forbidden"


@pytest.mark.parametrize("name", ["unit_number", "price", "floor_number", "area_sqft"])
def test_list_units_sorts(api: Api, name: str) -> None:
    project = make_project(make_builder())
    ids = [
        make_unit(
            project,
            unit_number=f"U{n}",
            price=Decimal(1000 + n),
            floor_number=n,
            area_sqft=Decimal(1000 + n),
        ).id
        for n in (2, 1, 3)
    ]
    assert found(api, sort=name) == [ids[1], ids[0], ids[2]]
    assert found(api, sort=f"-{name}") == [ids[2], ids[0], ids[1]]
    assert found(api) == ids[::-1]


def test_list_units_pages(api: Api) -> None:
    project = make_project(make_builder())
    ids = [unit.id for unit in make_units(project, 5)]
    page = api.get(PATH, {"limit": 2, "page": 2, "sort": "unit_number"}).data
    assert [row["id"] for row in page["units"]] == ids[2:4]
    assert page["pagination"]["totalItems"] == 5
    assert api.get(PATH, {"page": 1002}, status=422).error["details"][0]["field"] == "page"


@pytest.mark.parametrize(
    "query",
    ["floor=-6", "floor=1.0", "bedrooms=21", "status=gone", "max_area=1e2", "sort=id", "x="],
)
def test_list_units_refuses(api: Api, query: str) -> None:
    assert api.get(f"{PATH}?{query}", status=422).code == "validation_error"


@pytest.mark.parametrize("in_project", [True, False])
def test_list_units_costs_the_same_queries_whatever_the_page(api: Api, in_project: bool) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_units(project, 2)
    path = f"/api/projects/{project.id}/units" if in_project else PATH
    with queries() as few:
        found(api, builder, path, limit=100)
    make_units(project, 20)
    for _ in range(3):
        make_units(make_project(make_builder()), 2)
    with queries() as many:
        assert len(found(api, builder, path, limit=100)) == (22 if in_project else 28)
    assert len(many) == len(few)
    assert 1 <= len(many) <= 3


def test_get_unit_shows_the_note_to_its_builder_only(api: Api) -> None:
    builder = make_builder()
    until = CLOCK.now().replace(microsecond=0) + timedelta(days=2)
    unit = make_unit(
        make_project(builder), status="reserved", reserved_until=until, reserved_note="For Rao"
    )
    path, listed = f"{PATH}/{unit.id}", f"/api/projects/{unit.project_id}/units"
    own = api.as_(builder).get(path).data["unit"]
    assert own["reserved_note"] == "For Rao"
    assert own["reserved_until"] == f"{until.isoformat()}Z"
    assert api.as_(builder).get(listed).data["units"][0] == own
    for other in (None, make_builder(), make_customer(), make_admin()):
        shown = api.as_(other).get(path).data["unit"]
        assert shown == {**own, "reserved_note": None}
        assert api.as_(other).get(listed).data["units"] == [shown]
        assert api.as_(other).get(PATH, {"q": "Rao"}).data["units"] == []


def test_get_unit_adds_up_its_agreement_value(api: Api) -> None:
    charge = {"code": "lake_view", "label": "Lake view", "amount": "250000.00"}
    unit = make_unit(
        make_project(make_builder()),
        price=Decimal("6000000.00"),
        floor_rise_per_sqft=Decimal("25.01"),
        area_sqft=Decimal("1200.50"),
        preferential_charges=[charge],
        other_charges=[{**charge, "code": "car_park", "amount": "0.01"}],
    )
    shown = api.get(f"{PATH}/{unit.id}").data["unit"]
    # 25.01 * 1200.50 = 30,024.505, rounded half-up
    assert shown["agreement_value"] == "6280024.52"
    assert shown["preferential_charges"] == [charge]
    assert shown["project"]["id"] == unit.project_id


def test_get_unit_answers_304_to_its_etag(api: Api) -> None:
    unit = make_unit(make_project(make_builder()))
    etag = api.get(f"{PATH}/{unit.id}").headers["ETag"]
    assert etag.startswith('"1.')
    api.get(f"{PATH}/{unit.id}", headers={"If-None-Match": etag}, status=304)
    for absent in ("0", "x", "2147483648", "2147483647"):
        api.get(f"{PATH}/{absent}", status=404)


def test_get_project_availability_is_a_grid(api: Api) -> None:
    project = make_project(make_builder())
    villa = make_unit(project, tower=None, unit_number="V1", unit_type="villa", floor_number=0)
    ids = {
        (tower, floor, number): make_unit(
            project,
            tower=tower,
            floor_number=floor,
            unit_number=number,
            status=status,
            price=Decimal(price),
        ).id
        for tower, floor, number, status, price in (
            ("B", 1, "B-101", "available", "5"),
            ("A", 1, "A-102", "sold", "6"),
            ("A", 1, "A-101", "reserved", "7"),
            ("A", 10, "A-1001", "booked", "8"),
            ("A", -1, "A-B1", "blocked", "9"),
        )
    }
    grid = api.get(f"/api/projects/{project.id}/availability").data["availability"]
    shape = [
        (tower["tower"], floor["floor_number"], [unit["unit_id"] for unit in floor["units"]])
        for tower in grid["towers"]
        for floor in tower["floors"]
    ]
    assert shape == [
        ("A", 10, [ids["A", 10, "A-1001"]]),
        ("A", 1, [ids["A", 1, "A-101"], ids["A", 1, "A-102"]]),
        ("A", -1, [ids["A", -1, "A-B1"]]),
        ("B", 1, [ids["B", 1, "B-101"]]),
        (None, 0, [villa.id]),
    ]
    assert (grid["total_units"], grid["available_units"]) == (6, 2)
    assert grid["by_status"] == {
        "available": 2,
        "reserved": 1,
        "blocked": 1,
        "booked": 1,
        "sold": 1,
    }
    two_bhk, villas = grid["by_type"]
    assert two_bhk == {
        "unit_type": "2bhk",
        "total_units": 5,
        "available_units": 1,
        "price_min": "5.00",
        "price_max": "9.00",
    }
    assert (villas["unit_type"], villas["total_units"]) == ("villa", 1)


def test_get_project_availability_without_units_shows_what_was_declared(api: Api) -> None:
    project = make_project(make_builder(), total_units=40, available_units=40)
    grid = api.get(f"/api/projects/{project.id}/availability").data["availability"]
    assert (grid["towers"], grid["by_type"]) == ([], [])
    assert (grid["total_units"], grid["available_units"]) == (40, 40)


def test_get_project_availability_costs_the_same_queries(api: Api) -> None:
    project = make_project(make_builder())
    make_units(project, 2)
    path = f"/api/projects/{project.id}/availability"
    with queries() as few:
        api.get(path)
    make_units(project, 30)
    with queries() as many:
        etag = api.get(path).headers["ETag"]
    assert len(many) == len(few)
    api.get(path, headers={"If-None-Match": etag}, status=304)
