"""confirmBooking, rejectBooking, registerBookingAgreement, handOverBooking."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from realty.db import Installment, SystemSetting
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_admin, make_change_request, make_payment, make_unit
from tests.functional.bookings.common import (
    PATH,
    act,
    cancellation,
    change_booking,
    change_project,
    columns,
    make_sale,
    moves,
    register,
    row_statuses,
    told,
    unit_state,
)


def today(clock: Clock) -> Any:
    """The day in the projects' time zone."""
    return local_date(clock.now(), "Asia/Kolkata")


def test_confirm_booking(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("token_paid")
    answer = act(api, sale.builder, booking, "confirm")
    confirmed = answer.data["booking"]
    assert confirmed["status"] == "confirmed"
    assert confirmed["version"] == 2
    assert confirmed["allowed_actions"] == ["update", "register_agreement", "cancel"]
    assert answer.headers["ETag"].startswith('"2.')
    assert moves("booking", booking.id) == [("token_paid", "confirmed")]
    assert told(sale.customer) == ["Booking confirmed"]
    assert told(sale.builder) == []
    second = act(api, sale.builder, booking, "confirm", status=409)
    assert second.code == "invalid_transition"
    assert second.error["details"][0]["allowed"] == ["agreement_registered", "cancelled"]


def test_confirm_booking_checks_the_token_again(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked(status="pending")
    receipt = make_payment(booking, booking.token_amount, payment_type="token")
    change_booking(booking.id, status="token_paid", expires_at=None)
    make_payment(booking, "150.00", payment_type="reversal", reverses_payment=receipt)
    refused = act(api, sale.builder, booking, "confirm", status=409)
    assert refused.code == "conflict"
    assert refused.error["details"][0]["value"] == "150.00"
    # A refund that failed was itself reversed: that money counts again.
    refund = make_payment(booking, "10.00", payment_type="refund", reverses_payment=receipt)
    make_payment(booking, "10.00", payment_type="reversal", reverses_payment=refund)
    make_payment(booking, "149.99", payment_type="token")
    refused = act(api, sale.builder, booking, "confirm", status=409)
    assert refused.error["details"][0]["value"] == "0.01"
    make_payment(booking, "0.01", payment_type="token", status="pending")
    act(api, sale.builder, booking, "confirm", status=409)
    make_payment(booking, "0.01", payment_type="token")
    act(api, sale.builder, booking, "confirm")


@pytest.mark.parametrize("status", ["pending", "token_paid"])
def test_reject_booking_frees_the_unit_and_owes_everything_back(
    api: Api, clock: Clock, status: str
) -> None:
    sale = make_sale()
    booking = sale.booked(status)
    quoted, final = (
        make_change_request(booking, "quoted"),
        make_change_request(booking, "completed", cost="0.00"),
    )
    paid = columns(booking.id, "paid_amount")[0]
    reason = "  The landowner keeps this lot. " + "x" * 900
    rejected = act(api, sale.builder, booking, "reject", {"reason": reason}).data["booking"]
    assert rejected["status"] == "rejected"
    assert rejected["cancelled_by"] == "builder"
    assert rejected["cancellation_reason"] == reason.strip()
    assert rejected["cancellation_fault"] is None
    assert rejected["expires_at"] is None
    assert rejected["refund_owed"] == rejected["refund_amount"] == str(paid)
    assert rejected["refund_due_date"] == (today(clock) + timedelta(days=45)).isoformat()
    assert rejected["pending_amount"] == "0.00"
    assert rejected["allowed_actions"] == []
    assert unit_state(sale.unit) == ("available", 3)
    first = ["paid"] if paid else ["void"]
    assert row_statuses(booking.id) == first + ["void"] * 9
    assert moves("change_request", quoted) == [("quoted", "void")]
    assert moves("change_request", final) == []
    assert moves("unit", sale.unit.id) == [("booked", "available")]
    assert told(sale.customer) == ["Booking rejected", "Change void"]
    assert api.as_(sale.customer).get("/api/notifications").data["notifications"]


def test_a_confirmed_booking_is_not_rejected(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    refused = act(api, sale.builder, booking, "reject", {"reason": "No"}, status=409)
    assert refused.code == "invalid_transition"
    assert unit_state(sale.unit) == ("booked", 2)


@pytest.mark.parametrize("action", ["reject", "cancel"])
def test_a_reason_is_not_blank(api: Api, action: str) -> None:
    sale = make_sale()
    booking = sale.booked()
    body = cancellation(reason=" \t ") if action == "cancel" else {"reason": " \t "}
    refused = act(api, sale.builder, booking, action, body, status=422)
    assert refused.error["details"][0]["field"] == "reason"


def test_register_booking_agreement_sells_the_unit_and_dates_the_rows(
    api: Api, clock: Clock
) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed", payment_plan="installments")
    day = today(clock)
    answer = act(api, sale.builder, booking, "register-agreement", register(day.isoformat()))
    registered = answer.data["booking"]
    assert registered["status"] == "agreement_registered"
    assert registered["agreement_number"] == "BLR-2026-118734"
    assert registered["actual_registration_date"] == day.isoformat()
    assert registered["unit"]["status"] == "sold"
    assert unit_state(sale.unit) == ("sold", 2)
    assert moves("unit", sale.unit.id) == [("booked", "sold")]
    assert told(sale.customer) == ["Agreement registered"]
    with session():
        rows = Installment.select(lambda i: i.booking.id == booking.id)[:]
        assert all(row.due_date for row in rows)
        assert max(row.due_date for row in rows) > day + timedelta(days=700)


def test_a_row_that_has_a_date_keeps_it(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    day = today(clock)
    with session():
        second = Installment.get(booking=booking.id, sequence=2)
        third = Installment.get(booking=booking.id, sequence=3)
        second.due_date = day + timedelta(days=5)
        third.set(label="Something else", milestone_code=None, due_rule=None)
    act(api, sale.builder, booking, "register-agreement", register(day.isoformat()))
    with session():
        assert Installment.get(booking=booking.id, sequence=2).due_date == day + timedelta(days=5)
        assert Installment.get(booking=booking.id, sequence=3).due_date is None


def test_rows_fall_due_as_they_were_sold_although_the_plan_changed(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed", payment_plan="full_payment")
    part = {"milestone_code": None, "parts": 1}
    plan = [
        {**part, "label": "Token", "percent": "10.00", "due_rule": "on_booking", "due_offset": 0},
        {
            **part,
            "label": "Rest",
            "percent": "90.00",
            "due_rule": "days_after_agreement",
            "due_offset": 90,
        },
    ]
    with session():
        SystemSetting(
            setting_key="payment_plan.full_payment",
            setting_value=plan,
            setting_type="json",
            category="payment_plan",
        )
    day = today(clock)
    act(api, sale.builder, booking, "register-agreement", register(day.isoformat()))
    with session():
        rest = Installment.get(booking=booking.id, sequence=2)
        assert rest.due_date == day + timedelta(days=30)


@pytest.mark.parametrize("days", [-1, 1])
def test_an_agreement_is_registered_between_booking_and_today(
    api: Api, clock: Clock, days: int
) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    day = today(clock) + timedelta(days=days)
    body = register(day.isoformat())
    refused = act(api, sale.builder, booking, "register-agreement", body, status=422)
    assert refused.error["details"][0]["field"] == "actual_registration_date"
    blank = {**register(today(clock).isoformat()), "agreement_number": "  "}
    refused = act(api, sale.builder, booking, "register-agreement", blank, status=422)
    assert refused.error["details"][0]["field"] == "agreement_number"
    assert columns(booking.id, "status", "version") == ("confirmed", 1)


def settled(sale: Any) -> Any:
    """A registered booking on which everything is paid."""
    booking = sale.booked("agreement_registered")
    make_payment(booking, booking.total_amount - booking.token_amount)
    return booking


def test_hand_over_booking(api: Api, clock: Clock) -> None:
    sale = make_sale(occupancy_certificate_date=None)
    booking = settled(sale)
    refused = act(api, sale.builder, booking, "handover", {}, status=409)
    assert refused.code == "conflict"
    change_project(sale.project, occupancy_certificate_date=today(clock))
    given = act(api, sale.builder, booking, "handover", {}).data["booking"]
    assert given["status"] == "handed_over"
    assert given["handover_date"] == today(clock).isoformat()
    assert given["payment_status"] == "completed"
    assert given["allowed_actions"] == []
    assert unit_state(sale.unit) == ("sold", 2)
    assert told(sale.customer) == ["Unit handed over"]


def test_hand_over_booking_needs_every_rupee(api: Api, clock: Clock) -> None:
    sale = make_sale(occupancy_certificate_date=today(clock))
    booking = settled(sale)
    change_booking(booking.id, charge_amount=Decimal("0.01"))
    refused = act(api, sale.builder, booking, "handover", {}, status=409)
    assert refused.code == "payable_remains"
    assert refused.error["details"][0]["value"] == "0.01"
    change_booking(booking.id, charge_amount=Decimal("0.00"))
    make_payment(booking, "5.00")
    refused = act(api, sale.builder, booking, "handover", {}, status=409)
    assert refused.code == "conflict"
    assert refused.error["details"][0]["value"] == "5.00"
    assert columns(booking.id, "status") == ("agreement_registered",)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_unit_is_handed_over_between_registration_and_today(
    api: Api, clock: Clock, days: int
) -> None:
    sale = make_sale(occupancy_certificate_date=today(clock))
    booking = settled(sale)
    body = {"handover_date": (today(clock) + timedelta(days=days)).isoformat()}
    refused = act(api, sale.builder, booking, "handover", body, status=422)
    assert refused.error["details"][0]["field"] == "handover_date"


BODIES: dict[str, Any] = {
    "confirm": None,
    "reject": {"reason": "No"},
    "register-agreement": register("2026-01-01"),
    "handover": {},
    "cancel": cancellation(),
}
LEGAL = {
    "confirm": {"token_paid"},
    "reject": {"pending", "token_paid"},
    "register-agreement": {"confirmed"},
    "handover": {"agreement_registered"},
    "cancel": {"pending", "token_paid", "confirmed", "agreement_registered"},
}
STATUSES = (
    *("pending", "token_paid", "confirmed", "agreement_registered", "handed_over"),
    *("expired", "rejected", "cancelled"),
)


@pytest.mark.parametrize("status", STATUSES)
def test_every_move_from_every_status_by_every_role(api: Api, status: str) -> None:
    """What the table does not name is 409 with what is possible, 403 for a role that never may,
    404 for whoever has no business with the booking."""
    sale, rival, stranger, admin = make_sale(), make_sale(), make_sale().customer, make_admin()
    booking = sale.booked(status)
    for action, body in BODIES.items():
        for caller in (sale.builder, sale.customer):
            customer_may = action == "cancel"
            if caller is sale.customer and not customer_may:
                act(api, caller, booking, action, body, status=403)
            elif status not in LEGAL[action]:
                refused = act(api, caller, booking, action, body, status=409)
                assert refused.code == "invalid_transition"
                assert refused.error["details"][0]["value"] == status
        act(api, rival.builder, booking, action, body, status=404)
        act(api, stranger, booking, action, body, status=404)
        act(api, admin, booking, action, body, status=403)
        act(api, None, booking, action, body, status=401)
    assert columns(booking.id, "status", "version") == (status, 1)


def test_a_project_on_hold_lets_its_bookings_go_on(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("token_paid")
    make_unit(sale.project, unit_number="Z-1")
    change_project(sale.project, status="on_hold", is_published=False)
    act(api, sale.builder, booking, "confirm")
    assert api.as_(sale.customer).get(f"{PATH}/{booking.id}").data["booking"]["status"] == (
        "confirmed"
    )
