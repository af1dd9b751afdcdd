"""getBuilderDashboard: what a builder sees first, and that it agrees with the lists behind it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from realty.db import Booking, ChangeRequest, Project, Review, User
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    BuilderAccount,
    make_admin,
    make_booking,
    make_builder,
    make_change_request,
    make_customer,
    make_payment,
    make_phase,
    make_project,
    make_units,
)
from tests.functional.bookings.common import act, cancellation, make_sale
from tests.functional.dashboards.common import book_all, lists_of, make_visit, stored_money
from tests.functional.payments.common import move, pay, refund, reverse
from tests.functional.queries import queries

PATH = "/api/builders/me/dashboard"
NO_COUNT = {
    "this_month": 0,
    "last_month_to_date": 0,
    "last_month": 0,
    "change_percent": None,
}
NO_MONEY = {
    **dict.fromkeys(("this_month", "last_month_to_date", "last_month"), "0.00"),
    "change_percent": None,
}


def dashboard(api: Api, builder: BuilderAccount) -> Any:
    """What the builder sees."""
    return api.as_(builder).get(PATH).data["dashboard"]


def at(text: str) -> datetime:
    """A naive UTC moment."""
    return datetime.fromisoformat(text)


def test_get_builder_dashboard_is_for_builders(api: Api) -> None:
    api.get(PATH, status=401)
    api.as_(make_customer()).get(PATH, status=403)
    api.as_(make_admin()).get(PATH, status=403)


def test_get_builder_dashboard_of_somebody_new_is_empty(api: Api) -> None:
    make_sale().booked("agreement_registered")  # somebody else's
    seen = dashboard(api, make_builder())
    assert seen["projects"]["total"] == seen["units"]["total"] == seen["visits"]["this_week"] == 0
    assert set(seen["money"].values()) == {"0.00"}
    assert seen["due"] == {
        "overdue_count": 0,
        "overdue_amount": "0.00",
        "upcoming_count": 0,
        "upcoming_amount": "0.00",
    }
    assert seen["bookings"]["total_bookings"] == 0
    assert seen["change"] == {
        "bookings": NO_COUNT,
        "ended_bookings": NO_COUNT,
        "visits": NO_COUNT,
        "booked_amount": NO_MONEY,
        "received_amount": NO_MONEY,
    }
    assert seen["recent_projects"] == seen["recent_activity"] == []


def test_get_builder_dashboard_agrees_with_the_lists(api: Api, clock: Clock) -> None:
    sale = make_sale(8)
    book_all(sale.units, sale.customer)
    elsewhere = make_project(sale.builder, timezone="Pacific/Kiritimati")
    book_all(make_units(elsewhere, 4), make_customer())
    book_all(make_sale(8).units, sale.customer)  # of another builder
    seen = dashboard(api, sale.builder)
    stats, totals = lists_of(api, sale.builder)
    assert stats["total_bookings"] == 12
    assert totals["overdue_count"] == 2
    assert seen["bookings"] == stats
    assert seen["due"] == totals
    assert seen["money"] == {
        "booked_amount": stats["total_revenue"],
        "pending_amount": stats["pending_revenue"],
        "due_amount": totals["upcoming_amount"],
        "overdue_amount": totals["overdue_amount"],
        **stored_money(builder=sale.builder.builder_id),
    }
    received, pending = seen["money"]["received_amount"], seen["money"]["pending_amount"]
    assert Decimal(received) + Decimal(pending) == Decimal(seen["money"]["booked_amount"])
    assert seen["money"]["refund_owed_amount"] != "0.00"
    assert seen["counts"] == api.as_(sale.builder).get("/api/auth/me/counts").data["counts"]


def test_get_builder_dashboard_counts_projects_and_units_by_status(api: Api) -> None:
    sale = make_sale(5)
    make_project(sale.builder, published=False, status="planning")
    make_project(sale.builder, published=False, status="cancelled")
    make_units(make_project(sale.builder), 2, status="blocked")
    sale.booked("token_paid")
    make_booking(sale.units[1], sale.customer, status="agreement_registered")
    seen = dashboard(api, sale.builder)
    nothing = dict.fromkeys(("completed", "delivered", "on_hold"), 0)
    assert seen["projects"] == {
        "total": 4,
        "published": 2,
        "by_status": {"planning": 1, "construction": 2, "cancelled": 1, **nothing},
    }
    assert seen["units"] == {
        "total": 7,
        "by_status": {"available": 3, "reserved": 0, "blocked": 2, "booked": 1, "sold": 1},
    }
    assert [each["project"]["builder_id"] for each in seen["recent_projects"]] == [
        sale.builder.builder_id
    ] * 4


def test_get_builder_dashboard_shows_the_newest_projects_with_their_progress(
    api: Api, clock: Clock
) -> None:
    builder = make_builder()
    for age in range(7):
        row = make_project(builder, created_at=clock.now() - timedelta(days=age))
        if age == 1:
            make_phase(
                row,
                progress_percentage=Decimal(40),
                status="in_progress",
                customer_visible=False,
                milestone_code="foundation",
            )
            second = row
    shown = dashboard(api, builder)["recent_projects"]
    newest = api.as_(builder).get("/api/projects", {"mine": "true", "limit": 5}).data["projects"]
    assert [each["project"]["id"] for each in shown] == [each["id"] for each in newest]
    assert shown[1]["project"]["id"] == second.id
    for name in ("overall_progress", "schedule_state", "total_units", "available_units"):
        assert shown[1][name] == newest[1][name]
    assert shown[1]["overall_progress"] == "40.00"
    # What is hidden from customers is shown to its builder.
    assert shown[1]["next_milestone"]["milestone_code"] == "foundation"


def test_get_builder_dashboard_counts_visits_by_the_builders_own_calendar(
    api: Api, clock: Clock
) -> None:
    clock.set(at("2026-11-25T20:00"))  # Thursday 01:30 in Kolkata, Wednesday noon in Honolulu
    sale = make_sale()
    for day, hour in ((22, 18), (22, 19), (25, 19), (26, 18), (26, 19), (29, 18), (29, 19)):
        make_visit(sale.customer, sale.project, appointment_date=at(f"2026-11-{day}T{hour}:30"))
    today = at("2026-11-26T06:00")
    make_visit(sale.customer, sale.project, appointment_date=today, status="cancelled")
    make_visit(make_customer(), make_sale().project, appointment_date=today)
    assert dashboard(api, sale.builder)["visits"] == {"today": 1, "this_week": 5}
    with session():
        User[sale.builder.user_id].timezone = "Pacific/Honolulu"
    seen = dashboard(api, sale.builder)
    assert seen["period"]["today"] == "2026-11-25"
    assert seen["period"]["week_starts_at"] == "2026-11-23T10:00:00Z"
    assert seen["visits"] == {"today": 1, "this_week": 5}


def test_get_builder_dashboard_compares_this_month_with_the_same_part_of_the_last(
    api: Api, clock: Clock
) -> None:
    clock.set(at("2026-11-20T06:00"))
    sale = make_sale(9)
    begins = at("2026-10-31T18:30")  # November in Kolkata
    moments = [
        clock.now(),
        begins,
        begins - timedelta(microseconds=1),  # late in October: after the base
        at("2026-10-20T05:59"),
        at("2026-10-20T06:00"),  # the first moment after the base
        at("2026-09-30T18:30"),
        at("2026-09-30T18:29"),  # September
    ]
    for unit, moment in zip(sale.units, moments, strict=False):
        make_booking(unit, sale.customer, created_at=moment)
    ended = make_booking(
        sale.units[7],
        sale.customer,
        status="cancelled",
        created_at=begins,
        cancelled_at=begins + timedelta(days=1),
    )
    make_visit(sale.customer, sale.project, appointment_date=begins)
    make_visit(sale.customer, sale.project, appointment_date=clock.now() + timedelta(days=2))
    seen = dashboard(api, sale.builder)
    assert seen["period"] == {
        "timezone": "Asia/Kolkata",
        "today": "2026-11-20",
        "week_starts_at": "2026-11-15T18:30:00Z",
        "month_starts_at": "2026-10-31T18:30:00Z",
        "last_month_starts_at": "2026-09-30T18:30:00Z",
    }
    change = seen["change"]
    assert change["bookings"] == {
        "this_month": 3,
        "last_month_to_date": 2,
        "last_month": 4,
        "change_percent": "50.00",
    }
    assert change["ended_bookings"] == {**NO_COUNT, "this_month": 1}
    assert change["visits"] == {**NO_COUNT, "this_month": 1}
    # A booking that ended is no revenue; all homes of a floor cost the same.
    price = ended.total_amount
    assert change["booked_amount"] == {
        "this_month": f"{2 * price:.2f}",
        "last_month_to_date": f"{2 * price:.2f}",
        "last_month": f"{4 * price:.2f}",
        "change_percent": "0.00",
    }


def test_get_builder_dashboard_counts_what_was_received_net_of_what_was_given_back(
    api: Api, clock: Clock
) -> None:
    sale = make_sale()
    booking = sale.booked()
    token = str(booking.token_amount)
    first = pay(api, sale.builder, booking, token)
    reverse(api, sale.builder, first)
    pay(api, sale.builder, booking, token)
    other = make_booking(sale.units[1], sale.customer)
    given = pay(api, sale.builder, other, token)
    act(api, sale.builder, other, "reject", {"reason": "Sold at the counter."})
    by_cheque = refund(api, sale.builder, given, "1000.00", "cheque").data["payment"]
    assert received(api, sale.builder) == f"{2 * booking.token_amount:.2f}"  # not cleared yet
    move(api, sale.builder, by_cheque, "clear")
    assert received(api, sale.builder) == f"{2 * booking.token_amount - 1000:.2f}"
    # The cheque comes back: the refund is reversed, and its money counts again.
    reverse(api, sale.builder, by_cheque)
    refund(api, sale.builder, given, "2500.00")
    # Compensation is no revenue.
    make_payment(other, "7000.00", payment_type="compensation")
    assert received(api, sale.builder) == f"{2 * booking.token_amount - 2500:.2f}"
    with session():
        paid = sum(row.paid_amount for row in Booking.select())
    assert received(api, sale.builder) == f"{paid:.2f}"


def received(api: Api, builder: BuilderAccount) -> str:
    """What the month so far brought."""
    amount: str = dashboard(api, builder)["change"]["received_amount"]["this_month"]
    return amount


def test_get_builder_dashboard_tells_what_happened_last(api: Api, clock: Clock) -> None:
    sale = make_sale()
    expected = []

    def happened(kind: str, entity: str, entity_id: int, url: str) -> None:
        expected.insert(0, (kind, entity, entity_id, url))
        clock.advance(minutes=1)

    booking = make_booking(sale.unit, sale.customer)
    happened("booking_placed", "booking", booking.id, f"/bookings/{booking.id}")
    report = pay(api, sale.customer, booking, "100.00")["id"]
    happened("payment_reported", "payment", report, f"/payments/{report}")
    receipt = pay(api, sale.builder, booking, booking.token_amount)["id"]
    happened("payment_received", "payment", receipt, f"/payments/{receipt}")
    request = make_change_request(booking, request_title="Glass balcony")
    happened("change_requested", "change_request", request, f"/change-requests/{request}")
    visit = make_visit(sale.customer, sale.project)
    happened("visit_requested", "appointment", visit, f"/appointments/{visit}")
    make_visit(sale.customer, sale.project, created_by="builder")  # that is known here
    ended = make_booking(sale.units[1], sale.customer, created_at=clock.now() - timedelta(days=900))
    act(api, sale.customer, ended, "cancel", cancellation())
    happened("booking_ended", "booking", ended.id, f"/bookings/{ended.id}")
    expected.append(("booking_placed", "booking", ended.id, f"/bookings/{ended.id}"))
    entries = dashboard(api, sale.builder)["recent_activity"]
    names = ("kind", "related_entity_type", "related_entity_id", "action_url")
    assert [tuple(each[name] for name in names) for each in entries] == expected
    for entry in entries:
        assert entry["project"]["id"] == sale.project.id
        assert entry["customer"]["user_id"] == sale.customer.user_id
        assert entry["customer"]["email"] == sale.customer.email
    assert [each["title"] for each in entries[:3]] == [
        f"Booking {ended.number}: cancelled",
        f"Site visit asked for at {_name(sale.project.id)}",
        f"{_tracking(request)}: Glass balcony",
    ]
    assert [each["amount"] for each in entries[:4]] == [
        "0.00",
        None,
        None,
        f"{booking.token_amount:.2f}",
    ]
    assert dashboard(api, make_sale().builder)["recent_activity"] == []


def _name(project_id: int) -> str:
    with session():
        return str(Project[project_id].project_name)


def _tracking(request_id: int) -> str:
    with session():
        return str(ChangeRequest[request_id].tracking_number)


def test_get_builder_dashboard_tells_of_reviews_and_of_ten_things_at_most(
    api: Api, clock: Clock
) -> None:
    sale = make_sale(12)
    bookings = [make_booking(unit, sale.customer, status="handed_over") for unit in sale.units]
    clock.advance(minutes=1)
    with session():
        review = Review(
            builder=sale.builder.builder_id,
            customer=sale.customer.customer_id,
            booking=bookings[0].id,
            rating=4,
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        review.flush()
        review_id = review.id
    entries = dashboard(api, sale.builder)["recent_activity"]
    assert len(entries) == 10
    assert entries[0]["kind"] == "review_written"
    assert entries[0]["related_entity_id"] == review_id
    assert entries[0]["title"] == f"4 of 5 stars for {bookings[0].number}"
    assert entries[0]["action_url"] == f"/builders/{sale.builder.builder_id}/reviews"
    assert [each["related_entity_id"] for each in entries[1:]] == [
        booking.id for booking in bookings[:2:-1]
    ]


def test_get_builder_dashboard_is_not_sent_again_while_nothing_changes(
    api: Api, clock: Clock
) -> None:
    sale = make_sale()
    mine = api.as_(sale.builder)
    tag = mine.get(PATH).headers["ETag"]
    clock.advance(seconds=5)
    mine.get(PATH, headers={"If-None-Match": tag}, status=304)
    sale.booked()
    assert mine.get(PATH, headers={"If-None-Match": tag}, status=200).headers["ETag"] != tag


def test_get_builder_dashboard_asks_no_more_of_many(api: Api, clock: Clock) -> None:
    sale = make_sale(8)
    book_all(sale.units, sale.customer)
    make_phase(sale.project)
    sent = []
    for _ in range(2):
        with queries() as statements:
            dashboard(api, sale.builder)
        sent.append(len(statements))
        for zone in ("Europe/Berlin", "America/New_York"):
            project = make_project(sale.builder, timezone=zone)
            make_phase(project)
            book_all(make_units(project, 3), make_customer())
            make_visit(make_customer(), project)
    assert sent == [10, 10]
