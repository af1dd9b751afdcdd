"""getCustomerDashboard: what a customer sees first, and that it agrees with the lists behind it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    CustomerAccount,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_phase,
    make_project,
    make_units,
)
from tests.functional.bookings.common import make_sale
from tests.functional.dashboards.common import book_all, lists_of, make_visit, stored_money
from tests.functional.payments.common import demand
from tests.functional.queries import queries

PATH = "/api/customers/me/dashboard"


def dashboard(api: Api, customer: CustomerAccount) -> Any:
    """What the customer sees."""
    return api.as_(customer).get(PATH).data["dashboard"]


def test_get_customer_dashboard_is_for_customers(api: Api) -> None:
    api.get(PATH, status=401)
    api.as_(make_builder()).get(PATH, status=403)
    api.as_(make_admin()).get(PATH, status=403)


def test_get_customer_dashboard_of_somebody_new_is_empty(api: Api) -> None:
    make_sale().booked("agreement_registered")  # somebody else's
    seen = dashboard(api, make_customer())
    assert seen["bookings"] == seen["projects"] == []
    assert seen["next_due"] is seen["next_visit"] is None
    assert set(seen["money"].values()) == {"0.00"}
    assert seen["stats"]["total_bookings"] == seen["due"]["upcoming_count"] == 0


def test_get_customer_dashboard_agrees_with_the_lists(api: Api, clock: Clock) -> None:
    sale, other = make_sale(8), make_sale(8, timezone="Pacific/Kiritimati")
    book_all(sale.units, sale.customer)
    book_all(other.units[:4], sale.customer)
    book_all(make_units(sale.project, 4), other.customer)
    seen = dashboard(api, sale.customer)
    stats, totals = lists_of(api, sale.customer)
    assert stats["total_bookings"] == 12
    assert seen["stats"] == stats
    assert seen["due"] == totals
    assert seen["money"] == {
        "booked_amount": stats["total_revenue"],
        "pending_amount": stats["pending_revenue"],
        "due_amount": totals["upcoming_amount"],
        "overdue_amount": totals["overdue_amount"],
        **stored_money(customer=sale.customer.customer_id),
    }
    mine = api.as_(sale.customer)
    first = mine.get("/api/payments/due", {"limit": 1}).data["dues"][0]
    del first["customer"]
    assert seen["next_due"] == first
    assert first["state"] == "overdue"
    assert seen["counts"] == mine.get("/api/auth/me/counts").data["counts"]
    listed = mine.get("/api/bookings", {"limit": 100}).data["bookings"]
    standing = {each["id"]: each for each in listed if each["status"] in STANDING}
    assert {each["booking"]["id"] for each in seen["bookings"]} == set(standing)
    for shown in seen["bookings"]:
        whole = standing[shown["booking"]["id"]]
        for name in shown.keys() - {"booking"}:
            assert shown[name] == whole[name]
        assert shown["booking"]["unit"] == whole["unit"]
        assert shown["booking"]["project"] == whole["project"]


STANDING = {"pending", "token_paid", "confirmed", "agreement_registered", "handed_over"}


def test_get_customer_dashboard_shows_the_nearest_due_dates_first_and_no_more_than_twenty(
    api: Api, clock: Clock
) -> None:
    sale = make_sale(23)
    rows = [make_booking(unit, sale.customer, payment_plan="loan") for unit in sale.units]
    for age, booking in enumerate(rows[:3]):
        demand(booking.id, 1, days_ago=40 + age)  # the last of them fell due earliest
    seen = dashboard(api, sale.customer)
    assert len(seen["bookings"]) == 20
    first = [each["booking"]["id"] for each in seen["bookings"][:3]]
    assert first == [booking.id for booking in rows[2::-1]]
    assert seen["next_due"]["booking"]["id"] == rows[2].id
    dues = api.as_(sale.customer).get("/api/payments/due", {"limit": 1}).data["dues"]
    assert seen["next_due"]["installment"] == dues[0]["installment"]


def test_get_customer_dashboard_shows_how_each_project_comes_along(api: Api, clock: Clock) -> None:
    sale = make_sale(2)
    make_phase(
        sale.project, weight_percent=Decimal(60), customer_visible=False, phase_name="Hidden"
    )
    make_phase(
        sale.project,
        weight_percent=Decimal(40),
        progress_percentage=Decimal(50),
        status="in_progress",
    )
    sale.booked("confirmed")
    make_booking(sale.units[1], sale.customer)
    (shown,) = dashboard(api, sale.customer)["projects"]
    listed = api.as_(sale.customer).get(f"/api/projects/{sale.project.id}").data["project"]
    assert shown["overall_progress"] == "20.00"
    for name in shown.keys() - {"project"}:
        assert shown[name] == listed[name]
    assert shown["next_milestone"]["phase_name"] == "Phase 2"


def test_get_customer_dashboard_shows_the_next_visit(api: Api, clock: Clock) -> None:
    sale, elsewhere = make_sale(), make_project(make_builder())
    now = clock.now()
    for over in (
        {"appointment_date": now - timedelta(minutes=1)},
        {"appointment_date": now + timedelta(minutes=1), "status": "cancelled"},
        {"appointment_date": now + timedelta(days=3)},
    ):
        make_visit(sale.customer, sale.project, **over)
    make_visit(make_customer(), sale.project, appointment_date=now + timedelta(hours=1))
    expected = make_visit(
        sale.customer,
        elsewhere,
        appointment_date=now + timedelta(days=2),
        status="confirmed",
        awaiting=None,
        duration_minutes=45,
        meeting_location="online",
        meeting_details="https://meet.example/k",
    )
    seen = dashboard(api, sale.customer)
    visit = seen["next_visit"]
    assert (visit["id"], visit["project"]["id"]) == (expected, elsewhere.id)
    assert (visit["status"], visit["awaiting"]) == ("confirmed", None)
    assert visit["duration_minutes"] == 45
    assert seen["projects"] == []  # it is about a booking's


def test_get_customer_dashboard_is_not_sent_again_while_nothing_changes(
    api: Api, clock: Clock
) -> None:
    sale = make_sale()
    mine = api.as_(sale.customer)
    tag = mine.get(PATH).headers["ETag"]
    clock.advance(seconds=5)
    mine.get(PATH, headers={"If-None-Match": tag}, status=304)
    sale.booked()
    mine.get(PATH, headers={"If-None-Match": tag}, status=200)


def test_get_customer_dashboard_asks_no_more_of_many(api: Api, clock: Clock) -> None:
    sale = make_sale(8)
    make_phase(sale.project)
    book_all(sale.units[3:4], sale.customer)
    make_visit(sale.customer, sale.project)
    sent = []
    for _ in range(2):
        with queries() as statements:
            dashboard(api, sale.customer)
        sent.append(len(statements))
        for zone in ("Europe/Berlin", "America/New_York", "Asia/Kolkata"):
            other = make_sale(8, timezone=zone)
            make_phase(other.project)
            book_all(other.units, sale.customer)
            make_visit(sale.customer, other.project)
    assert sent == [10, 10]
