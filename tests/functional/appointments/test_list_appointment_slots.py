"""list_appointment_slots: the times of a project, for everybody who sees it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from realty.db import Project, SystemSetting
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    ZONE,
    make_admin,
    make_appointment,
    make_builder,
    make_customer,
    make_project,
    slot_at,
)
from tests.functional.appointments.common import PATH, slots
from tests.functional.queries import queries

WEEK: dict[str, Any] = {
    day: {"opens": "10:00", "closes": "12:00"}
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
} | {"sunday": None}
# A Monday morning, in Kolkata.
MONDAY = datetime.fromisoformat("2026-11-23T03:00")


def put(key: str, value: Any) -> None:
    """Set a setting behind the application's back."""
    with session():
        SystemSetting(
            setting_key=key, setting_value=value, setting_type="number", category="appointment"
        )


def test_two_weeks_from_today_unless_told(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project = make_project(make_builder())
    data = api.get(f"{PATH}/slots", {"project_id": project.id}).data
    days = data.pop("days")
    assert data == {
        "project_id": project.id,
        "timezone": ZONE,
        "slot_capacity": 3,
        "slot_minutes": 30,
        "duration_minutes": 60,
    }
    assert [day["date"] for day in days] == [f"2026-11-{n}" for n in range(23, 31)] + [
        f"2026-12-0{n}" for n in range(1, 7)
    ]
    monday = days[0]
    assert (monday["opens_at"], monday["closes_at"]) == (
        "2026-11-23T03:30:00Z",
        "2026-11-23T12:30:00Z",
    )
    assert len(monday["slots"]) == 17
    assert monday["slots"][0] == {
        "starts_at": "2026-11-23T03:30:00Z",
        "ends_at": "2026-11-23T04:30:00Z",
        "local_time": "09:00",
        "places_left": 3,
        "state": "too_soon",
    }
    # It is 08:30 there: two hours from then it is half past ten.
    states = [slot["state"] for slot in monday["slots"]]
    assert states == ["too_soon"] * 3 + ["available"] * 14


def test_the_project_s_own_hours_and_capacity(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project = make_project(make_builder(), visiting_hours=WEEK, slot_capacity=1)
    found = slots(api, None, project, **{"from": "2026-11-28", "to": "2026-11-29"})
    assert list(found) == [("2026-11-28", at) for at in ("10:00", "10:30", "11:00")]
    make_appointment(project, make_customer(), slot_at(project, 5, "10:00"), duration_minutes=30)
    found = slots(api, None, project, **{"from": "2026-11-28", "to": "2026-11-28"})
    assert [slot["state"] for slot in found.values()] == ["full", "available", "available"]
    sunday = {"project_id": project.id, "from": "2026-11-29", "to": "2026-11-29"}
    (day,) = api.get(f"{PATH}/slots", sunday).data["days"]
    assert day == {"date": "2026-11-29", "opens_at": None, "closes_at": None, "slots": []}


def test_only_open_visits_take_places(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project = make_project(make_builder())
    for status in ("scheduled", "confirmed", "cancelled", "completed", "no_show"):
        make_appointment(project, make_customer(), status=status)
    make_appointment(make_project(make_builder()), make_customer())
    found = slots(api, None, project)
    assert found["2026-11-26", "10:00"]["places_left"] == 1
    # An hour takes the half hours that it touches, and an hour before it touches one of them.
    assert found["2026-11-26", "09:30"]["places_left"] == 1
    assert found["2026-11-26", "09:00"]["places_left"] == 3
    assert found["2026-11-26", "11:00"]["places_left"] == 3


def test_a_customer_sees_own_visits_in_any_project(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project, other = make_project(make_builder()), make_project(make_builder())
    customer = make_customer()
    make_appointment(other, customer, slot_at(other, 2, "12:00"))
    at = ("2026-11-25", "12:30")
    assert slots(api, customer, project)[at]["state"] == "own"
    for caller in (None, make_customer(), make_builder(), make_admin()):
        assert slots(api, caller, project)[at]["state"] == "available"


def test_settings_count_at_once(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project = make_project(make_builder())
    put("appointment.slot_minutes", 45)
    put("appointment.notice_hours", 0)
    put("appointment.days_ahead", 1)
    put("appointment.default_minutes", 90)
    found = slots(api, None, project)
    first_day = [at for day, at in found if day == "2026-11-23"]
    assert first_day == ["09:00", "09:45", "10:30", "11:15", "12:00", "12:45", *first_day[6:]]
    assert first_day[-1] == "16:30"
    assert found["2026-11-23", "09:00"]["state"] == "available"
    assert found["2026-11-24", "16:30"]["state"] == "available"
    assert found["2026-11-25", "09:00"]["state"] == "too_far"


def test_a_site_on_the_other_side_of_the_date_line(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project = make_project(make_builder(), timezone="Pacific/Auckland")
    first = next(iter(slots(api, None, project).values()))
    assert local_date(MONDAY, "Pacific/Auckland").isoformat() == "2026-11-23"
    assert first["starts_at"] == "2026-11-22T20:00:00Z"
    hawaii = make_project(make_builder(), timezone="Pacific/Honolulu")
    (day, _), slot = next(iter(slots(api, None, hawaii).items()))
    assert (day, slot["starts_at"]) == ("2026-11-22", "2026-11-22T19:00:00Z")


def test_the_length_decides_what_fits(api: Api, clock: Clock) -> None:
    project = make_project(make_builder())
    short = slots(api, None, project, duration_minutes=15)
    long = slots(api, None, project, duration_minutes=240)
    assert max(at for _, at in short) == "17:30"
    assert max(at for _, at in long) == "14:00"


def test_who_does_not_see_the_project_sees_no_times(api: Api) -> None:
    builder = make_builder()
    hidden = make_project(builder, published=False)
    params = {"project_id": hidden.id}
    for caller in (None, make_customer(), make_builder()):
        api.as_(caller).get(f"{PATH}/slots", params, status=404)
    api.as_(builder).get(f"{PATH}/slots", params)
    api.get(f"{PATH}/slots", {"project_id": 2_147_483_647}, status=404)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"project_id": 0},
        {"from": "2026-11-30", "to": "2026-11-29"},
        {"from": "1000-01-01"},
        {"from": "9999-12-31"},
        {"to": "9999-12-31"},
        {"from": "2026-02-30"},
        {"duration_minutes": 14},
        {"duration_minutes": 241},
        {"zone": "UTC"},
    ],
)
def test_what_is_no_calendar(api: Api, clock: Clock, params: dict[str, Any]) -> None:
    clock.set(MONDAY)
    project = make_project(make_builder())
    asked = {"project_id": project.id, **params} if params else {}
    assert api.get(f"{PATH}/slots", asked, status=422).code == "validation_error"


def test_the_longest_calendar_costs_as_many_queries_as_a_day(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project, customer = make_project(make_builder()), make_customer()
    for days in range(1, 20):
        make_appointment(project, make_customer(), slot_at(project, days))
        make_appointment(project, customer, slot_at(project, days, "14:00"))
    first = MONDAY.date()
    path, params = f"{PATH}/slots", {"project_id": project.id, "from": first.isoformat()}
    api.as_(customer).get(path, params)
    with queries() as one:
        api.as_(customer).get(path, {**params, "to": first.isoformat()})
    with queries() as many:
        last = first + timedelta(days=61)
        data = api.as_(customer).get(path, {**params, "to": last.isoformat()}).data
    assert len(data["days"]) == 62
    assert len(many) == len(one) <= 6, many


def open_all_day(minutes: int, zone: str = ZONE) -> int:
    """A project that may be visited from midnight to midnight, on a grid of so many minutes."""
    put("appointment.slot_minutes", minutes)
    hours = {day: {"opens": "00:00", "closes": "23:59"} for day in WEEK}
    return make_project(make_builder(), visiting_hours=hours, timezone=zone).id


def test_an_answer_holds_so_many_times_and_says_how_many_days_that_is(
    api: Api, clock: Clock
) -> None:
    clock.set(MONDAY)
    path, project_id = f"{PATH}/slots", open_all_day(5)
    asked = {"project_id": project_id, "duration_minutes": 15, "from": "2026-11-23"}
    # 285 times a day, and 3000 in an answer.
    most = api.get(path, {**asked, "to": "2026-12-02"}).data["days"]
    assert [len(day["slots"]) for day in most] == [285] * 10
    for last in ("2026-12-03", "2027-01-23"):
        refused = api.get(path, {**asked, "to": last}, status=422)
        (detail,) = refused.error["details"]
        assert (detail["field"], detail["message"]) == (
            "to",
            "must be from 0 to 9 days after from: there are too many times in more days",
        )
    # Without an end as many of the two weeks are shown as there is room for.
    assert api.get(path, asked).data["days"] == most
    longer = api.get(path, {**asked, "duration_minutes": 240, "to": "2026-12-03"})
    assert len(longer.data["days"]) == 11


def test_the_usual_grid_of_a_site_that_is_always_open_is_shown_for_as_long_as_ever(
    api: Api, clock: Clock
) -> None:
    clock.set(MONDAY)
    asked = {"project_id": open_all_day(30), "from": "2026-11-23", "to": "2027-01-23"}
    assert len(api.get(f"{PATH}/slots", asked).data["days"]) == 62


def test_the_longest_day_of_the_year_is_shown_whole(api: Api, clock: Clock) -> None:
    """It has 25 hours."""
    clock.set(datetime.fromisoformat("2026-10-20T12:00"))
    day = "2026-11-01"
    asked = {"project_id": open_all_day(5, "America/New_York"), "from": day, "to": day}
    (shown,) = api.get(f"{PATH}/slots", {**asked, "duration_minutes": 15}).data["days"]
    assert len(shown["slots"]) == 297


def test_a_new_project_that_states_no_capacity_has_the_setting_s(api: Api) -> None:
    put("appointment.slot_capacity", 7)
    builder = make_builder()
    body = {
        "project_name": "Lake",
        "project_type": "residential",
        "location_city": "Bengaluru",
        "location_state": "Karnataka",
    }
    made = api.as_(builder).post("/api/projects", body, status=201).data["project"]
    own = api.as_(builder).post("/api/projects", {**body, "slot_capacity": 2}, status=201)
    assert (made["slot_capacity"], own.data["project"]["slot_capacity"]) == (7, 2)
    with session():
        Project[made["id"]].is_published = True
    data = api.get(f"{PATH}/slots", {"project_id": made["id"]}).data
    assert data["slot_capacity"] == 7
