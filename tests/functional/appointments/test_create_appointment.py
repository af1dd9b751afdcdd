"""create_appointment: who may ask for which visit, of which time, and what follows from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from realty.db import Project, StatusHistory
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_appointment,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
    make_units,
    slot_at,
)
from tests.functional.appointments.common import PATH, ask, slots, stored, told, wish
from tests.functional.bookings.common import make_sale

MONDAY = datetime.fromisoformat("2026-11-23T03:00")


def test_a_customer_asks(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    body = wish(
        sale.project,
        duration_minutes=45,
        unit_id=sale.unit.id,
        attendees=["Ananyā Iyer", 'Vikram, "V"; Rao'],
        agenda="The view",
    )
    answer = api.as_(sale.customer).post(PATH, body, status=201)
    visit = answer.data["appointment"]
    assert answer.headers["Location"] == f"{PATH}/{visit['id']}"
    assert answer.headers["ETag"].startswith('"1.')
    expected = {
        "status": "scheduled",
        "awaiting": "builder",
        "created_by": "customer",
        "customer_id": sale.customer.customer_id,
        "project_id": sale.project.id,
        "unit_id": sale.unit.id,
        "booking_id": None,
        "appointment_date": "2026-11-26T04:30:00Z",
        "ends_at": "2026-11-26T05:15:00Z",
        "duration_minutes": 45,
        "timezone": "Asia/Kolkata",
        "meeting_location": "site",
        "meeting_details": None,
        "attendees": ["Ananyā Iyer", 'Vikram, "V"; Rao'],
        "allowed_actions": ["reschedule", "cancel"],
        "reschedules_left": 3,
        "notes": None,
        "version": 1,
    }
    assert {name: visit[name] for name in expected} == expected
    assert visit["builder"]["user_id"] == sale.builder.user_id
    assert visit["customer"]["user_id"] == sale.customer.user_id
    assert visit["unit"]["id"] == sale.unit.id
    assert [entry["to_status"] for entry in visit["timeline"]] == ["scheduled"]
    (asked,) = told(sale.builder, visit["id"])
    assert asked[0] == "Visit requested"
    assert "26 November 2026 at 10:00 IST" in asked[1]
    assert told(sale.customer, visit["id"]) == []


def test_who_asks_is_joined_to_the_builder(api: Api) -> None:
    sale = make_sale()
    path = f"/api/customers/{sale.customer.customer_id}"
    api.as_(sale.builder).get(path, status=404)
    ask(api, sale.customer, wish(sale.project))
    api.as_(sale.builder).get(path)


def test_a_builder_invites_a_customer_that_it_knows(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    body = wish(
        sale.project,
        appointment_type="documentation",
        customer_id=sale.customer.customer_id,
        booking_id=booking.id,
        meeting_location="office",
        meeting_details="12 Residency Road",
        notes="Bring the stamped copy",
    )
    visit = ask(api, sale.builder, body)
    assert (visit["awaiting"], visit["created_by"]) == ("customer", "builder")
    assert (visit["unit_id"], visit["booking_number"]) == (booking.unit_id, booking.number)
    assert (visit["meeting_details"], visit["notes"]) == (
        "12 Residency Road",
        "Bring the stamped copy",
    )
    assert [title for title, _ in told(sale.customer, visit["id"])] == ["Visit requested"]
    stranger = make_customer()
    for customer_id in (stranger.customer_id, 2_147_483_647):
        api.as_(sale.builder).post(PATH, {**body, "customer_id": customer_id}, status=404)
    nobody = {name: value for name, value in body.items() if name != "customer_id"}
    refused = api.as_(sale.builder).post(PATH, nobody, status=422)
    assert refused.error["details"][0]["field"] == "customer_id"


@pytest.mark.parametrize(
    "over",
    [
        {"customer_id": 1},
        {"notes": "mine"},
        {"meeting_details": "https://evil.example"},
        {"status": "confirmed"},
        {"awaiting": None},
        {"created_by": "builder"},
        {"duration_minutes": 14},
        {"duration_minutes": 241},
        {"duration_minutes": 60.5},
        {"attendees": ["a"] * 11},
        {"attendees": [" "]},
        {"attendees": ["a" * 101]},
        {"agenda": "  "},
        {"agenda": "a" * 2001},
        {"agenda": "a\u0000b"},
        {"appointment_type": "party"},
        {"meeting_location": "moon"},
        {"appointment_date": "2026-11-26"},
        {"appointment_date": "2026-11-26T04:30:00"},
        {"appointment_date": "0001-01-01T00:00:00+14:00"},
        {"appointment_date": "9999-12-31T23:59:59Z"},
    ],
)
def test_what_a_customer_may_not_send(api: Api, clock: Clock, over: dict[str, Any]) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    api.as_(sale.customer).post(PATH, wish(sale.project, **over), status=422)
    assert api.as_(sale.customer).get(PATH).data["stats"]["total"] == 0


def test_a_time_that_is_not_offered(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    for days, at in (
        (0, "10:00"),
        (-1, "10:00"),
        (3, "10:15"),
        (3, "08:30"),
        (3, "17:30"),
        (61, "10:00"),
    ):
        refused = api.as_(sale.customer).post(PATH, wish(sale.project, days, at), status=422)
        assert refused.error["details"][0]["field"] == "appointment_date", (days, at)
    for days, at in ((0, "10:30"), (60, "17:00")):
        ask(api, sale.customer, wish(sale.project, days, at))


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        ("9999-12-31T23:59:59Z", "must be within 60 days"),
        ("9999-12-31T23:59:59+14:00", "must be within 60 days"),
        ("0001-01-01T00:00:00Z", "must be at least 2 hours from now"),
        ("9999-12-31T23:59:59-14:00", "must be a time"),
        ("0001-01-01T00:00:00+14:00", "must be a time"),
    ],
)
def test_the_ends_of_the_calendar_are_refused_by_name(
    api: Api, clock: Clock, moment: str, why: str
) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    body = wish(sale.project, appointment_date=moment, duration_minutes=240)
    (detail,) = api.as_(sale.customer).post(PATH, body, status=422).error["details"]
    assert detail["field"].endswith("appointment_date")
    assert why in detail["message"]


def test_every_time_that_is_offered_is_taken(api: Api, clock: Clock) -> None:
    """In a zone whose day spans two of UTC, over a change of its clock."""
    clock.set(datetime.fromisoformat("2026-10-30T12:00"))
    hours = {"opens": "00:00", "closes": "03:00"}
    week = dict.fromkeys(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), hours
    )
    project = make_project(make_builder(), timezone="America/New_York", visiting_hours=week)
    params = {
        "from": "2026-11-01",
        "to": "2026-11-01",
        "duration_minutes": 30,
        "project_id": project.id,
    }
    (day,) = api.get(f"{PATH}/slots", params).data["days"]
    offered = [slot for slot in day["slots"] if slot["state"] == "available"]
    assert [slot["local_time"] for slot in offered].count("01:30") == 2
    customer = make_customer()
    for slot in offered:
        body = wish(project, appointment_date=slot["starts_at"], duration_minutes=30)
        assert ask(api, customer, body)["ends_at"] == slot["ends_at"]


def test_a_full_time_is_409(api: Api) -> None:
    project = make_project(make_builder(), slot_capacity=2)
    for _ in range(2):
        make_appointment(project, make_customer())
    customer = make_customer()
    for at in ("09:30", "10:00", "10:30"):
        refused = api.as_(customer).post(PATH, wish(project, 3, at), status=409)
        assert refused.code == "slot_unavailable"
    ask(api, customer, wish(project, 3, "09:00"))
    ask(api, customer, wish(project, 3, "11:00"))


def test_a_customer_never_overlaps_himself(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    first = ask(api, sale.customer, wish(sale.project))
    for project, at, minutes in (
        (sale.project, "10:00", 60),
        (other.project, "10:30", 15),
        (other.project, "09:00", 90),
        (other.project, "09:00", 240),
    ):
        body = wish(project, 3, at, duration_minutes=minutes)
        refused = api.as_(sale.customer).post(PATH, body, status=409)
        assert refused.code == "appointment_overlap"
        assert refused.error["details"][0]["value"] == str(first["id"])
    ask(api, sale.customer, wish(other.project, 3, "11:00"))
    ask(api, sale.customer, wish(other.project, 3, "09:00", duration_minutes=60))


def test_a_builder_does_not_learn_where_a_customer_is(api: Api) -> None:
    """What a customer does at another builder's looks like a time that is full."""
    sale, other = make_sale(), make_sale()
    sale.booked("confirmed")
    make_appointment(other.project, sale.customer)
    body = wish(sale.project, customer_id=sale.customer.customer_id)
    elsewhere = api.as_(sale.builder).post(PATH, body, status=409).error
    full = make_project(sale.builder, slot_capacity=1)
    make_appointment(full, make_customer(), slot_at(full, 3, "12:00"))
    taken = wish(full, 3, "12:00", customer_id=sale.customer.customer_id)
    crowded = api.as_(sale.builder).post(PATH, taken, status=409).error
    assert {**elsewhere, "request_id": ""} == {**crowded, "request_id": ""}
    # A visit of its own it knows.
    make_appointment(sale.project, sale.customer, slot_at(sale.project, 5))
    known = api.as_(sale.builder).post(
        PATH, wish(sale.project, 5, customer_id=sale.customer.customer_id), status=409
    )
    assert known.code == "appointment_overlap"


def test_foreign_things_are_absent(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    foreign = other.booked("confirmed")
    hidden = make_project(make_builder(), published=False)
    api.as_(sale.customer).post(PATH, wish(hidden), status=404)
    api.as_(sale.customer).post(PATH, wish(sale.project, booking_id=foreign.id), status=404)
    unit = make_unit(hidden)
    api.as_(sale.customer).post(PATH, wish(sale.project, unit_id=unit.id), status=404)
    # A builder sees what others publish, and invites nobody to it.
    sale.booked("confirmed")
    body = wish(other.project, customer_id=sale.customer.customer_id)
    api.as_(sale.builder).post(PATH, body, status=404)


def test_things_belong_together(api: Api) -> None:
    sale = make_sale()
    other = make_project(sale.builder)
    (unit,) = make_units(other, 1)
    booking = sale.booked("confirmed")
    customer, second = sale.customer, make_customer()
    strange = make_booking(sale.units[1], second, status="confirmed")
    for body, field in (
        (wish(sale.project, unit_id=unit.id), "unit_id"),
        (wish(other, booking_id=booking.id), "booking_id"),
        (wish(sale.project, booking_id=booking.id, unit_id=sale.units[2].id), "unit_id"),
    ):
        refused = api.as_(customer).post(PATH, body, status=422)
        assert refused.error["details"][0]["field"] == field
    # A booking of somebody else, although the builder sees it.
    body = wish(sale.project, booking_id=strange.id, customer_id=customer.customer_id)
    api.as_(sale.builder).post(PATH, body, status=404)
    named = wish(sale.project, booking_id=booking.id, unit_id=booking.unit_id)
    assert ask(api, customer, named)["unit_id"] == booking.unit_id


def test_who_booked_visits_a_project_that_was_hidden_since(api: Api) -> None:
    sale = make_sale()
    sale.booked("confirmed")
    with session():
        Project[sale.project.id].is_published = False
    ask(api, sale.customer, wish(sale.project))
    api.as_(make_customer()).post(PATH, wish(sale.project), status=404)


def test_a_visit_is_as_long_as_usual_unless_told(api: Api) -> None:
    sale = make_sale()
    assert ask(api, sale.customer, wish(sale.project))["duration_minutes"] == 60


def test_another_offset_is_the_same_moment(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    visit = ask(
        api, sale.customer, wish(sale.project, appointment_date="2026-11-26T10:00:00+05:30")
    )
    assert stored(visit["id"], "appointment_date") == (datetime.fromisoformat("2026-11-26T04:30"),)


def test_the_history_begins(api: Api) -> None:
    sale = make_sale()
    visit = ask(api, sale.customer, wish(sale.project))
    with session():
        (row,) = StatusHistory.select(lambda h: h.entity == "appointment")[:]
        assert (row.entity_id, row.from_status, row.to_status) == (visit["id"], None, "scheduled")
        assert row.actor.id == sale.customer.user_id


def test_a_place_is_taken_from_the_moment_it_is_asked_for(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    ask(api, sale.customer, wish(sale.project))
    found = slots(api, None, sale.project)
    assert found["2026-11-26", "10:00"]["places_left"] == 2
