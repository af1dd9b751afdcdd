"""setProjectStatus, publishProject, unpublishProject, setProjectFeatured, saved projects."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pony.orm import count

from realty.db import Builder, SavedProject, StatusHistory, SystemSetting
from realty.db.enums import PROJECT_STATUSES
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.deployment import CLOCK, Clock
from tests.factories import (
    ZONE,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)

PATH = "/api/projects"
MOVES = {
    "planning": {"construction", "on_hold", "cancelled"},
    "construction": {"completed", "on_hold", "cancelled"},
    "completed": {"delivered"},
    "delivered": set(),
    "on_hold": {"construction", "cancelled"},
    "cancelled": set(),
}
DATES = {"start_date": "2024-01-01", "occupancy_certificate_date": "2026-01-01"}


@pytest.mark.parametrize("target", PROJECT_STATUSES)
@pytest.mark.parametrize("source", PROJECT_STATUSES)
def test_set_project_status_follows_the_table(api: Api, source: str, target: str) -> None:
    builder = make_builder()
    project = make_project(builder, status="construction" if source == "on_hold" else source)
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}/status"
    if source == "on_hold":
        as_builder.patch(path, {"status": "on_hold"})
    body = {"status": target, **DATES}
    if target in MOVES[source]:
        assert as_builder.patch(path, body).data["project"]["status"] == target
        return
    answer = as_builder.patch(path, body, status=409)
    assert answer.code == "invalid_transition"
    assert set(answer.error["details"][0]["allowed"]) == MOVES[source]
    assert as_builder.get(f"{PATH}/{project.id}").data["project"]["status"] == source


def test_set_project_status_returns_from_hold_to_where_it_came_from(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, status="planning")
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}/status"
    as_builder.patch(path, {"status": "on_hold", "reason": "Monsoon"})
    answer = as_builder.patch(path, {"status": "construction", **DATES}, status=409)
    assert answer.error["details"][0]["allowed"] == ["planning", "cancelled"]
    as_builder.patch(path, {"status": "planning"})
    as_builder.patch(path, {"status": "construction", "start_date": "2024-01-01"})
    as_builder.patch(path, {"status": "on_hold"})
    as_builder.patch(path, {"status": "planning"}, status=409)
    as_builder.patch(path, {"status": "construction"})
    with session():
        lines = StatusHistory.select().order_by(StatusHistory.id)[:]
        assert [line.to_status for line in lines] == [
            "on_hold",
            "planning",
            "construction",
            "on_hold",
            "construction",
        ]
        assert lines[0].reason == "Monsoon"


def test_set_project_status_asks_for_the_dates(api: Api) -> None:
    builder = make_builder()
    as_builder = api.as_(builder)
    for status, target, field in (
        ("planning", "construction", "start_date"),
        ("construction", "completed", "occupancy_certificate_date"),
    ):
        path = f"{PATH}/{make_project(builder, status=status).id}/status"
        answer = as_builder.patch(path, {"status": target}, status=422)
        assert answer.error["details"][0]["field"] == field


@pytest.mark.parametrize("field", ["occupancy_certificate_date", "actual_completion_date"])
def test_set_project_status_takes_no_fact_from_the_future(
    api: Api, clock: Clock, field: str
) -> None:
    builder = make_builder()
    as_builder, path = api.as_(builder), f"{PATH}/{make_project(builder).id}/status"
    today = local_date(clock.now(), ZONE)
    facts = dict.fromkeys(("occupancy_certificate_date", "actual_completion_date"), f"{today}")
    tomorrow = {field: f"{today + timedelta(days=1)}"}
    refused = as_builder.patch(path, {"status": "completed", **facts, **tomorrow}, status=422)
    assert refused.error["details"][0]["field"] == field
    as_builder.patch(path, {"status": "completed", **facts})


def test_set_project_status_goes_by_the_order_of_the_changes(api: Api, clock: Clock) -> None:
    """Not by their times: the next one may come from a machine whose clock is an hour behind."""
    builder = make_builder()
    project = make_project(builder, status="planning", start_date=date(2024, 1, 1))
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}/status"
    for status in ("on_hold", "planning", "construction"):
        as_builder.patch(path, {"status": status})
    clock.advance(hours=-1)
    as_builder.patch(path, {"status": "on_hold"})
    as_builder.patch(path, {"status": "planning"}, status=409)
    as_builder.patch(path, {"status": "construction"})


@pytest.mark.parametrize("status", ["pending", "token_paid", "confirmed", "handed_over"])
def test_set_project_status_does_not_cancel_live_bookings(api: Api, status: str) -> None:
    builder = make_builder()
    project = make_project(builder)
    make_booking(make_unit(project), make_customer(), status=status)
    answer = api.as_(builder).patch(
        f"{PATH}/{project.id}/status", {"status": "cancelled"}, status=409
    )
    assert answer.code == "has_bookings"
    _expect_total(builder.builder_id, 1)


def test_set_project_status_cancels_after_dead_bookings(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    for status in ("cancelled", "expired", "rejected"):
        make_booking(make_unit(project), make_customer(), status=status)
    api.as_(builder).patch(f"{PATH}/{project.id}/status", {"status": "cancelled"})
    _expect_total(builder.builder_id, 0)


def test_set_project_status_delivers_what_was_handed_over(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, status="completed")
    path = f"{PATH}/{project.id}/status"
    make_booking(make_unit(project), make_customer(), status="handed_over")
    sold = make_unit(project)
    make_booking(sold, make_customer(), status="agreement_registered")
    answer = api.as_(builder).patch(path, {"status": "delivered"}, status=409)
    assert (answer.code, answer.error["details"][0]["value"]) == ("conflict", "1")


def test_set_project_status_honours_if_match_and_roles(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    path, body = f"{PATH}/{project.id}/status", {"status": "on_hold"}
    for version, status in (("2", 412), ("1", 200)):
        tag = f'"{version}.0123456789abcdef"'
        api.as_(builder).patch(path, body, headers={"If-Match": tag}, status=status)
    assert api.patch(path, body, status=401).code == "authentication_required"
    assert api.as_(make_builder()).patch(path, body, status=404).code == "not_found"
    assert api.as_(make_customer()).patch(path, body, status=403).code == "forbidden"
    assert api.as_(make_admin()).patch(path, body, status=403).code == "forbidden"


def _expect_total(builder_id: int, total: int) -> None:
    with session():
        assert Builder[builder_id].total_projects == total


def test_publish_project_and_unpublish_project(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, published=False)
    as_builder, path = api.as_(builder), f"{PATH}/{project.id}"
    shown = as_builder.post(f"{path}/publish").data["project"]
    assert (shown["is_published"], shown["version"]) == (True, 2)
    assert as_builder.post(f"{path}/publish", {}).data["project"]["version"] == 2
    api.get(path)
    hidden = as_builder.post(f"{path}/unpublish").data["project"]
    assert (hidden["is_published"], hidden["version"]) == (False, 3)
    assert as_builder.post(f"{path}/unpublish").data["project"]["version"] == 3
    api.get(path, status=404)


@pytest.mark.parametrize(
    ("registration", "status"),
    [
        ({"rera_number": None}, 422),
        ({"rera_valid_until": None}, 422),
        ({"rera_valid_until": -1}, 422),
        ({"rera_valid_until": 0}, 200),
        ({"rera_number": None, "rera_exempt_reason": "Plot below 500 sq m"}, 200),
    ],
)
def test_publish_project_asks_for_a_registration(
    api: Api, clock: Any, registration: dict[str, Any], status: int
) -> None:
    # 20:00 UTC is already the next day at the site.
    clock.set(clock.now().replace(hour=20, minute=0, second=0))
    today = clock.now().date() + timedelta(days=1)
    days = registration.get("rera_valid_until")
    if isinstance(days, int):
        registration = {"rera_valid_until": today + timedelta(days=days)}
    builder = make_builder()
    project = make_project(builder, published=False, **registration)
    answer = api.as_(builder).post(f"{PATH}/{project.id}/publish", status=status)
    if status == 422:
        assert answer.code == "rera_registration_required"


def test_publish_project_of_a_cancelled_one(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder, published=False, status="cancelled")
    assert api.as_(builder).post(f"{PATH}/{project.id}/publish", status=409).code == "conflict"


def test_publish_project_may_ask_for_a_verified_builder(api: Api) -> None:
    builder = make_builder()
    path = f"{PATH}/{make_project(builder, published=False).id}/publish"
    with session():
        SystemSetting(
            setting_key="builders.require_verification",
            setting_value=True,
            setting_type="boolean",
            category="builders",
        )
    assert api.as_(builder).post(path, status=409).code == "conflict"
    with session():
        Builder[builder.builder_id].set(verified=True, verified_at=CLOCK.now())
    api.as_(builder).post(path, status=200)


@pytest.mark.parametrize("action", ["publish", "unpublish"])
def test_publish_project_is_for_its_builder(api: Api, action: str) -> None:
    path = f"{PATH}/{make_project(make_builder()).id}/{action}"
    assert api.post(path, status=401).code == "authentication_required"
    assert api.as_(make_builder()).post(path, status=404).code == "not_found"
    assert api.as_(make_customer()).post(path, status=403).code == "forbidden"
    assert api.as_(make_admin()).post(path, status=403).code == "forbidden"


def test_set_project_featured_is_for_admins(api: Api) -> None:
    builder, admin = make_builder(), make_admin()
    project = make_project(builder, published=False)
    path = f"{PATH}/{project.id}/featured"
    shown = api.as_(admin).patch(path, {"is_featured": True}).data["project"]
    assert (shown["is_featured"], shown["version"]) == (True, 2)
    again = api.as_(admin).patch(path, {"is_featured": True}).data["project"]
    assert again["version"] == 2
    tag = {"If-Match": '"1.0123456789abcdef"'}
    api.as_(admin).patch(path, {"is_featured": False}, headers=tag, status=412)
    api.as_(admin).patch(path, {"is_featured": "yes"}, status=422)
    assert api.patch(path, {"is_featured": True}, status=401)
    assert api.as_(builder).patch(path, {"is_featured": True}, status=403).code == "forbidden"
    assert api.as_(make_builder()).patch(path, {"is_featured": True}, status=404)


def test_save_project_and_unsave_project(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    project, hidden = make_project(builder), make_project(builder, published=False)
    as_customer, path = api.as_(customer), f"{PATH}/{project.id}/saved"
    for _ in range(2):
        as_customer.put(path, status=204)
    with session():
        assert count(s for s in SavedProject) == 1
    assert as_customer.get(f"{PATH}/{project.id}").data["project"]["is_saved"] is True
    assert api.as_(make_customer()).get(f"{PATH}/{project.id}").data["project"]["is_saved"] is False
    for _ in range(2):
        as_customer.delete(path, status=204)
    assert as_customer.get(f"{PATH}/{project.id}").data["project"]["is_saved"] is False
    as_customer.put(f"{PATH}/{hidden.id}/saved", status=404)
    as_customer.put(path, {"note": "x"}, status=422)
    assert api.put(path, status=401).code == "authentication_required"
    for other in (builder, make_admin()):
        assert api.as_(other).put(path, status=403).code == "forbidden"
        assert api.as_(other).delete(path, status=403).code == "forbidden"


def test_delivered_needs_nothing_of_unsold_units(api: Api) -> None:
    builder = make_builder()
    project = make_project(
        builder, status="completed", occupancy_certificate_date=date(2026, 1, 1), start_date=None
    )
    make_unit(project)
    make_booking(make_unit(project), make_customer(), status="handed_over")
    api.as_(builder).patch(f"{PATH}/{project.id}/status", {"status": "delivered"})
