"""A booking's price is frozen: only a discount that is still allowed makes it anew."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from realty.db import Booking, Installment, SystemSetting
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.deployment import Clock
from tests.factories import ZONE, make_payment
from tests.functional.bookings.common import (
    PATH,
    Sale,
    act,
    book,
    change_project,
    change_unit,
    make_sale,
    register,
)

DISCOUNT = {"discount_amount": "130000.00", "discount_reason": "Festive offer"}
FROZEN = (
    *("price_snapshot", "agreement_value", "gst_amount", "total_amount", "token_amount"),
    *("advance_cap_amount", "discount_amount", "discount_reason"),
)


def price_of(booking_id: int) -> dict[str, Any]:
    """What the booking is sold for, and in which rows it is paid."""
    with session():
        frozen = Booking[booking_id].to_dict(FROZEN)
        rows = Installment.select(lambda i: i.booking.id == booking_id).order_by(lambda i: i.id)
        return {**frozen, "rows": [(row.sequence, row.percent, row.amount) for row in rows]}


def other_settings(_sale: Sale, _clock: Clock) -> None:
    """Every figure of the cost sheet is set otherwise, and the plan too."""
    plan = [
        {"label": "All", "percent": "100.00", "due_rule": "on_booking", "due_offset": 0}
        | {"milestone_code": None, "parts": 1}
    ]
    figures = {
        "gst.residential_percent": "18.00",
        "booking.token_percent": "1.00",
        "rera.advance_cap_percent": "2.00",
        "tds.threshold": "1.00",
        "tds.percent": "5.00",
        "payment_plan.construction_linked": plan,
    }
    with session():
        for key, value in figures.items():
            kind = "number" if isinstance(value, str) else "json"
            category = key.partition(".")[0]
            SystemSetting(
                setting_key=key, setting_value=value, setting_type=kind, category=category
            )


def dearer_unit(sale: Sale, _clock: Clock) -> None:
    """No operation does this while the unit is booked; the frozen copy would stand it too."""
    charges = [{"code": "view", "label": "View", "amount": "100000.00"}]
    change_unit(sale.unit, price=Decimal("9000000.00"), preferential_charges=charges)


def occupancy_certificate(sale: Sale, clock: Clock) -> None:
    """GST ends for what is sold from today; this unit was sold before."""
    change_project(sale.project, occupancy_certificate_date=clock.now().date())


def another_place(sale: Sale, _clock: Clock) -> None:
    """Another tax and another estimate would follow."""
    change_project(sale.project, project_type="commercial", location_state="Maharashtra")


def later(_sale: Sale, clock: Clock) -> None:
    """Time passes."""
    clock.advance(hours=71)


CHANGES = [other_settings, dearer_unit, occupancy_certificate, another_place, later]


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_later_does_not_touch_the_frozen_price(
    api: Api, clock: Clock, change: Callable[[Sale, Clock], None]
) -> None:
    sale = make_sale()
    booking = book(api, sale)
    before = price_of(booking["id"])
    change(sale, clock)
    wishes = {"loan_bank": "State Bank of India", "loan_amount": "1000000.00"}
    changed = api.as_(sale.customer).patch(f"{PATH}/{booking['id']}", wishes).data["booking"]
    assert changed["price_snapshot"] == booking["price_snapshot"]
    assert price_of(booking["id"]) == before


def test_the_frozen_price_goes_with_the_booking_to_the_agreement(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("token_paid")
    before = price_of(booking.id)
    for change in CHANGES[:3]:
        change(sale, clock)
    act(api, sale.builder, booking, "confirm")
    day = local_date(clock.now(), ZONE).isoformat()
    act(api, sale.builder, booking, "register-agreement", register(day))
    assert price_of(booking.id) == before


def test_a_booked_unit_keeps_its_price(api: Api) -> None:
    sale = make_sale()
    book(api, sale)
    dearer = {"price": "9000000.00"}
    refused = api.as_(sale.builder).patch(f"/api/units/{sale.unit.id}", dearer, status=409)
    assert refused.code == "conflict"


def test_a_discount_makes_the_price_anew_from_the_figures_of_its_day(
    api: Api, clock: Clock
) -> None:
    sale = make_sale()
    booking = book(api, sale)
    other_settings(sale, clock)
    clock.advance(hours=1)
    url = f"{PATH}/{booking['id']}"
    changed = api.as_(sale.builder).patch(url, DISCOUNT).data["booking"]
    snapshot = changed["price_snapshot"]
    assert snapshot["as_of"] == f"{clock.now().isoformat()}Z"
    assert (snapshot["discount_amount"], snapshot["gst_rate"]) == ("130000.00", "18.00")
    assert (snapshot["agreement_value"], snapshot["total_amount"]) == ("5900000.00", "6962000.00")
    assert (changed["token_amount"], changed["advance_cap_amount"]) == ("69620.00", "139240.00")
    stored = price_of(booking["id"])
    assert stored["rows"][0][2] == Decimal("6962000.00")
    assert sum(amount for _, _, amount in stored["rows"][:1]) == stored["total_amount"]


@pytest.mark.parametrize(
    ("receipt", "status"),
    [
        ("reported", 200),
        ("failed", 200),
        ("bounced", 200),
        ("pending", 409),
        ("completed", 409),
    ],
)
def test_a_receipt_that_counts_ends_the_discounts(api: Api, receipt: str, status: int) -> None:
    sale = make_sale()
    booking = sale.booked()
    make_payment(booking, "1.00", status=receipt)
    before = price_of(booking.id)
    api.as_(sale.builder).patch(f"{PATH}/{booking.id}", DISCOUNT, status=status)
    assert (price_of(booking.id) == before) is (status == 409)
