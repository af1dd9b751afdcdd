"""What the clock brings about for visits: they lapse unanswered, and people are reminded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.db import Appointment, NotificationPreference, StatusHistory, SystemSetting
from realty.db.session import session
from realty.services import appointment_clock
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_appointment, slot_at
from tests.functional.appointments.common import act, ask, call_off, move, shown, told, utc, wish
from tests.functional.bookings.common import Sale, make_sale


def lapse(clock: Clock) -> list[int]:
    """What a tick does, and the visits that it cancelled."""
    with session():
        due = appointment_clock.due_unconfirmed(clock.now())
    ended = []
    for visit_id in due:
        with session():
            if appointment_clock.lapse(visit_id, clock.now()):
                ended.append(visit_id)
    return ended


def remind(clock: Clock) -> list[int]:
    """What a tick does, and the visits that it reminded of."""
    with session():
        due = appointment_clock.due_reminders(clock.now())
    given = []
    for visit_id in due:
        with session():
            if appointment_clock.remind(visit_id, clock.now()):
                given.append(visit_id)
    return given


def visit_in(sale: Sale, clock: Clock, hours: float, status: str = "confirmed", **over: Any) -> int:
    """A visit that begins so many hours from now and was made a week ago."""
    week_ago = clock.now() - timedelta(days=7)
    start = clock.now() + timedelta(hours=hours)
    return make_appointment(sale.project, sale.customer, start, status, created_at=week_ago, **over)


def told_titles(caller: Any, visit_id: int) -> list[str]:
    return [title for title, _ in told(caller, visit_id)]


def test_a_visit_that_nobody_confirmed_is_cancelled_at_its_start(api: Api, clock: Clock) -> None:
    sale = make_sale()
    waiting = visit_in(sale, clock, 3, "scheduled")
    agreed = visit_in(sale, clock, 3)
    clock.advance(hours=3, microseconds=-1)
    assert lapse(clock) == []
    clock.advance(microseconds=1)
    assert lapse(clock) == [waiting]
    assert lapse(clock) == []
    visit = shown(api, sale.customer, waiting)
    assert (visit["status"], visit["cancelled_by"]) == ("cancelled", "system")
    assert (visit["awaiting"], visit["allowed_actions"]) == (None, [])
    assert visit["cancellation_reason"] == "It was not confirmed before its start."
    assert visit["timeline"][-1]["actor"] is None
    assert shown(api, sale.customer, agreed)["status"] == "confirmed"
    for caller in (sale.customer, sale.builder):
        assert told_titles(caller, waiting) == ["Visit lapsed"]


def test_what_was_answered_meanwhile_does_not_lapse(clock: Clock, database: str) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 1, "scheduled")
    clock.advance(hours=1)
    with session():
        assert appointment_clock.due_unconfirmed(clock.now()) == [visit_id]
        Appointment[visit_id].set(status="confirmed", awaiting=None)
    with session():
        assert not appointment_clock.lapse(visit_id, clock.now())
    with session():
        Appointment[visit_id].set(
            status="scheduled", awaiting="builder", appointment_date=clock.now() + timedelta(days=1)
        )
    with session():
        assert not appointment_clock.lapse(visit_id, clock.now())


def test_both_sides_are_reminded_a_day_and_two_hours_before(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 48)
    clock.advance(hours=24, seconds=-1)
    assert remind(clock) == []
    clock.advance(seconds=1)
    assert remind(clock) == [visit_id]
    assert remind(clock) == []
    clock.advance(hours=21)
    assert remind(clock) == []
    clock.advance(hours=1)
    assert remind(clock) == [visit_id]
    assert remind(clock) == []
    clock.advance(hours=1)
    assert remind(clock) == []
    clock.advance(hours=2)
    assert remind(clock) == []
    for caller in (sale.customer, sale.builder):
        assert told_titles(caller, visit_id) == ["Visit soon", "Visit soon"]


def test_who_has_not_answered_is_asked_again(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 24, "scheduled", awaiting="customer", created_by="builder")
    assert remind(clock) == [visit_id]
    assert told_titles(sale.customer, visit_id) == ["Visit not answered yet"]
    assert told_titles(sale.builder, visit_id) == []
    # Who has just confirmed needs no reminder before the next.
    clock.advance(hours=1)
    act(api, sale.customer, visit_id, "confirm")
    assert remind(clock) == []
    clock.advance(hours=21)
    assert remind(clock) == [visit_id]
    assert told_titles(sale.builder, visit_id) == ["Visit confirmed", "Visit soon"]


def test_who_has_just_asked_is_not_reminded_of_it(api: Api, clock: Clock) -> None:
    clock.set(clock.now().replace(hour=4, minute=0, second=0))
    sale = make_sale()
    visit = ask(api, sale.customer, wish(sale.project, 0, "15:00"))
    assert remind(clock) == []
    clock.advance(minutes=10)
    act(api, sale.builder, visit["id"], "confirm")
    assert remind(clock) == []
    # Two hours before, half past three by the clock of the site.
    clock.set(slot_at(sale.project, 0, "13:00"))
    assert remind(clock) == [visit["id"]]


def test_another_time_is_reminded_of_anew(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = make_appointment(
        sale.project,
        sale.customer,
        slot_at(sale.project, 2),
        "confirmed",
        created_at=clock.now() - timedelta(days=1),
    )
    clock.set(slot_at(sale.project, 1, "12:00"))
    assert remind(clock) == [visit_id]
    move(api, sale.customer, visit_id, {"appointment_date": utc(slot_at(sale.project, 3))})
    act(api, sale.builder, visit_id, "confirm")
    clock.set(slot_at(sale.project, 2, "12:00"))
    assert remind(clock) == [visit_id]


def test_what_is_called_off_is_not_reminded_of(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 24)
    with session():
        assert appointment_clock.due_reminders(clock.now()) == [visit_id]
    call_off(api, sale.customer, visit_id)
    with session():
        assert not appointment_clock.remind(visit_id, clock.now())
    assert remind(clock) == []


def test_one_reminder_makes_up_for_what_was_missed(clock: Clock, database: str) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 30)
    clock.advance(hours=29)
    assert remind(clock) == [visit_id]
    assert told_titles(sale.customer, visit_id) == ["Visit soon"]


def test_hours_are_a_setting(clock: Clock, database: str) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 72)
    with session():
        SystemSetting(
            setting_key="appointment.reminder_hours",
            setting_value=[72],
            setting_type="json",
            category="appointment",
        )
    assert remind(clock) == [visit_id]
    clock.advance(hours=71)
    assert remind(clock) == []


def test_who_wants_no_word_of_visits_is_not_looked_for_again(clock: Clock, database: str) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 24)
    with session():
        for channel in ("in_app", "email"):
            NotificationPreference(
                user=sale.customer.user_id,
                notification_type="appointment",
                channel=channel,
                enabled=False,
            )
    assert remind(clock) == [visit_id]
    assert remind(clock) == []
    assert (told(sale.customer, visit_id), len(told(sale.builder, visit_id))) == ([], 1)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_a_message_tells_the_time_of_the_site(api: Api, clock: Clock, zone: str) -> None:
    sale = make_sale(timezone=zone)
    visit = ask(api, sale.customer, wish(sale.project, 5, "16:30"))
    assert " at 16:30 " in told(sale.builder, visit["id"])[0][1]


def test_a_lapse_is_in_the_history(clock: Clock, database: str) -> None:
    sale = make_sale()
    visit_id = visit_in(sale, clock, 1, "scheduled")
    clock.advance(hours=2)
    assert lapse(clock) == [visit_id]
    with session():
        (row,) = StatusHistory.select(lambda h: h.entity == "appointment")[:]
        assert (row.to_status, row.actor, row.entity_id) == ("cancelled", None, visit_id)
