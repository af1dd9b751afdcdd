"""createProject, getProject, updateProject, deleteProject."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pony.orm import count

from realty.db import Builder, Project, ProjectPhase, SavedProject, StatusHistory, Unit
from realty.db.session import session
from tests.client import Api, contract
from tests.deployment import CLOCK
from tests.factories import (
    BuilderAccount,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
)

PATH = "/api/projects"
MINIMAL = {
    "project_name": "Prakṛti Greens",
    "project_type": "residential",
    "location_city": "Pune",
    "location_state": "Maharashtra",
}
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
EXAMPLE = contract()["components"]["examples"]["ProjectCreate"]["value"]


def total_projects(builder: BuilderAccount) -> int:
    """The builder's counter."""
    with session():
        total: int = Builder[builder.builder_id].total_projects
        return total


def test_create_project_with_everything(api: Api) -> None:
    builder = make_builder()
    hours = {**WEEK, "monday": {"opens": "10:00", "closes": "16:30"}}
    answer = api.as_(builder).post(PATH, {**EXAMPLE, "visiting_hours": hours}, status=201)
    project = answer.data["project"]
    assert answer.headers["Location"].endswith(f"{PATH}/{project['id']}")
    assert {name: project[name] for name in EXAMPLE} == EXAMPLE
    assert project["visiting_hours"] == hours
    assert project["builder_id"] == builder.builder_id
    assert project["builder"]["user_id"] == builder.user_id
    assert (project["status"], project["is_published"], project["version"]) == (
        "planning",
        False,
        1,
    )
    assert (project["available_units"], project["bookings_count"]) == (120, 0)
    assert api.as_(builder).get(answer.headers["Location"]).data["project"] == project
    assert total_projects(builder) == 1


def test_create_project_and_publish_project_give_the_tag_for_the_next_change(api: Api) -> None:
    as_builder = api.as_(make_builder())
    body = {**MINIMAL, "rera_exempt_reason": "Fewer than eight units"}
    made = as_builder.post(PATH, body, status=201)
    path = f"{PATH}/{made.data['project']['id']}"
    tag = made.headers["ETag"]
    as_builder.patch(path, {"architect": "A"}, headers={"If-Match": tag})
    for action in ("publish", "unpublish"):
        as_builder.patch(path, {"architect": "B"}, headers={"If-Match": tag}, status=412)
        tag = as_builder.post(f"{path}/{action}").headers["ETag"]
        assert as_builder.get(path).headers["ETag"] == tag
        as_builder.patch(path, {"architect": action}, headers={"If-Match": tag})


def test_create_project_with_defaults(api: Api) -> None:
    project = api.as_(make_builder()).post(PATH, MINIMAL, status=201).data["project"]
    usual = {"opens": "09:00", "closes": "18:00"}
    assert project["visiting_hours"] == dict.fromkeys(WEEK, usual)
    assert (project["timezone"], project["currency"]) == ("Asia/Kolkata", "INR")
    assert (project["slot_capacity"], project["total_units"]) == (3, 0)
    assert (project["specifications"], project["amenities"], project["images"]) == ([], [], [])
    assert (project["price_range_min"], project["description"]) == (None, None)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"price_range_min": "2.00", "price_range_max": "1.99"}, "price_range_max"),
        (
            {"start_date": "2027-01-02", "expected_completion_date": "2027-01-01"},
            "expected_completion_date",
        ),
        ({"timezone": "Asia/Atlantis"}, "timezone"),
        ({"timezone": "Asia"}, "timezone"),
        ({"currency": "XTS"}, "currency"),
        (
            {"visiting_hours": {**WEEK, "friday": {"opens": "10:00", "closes": "10:00"}}},
            "visiting_hours.friday",
        ),
        ({"project_name": " \u3000\t"}, "project_name"),
        ({"project_name": "a\u0000b"}, "project_name"),
        ({"total_units": 100_001}, "total_units"),
        ({"price_range_min": "1e2"}, "price_range_min"),
        ({"price_range_min": 5}, "price_range_min"),
        ({"latitude": 90.01}, "latitude"),
        ({"builder_id": 1}, "builder_id"),
        ({"available_units": 1}, "available_units"),
        ({"is_featured": True}, "is_featured"),
        ({"is_published": True}, "is_published"),
        ({"status": "construction"}, "status"),
        ({"version": 9}, "version"),
        ({"images": [{"url": "javascript:alert(1)", "caption": None}]}, "images[0].url"),
    ],
)
def test_create_project_refuses(api: Api, over: dict[str, Any], field: str) -> None:
    builder = make_builder()
    answer = api.as_(builder).post(PATH, {**MINIMAL, **over}, status=422)
    assert answer.code == "validation_error"
    assert field in {detail["field"] for detail in answer.error["details"]}
    assert total_projects(builder) == 0
    with session():
        assert count(p for p in Project) == 0


def test_create_project_is_for_builders(api: Api) -> None:
    assert api.post(PATH, MINIMAL, status=401).code == "authentication_required"
    assert api.as_(make_customer()).post(PATH, MINIMAL, status=403).code == "forbidden"
    assert api.as_(make_admin()).post(PATH, {}, status=403).code == "forbidden"


def test_get_project_is_hidden_while_unpublished(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder, published=False)
    path = f"{PATH}/{project.id}"
    unit = make_unit(project)
    for stranger in (None, make_builder(), customer):
        assert api.as_(stranger).get(path, status=404).error["message"] == "There is nothing here."
    for known in (builder, make_admin()):
        assert api.as_(known).get(path).data["project"]["id"] == project.id
    make_booking(unit, customer)
    assert api.as_(customer).get(path).data["project"]["is_saved"] is False
    for absent in ("0", "-1", "1.0", "x", "2147483648", "1e3", "9" * 40, "2147483647"):
        api.get(f"{PATH}/{absent}", status=404)


def test_get_project_shows_the_milestone_that_the_viewer_may_know(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    common = {"project": project.id, "weight_percent": Decimal("50.00")}
    with session():
        ProjectPhase(
            sequence=1,
            phase_name="Foundation",
            status="completed",
            progress_percentage=100,
            **common,
        )
        hidden = ProjectPhase(sequence=2, phase_name="Litigation", customer_visible=False, **common)
        open_ = ProjectPhase(sequence=3, phase_name="Slab 1", milestone_code="slab_1", **common)
        hidden.flush()
        open_.flush()
        ids = hidden.id, open_.id
    path = f"{PATH}/{project.id}"
    assert api.as_(builder).get(path).data["project"]["next_milestone"]["phase_id"] == ids[0]
    milestone = api.get(path).data["project"]["next_milestone"]
    assert milestone == {
        "phase_id": ids[1],
        "phase_name": "Slab 1",
        "milestone_code": "slab_1",
        "progress_percentage": "0.00",
        "expected_end_date": None,
    }


def test_get_project_answers_304_to_its_etag(api: Api) -> None:
    project = make_project(make_builder())
    path = f"{PATH}/{project.id}"
    etag = api.get(path).headers["ETag"]
    assert etag.startswith('"1.')
    api.get(path, headers={"If-None-Match": etag}, status=304)
    api.get(path, headers={"If-None-Match": '"1.0000000000000000"'}, status=200)


def test_update_project_changes_what_is_sent(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, architect="Studio Neem")
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}"
    before = as_builder.get(path).data["project"]
    changes = {
        "project_name": "Kāverī Heights II",
        "architect": None,
        "amenities": ["Library"],
        "latitude": 12.5,
        "total_units": 40,
        "price_range_min": "1.00",
        "price_range_max": "2.00",
        "project_area": "130680.00",
        "slot_capacity": 5,
    }
    after = as_builder.patch(path, changes).data["project"]
    expected = {**before, **changes, "available_units": 40, "version": 2}
    assert after | {"updated_at": None} == expected | {"updated_at": None}
    assert as_builder.get(path).data["project"] == after


@pytest.mark.parametrize("field", ["total_units", "price_range_min", "price_range_max"])
def test_update_project_leaves_totals_to_the_units(api: Api, field: str) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_units(project, 2)
    value = 2 if field == "total_units" else "1.00"
    answer = api.as_(builder).patch(f"{PATH}/{project.id}", {field: value}, status=409)
    assert answer.code == "conflict"
    assert [detail["field"] for detail in answer.error["details"]] == [field]


def test_update_project_honours_if_match(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}"
    etag = as_builder.get(path).headers["ETag"]
    make_unit(project)  # what follows from units does not make an edit stale
    as_builder.patch(path, {"architect": "A"}, headers={"If-Match": f"W/{etag}"})
    stale = as_builder.patch(path, {"architect": "B"}, headers={"If-Match": etag}, status=412)
    assert stale.code == "stale_version"
    as_builder.patch(path, {"architect": "B"}, headers={"If-Match": "2"}, status=400)
    assert as_builder.get(path).data["project"]["architect"] == "A"


def test_update_project_keeps_what_entitled_it_to_be_published(api: Api) -> None:
    builder = make_builder()
    as_builder = api.as_(builder)
    yesterday = (CLOCK.now() - timedelta(days=2)).date().isoformat()
    lost = {"rera_number": None}, {"rera_valid_until": yesterday}, {"rera_valid_until": None}
    for changes in lost:
        path = f"{PATH}/{make_project(builder).id}"
        answer = as_builder.patch(path, changes, status=422)
        assert answer.code == "rera_registration_required"
        assert as_builder.get(path).data["project"]["version"] == 1
        as_builder.patch(path, {**changes, "rera_exempt_reason": "Plot below 500 sq m"})
        as_builder.patch(path, {"rera_exempt_reason": None}, status=422)
        as_builder.patch(f"{PATH}/{make_project(builder, published=False).id}", changes)


def test_update_project_may_be_edited_although_its_registration_lapsed(api: Api) -> None:
    builder = make_builder()
    lapsed = (CLOCK.now() - timedelta(days=2)).date()
    project = make_project(builder, rera_valid_until=lapsed)
    api.as_(builder).patch(f"{PATH}/{project.id}", {"architect": "Studio Neem"})


@pytest.mark.parametrize(
    ("status", "field"),
    [
        ("construction", "start_date"),
        ("completed", "occupancy_certificate_date"),
        ("delivered", "occupancy_certificate_date"),
    ],
)
def test_update_project_keeps_the_date_that_its_status_needs(
    api: Api, status: str, field: str
) -> None:
    builder = make_builder()
    project = make_project(builder, status=status)
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}"
    before = as_builder.get(path).data["project"]
    refused = as_builder.patch(path, {field: None}, status=422)
    assert refused.error["details"][0]["field"] == field
    assert as_builder.get(path).data["project"] == before


def test_update_project_does_not_deliver_without_a_certificate(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, status="completed")
    body = {"status": "delivered", "occupancy_certificate_date": None}
    refused = api.as_(builder).patch(f"{PATH}/{project.id}", body, status=422)
    assert refused.error["details"][0]["field"] == "occupancy_certificate_date"


def test_update_project_moves_the_status_with_the_dates_of_the_body(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, status="planning")
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}"
    as_builder.patch(path, {"status": "construction"}, status=422)
    body = {"status": "construction", "start_date": "2026-01-01", "reason": "Ground breaking"}
    after = as_builder.patch(path, body).data["project"]
    assert (after["status"], after["start_date"], after["version"]) == (
        "construction",
        "2026-01-01",
        2,
    )
    with session():
        (line,) = StatusHistory.select()
        assert (line.entity, line.entity_id) == ("project", project.id)
        assert (line.from_status, line.to_status) == ("planning", "construction")
        assert (line.actor.id, line.reason) == (builder.user_id, "Ground breaking")
    answer = as_builder.patch(path, {"reason": "Because"}, status=422)
    assert answer.error["details"][0]["field"] == "reason"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"project_name": None},
        {"currency": "USD"},
        {"builder_id": 1},
        {"is_published": True},
        {"available_units": 3},
        {"expected_completion_date": "2000-01-01"},
        {"actual_completion_date": "2000-01-01"},
        {"occupancy_certificate_date": "2000-01-01"},
        {"price_range_min": "5.00", "price_range_max": "4.00"},
        {"start_date": "2026-02-30"},
        {"start_date": "0999-12-31"},
    ],
)
def test_update_project_refuses(api: Api, changes: dict[str, Any]) -> None:
    builder = make_builder()
    project = make_project(builder)
    path = f"{PATH}/{project.id}"
    assert api.as_(builder).patch(path, changes, status=422).code == "validation_error"
    assert api.as_(builder).get(path).data["project"]["version"] == 1


def test_update_project_is_for_its_builder(api: Api) -> None:
    project, hidden = make_project(make_builder()), make_project(make_builder(), published=False)
    body = {"architect": "Mallory"}
    for row in (project, hidden):
        path = f"{PATH}/{row.id}"
        assert api.patch(path, body, status=401).code == "authentication_required"
        assert api.as_(make_builder()).patch(path, body, status=404).code == "not_found"
    for other in (make_customer(), make_admin()):
        assert api.as_(other).patch(f"{PATH}/{project.id}", body, status=403).code == "forbidden"
    assert api.get(f"{PATH}/{project.id}").data["project"]["architect"] is None


def test_delete_project_takes_what_belongs_to_it(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    project, other = make_project(builder), make_project(builder)
    make_units(project, 3)
    make_unit(other)
    with session():
        ProjectPhase(project=project.id, sequence=1, phase_name="Foundation")
    api.as_(customer).put(f"{PATH}/{project.id}/saved", status=204)
    path = f"{PATH}/{project.id}"
    assert api.delete(path, status=401).code == "authentication_required"
    assert api.as_(customer).delete(path, status=403).code == "forbidden"
    assert api.as_(make_builder()).delete(path, status=404).code == "not_found"
    api.as_(builder).delete(path, status=204)
    api.as_(builder).get(path, status=404)
    api.as_(builder).delete(path, status=404)
    with session():
        assert count(s for s in SavedProject) == 0
        assert {unit.project.id for unit in Unit.select()} == {other.id}
    assert total_projects(builder) == 1


@pytest.mark.parametrize("status", ["pending", "cancelled", "expired", "handed_over"])
def test_delete_project_keeps_what_was_ever_booked(api: Api, status: str) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_booking(make_unit(project), make_customer(), status=status)
    path = f"{PATH}/{project.id}"
    assert api.as_(builder).delete(path, status=409).code == "has_bookings"
    assert api.as_(builder).get(path).data["project"]["total_units"] == 1
    assert total_projects(builder) == 1


def test_delete_project_of_a_cancelled_one_counts_once(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_project(builder)
    api.as_(builder).patch(f"{PATH}/{project.id}/status", {"status": "cancelled"})
    assert total_projects(builder) == 1
    api.as_(builder).delete(f"{PATH}/{project.id}", status=204)
    assert total_projects(builder) == 1
