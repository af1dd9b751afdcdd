"""Visits of a project that was cancelled, and answers to a visit that is another one by now."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_admin, make_builder, make_customer, make_project
from tests.functional.appointments.common import (
    PATH,
    act,
    ask,
    call_off,
    move,
    shown,
    slots,
    stored,
    told,
    wish,
)


def test_cancelling_a_project_calls_its_visits_off(api: Api, clock: Clock) -> None:
    """Those to come; what is over stays as it was. Customers are told once."""
    builder, customer = make_builder(), make_customer()
    project, other = make_project(builder), make_project(builder)
    first = ask(api, customer, wish(project))["id"]
    second = ask(api, customer, wish(project, clock="14:00"))["id"]
    elsewhere = ask(api, customer, wish(other, clock="16:00"))["id"]
    act(api, builder, first, "confirm")
    call_off(api, customer, second)
    told_before = len(told(customer, second))
    path = f"/api/projects/{project.id}/status"
    api.as_(builder).patch(path, {"status": "cancelled", "reason": "Land dispute"})
    columns = ("status", "cancelled_by", "cancellation_reason", "awaiting")
    assert stored(first, *columns) == ("cancelled", "builder", "The project was cancelled.", None)
    assert stored(second, "cancelled_by") == ("customer",)
    assert stored(elsewhere, "status") == ("scheduled",)
    assert "The project was cancelled" in told(customer, first)[-1][1]
    assert len(told(customer, second)) == told_before


@pytest.mark.parametrize("status", ["planning", "construction", "on_hold", "completed"])
def test_any_other_project_may_be_visited(api: Api, clock: Clock, status: str) -> None:
    project = make_project(make_builder(), status=status)
    assert slots(api, None, project)
    ask(api, make_customer(), wish(project))


def test_a_cancelled_project_offers_no_times(api: Api, clock: Clock) -> None:
    builder = make_builder()
    project = make_project(builder, status="cancelled")
    assert slots(api, None, project) == {}
    refused = api.as_(make_customer()).post(PATH, wish(project), status=409)
    assert refused.code == "conflict"


def _etag(api: Api, caller: Any, visit_id: int) -> dict[str, str]:
    return {"If-Match": api.as_(caller).get(f"{PATH}/{visit_id}").headers["ETag"]}


def test_nobody_agrees_to_a_time_that_he_has_not_seen(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder)
    visit_id = ask(api, customer, wish(project))["id"]
    read = _etag(api, builder, visit_id)
    other = {"appointment_date": wish(project, clock="15:00")["appointment_date"]}
    move(api, customer, visit_id, other)
    assert act(api, builder, visit_id, "confirm", headers=read, status=412).code == "stale_version"
    later = {"appointment_date": wish(project, clock="16:00")["appointment_date"]}
    assert move(api, builder, visit_id, later, headers=read, status=412).code == "stale_version"
    assert shown(api, builder, visit_id)["status"] == "scheduled"
    act(api, builder, visit_id, "confirm", headers=_etag(api, builder, visit_id))
    clock.advance(days=4)
    assert act(api, builder, visit_id, "complete", headers=read, status=412)
    act(api, builder, visit_id, "complete")
    assert shown(api, make_admin(), visit_id)["status"] == "completed"
