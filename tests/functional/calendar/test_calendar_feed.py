"""issue_calendar_token, revoke_calendar_token and get_calendar, read by a calendar parser."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from realty.db import Appointment, Installment, OneTimeToken, User
from realty.db.session import session
from realty.services import cleaning
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_appointment,
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_unit,
    slot_at,
)
from tests.functional.bookings.common import make_sale
from tests.functional.queries import queries

PATH = "/api/calendar/token"
# What no reader may take for a line, a value or a property of its own.
HOSTILE = "A,B;C\\D\nBEGIN:VALARM\r\nEND:VEVENT\rATTENDEE:mailto:x@evil.example\u2028X\x85Y\x0bZ\\N"


def issue(api: Api, caller: Any) -> str:
    """The path of a new feed."""
    path: str = api.as_(caller).post(PATH, status=201).data["calendar"]["feed_path"]
    return path


def events(api: Api, path: str) -> dict[str, Any]:
    """The events of a feed by the part of their uid that is ours, as a parser reads them."""
    calendar = Calendar.from_ical(api.get(path).body)
    assert calendar["version"] == "2.0"
    assert calendar.errors == []
    found = {}
    for event in calendar.walk("VEVENT"):
        assert event.errors == []
        found[str(event["uid"]).partition("@")[0]] = event
    return found


def test_a_secret_of_256_bits_is_kept_as_its_hash(api: Api) -> None:
    customer = make_customer()
    answer = api.as_(customer).post(PATH, status=201)
    link = answer.data["calendar"]
    assert link["feed_path"] == answer.headers["Location"] == f"/api/calendar/{link['token']}.ics"
    assert len(link["token"]) == 43
    with session():
        (row,) = OneTimeToken.select()[:]
        stored = row.to_dict()
    assert (stored["purpose"], stored["user"], stored["expires_at"]) == (
        "calendar",
        customer.user_id,
        None,
    )
    assert stored["token_hash"] == hashlib.sha256(link["token"].encode()).hexdigest()
    assert link["token"] not in str(stored)
    assert issue(api, customer) != link["feed_path"]


def test_a_new_link_ends_the_one_before_and_revoking_ends_all(api: Api) -> None:
    customer, other = make_customer(), make_customer()
    first, foreign = issue(api, customer), issue(api, other)
    api.get(first)
    second = issue(api, customer)
    assert api.get(first, status=404).code == "not_found"
    api.get(second)
    api.as_(customer).delete(PATH, status=204)
    api.get(second, status=404)
    api.as_(customer).delete(PATH, status=204)
    api.get(foreign)
    api.get(issue(api, customer))


def test_a_deactivated_account_has_no_feed(api: Api) -> None:
    customer = make_customer()
    path = issue(api, customer)
    with session():
        User[customer.user_id].is_active = False
    api.get(path, status=404)


def test_a_secret_that_is_none(api: Api) -> None:
    path = issue(api, make_customer())
    secret = path.removeprefix("/api/calendar/").removesuffix(".ics")
    for guess in (secret[:-1], f"{secret}x", secret.swapcase(), "x" * 43, "1", "%00", "token"):
        api.get(f"/api/calendar/{guess}.ics", status=404)
    # A link of another purpose opens no calendar.
    with session():
        OneTimeToken.get(purpose="calendar").purpose = "reset_password"
    api.get(path, status=404)


def test_a_token_of_a_login_is_no_secret_and_does_no_harm(api: Api) -> None:
    customer = make_customer()
    path = issue(api, customer)
    api.as_(customer).get(path)
    api.as_("nonsense").get(path)
    api.get(PATH, status=405)
    api.post(PATH, status=401)
    api.delete(PATH, status=401)


def test_a_link_is_not_cleaned_away_while_it_works(api: Api, clock: Clock) -> None:
    path = issue(api, make_customer())
    clock.advance(days=400)
    with session():
        cleaning.forget_links(now=clock.now())
    api.get(path)


def test_the_secret_is_in_no_log(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    customer = make_customer()
    path = issue(api, customer)
    secret = path.removeprefix("/api/calendar/").removesuffix(".ics")
    answer = api.get(path)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    api.as_(customer).delete(PATH)
    api.get(path, status=404)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("realty.services.calendars.links.owner_of", broken)
    api.get(path, status=500)
    lines = [logging.Formatter().format(record) for record in caplog.records]
    assert any("/api/calendar/*** 200" in line for line in lines)
    assert [line for line in lines if secret in line] == []


def test_visits_as_both_sides_see_them(api: Api, clock: Clock) -> None:
    clock.set(datetime.fromisoformat("2026-11-23T03:00"))
    sale = make_sale(project_name="Lakefront", location_address="1 Lake Road")
    visit_id = make_appointment(
        sale.project,
        sale.customer,
        unit=sale.unit.id,
        agenda="The view",
        notes="Wants a discount",
        duration_minutes=45,
    )
    mine, theirs = issue(api, sale.customer), issue(api, sale.builder)
    (event,) = events(api, mine).values()
    assert event.decoded("dtstart") == datetime(2026, 11, 26, 4, 30, tzinfo=UTC)
    assert event.decoded("dtend") == datetime(2026, 11, 26, 5, 15, tzinfo=UTC)
    assert event["status"] == "TENTATIVE"
    assert str(event["summary"]).startswith("Site visit: ")
    assert "Lakefront" in event["summary"]
    assert event["location"] == "Lakefront, 1 Lake Road"
    assert event["url"].endswith(f"/appointments/{visit_id}")
    assert event["sequence"] == 0
    assert "The view" in event["description"]
    for path in (mine, theirs):
        assert b"discount" not in api.get(path).body
    (other,) = events(api, theirs).values()
    assert "Ananyā Iyer" in other["description"]
    assert other["uid"] == event["uid"]


def test_a_cancelled_visit_stays(api: Api, clock: Clock) -> None:
    sale = make_sale()
    start = slot_at(sale.project, 3)
    made = {
        status: make_appointment(sale.project, sale.customer, start, status)
        for status in ("scheduled", "confirmed", "completed", "no_show", "cancelled")
    }
    path = issue(api, sale.customer)
    found = events(api, path)
    told = {status: str(found[f"appointment-{made[status]}"]["status"]) for status in made}
    assert told == {
        "scheduled": "TENTATIVE",
        "confirmed": "CONFIRMED",
        "completed": "CONFIRMED",
        "no_show": "CONFIRMED",
        "cancelled": "CANCELLED",
    }
    visit = f"/api/appointments/{made['confirmed']}"
    api.as_(sale.customer).post(f"{visit}/cancel", {"reason": "Rain"})
    event = events(api, path)[f"appointment-{made['confirmed']}"]
    assert (event["status"], event["sequence"]) == ("CANCELLED", 1)
    assert str(event["summary"]).startswith("Cancelled: ")
    assert "Rain" in event["description"]


def test_nothing_breaks_out_of_its_value(api: Api, clock: Clock) -> None:
    sale = make_sale(project_name='Lake, "Front"; \\n BEGIN:VEVENT')
    plain = make_appointment(sale.project, sale.customer)
    path = issue(api, sale.customer)
    lines = api.get(path).body.decode().split("\r\n")
    with session():
        Appointment[plain].set(
            agenda=HOSTILE,
            meeting_details=HOSTILE,
            attendees=[HOSTILE],
            cancellation_reason=HOSTILE,
        )
    body = api.get(path).body
    text = body.decode()
    assert [line.partition(":")[0] for line in text.split("\r\n") if line.startswith("BEGIN")] == [
        line.partition(":")[0] for line in lines if line.startswith("BEGIN")
    ]
    for character in "\u2028\x85\x0b":
        assert character not in text
    assert "\n" not in text.replace("\r\n", "")
    assert "\r" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (event,) = events(api, path).values()
    assert "attendee" not in event
    assert event.subcomponents == []
    shown = str(event["location"])
    assert shown.startswith("A,B;C\\D\nBEGIN:VALARM\nEND:VEVENT\n")


def test_what_falls_due_for_a_customer(api: Api, clock: Clock) -> None:
    clock.set(datetime.fromisoformat("2026-11-23T03:00"))
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    dead = make_booking(sale.units[1], sale.customer, status="cancelled")
    with session():
        rows = list(
            Installment.select(lambda i: i.booking.id == booking.id).order_by(lambda i: i.sequence)
        )
        for number, row in enumerate(rows):
            row.due_date = date(2026, 12, 1) + timedelta(days=number) if number < 3 else None
        ids = [row.id for row in rows]
        paid = [row.id for row in rows if row.status == "paid"]
        for row in Installment.select(lambda i: i.booking.id == dead.id):
            row.set(due_date=date(2026, 12, 1), status="scheduled")
    assert paid == ids[:1]
    found = events(api, issue(api, sale.customer))
    assert set(found) == {f"installment-{each}" for each in ids[1:3]}
    event = found[f"installment-{ids[1]}"]
    assert event.decoded("dtstart") == date(2026, 12, 2)
    assert "dtend" not in event
    assert event["transp"] == "TRANSPARENT"
    assert str(event["summary"]).startswith("Payment due: ₹")
    assert booking.number in event["description"]
    assert events(api, issue(api, make_customer())) == {}


def test_what_falls_due_for_a_builder_is_one_entry_a_day(api: Api, clock: Clock) -> None:
    clock.set(datetime.fromisoformat("2026-11-23T03:00"))
    builder = make_builder()
    first, second = make_project(builder), make_project(builder)
    bookings = [
        make_booking(make_unit(project), make_customer(), status="agreement_registered")
        for project in (first, first, second)
    ]
    with session():
        for row in Installment.select():
            row.due_date = date(2026, 12, 1) if row.sequence == 2 else None
    make_payment(bookings[0], "1000.00", payment_type="installment")
    found = events(api, issue(api, builder))
    assert set(found) == {f"due-{project.id}-2026-12-01" for project in (first, second)}
    event = found[f"due-{first.id}-2026-12-01"]
    assert str(event["description"]).startswith("2 in ")
    assert events(api, issue(api, make_builder())) == {}


def test_an_administrator_s_feed_is_empty(api: Api, clock: Clock) -> None:
    sale = make_sale()
    make_appointment(sale.project, sale.customer)
    assert events(api, issue(api, make_admin())) == {}


def test_what_is_long_ago_is_left_out(api: Api, clock: Clock) -> None:
    sale = make_sale()
    old = clock.now() - timedelta(days=181)
    make_appointment(sale.project, sale.customer, old, "completed")
    kept = make_appointment(sale.project, sale.customer, old + timedelta(days=2), "completed")
    assert set(events(api, issue(api, sale.customer))) == {f"appointment-{kept}"}


def test_the_same_visits_make_the_same_bytes(api: Api, clock: Clock) -> None:
    sale = make_sale()
    visit_id = make_appointment(sale.project, sale.customer)
    path = issue(api, sale.customer)
    first = api.get(path)
    clock.advance(hours=5)
    etag = {"If-None-Match": first.headers["ETag"]}
    assert api.get(path, headers=etag, status=304).body == b""
    assert api.get(path).body == first.body
    api.as_(sale.customer).post(f"/api/appointments/{visit_id}/cancel", {"reason": "Rain"})
    assert api.get(path, headers=etag).headers["ETag"] != first.headers["ETag"]
    assert api.get(path).headers["Content-Type"] == "text/calendar; charset=utf-8"


def test_a_long_calendar_costs_as_many_queries_as_a_short_one(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    for days in range(1, 9):
        project = make_project(builder)
        booking = make_booking(make_unit(project), customer, status="agreement_registered")
        over = {"unit": booking.unit_id, "booking": booking.id}
        make_appointment(project, customer, slot_at(project, days), **over)
    with session():
        for row in Installment.select():
            row.due_date = date(2026, 12, 1)
    for owner in (customer, builder):
        path = issue(api, owner)
        api.get(path)
        with queries() as sent:
            assert len(events(api, path)) >= 16
        assert len(sent) <= 12, sent
