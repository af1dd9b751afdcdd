"""`raise_charge` and `void_charge`: what is payable beside the price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from realty.db import AuditLog, Booking, Installment
from realty.db.enums import BOOKING_STATUSES
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Answer, Api
from tests.deployment import CLOCK, Clock
from tests.factories import ZONE, BookingRow, make_charge, make_payment
from tests.functional.bookings.common import Sale, act, make_sale, moves, told

CHARGEABLE = {"confirmed", "agreement_registered", "handed_over"}
PARKING = {"charge_code": "parking", "label": "Second parking space", "amount": "150000.50"}


def charge(api: Api, sale: Sale, booking: BookingRow, **over: Any) -> Answer:
    """Raise a charge as the builder; `status` of the answer is 201 unless `expect` says."""
    expect = over.pop("expect", 201)
    return act(api, sale.builder, booking, "charges", {**PARKING, **over}, status=expect)


def void(api: Api, sale: Sale, booking: BookingRow, row_id: int, **options: Any) -> Answer:
    """Void a charge as the builder."""
    path = f"charges/{row_id}/void"
    return act(api, sale.builder, booking, path, {"reason": "It was a mistake."}, **options)


def figures(api: Api, booking: BookingRow, sale: Sale) -> tuple[str, str, str]:
    found = api.as_(sale.customer).get(f"/api/bookings/{booking.id}").data["booking"]
    return found["charge_amount"], found["payable_amount"], found["pending_amount"]


def day(distance: int) -> str:
    return (local_date(CLOCK.now(), ZONE) + timedelta(days=distance)).isoformat()


def test_a_charge_becomes_payable_and_is_told(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    answer = charge(api, sale, booking)
    row = answer.data["installment"]
    assert answer.headers["Location"] == f"/api/bookings/{booking.id}/schedule"
    assert (row["kind"], row["charge_code"], row["label"]) == (
        "charge",
        "parking",
        "Second parking space",
    )
    assert (row["amount"], row["due_date"], row["status"]) == ("150000.50", day(15), "scheduled")
    assert (row["percent"], row["demand_number"], row["sequence"]) == (None, None, 11)
    assert figures(api, booking, sale) == ("150000.50", "6481500.50", "5848350.50")
    assert told(sale.customer) == ["Charge raised"]
    with session():
        note = AuditLog.select(lambda a: a.action == "charge.raised").first()
        assert (note.entity_id, note.details["amount"]) == (row["id"], "150000.50")


@pytest.mark.parametrize("due_date", ["9999-12-20", "9999-12-31"])
def test_a_charge_of_the_far_future_locks_nothing(api: Api, clock: Clock, due_date: str) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    row = charge(api, sale, booking, due_date=due_date).data["installment"]
    act(api, sale.builder, booking, "demands", {"installment_ids": [row["id"]]}, status=200)
    api.as_(sale.builder).get(f"/api/bookings/{booking.id}/cancellation-quote")


def test_charges_add_up_and_take_the_date_they_are_given(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    charge(api, sale, booking, charge_code="interest", amount="0.01", due_date=day(0))
    row = charge(api, sale, booking, due_date=day(40)).data["installment"]
    assert (row["sequence"], row["due_date"]) == (12, day(40))
    assert figures(api, booking, sale)[0] == "150000.51"


@pytest.mark.parametrize("status", sorted(set(BOOKING_STATUSES) - CHARGEABLE))
def test_only_a_confirmed_and_living_booking_is_charged(
    api: Api, clock: Clock, status: str
) -> None:
    sale = make_sale()
    booking = sale.booked(status)
    refused = charge(api, sale, booking, expect=409)
    assert refused.code == "invalid_transition"
    assert refused.error["details"][0]["value"] == status
    row_id = make_charge(booking)
    assert void(api, sale, booking, row_id, status=409).code == "invalid_transition"


@pytest.mark.parametrize("status", sorted(CHARGEABLE))
def test_a_confirmed_and_living_booking_is_charged(api: Api, clock: Clock, status: str) -> None:
    sale = make_sale()
    booking = sale.booked(status, payment_plan="full_payment")
    # Due after all the rest, so that what was paid in advance does not pay it.
    row_id = charge(api, sale, booking, due_date=day(90)).data["installment"]["id"]
    assert void(api, sale, booking, row_id).data["installment"]["status"] == "void"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "0.00"}, "amount"),
        ({"amount": "9999999999999.99"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": "1e2"}, "amount"),
        ({"amount": "1"}, "amount"),
        ({"amount": 1}, "amount"),
        ({"due_date": "2020-01-01"}, "due_date"),
        ({"label": " "}, "label"),
        ({"charge_code": "bribe"}, "charge_code"),
        ({"kind": "plan"}, "kind"),
        ({"status": "paid"}, "status"),
    ],
)
def test_a_charge_that_makes_no_sense_is_refused(
    api: Api, clock: Clock, body: dict[str, Any], field: str
) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    refused = charge(api, sale, booking, expect=422, **body)
    assert refused.error["details"][0]["field"] == field
    assert figures(api, booking, sale)[0] == "0.00"


def test_the_most_that_a_booking_can_hold_is_told(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    refused = charge(api, sale, booking, amount="9999993668500.00", expect=422)
    assert refused.error["details"][0]["value"] == "9999993668499.99"
    charge(api, sale, booking, amount="9999993668499.99")


def test_a_voided_charge_leaves_the_sum_and_takes_no_money(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    kept = charge(api, sale, booking, amount="10.00").data["installment"]["id"]
    row_id = charge(api, sale, booking).data["installment"]["id"]
    act(api, sale.builder, booking, "demands", {"installment_ids": [row_id]})
    row = void(api, sale, booking, row_id).data["installment"]
    assert (row["status"], row["pending_amount"]) == ("void", "0.00")
    assert figures(api, booking, sale)[0] == "10.00"
    assert moves("installment", row_id)[-1] == ("demanded", "void")
    assert told(sale.customer)[-1] == "Charge withdrawn"
    again = void(api, sale, booking, row_id, status=409)
    assert again.error["details"][0]["value"] == "void"
    assert figures(api, booking, sale)[0] == "10.00"
    void(api, sale, booking, kept)
    assert figures(api, booking, sale)[0] == "0.00"


@pytest.mark.parametrize("paid", ["0.01", "5000.00"])
def test_a_charge_on_which_something_is_paid_stays(api: Api, clock: Clock, paid: str) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    row_id = make_charge(booking, "5000.00")
    make_payment(booking, paid)
    with session():
        Installment[row_id].set(
            paid_amount=Decimal(paid), status="paid" if paid == "5000.00" else "partially_paid"
        )
    refused = void(api, sale, booking, row_id, status=409)
    assert refused.code == "invalid_transition"
    with session():
        assert Booking[booking.id].charge_amount == Decimal("5000.00")


def test_only_charges_of_this_booking_are_voided(api: Api, clock: Clock) -> None:
    sale, other = make_sale(), make_sale()
    booking, foreign = sale.booked("confirmed"), other.booked("confirmed")
    with session():
        plan_row = Installment.get(booking=booking.id, label="Agreement").id
    row_id = make_charge(foreign)
    for each in (plan_row, row_id, 2_147_483_647):
        void(api, sale, booking, each, status=404)
    void(api, sale, foreign, row_id, status=404)
    act(api, sale.builder, booking, "charges/x/void", {"reason": "No."}, status=404)
    act(api, sale.builder, booking, f"charges/{make_charge(booking)}/void", {}, status=422)
    own = make_charge(booking)
    act(api, sale.builder, booking, f"charges/{own}/void", {"reason": "  "}, status=422)
