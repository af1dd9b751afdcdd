"""`replace_booking_schedule`, and the default plans that it replaces."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from realty.db import AuditLog, Installment, Payment, SystemSetting
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Answer, Api
from tests.deployment import CLOCK, Clock
from tests.factories import ZONE, BookingRow, make_booking, make_payment, make_unit
from tests.functional.bookings.common import (
    PATH,
    Sale,
    act,
    book,
    make_sale,
    moves,
    register,
    told,
)


def row(label: str, percent: str, **due: Any) -> dict[str, Any]:
    """One row of the body; due at booking unless told."""
    return {"label": label, "percent": percent, **(due or {"due_rule": "on_booking"})}


def day(distance: int) -> str:
    return (local_date(CLOCK.now(), ZONE) + timedelta(days=distance)).isoformat()


def replace(api: Api, caller: Any, booking: Any, *rows: dict[str, Any], **options: Any) -> Answer:
    """PUT other rows."""
    booking_id = getattr(booking, "id", booking)
    return api.as_(caller).put(f"{PATH}/{booking_id}/schedule", {"rows": list(rows)}, **options)


def rows_of(answer: Answer) -> list[tuple[Any, ...]]:
    """What is asked for when, without the rows that are void."""
    names = ("label", "percent", "amount", "due_date", "milestone_code")
    shown = [row for row in answer.data["schedule"] if row["status"] != "void"]
    return [tuple(row[name] for name in names) for row in shown]


def schedule(api: Api, sale: Sale, booking_id: int) -> Answer:
    return api.as_(sale.customer).get(f"{PATH}/{booking_id}/schedule")


ALL = row("All", "100.00")


def test_the_builder_gives_a_booking_rows_of_its_own(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = book(api, sale)
    answer = replace(
        api,
        sale.builder,
        booking["id"],
        row("Booking", "10.00"),
        row("Agreement", "20.00", due_rule="on_agreement"),
        row("Later", "15.00", due_rule="months_after_agreement", due_offset=6),
        row("Foundation", "30.00", milestone_code="foundation"),
        row("Diwali", "25.00", due_date=day(60)),
    )
    assert rows_of(answer) == [
        ("Booking", "10.00", "633150.00", day(0), None),
        ("Agreement", "20.00", "1266300.00", None, None),
        ("Later", "15.00", "949725.00", None, None),
        ("Foundation", "30.00", "1899450.00", None, "foundation"),
        ("Diwali", "25.00", "1582875.00", day(60), None),
    ]
    assert {r["status"] for r in answer.data["schedule"][5:]} == {"void"}
    assert answer.data["totals"]["payable_amount"] == booking["total_amount"]
    assert schedule(api, sale, booking["id"]).data == answer.data
    assert told(sale.customer)[-1] == "Payment schedule changed"
    with session():
        note = AuditLog.select(lambda a: a.action == "booking.schedule_replaced").first()
        assert (note.entity_id, note.details["rows"]) == (booking["id"], 5)


def test_rows_that_count_from_the_agreement_are_dated_by_it(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = book(api, sale)["id"]
    replace(
        api,
        sale.builder,
        booking,
        row("Booking", "10.00"),
        row("Soon", "40.00", due_rule="days_after_agreement", due_offset=20),
        row("Diwali", "20.00", due_date=day(60)),
        row("Possession", "30.00", milestone_code="possession"),
    )
    make_payment(_row(sale, booking), "633150.00", payment_type="token")
    with session():
        Installment.select().first().booking.status = "confirmed"
    act(api, sale.builder, booking, "register-agreement", register(day(0)))
    dates = [each[3] for each in rows_of(schedule(api, sale, booking))]
    assert dates == [day(0), day(20), day(60), None]


def _row(sale: Sale, booking_id: int) -> BookingRow:
    """A booking that the API made, as the factories know bookings."""
    token = Decimal("633150.00")
    total = Decimal("6331500.00")
    ids = (sale.unit.id, sale.project.id, sale.builder.builder_id, sale.customer.customer_id)
    return BookingRow(booking_id, "", *ids, total, token)


@pytest.mark.parametrize("price", ["5500000.05", "99.99", "1.00", "4999999.97"])
def test_amounts_sum_to_the_total_to_the_paisa(api: Api, clock: Clock, price: str) -> None:
    sale = make_sale()
    unit = make_unit(
        sale.project, unit_number="Z-9", price=Decimal(price), floor_rise_per_sqft=Decimal(0)
    )
    booking = book(api, sale, unit)
    thirds = [row(f"Third {n}", "33.33") for n in (1, 2, 3)]
    answer = replace(api, sale.builder, booking["id"], *thirds, row("Rest", "0.01"))
    amounts = [Decimal(amount) for _, _, amount, _, _ in rows_of(answer)]
    assert sum(amounts) == Decimal(booking["total_amount"])
    assert min(amounts) >= 0


def test_a_row_keeps_its_id_because_a_report_may_name_it(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    with session():
        first = Installment.get(booking=booking.id, sequence=1).id
    make_payment(booking, "10.00", status="reported", installment=first)
    short = replace(api, sale.builder, booking, ALL)
    assert short.data["schedule"][0]["id"] == first
    assert moves("installment", short.data["schedule"][1]["id"]) == [("scheduled", "void")]
    # A longer list takes the void rows up again.
    long = replace(api, sale.builder, booking, *[row(f"Part {n}", "10.00") for n in range(10)])
    assert [r["status"] for r in long.data["schedule"]] == ["scheduled"] * 10
    assert [r["id"] for r in long.data["schedule"]] == [r["id"] for r in short.data["schedule"]]
    with session():
        assert Payment.select().first().installment.label == "Part 0"


@pytest.mark.parametrize("payment", ["pending", "completed"])
def test_what_was_received_on_keeps_its_schedule(api: Api, clock: Clock, payment: str) -> None:
    sale = make_sale()
    booking = sale.booked()
    before = schedule(api, sale, booking.id).data
    make_payment(booking, "1.00", status=payment)
    refused = replace(api, sale.builder, booking, ALL, status=409)
    assert refused.code == "conflict"
    after = schedule(api, sale, booking.id).data["schedule"]
    assert [r["label"] for r in after] == [r["label"] for r in before["schedule"]]


@pytest.mark.parametrize("payment", ["reported", "failed", "bounced"])
def test_what_never_counted_is_no_obstacle(api: Api, clock: Clock, payment: str) -> None:
    sale = make_sale()
    booking = sale.booked()
    make_payment(booking, "1.00", status=payment)
    replace(api, sale.builder, booking, ALL)


def test_what_was_demanded_keeps_its_schedule(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = make_booking(sale.unit, sale.customer, status="agreement_registered")
    with session():
        Installment.get(booking=booking.id, sequence=2).set(
            status="demanded", demanded_at=clock.now(), demand_number="DN/2026-27/000001"
        )
    assert replace(api, sale.builder, booking, ALL, status=409).code == "conflict"


@pytest.mark.parametrize("status", ["handed_over", "expired", "rejected", "cancelled"])
def test_a_final_booking_keeps_its_schedule(api: Api, clock: Clock, status: str) -> None:
    sale = make_sale()
    booking = sale.booked(status)
    refused = replace(api, sale.builder, booking, ALL, status=409)
    assert refused.code == "invalid_transition"
    assert refused.error["details"][0]["value"] == status
    assert refused.error["details"][0]["allowed"] == []


@pytest.mark.parametrize(
    ("rows", "field", "value"),
    [
        ([row("Most", "99.99")], "rows", "99.99"),
        ([ALL, row("More", "0.01")], "rows", "100.01"),
        ([ALL, row("None", "0.00")], "rows[1].percent", None),
        ([{"label": "All", "percent": "100.00"}], "rows[0]", None),
        (
            [row("All", "100.00", due_rule="on_booking", milestone_code="foundation")],
            "rows[0]",
            None,
        ),
        (
            [row("All", "100.00", due_date="2999-01-01", milestone_code="foundation")],
            "rows[0]",
            None,
        ),
        (
            [row("All", "100.00", due_rule="on_agreement", due_offset=3)],
            "rows[0].due_offset",
            None,
        ),
        ([row("All", "100.00", milestone_code="slab", due_offset=3)], "rows[0].due_offset", None),
        ([row("All", "100.00", due_rule="on_milestone")], "rows[0].due_rule", None),
        ([row("All", "100.00", milestone_code="Slab 1")], "rows[0].milestone_code", None),
        ([ALL | {"amount": "1.00"}], "rows[0].amount", None),
        ([ALL | {"label": "\t"}], "rows[0].label", None),
        ([ALL | {"percent": "100"}], "rows[0].percent", None),
        ([], "rows", None),
    ],
)
def test_rows_that_make_no_sense_are_refused(
    api: Api, clock: Clock, rows: list[dict[str, Any]], field: str, value: str | None
) -> None:
    sale = make_sale()
    booking = sale.booked()
    before = schedule(api, sale, booking.id).data
    refused = replace(api, sale.builder, booking, *rows, status=422)
    detail = refused.error["details"][0]
    assert (detail["field"], value) in {(field, detail.get("value")), (field, None)}
    assert schedule(api, sale, booking.id).data == before


def test_no_row_is_due_before_the_booking(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    early = row("All", "100.00", due_date=day(-1))
    refused = replace(api, sale.builder, booking, early, status=422)
    assert refused.error["details"][0]["value"] == day(0)


def test_two_editors_do_not_overwrite_each_other(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked()
    tag = {"If-Match": api.as_(sale.builder).get(f"{PATH}/{booking.id}").headers["ETag"]}
    answer = replace(api, sale.builder, booking, ALL, headers=tag)
    stale = replace(api, sale.builder, booking, ALL, headers=tag, status=412)
    assert stale.code == "stale_version"
    replace(api, sale.builder, booking, ALL, headers={"If-Match": answer.headers["ETag"]})


def test_the_plans_of_the_settings_are_what_a_booking_gets(api: Api, clock: Clock) -> None:
    plan = [
        ("Now", "5.00", "on_booking", 0, None, 1),
        ("Signing", "45.00", "on_agreement", 0, None, 1),
        ("Floor", "50.00", "on_milestone", 0, "slab", 3),
    ]
    names = ("label", "percent", "due_rule", "due_offset", "milestone_code", "parts")
    with session():
        SystemSetting(
            setting_key="payment_plan.construction_linked",
            setting_value=[dict(zip(names, each, strict=True)) for each in plan],
            setting_type="json",
            category="payment_plan",
            is_public=True,
        )
    sale = make_sale()
    booking = book(api, sale)
    found = rows_of(schedule(api, sale, booking["id"]))
    assert [(label, percent, code) for label, percent, _, _, code in found] == [
        ("Now", "5.00", None),
        ("Signing", "45.00", None),
        ("Floor 1", "16.66", "slab_1"),
        ("Floor 2", "16.66", "slab_2"),
        ("Floor 3", "16.68", "slab_3"),
    ]
    assert sum(Decimal(amount) for _, _, amount, _, _ in found) == Decimal("6331500.00")
    # A plan that changes afterwards leaves the booking alone.
    with session():
        SystemSetting.select().delete(bulk=True)
    assert rows_of(schedule(api, sale, booking["id"])) == found
