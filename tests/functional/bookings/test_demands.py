"""`demand_installments`: rows are asked for by hand, from the registered agreement on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from realty.db import AuditLog, Installment, Notification, SystemSetting
from realty.db.enums import BOOKING_STATUSES
from realty.db.session import session
from realty.rules.clock import local_date
from realty.rules.identifiers import financial_year
from realty.rules.lifecycles import AFTER_AGREEMENT
from tests.client import Answer, Api
from tests.database import at_once
from tests.deployment import CLOCK, Clock
from tests.factories import (
    ZONE,
    BookingRow,
    make_booking,
    make_charge,
    make_customer,
    make_payment,
    make_phase,
)
from tests.functional.bookings.common import Sale, act, make_sale, moves, register, told
from tests.functional.queries import queries


def row_ids(booking: BookingRow) -> dict[str, int]:
    """The ids of a booking's rows, by label."""
    booking_id = booking.id
    with session():
        rows = Installment.select(lambda i: i.booking.id == booking_id)
        return {row.label: row.id for row in rows}


def demand(api: Api, sale: Sale, booking: BookingRow, *ids: int, **options: Any) -> Answer:
    """Demand rows as the builder."""
    return act(api, sale.builder, booking, "demands", {"installment_ids": list(ids)}, **options)


def by_label(answer: Answer) -> dict[str, Any]:
    return {row["label"]: row for row in answer.data["schedule"]}


def today() -> date:
    return local_date(CLOCK.now(), ZONE)


def day(distance: int) -> str:
    return (today() + timedelta(days=distance)).isoformat()


def move_due_date(row_id: int, due_date: date | None) -> None:
    with session():
        Installment[row_id].due_date = due_date


def number(n: int) -> str:
    return f"DN/{financial_year(today())}/{n:06d}"


def test_a_demand_is_numbered_dated_told_and_audited(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    row_id = row_ids(booking)["Agreement"]
    answer = demand(api, sale, booking, row_id)
    row = by_label(answer)["Agreement"]
    assert (row["status"], row["demand_number"]) == ("demanded", number(1))
    # It was due today already, so it keeps its day.
    assert row["due_date"] == day(0)
    assert row["demanded_at"] == clock.now().isoformat() + "Z"
    assert moves("installment", row_id) == [("scheduled", "demanded")]
    assert told(sale.customer) == ["Payment demanded"]
    with session():
        told_of = Notification.select().first()
        assert told_of.notification_type == "payment"
        assert "₹6,33,150.00 for Agreement" in told_of.message
        note = AuditLog.select(lambda a: a.action == "installment.demanded").first()
        assert (note.entity_id, note.details["demand_number"]) == (row_id, number(1))
        assert note.builder.id == sale.builder.builder_id
    # The customer reads the same.
    shown = api.as_(sale.customer).get(f"/api/bookings/{booking.id}/schedule")
    assert by_label(shown)["Agreement"] == row


@pytest.mark.parametrize(
    ("planned", "due"), [(None, 15), (-1, 15), (-400, 15), (0, 0), (3, 3), (90, 90)]
)
def test_nothing_is_due_before_it_was_asked_for(
    api: Api, clock: Clock, planned: int | None, due: int
) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    row_id = row_ids(booking)["Agreement"]
    move_due_date(row_id, None if planned is None else today() + timedelta(days=planned))
    assert by_label(demand(api, sale, booking, row_id))["Agreement"]["due_date"] == day(due)


def test_the_days_between_demand_and_due_date_are_a_setting(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    with session():
        SystemSetting(
            setting_key="demand.due_days",
            setting_value=30,
            setting_type="number",
            category="demand",
            is_public=True,
        )
    row_id = row_ids(booking)["Agreement"]
    move_due_date(row_id, None)
    assert by_label(demand(api, sale, booking, row_id))["Agreement"]["due_date"] == day(30)


def test_rows_are_demanded_all_or_none_in_their_order(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered", payment_plan="installments")
    ids = row_ids(booking)
    paid = demand(api, sale, booking, ids["Agreement"], ids["Booking"], status=409)
    assert paid.code == "invalid_transition"
    assert paid.error["details"] == [
        {
            "field": "installment_ids[1]",
            "message": "An installment that is paid is not demanded (again).",
            "value": "paid",
            "allowed": [],
        }
    ]
    assert told(sale.customer) == []
    answer = demand(api, sale, booking, ids["Quarter 2"], ids["Agreement"], ids["Quarter 1"])
    rows = by_label(answer)
    numbers = [rows[label]["demand_number"] for label in ("Agreement", "Quarter 1", "Quarter 2")]
    # A refusal takes no number.
    assert numbers == [number(1), number(2), number(3)]
    again = demand(api, sale, booking, ids["Quarter 3"], ids["Agreement"], status=409)
    assert again.error["details"][0]["value"] == "demanded"
    assert row_demanded(ids["Quarter 3"]) is False


def row_demanded(row_id: int) -> bool:
    with session():
        return Installment[row_id].demanded_at is not None


def test_a_milestone_is_demanded_by_hand_once_its_phase_is_complete(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    row_id = row_ids(booking)["Foundation"]
    make_phase(sale.project, milestone_code="slab_1", status="completed")
    phase = make_phase(sale.project, milestone_code="foundation", status="in_progress")
    early = demand(api, sale, booking, row_id, status=409)
    assert early.code == "conflict"
    detail = early.error["details"][0]
    assert (detail["value"], detail["allowed"]) == ("foundation", ["slab_1"])
    api.as_(sale.builder).patch(f"/api/progress/{phase}", {"status": "completed"})
    assert not row_demanded(row_id)  # completing stores the phase, no more
    row = by_label(demand(api, sale, booking, row_id))["Foundation"]
    assert (row["status"], row["due_date"]) == ("demanded", day(15))


def test_a_row_paid_in_part_may_be_asked_for(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    make_payment(booking, "1000.00")
    row_id = row_ids(booking)["Agreement"]
    answer = demand(api, sale, booking, row_id)
    row = by_label(answer)["Agreement"]
    assert (row["status"], row["demand_number"]) == ("partially_paid", number(1))
    assert demand(api, sale, booking, row_id, status=409).code == "invalid_transition"


@pytest.mark.parametrize("status", sorted(set(BOOKING_STATUSES) - AFTER_AGREEMENT))
def test_none_is_demanded_before_the_agreement_or_after_the_end(
    api: Api, clock: Clock, status: str
) -> None:
    sale = make_sale()
    booking = sale.booked(status)
    refused = demand(api, sale, booking, row_ids(booking)["Agreement"], status=409)
    allowed = {
        "pending": ["rejected", "cancelled"],
        "token_paid": ["confirmed", "rejected", "cancelled"],
        "confirmed": ["agreement_registered", "cancelled"],
    }.get(status, [])
    assert refused.code == "invalid_transition"
    assert refused.error["details"][0]["value"] == status
    assert refused.error["details"][0]["allowed"] == allowed


def test_rows_of_other_bookings_are_no_rows_of_this_one(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    own = make_booking(sale.units[1], make_customer(), status="agreement_registered")
    sold = make_sale()
    foreign = sold.booked("agreement_registered")
    absent = 2_147_483_647
    messages = [
        demand(api, sale, booking, row_id, status=422).error["details"][0]["message"]
        for row_id in (row_ids(own)["Agreement"], row_ids(foreign)["Agreement"], absent)
    ]
    assert len(set(messages)) == 1
    assert not row_demanded(row_ids(foreign)["Agreement"])
    demand(api, sale, foreign, row_ids(foreign)["Agreement"], status=404)


@pytest.mark.parametrize("ids", [[], [0], ["1"], [1, 1], list(range(1, 202))])
def test_a_body_outside_the_contract_is_refused(api: Api, clock: Clock, ids: list[Any]) -> None:
    sale = make_sale()
    demand(api, sale, sale.booked("agreement_registered"), *ids, status=422)


def test_a_double_click_demands_once_and_wastes_no_number(
    api: Api, clock: Clock, database: str
) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    ids = row_ids(booking)

    def click() -> str:
        try:
            return str(demand(api, sale, booking, ids["Agreement"]).status)
        except AssertionError as refused:
            return str(refused)

    answers = at_once([click] * 5)
    assert answers.count("200") == 1
    assert sum("answered 409" in answer for answer in answers) == 4
    charge = make_charge(booking)
    assert by_label(demand(api, sale, booking, charge))["Parking"]["demand_number"] == number(2)
    assert told(sale.customer) == ["Payment demanded"] * 2


def test_an_agreement_registered_by_the_api_opens_demands(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    act(api, sale.builder, booking, "register-agreement", register(day(0)))
    row = by_label(demand(api, sale, booking, row_ids(booking)["Agreement"]))["Agreement"]
    assert row["status"] == "demanded"


def test_the_number_of_queries_does_not_explode_with_the_rows(api: Api, clock: Clock) -> None:
    sale = make_sale()
    counts = []
    for unit, wanted in ((sale.units[0], 1), (sale.units[1], 8)):
        booking = make_booking(
            unit, make_customer(), status="agreement_registered", payment_plan="installments"
        )
        ids = row_ids(booking)
        with queries() as sent:
            demand(api, sale, booking, *(ids[f"Quarter {n}"] for n in range(1, wanted + 1)))
        counts.append(len(sent))
    # Beside what is written: a number, a row, a line of history, of audit, a notification, a mail.
    assert counts[1] - counts[0] <= 7 * 12
