"""set_appointment_status, reschedule_appointment, cancel_appointment, update_appointment.

Who may do what when, and what the other side is told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from realty.db import Appointment, Project, StatusHistory, SystemSetting
from realty.db.enums import APPOINTMENT_STATUSES
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_appointment,
    make_builder,
    make_customer,
    make_project,
    slot_at,
)
from tests.functional.appointments.common import (
    PATH,
    REASON,
    act,
    ask,
    call_off,
    move,
    shown,
    slots,
    stored,
    told,
    utc,
    wish,
)
from tests.functional.bookings.common import Sale, make_sale

MONDAY = datetime.fromisoformat("2026-11-23T03:00")


def visit_of(sale: Sale, status: str = "scheduled", **over: Any) -> int:
    """A visit of the sale's customer, three days from today at ten."""
    return make_appointment(sale.project, sale.customer, status=status, **over)


def later(sale: Sale, days: int = 4, at: str = "11:30", **over: Any) -> dict[str, Any]:
    """A body of rescheduleAppointment."""
    return {"appointment_date": utc(slot_at(sale.project, days, at)), **over}


def begin(clock: Clock, visit_id: int) -> None:
    """Let it be the start of a visit."""
    (start,) = stored(visit_id, "appointment_date")
    clock.set(start)


def test_the_awaited_side_confirms(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = ask(api, sale.customer, wish(sale.project))["id"]
    refused = act(api, sale.customer, visit_id, "confirm", status=409)
    assert refused.code == "invalid_transition"
    assert [detail["field"] for detail in refused.error["details"]] == ["status", "awaiting"]
    assert refused.error["details"][0]["allowed"] == ["scheduled", "cancelled"]
    visit = act(api, sale.builder, visit_id, "confirm").data["appointment"]
    assert (visit["status"], visit["awaiting"], visit["version"]) == ("confirmed", None, 2)
    assert visit["allowed_actions"] == ["reschedule", "cancel"]
    assert told(sale.customer, visit_id)[-1][0] == "Visit confirmed"
    act(api, sale.builder, visit_id, "confirm", status=409)


def test_the_customer_answers_an_invitation(api: Api, clock: Clock) -> None:
    sale = make_sale()
    sale.booked()
    body = wish(sale.project, customer_id=sale.customer.customer_id)
    visit_id = ask(api, sale.builder, body)["id"]
    act(api, sale.builder, visit_id, "confirm", status=409)
    act(api, sale.customer, visit_id, "confirm")
    assert told(sale.builder, visit_id)[-1][0] == "Visit confirmed"


def test_what_became_of_it_is_said_from_the_start_on(api: Api, clock: Clock) -> None:
    sale = make_sale()
    came = visit_of(sale, "confirmed")
    missed = visit_of(sale, "confirmed", appointment_date=slot_at(sale.project, 3, "12:00"))
    for action in ("complete", "no_show"):
        refused = act(api, sale.builder, came, action, status=409)
        assert refused.error["details"][1]["field"] == "appointment_date"
    begin(clock, missed)
    assert shown(api, sale.builder, came)["allowed_actions"] == ["complete", "no_show"]
    assert shown(api, sale.customer, came)["allowed_actions"] == []
    act(api, sale.customer, came, "complete", status=409)
    assert act(api, sale.builder, came, "complete").data["appointment"]["status"] == "completed"
    assert act(api, sale.builder, missed, "no_show").data["appointment"]["status"] == "no_show"
    assert [title for title, _ in told(sale.customer, came)] == ["Visit completed"]
    assert [title for title, _ in told(sale.customer, missed)] == ["Visit missed"]


def test_a_visit_that_has_begun_is_neither_moved_nor_cancelled(api: Api, clock: Clock) -> None:
    sale = make_sale()
    for status in ("scheduled", "confirmed"):
        visit_id = visit_of(sale, status)
        body = later(sale)
        (start,) = stored(visit_id, "appointment_date")
        clock.set(start)
        for caller in (sale.customer, sale.builder):
            assert move(api, caller, visit_id, body, status=409).code == "invalid_transition"
            assert call_off(api, caller, visit_id, status=409).code == "invalid_transition"
        act(api, sale.builder, visit_id, "confirm", status=409)
        with session():
            Appointment[visit_id].status = "cancelled"
        clock.set(start - timedelta(days=3))


@pytest.mark.parametrize(
    ("status", "role", "begun"),
    list(product(APPOINTMENT_STATUSES, ("customer", "builder"), (False, True))),
)
def test_what_is_not_offered_is_refused(
    api: Api, clock: Clock, status: str, role: str, begun: bool
) -> None:
    """Every status, action, role and side of the start: what `allowed_actions` names works, the
    rest is 409 and changes nothing."""
    sale = make_sale()
    caller = sale.customer if role == "customer" else sale.builder
    visit_id = visit_of(sale, status)
    body = later(sale)
    if begun:
        begin(clock, visit_id)
    allowed = shown(api, caller, visit_id)["allowed_actions"]
    before = stored(visit_id, "status", "version", "appointment_date")
    calls = {
        **{
            name: (lambda n=name, **o: act(api, caller, visit_id, n, **o))
            for name in ("confirm", "complete", "no_show")
        },
        "reschedule": lambda **options: move(api, caller, visit_id, body, **options),
        "cancel": lambda **options: call_off(api, caller, visit_id, **options),
    }
    for name in calls.keys() - set(allowed):
        assert calls[name](status=409).code == "invalid_transition"
        assert stored(visit_id, "status", "version", "appointment_date") == before
    for name in allowed:
        with session():
            row = Appointment[visit_id]
            row.set(status=status, awaiting="builder" if status == "scheduled" else None)
        calls[name]()


def test_capacity_is_counted_again_on_confirming(api: Api, clock: Clock) -> None:
    """First come, first served, when the project takes fewer visits than it did."""
    sale = make_sale()
    first, second = visit_of(sale), make_appointment(sale.project, make_customer())
    with session():
        Project[sale.project.id].slot_capacity = 1
    act(api, sale.builder, second, "confirm")
    refused = act(api, sale.builder, first, "confirm", status=409)
    assert refused.code == "slot_unavailable"
    assert stored(first, "status") == ("scheduled",)
    call_off(api, sale.builder, second)
    act(api, sale.builder, first, "confirm")


def test_an_overlap_is_looked_for_again_on_confirming(api: Api, clock: Clock) -> None:
    sale = make_sale()
    other = make_project(sale.builder)
    first = visit_of(sale)
    make_appointment(other, sale.customer, status="confirmed")
    refused = act(api, sale.builder, first, "confirm", status=409)
    assert refused.code == "appointment_overlap"


def test_moving_waits_for_the_other_side_whoever_was_awaited(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    visit_id = ask(api, sale.customer, wish(sale.project))["id"]
    act(api, sale.builder, visit_id, "confirm")
    moved = move(api, sale.builder, visit_id, later(sale, reason="The lift is out of service."))
    visit = moved.data["appointment"]
    expected = {
        "status": "scheduled",
        "awaiting": "customer",
        "appointment_date": "2026-11-27T06:00:00Z",
        "duration_minutes": 60,
        "reschedule_reason": "The lift is out of service.",
        "reschedule_count": 1,
        "reschedules_left": 2,
    }
    assert {name: visit[name] for name in expected} == expected
    title, message = told(sale.customer, visit_id)[-1]
    assert title == "Visit rescheduled"
    assert "27 November 2026 at 11:30 IST: The lift is out of service." in message
    # The customer proposes yet another time: now the builder is to answer.
    back = move(api, sale.customer, visit_id, later(sale, at="12:30", duration_minutes=90))
    visit = back.data["appointment"]
    assert (visit["awaiting"], visit["duration_minutes"]) == ("builder", 90)
    assert visit["reschedule_reason"] is None
    statuses = [(entry["from_status"], entry["to_status"]) for entry in visit["timeline"]]
    assert statuses == [
        (None, "scheduled"),
        ("scheduled", "confirmed"),
        ("confirmed", "scheduled"),
        ("scheduled", "scheduled"),
    ]
    act(api, sale.builder, visit_id, "confirm")
    # Each time that is agreed on is told of anew.
    titles = [title for title, _ in told(sale.customer, visit_id)]
    assert titles.count("Visit confirmed") == 2


def test_a_visit_is_moved_three_times_at_most(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = visit_of(sale)
    for number in range(3):
        move(api, sale.customer, visit_id, later(sale, at=f"1{number}:30"))
    visit = shown(api, sale.customer, visit_id)
    assert (visit["reschedules_left"], visit["allowed_actions"]) == (0, ["cancel"])
    assert move(api, sale.customer, visit_id, later(sale), status=409).code == "reschedule_limit"
    with session():
        SystemSetting(
            setting_key="appointment.max_reschedules",
            setting_value=4,
            setting_type="number",
            category="appointment",
        )
    move(api, sale.builder, visit_id, later(sale, at="14:30"))


def test_moving_frees_the_former_place_and_takes_another(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    project = make_project(make_builder(), slot_capacity=1)
    customer = make_customer()
    visit_id = make_appointment(project, customer)
    sale = Sale(make_builder(), customer, project, [])
    # Its own place does not stand in its way.
    move(api, customer, visit_id, later(sale, 3, "10:30"))
    found = slots(api, None, project)
    assert found["2026-11-26", "09:30"]["state"] == "available"
    assert found["2026-11-26", "11:00"]["state"] == "full"
    make_appointment(project, make_customer(), slot_at(project, 4, "10:00"))
    assert (
        move(api, customer, visit_id, later(sale, 4, "09:30"), status=409).code
        == "slot_unavailable"
    )
    other = make_project(make_builder())
    make_appointment(other, customer, slot_at(other, 5, "10:00"))
    assert (
        move(api, customer, visit_id, later(sale, 5, "10:30"), status=409).code
        == "appointment_overlap"
    )


def test_moving_obeys_the_rules_of_asking(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    sale = make_sale()
    visit_id = visit_of(sale)
    for days, at in (
        (3, "10:00"),
        (3, "10:15"),
        (3, "08:30"),
        (0, "10:00"),
        (-1, "10:00"),
        (61, "10:00"),
    ):
        refused = move(api, sale.customer, visit_id, later(sale, days, at), status=422)
        assert refused.error["details"][0]["field"] == "appointment_date", (days, at)
    endless = {"appointment_date": "9999-12-31T23:59:59Z"}
    (detail,) = move(api, sale.customer, visit_id, endless, status=422).error["details"]
    assert (detail["field"], detail["message"]) == ("appointment_date", "must be within 60 days")
    # The same time for longer is another visit.
    move(api, sale.customer, visit_id, later(sale, 3, "10:00", duration_minutes=120))
    too_long = later(sale, 3, "16:00", duration_minutes=240)
    move(api, sale.customer, visit_id, too_long, status=422)


def test_cancelling(api: Api, clock: Clock) -> None:
    clock.set(MONDAY)
    for by, other in (("customer", "builder"), ("builder", "customer")):
        sale = make_sale()
        visit_id = visit_of(sale, "confirmed")
        visit = call_off(api, getattr(sale, by), visit_id).data["appointment"]
        assert (visit["status"], visit["cancelled_by"]) == ("cancelled", by)
        assert visit["cancellation_reason"] == REASON["reason"]
        assert (visit["awaiting"], visit["allowed_actions"]) == (None, [])
        title, message = told(getattr(sale, other), visit_id)[-1]
        assert title == "Visit cancelled"
        assert message.endswith(f"IST: {REASON['reason']}")
        assert told(getattr(sale, by), visit_id) == []
        assert slots(api, None, sale.project)["2026-11-26", "10:00"]["places_left"] == 3
        call_off(api, getattr(sale, other), visit_id, status=409)


def test_cancelling_needs_a_reason(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = visit_of(sale)
    for body in ({}, {"reason": ""}, {"reason": " \t\n"}, {"reason": None}, {"reason": "x" * 1001}):
        api.as_(sale.customer).post(f"{PATH}/{visit_id}/cancel", body, status=422)


def test_a_builder_writes_the_details(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = visit_of(sale)
    path = f"{PATH}/{visit_id}"
    first = api.as_(sale.builder).get(path)
    body = {
        "meeting_location": "online",
        "meeting_details": "https://meet.example/abc",
        "agenda": "The plans",
        "attendees": ["Asha"],
    }
    etag = first.headers["ETag"]
    changed = api.as_(sale.builder).patch(path, body, headers={"If-Match": etag})
    visit = changed.data["appointment"]
    assert {name: visit[name] for name in body} == body
    assert visit["version"] == 2
    assert [title for title, _ in told(sale.customer, visit_id)] == ["Visit details changed"]
    stale = api.as_(sale.builder).patch(path, body, headers={"If-Match": etag}, status=412)
    assert stale.code == "stale_version"
    # The same again changes nothing and tells nobody.
    assert api.as_(sale.builder).patch(path, body).data["appointment"]["version"] == 2
    cleared = api.as_(sale.builder).patch(path, {"meeting_details": None, "attendees": []})
    assert cleared.data["appointment"]["meeting_details"] is None
    assert len(told(sale.customer, visit_id)) == 2


def test_notes_are_the_builder_s_own(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = visit_of(sale)
    path = f"{PATH}/{visit_id}"
    api.as_(sale.builder).patch(path, {"notes": "Wants a discount"})
    assert told(sale.customer, visit_id) == []
    assert shown(api, sale.builder, visit_id)["notes"] == "Wants a discount"
    for caller in (sale.customer, make_admin()):
        assert shown(api, caller, visit_id)["notes"] is None
        (row,) = api.as_(caller).get(PATH).data["appointments"]
        assert row["notes"] is None
        assert api.as_(caller).get(PATH, {"q": "discount"}).data["appointments"] == []
    api.as_(sale.customer).patch(path, {"notes": "mine"}, status=403)


@pytest.mark.parametrize("status", ["completed", "no_show", "cancelled"])
def test_a_visit_that_is_over_takes_notes_alone(api: Api, clock: Clock, status: str) -> None:
    sale = make_sale()
    visit_id = visit_of(sale, status)
    path = f"{PATH}/{visit_id}"
    body = {"notes": "Call again", "agenda": "Another"}
    refused = api.as_(sale.builder).patch(path, body, status=409)
    assert (refused.code, refused.error["details"][0]["field"]) == ("conflict", "agenda")
    assert stored(visit_id, "notes", "version") == (None, 1)
    api.as_(sale.builder).patch(path, {"notes": "Call again"})


def test_what_a_builder_may_not_change(api: Api, clock: Clock) -> None:
    sale = make_sale()
    path = f"{PATH}/{visit_of(sale)}"
    for body in (
        {},
        {"status": "confirmed"},
        {"appointment_date": utc(slot_at(sale.project, 5))},
        {"customer_id": 1},
        {"awaiting": None},
        {"reschedule_count": 0},
        {"attendees": ["x"] * 11},
        {"meeting_details": ""},
    ):
        api.as_(sale.builder).patch(path, body, status=422)


def test_every_change_of_status_is_in_the_history(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = ask(api, sale.customer, wish(sale.project))["id"]
    act(api, sale.builder, visit_id, "confirm")
    move(api, sale.customer, visit_id, later(sale, reason="Rain"))
    call_off(api, sale.builder, visit_id)
    with session():
        rows = StatusHistory.select(lambda h: h.entity == "appointment" and h.entity_id == visit_id)
        told_of = [
            (row.to_status, row.actor.id, row.reason) for row in rows.order_by(lambda h: h.id)
        ]
    assert told_of == [
        ("scheduled", sale.customer.user_id, None),
        ("confirmed", sale.builder.user_id, None),
        ("scheduled", sale.customer.user_id, "Rain"),
        ("cancelled", sale.builder.user_id, REASON["reason"]),
    ]


def test_strangers_find_nothing(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_sale()
    visit_id = visit_of(sale)
    for caller in (other.customer, other.builder):
        api.as_(caller).get(f"{PATH}/{visit_id}", status=404)
        act(api, caller, visit_id, "confirm", status=404)
        move(api, caller, visit_id, later(sale), status=404)
        call_off(api, caller, visit_id, status=404)
    api.as_(other.builder).patch(f"{PATH}/{visit_id}", {"notes": "mine"}, status=404)
    for caller in (make_admin(),):
        act(api, caller, visit_id, "confirm", status=403)
        call_off(api, caller, visit_id, status=403)
