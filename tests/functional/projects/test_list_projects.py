"""listProjects: who sees what, filters, order, search, pages, and how many queries it costs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from realty.db import ProjectPhase, User
from realty.db.session import session
from tests.client import Api
from tests.factories import (
    BuilderAccount,
    ProjectRow,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)
from tests.functional.queries import queries

PATH = "/api/projects"


def found(api: Api, caller: Any = None, **params: Any) -> list[int]:
    """The ids that `caller` gets, in their order."""
    rows = api.as_(caller).get(PATH, params).data["projects"]
    return [row["id"] for row in rows]


def only_row(api: Api, caller: Any = None) -> dict[str, Any]:
    """The one project that `caller` sees."""
    (row,) = api.as_(caller).get(PATH).data["projects"]
    return dict(row)


def make_phase(project: ProjectRow, sequence: int, **over: Any) -> int:
    """A phase of half the weight that has not begun."""
    columns = {
        "phase_name": f"Phase {sequence}",
        "weight_percent": Decimal("50.00"),
        "expected_end_date": date.today() + timedelta(days=90),  # noqa: DTZ011 - far enough
    }
    with session():
        phase = ProjectPhase(project=project.id, sequence=sequence, **{**columns, **over})
        phase.flush()
        phase_id: int = phase.id
        return phase_id


def test_list_projects_shows_each_role_what_it_may_see(api: Api) -> None:
    builder, rival, customer, admin = make_builder(), make_builder(), make_customer(), make_admin()
    shown, hidden = make_project(builder), make_project(builder, published=False)
    unit = make_unit(hidden)
    assert set(found(api)) == {shown.id}
    assert set(found(api, rival)) == {shown.id}
    assert set(found(api, customer)) == {shown.id}
    assert set(found(api, builder)) == {shown.id, hidden.id}
    assert set(found(api, admin)) == {shown.id, hidden.id}
    make_booking(unit, customer)
    assert set(found(api, customer)) == {shown.id, hidden.id}
    assert set(found(api, make_customer())) == {shown.id}


def test_list_projects_hides_those_of_a_deactivated_builder(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    assert found(api) == [project.id]
    with session():
        User[builder.user_id].is_active = False
    assert found(api) == []
    assert found(api, make_admin()) == [project.id]


@pytest.mark.parametrize(
    "params",
    [
        {"city": "PUN"},
        {"city": "une"},
        {"state": "mahara"},
        {"status": "planning"},
        {"project_type": "commercial"},
        {"unit_type": "office"},
        {"min_price": "9000000"},
        {"is_featured": True},
        {"q": "TOWER pune"},
        {"q": "ārya"},
    ],
)
def test_list_projects_filters_by(api: Api, params: dict[str, Any]) -> None:
    builder = make_builder()
    other = make_project(builder)
    make_unit(other)
    wanted = make_project(
        builder,
        status="planning",
        project_name="Ārya Tower",
        location_city="Pune",
        location_state="Maharashtra",
        project_type="commercial",
        is_featured=True,
    )
    make_unit(wanted, unit_type="office", price=Decimal("9000000.00"))
    assert found(api, **params) == [wanted.id]


def test_list_projects_filters_the_other_way(api: Api) -> None:
    builder, rival = make_builder(), make_builder()
    cheap, dear, unpriced = make_project(builder), make_project(builder), make_project(rival)
    make_unit(cheap, price=Decimal("100.50"))
    make_unit(dear, price=Decimal("200.00"))
    assert found(api, max_price="100.5") == [cheap.id]
    assert found(api, min_price="100.51") == [dear.id]
    assert found(api, min_price="100.50", max_price="200", sort="created_at") == [cheap.id, dear.id]
    assert found(api, builder_id=rival.builder_id) == [unpriced.id]
    assert found(api, is_featured=False, builder_id=rival.builder_id) == [unpriced.id]
    assert found(api, builder_id=2_147_483_647) == []


@pytest.mark.parametrize("text", ["%", "_", "'; --", "\\", "!", "Kāverī_Heights"])
def test_list_projects_takes_special_characters_literally(api: Api, text: str) -> None:
    builder = make_builder()
    make_project(builder)
    wanted = make_project(builder, project_name=f"Shanti {text} Greens", location_city=f"A{text}B")
    assert found(api, q=text) == [wanted.id]
    assert found(api, city=text) == [wanted.id]


def test_list_projects_saved_is_for_customers(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    kept, other = make_project(builder), make_project(builder)
    api.as_(customer).put(f"{PATH}/{kept.id}/saved", status=204)
    assert found(api, customer, saved=True) == [kept.id]
    assert set(found(api, customer, saved=False)) == {kept.id, other.id}
    rows = api.as_(customer).get(PATH).data["projects"]
    assert {row["id"]: row["is_saved"] for row in rows} == {kept.id: True, other.id: False}
    assert found(api, make_customer(), saved=True) == []
    assert api.get(PATH, {"saved": True}, status=401).code == "authentication_required"
    assert api.as_(builder).get(PATH, {"saved": True}, status=403).code == "forbidden"
    assert {row["is_saved"] for row in api.get(PATH).data["projects"]} == {None}


def test_list_projects_mine_is_for_builders(api: Api) -> None:
    builder, rival = make_builder(), make_builder()
    hidden, shown = make_project(builder, published=False), make_project(builder)
    make_project(rival)
    assert set(found(api, builder, mine=True)) == {hidden.id, shown.id}
    assert len(found(api, builder, mine=False)) == 3
    assert api.get(PATH, {"mine": True}, status=401).code == "authentication_required"
    assert api.as_(make_customer()).get(PATH, {"mine": True}, status=403).code == "forbidden"
    assert api.as_(make_admin()).get(PATH, {"mine": True}, status=403).code == "forbidden"
    assert api.as_("rubbish").get(PATH, status=401).code == "invalid_token"


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-created_at", "cab"),
        ("created_at", "bac"),
        ("price_range_min", "bca"),
        ("-price_range_min", "cba"),
        ("project_name", "abc"),
        ("-project_name", "cba"),
        ("expected_completion_date", "acb"),
        ("-expected_completion_date", "cab"),
    ],
)
def test_list_projects_sorts_with_empty_values_last(api: Api, sort: str, order: str) -> None:
    builder = make_builder()
    columns: dict[str, tuple[int, str | None, date | None]] = {
        "a": (2, None, date(2027, 1, 1)),
        "b": (1, "50.00", None),
        "c": (3, "100.00", date(2028, 1, 1)),
    }
    names = {
        make_project(
            builder,
            project_name=name,
            created_at=datetime(2026, 1, day),  # noqa: DTZ001 - naive UTC inside
            price_range_min=price and Decimal(price),
            expected_completion_date=done,
        ).id: name
        for name, (day, price, done) in columns.items()
    }
    assert "".join(names[id_] for id_ in found(api, sort=sort)) == order


def test_list_projects_pages(api: Api) -> None:
    builder = make_builder()
    moment = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC inside
    ids = [make_project(builder, created_at=moment).id for _ in range(5)]
    first = api.get(PATH, {"limit": 2}).data
    assert [row["id"] for row in first["projects"]] == ids[:-3:-1]
    assert first["pagination"] == {
        "currentPage": 1,
        "totalPages": 3,
        "totalItems": 5,
        "hasNext": True,
        "hasPrev": False,
    }
    assert found(api, limit=2, page=3) == ids[:1]
    past = api.get(PATH, {"limit": 2, "page": 4}).data
    assert past["projects"] == []
    assert past["pagination"]["totalItems"] == 5
    assert api.get(PATH, {"page": 1002}, status=422).error["details"][0]["field"] == "page"
    assert found(api, page=1001) == []


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=10000000000000000000",
        "limit=0",
        "limit=101",
        "sort=password_hash",
        "city=",
        "city=a&city=b",
        "min_price=-1",
        "min_price=1e3",
        "min_price=NaN",
        "q=%00",
        "saved=yes",
        "colour=red",
        f"q={'x' * 101}",
    ],
)
def test_list_projects_refuses(api: Api, query: str) -> None:
    assert api.get(f"{PATH}?{query}", status=422).code == "validation_error"


def test_list_projects_derives_values_from_units(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    row = only_row(api, builder)
    assert row["units_by_status"] == dict.fromkeys(row["units_by_status"], 0)
    assert (row["bedrooms_min"], row["area_sqft_min"], row["bookings_count"]) == (None, None, 0)
    make_unit(project, bedrooms=1, area_sqft=Decimal("600.50"), carpet_area_sqft=Decimal("400.00"))
    make_unit(project, bedrooms=4, status="blocked", price=Decimal("7000000.00"))
    make_booking(make_unit(project), make_customer(), status="cancelled")
    row = only_row(api, builder)
    assert row["units_by_status"] == {
        "available": 2,
        "reserved": 0,
        "blocked": 1,
        "booked": 0,
        "sold": 0,
    }
    assert row["bookings_count"] == 1
    assert (row["bedrooms_min"], row["bedrooms_max"]) == (1, 4)
    assert (row["area_sqft_min"], row["area_sqft_max"]) == ("600.50", "1200.00")
    assert (row["carpet_area_sqft_min"], row["carpet_area_sqft_max"]) == ("400.00", "900.00")
    assert (row["price_range_min"], row["price_range_max"]) == ("6000000.00", "7000000.00")
    assert (row["total_units"], row["available_units"]) == (3, 2)
    for other in (None, make_builder(), make_customer(), make_admin()):
        row = only_row(api, other)
        assert row["units_by_status"] is None
        assert row["bookings_count"] is None
        assert row["area_sqft_min"] == "600.50"


def test_list_projects_derives_progress_from_phases(api: Api) -> None:
    project = make_project(make_builder())
    assert only_row(api)["overall_progress"] == "0.00"
    assert only_row(api)["schedule_state"] == "on_track"
    done = {"status": "completed", "progress_percentage": Decimal("100.00")}
    make_phase(project, 1, **done)
    make_phase(project, 2, status="in_progress", progress_percentage=Decimal("33.33"))
    row = only_row(api)
    assert row["overall_progress"] == "66.67"
    assert row["schedule_state"] == "ahead"
    make_phase(project, 3, expected_end_date=date(2020, 1, 1), weight_percent=Decimal("0.00"))
    assert only_row(api)["schedule_state"] == "delayed"


def _fill(builder: BuilderAccount, number: int) -> None:
    for _ in range(number):
        project = make_project(builder)
        make_units(project, 3)
        make_phase(project, 1)


@pytest.mark.parametrize("role", ["public", "builder", "customer", "admin"])
def test_list_projects_costs_the_same_queries_whatever_the_page(api: Api, role: str) -> None:
    builder = make_builder()
    makers = {"public": lambda: None, "customer": make_customer, "admin": make_admin}
    caller = builder if role == "builder" else makers[role]()
    _fill(builder, 2)
    with queries() as few:
        found(api, caller, limit=100)
    _fill(builder, 6)
    for other in range(3):
        _fill(make_builder(company_name=f"Builder {other}"), 1)
    with queries() as many:
        assert len(found(api, caller, limit=100)) == 11
    assert len(many) == len(few)
    assert 1 <= len(many) <= 3


def test_list_projects_answers_304_to_its_etag(api: Api) -> None:
    project = make_project(make_builder())
    etag = api.get(PATH).headers["ETag"]
    assert api.get(PATH, headers={"If-None-Match": etag}, status=304).body == b""
    make_unit(project)
    assert api.get(PATH, headers={"If-None-Match": etag}).headers["ETag"] != etag
