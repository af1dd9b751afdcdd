"""createUnit, updateUnit, deleteUnit, setUnitStatus, and what they make of the project."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from pony.orm import count

from realty.db import Project, StatusHistory, Unit
from realty.db.enums import UNIT_STATUSES
from realty.db.session import session
from tests.client import Api, contract
from tests.deployment import CLOCK, Clock
from tests.factories import (
    BuilderAccount,
    ProjectRow,
    UnitRow,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)

PATH = "/api/units"
EXAMPLE = contract()["components"]["examples"]["UnitCreate"]["value"]
BUILDER_MOVES = {
    ("available", "reserved"),
    ("available", "blocked"),
    ("reserved", "available"),
    ("reserved", "reserved"),
    ("blocked", "available"),
}


def minimal(project: ProjectRow, **over: Any) -> dict[str, Any]:
    """A body of createUnit without anything optional."""
    return {
        "project_id": project.id,
        "unit_number": "V-1",
        "unit_type": "villa",
        "floor_number": 0,
        "area_sqft": "2400.00",
        "carpet_area_sqft": "1800.00",
        "price": "9000000.00",
        **over,
    }


def figures(project_id: int) -> tuple[int, int, Decimal | None, Decimal | None]:
    """What the project says of its units, after a check that the rows say the same."""
    with session():
        row = Project[project_id]
        units = list(Unit.select(lambda u: u.project.id == project_id))
        if units:
            assert row.total_units == len(units)
            assert row.available_units == sum(unit.status == "available" for unit in units)
            assert row.price_range_min == min(unit.price for unit in units)
            assert row.price_range_max == max(unit.price for unit in units)
        return row.total_units, row.available_units, row.price_range_min, row.price_range_max


def test_create_unit_with_everything(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    body = {**EXAMPLE, "project_id": project.id}
    answer = api.as_(builder).post(PATH, body, status=201)
    unit = answer.data["unit"]
    assert answer.headers["Location"].endswith(f"{PATH}/{unit['id']}")
    assert {name: unit[name] for name in body} == body
    assert (unit["status"], unit["version"]) == ("available", 1)
    assert api.as_(builder).get(answer.headers["Location"]).data["unit"] == unit
    price = Decimal(unit["price"])
    assert figures(project.id) == (1, 1, price, price)


def test_create_unit_gives_the_tag_for_the_next_change(api: Api) -> None:
    builder = make_builder()
    as_builder = api.as_(builder)
    charge = {"label": "Covered car park", "code": "car_park", "amount": "300000.00"}
    body = minimal(make_project(builder), other_charges=[charge])
    made = as_builder.post(PATH, body, status=201)
    path, tag = f"{PATH}/{made.data['unit']['id']}", made.headers["ETag"]
    as_builder.get(path, headers={"If-None-Match": tag}, status=304)
    as_builder.patch(path, {"facing": "east"}, headers={"If-Match": tag})
    as_builder.patch(path, {"facing": "west"}, headers={"If-Match": tag}, status=412)


def test_create_unit_takes_the_place_of_what_was_declared(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, total_units=80, available_units=80, price_range_min=Decimal(1))
    unit = api.as_(builder).post(PATH, minimal(project), status=201).data["unit"]
    assert (unit["tower"], unit["facing"], unit["bedrooms"]) == (None, None, 0)
    assert (unit["other_charges"], unit["features"]) == ([], [])
    price = Decimal("9000000.00")
    assert figures(project.id) == (1, 1, price, price)
    second = minimal(project, unit_number="V-2", price="8000000.00")
    api.as_(builder).post(PATH, second, status=201)
    assert figures(project.id) == (2, 2, Decimal("8000000.00"), price)


def test_create_unit_wants_a_number_that_is_free_in_its_tower(api: Api) -> None:
    builder = make_builder()
    as_builder, project = api.as_(builder), make_project(builder)
    for tower in (None, "A", "B"):
        as_builder.post(PATH, minimal(project, tower=tower), status=201)
        answer = as_builder.post(PATH, minimal(project, tower=tower), status=409)
        assert answer.code == "conflict"
        assert answer.error["details"][0]["field"] == "unit_number"
    assert figures(project.id)[0] == 3
    as_builder.post(PATH, minimal(make_project(builder)), status=201)


@pytest.mark.parametrize("status", ["delivered", "cancelled"])
def test_create_unit_in_a_project_that_is_over(api: Api, status: str) -> None:
    builder = make_builder()
    project = make_project(builder, status=status)
    assert api.as_(builder).post(PATH, minimal(project), status=409).code == "conflict"


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"price": "0.00"}, "price"),
        ({"price": "1000000000000.00"}, "price"),
        ({"area_sqft": "0.00", "carpet_area_sqft": "0.00"}, "carpet_area_sqft"),
        ({"carpet_area_sqft": "2400.01"}, "carpet_area_sqft"),
        ({"price": "-1.00"}, "price"),
        ({"price": "1.001"}, "price"),
        ({"price": "\u0661\u0660\u0660.\u0660\u0660"}, "price"),
        ({"price": " 1.00"}, "price"),
        ({"price": 1}, "price"),
        ({"floor_number": 201}, "floor_number"),
        ({"unit_number": "A 1 "}, "unit_number"),
        ({"unit_type": "6bhk"}, "unit_type"),
        ({"status": "sold"}, "status"),
        ({"reserved_note": "x"}, "reserved_note"),
        ({"features": ["a", "a"]}, "features"),
    ],
)
def test_create_unit_refuses(api: Api, over: dict[str, Any], field: str) -> None:
    builder = make_builder()
    project = make_project(builder)
    answer = api.as_(builder).post(PATH, minimal(project, **over), status=422)
    assert answer.code == "validation_error"
    assert field in {detail["field"] for detail in answer.error["details"]}
    with session():
        assert count(u for u in Unit) == 0


def test_create_unit_is_for_the_builder_of_the_project(api: Api) -> None:
    project, hidden = make_project(make_builder()), make_project(make_builder(), published=False)
    rival = api.as_(make_builder())
    absent = rival.post(PATH, minimal(ProjectRow(2_147_483_647, 1)), status=404)
    for foreign in (project, hidden):
        answer = rival.post(PATH, minimal(foreign), status=404)
        assert answer.error | {"request_id": ""} == absent.error | {"request_id": ""}
    assert api.post(PATH, minimal(project), status=401).code == "authentication_required"
    assert api.as_(make_customer()).post(PATH, minimal(project), status=403).code == "forbidden"
    assert api.as_(make_admin()).post(PATH, minimal(project), status=403).code == "forbidden"


def test_update_unit_changes_what_is_sent(api: Api) -> None:
    builder = make_builder()
    first, second = make_units(make_project(builder), 2)
    as_builder, path = api.as_(builder), f"{PATH}/{first.id}"
    before = as_builder.get(path).data["unit"]
    changes = {
        "tower": None,
        "facing": None,
        "price": "7000000.00",
        "features": ["Corner"],
        "bedrooms": 3,
        "other_charges": [{"code": "club", "label": "Club", "amount": "1.00"}],
    }
    after = as_builder.patch(path, changes).data["unit"]
    expected = {**before, **changes, "version": 2, "agreement_value": "7030001.00"}
    assert after | {"updated_at": None} == expected | {"updated_at": None}
    assert as_builder.get(path).data["unit"] == after
    assert figures(first.project_id) == (2, 2, Decimal("6000000.00"), Decimal("7000000.00"))
    as_builder.patch(f"{PATH}/{second.id}", {"price": "8000000.00"})
    assert figures(first.project_id)[2] == Decimal("7000000.00")


@pytest.mark.parametrize("status", UNIT_STATUSES)
def test_update_unit_prices_only_what_is_not_sold(api: Api, status: str) -> None:
    builder = make_builder()
    unit = make_unit(make_project(builder), status=status)
    as_builder, path = api.as_(builder), f"{PATH}/{unit.id}"
    sold = status in {"booked", "sold"}
    for changes in (
        {"price": "7000000.00"},
        {"area_sqft": "1300.00"},
        {"carpet_area_sqft": "800.00"},
        {"floor_rise_per_sqft": "1.00"},
        {"preferential_charges": []},
        {"other_charges": []},
        {"unit_type": "3bhk"},
    ):
        answer = as_builder.patch(path, changes, status=409 if sold else 200)
        if sold:
            assert answer.code == "conflict"
            assert answer.error["details"][0]["field"] in changes
    as_builder.patch(path, {"facing": "west", "balconies": 2}, status=200)
    figures(unit.project_id)


def test_update_unit_wants_a_number_that_is_free(api: Api) -> None:
    builder = make_builder()
    first, second = make_units(make_project(builder), 2)
    as_builder, path = api.as_(builder), f"{PATH}/{first.id}"
    assert as_builder.patch(path, {"unit_number": second.unit_number}, status=409)
    as_builder.patch(path, {"unit_number": second.unit_number, "tower": "B"})
    assert as_builder.patch(path, {"tower": "A"}, status=409).code == "conflict"
    as_builder.patch(path, {"unit_number": second.unit_number, "tower": "B"})


def test_update_unit_honours_if_match(api: Api) -> None:
    builder = make_builder()
    unit = make_unit(make_project(builder))
    path = f"{PATH}/{unit.id}"
    etag = api.get(path).headers["ETag"]
    newer = api.as_(builder).patch(path, {"balconies": 2}, headers={"If-Match": etag})
    assert newer.headers["ETag"].startswith('"2.')
    stale = api.as_(builder).patch(path, {"balconies": 3}, headers={"If-Match": etag}, status=412)
    assert stale.code == "stale_version"
    body = {"status": "blocked"}
    api.as_(builder).patch(f"{path}/status", body, headers={"If-Match": etag}, status=412)
    api.as_(builder).patch(f"{path}/status", body, headers={"If-Match": newer.headers["ETag"]})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"price": "0.00"},
        {"price": None},
        {"carpet_area_sqft": "1200.01"},
        {"area_sqft": "899.99"},
        {"price": "999999999999.99", "floor_rise_per_sqft": "25.00"},
        {"status": "available"},
        {"project_id": 1},
        {"version": 1},
        {"reserved_note": "x"},
    ],
)
def test_update_unit_refuses(api: Api, changes: dict[str, Any]) -> None:
    builder = make_builder()
    unit = make_unit(make_project(builder))
    answer = api.as_(builder).patch(f"{PATH}/{unit.id}", changes, status=422)
    assert answer.code == "validation_error"
    assert api.get(f"{PATH}/{unit.id}").data["unit"]["version"] == 1


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("PATCH", "", {"facing": "west"}),
        ("PATCH", "/status", {"status": "blocked"}),
        ("DELETE", "", None),
    ],
)
def test_update_unit_set_unit_status_and_delete_unit_are_for_its_builder(
    api: Api, method: str, suffix: str, body: Any
) -> None:
    unit = make_unit(make_project(make_builder()))
    path = f"{PATH}/{unit.id}{suffix}"
    assert api.request(method, path, body=body, status=401).code == "authentication_required"
    assert api.as_(make_builder()).request(method, path, body=body, status=404)
    for other in (make_customer(), make_admin()):
        assert api.as_(other).request(method, path, body=body, status=403).code == "forbidden"
    assert api.get(f"{PATH}/{unit.id}").data["unit"]["version"] == 1


def test_delete_unit_moves_the_counters(api: Api) -> None:
    builder = make_builder()
    first, second = make_units(make_project(builder), 2)
    api.as_(builder).patch(f"{PATH}/{first.id}", {"price": "7000000.00"})
    api.as_(builder).delete(f"{PATH}/{first.id}", status=204)
    price = Decimal("6000000.00")
    assert figures(first.project_id) == (1, 1, price, price)
    api.as_(builder).get(f"{PATH}/{first.id}", status=404)
    api.as_(builder).delete(f"{PATH}/{second.id}", status=204)
    assert figures(first.project_id) == (0, 0, None, None)
    api.as_(builder).patch(f"/api/projects/{first.project_id}", {"total_units": 12})


@pytest.mark.parametrize("status", ["pending", "cancelled", "handed_over"])
def test_delete_unit_keeps_what_was_ever_booked(api: Api, status: str) -> None:
    builder = make_builder()
    unit = make_unit(make_project(builder))
    make_booking(unit, make_customer(), status=status)
    assert api.as_(builder).delete(f"{PATH}/{unit.id}", status=409).code == "has_bookings"
    assert figures(unit.project_id)[0] == 1


def move(
    api: Api, builder: BuilderAccount, unit: UnitRow, body: dict[str, Any], status: int = 200
) -> Any:
    """Call setUnitStatus."""
    return api.as_(builder).patch(f"{PATH}/{unit.id}/status", body, status=status)


def in_days(days: float) -> str:
    """An RFC 3339 time so many days from now."""
    moment = CLOCK.now().replace(microsecond=0) + timedelta(days=days)
    return f"{moment.isoformat()}Z"


@pytest.mark.parametrize(
    ("source", "target"), [*product(UNIT_STATUSES, ("available", "reserved", "blocked"))]
)
def test_set_unit_status_follows_the_table(
    api: Api, clock: Clock, source: str, target: str
) -> None:
    builder = make_builder()
    until = clock.now() + timedelta(days=1) if source == "reserved" else None
    unit = make_unit(make_project(builder), status=source, reserved_until=until)
    body = {"status": target, "reason": "Rain"}
    if target == "reserved":
        body["reserved_until"] = in_days(2)
    if (source, target) not in BUILDER_MOVES:
        answer = move(api, builder, unit, body, 409)
        assert answer.code == "invalid_transition"
        allowed = {to for at, to in BUILDER_MOVES if at == source and to != source}
        assert set(answer.error["details"][0]["allowed"]) == allowed
        figures(unit.project_id)
        return
    shown = move(api, builder, unit, body).data["unit"]
    assert (shown["status"], shown["version"]) == (target, 2)
    assert shown["reserved_until"] == (in_days(2) if target == "reserved" else None)
    figures(unit.project_id)
    with session():
        lines = StatusHistory.select()[:]
        assert [(line.entity, line.from_status, line.to_status) for line in lines] == (
            [] if source == target else [("unit", source, target)]
        )
        assert all((line.reason, line.actor.id) == ("Rain", builder.user_id) for line in lines)


def test_set_unit_status_reserves_for_a_time(api: Api, clock: Clock) -> None:
    builder = make_builder()
    unit = make_unit(make_project(builder))
    clock.advance(hours=1)
    body: dict[str, Any] = {"status": "reserved", "reserved_until": in_days(1)}
    shown = move(api, builder, unit, {**body, "reserved_note": "For Rao"}).data["unit"]
    assert (shown["reserved_until"], shown["reserved_note"]) == (in_days(1), "For Rao")
    body["reserved_until"] = in_days(3)
    longer = move(api, builder, unit, body).data["unit"]
    assert (longer["reserved_until"], longer["reserved_note"]) == (in_days(3), "For Rao")
    cleared = move(api, builder, unit, {**body, "reserved_note": None}).data["unit"]
    assert (cleared["reserved_note"], cleared["version"]) == (None, 4)
    assert figures(unit.project_id)[1] == 0
    free = move(api, builder, unit, {"status": "available"}).data["unit"]
    assert (free["reserved_until"], free["reserved_note"]) == (None, None)
    assert figures(unit.project_id)[1] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"status": "reserved"},
        {"status": "reserved", "reserved_until": "2020-01-01T00:00:00Z"},
        {"status": "reserved", "reserved_until": "2030-01-01"},
        {"status": "reserved", "reserved_until": None},
        {"status": "blocked", "reserved_until": "2090-01-01T00:00:00Z"},
        {"status": "blocked", "reserved_note": "x"},
        {"status": "booked"},
        {"status": "sold"},
        {},
    ],
)
def test_set_unit_status_refuses(api: Api, body: dict[str, Any]) -> None:
    builder = make_builder()
    unit = make_unit(make_project(builder))
    assert move(api, builder, unit, body, 422).code == "validation_error"
    assert api.get(f"{PATH}/{unit.id}").data["unit"]["version"] == 1
