"""The examples of the contract say what the program would answer."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyramid.request import Request

from realty.rules.cost_sheet import ProjectTerms, cost_sheet, terms_of
from realty.rules.policy import Policy
from realty.rules.schedules import default_schedule
from realty.views.conditional import if_match
from tests.client import Api
from tests.contract.document import CONTRACT, DOCUMENT, examples_of, json_of, nodes

EXAMPLES: dict[str, Any] = {
    name: example["value"] for name, example in DOCUMENT["components"]["examples"].items()
}
BOOKINGS = sorted(name for name, value in EXAMPLES.items() if "booking" in value.get("data", {}))
MONEY = ("price", "area_sqft", "carpet_area_sqft", "floor_rise_per_sqft")


def sheet_at(as_of: str) -> tuple[dict[str, object], dict[str, str]]:
    """What the program makes of the example unit at a time: its cost sheet and the estimates."""
    unit = EXAMPLES["Unit"]["data"]["unit"]
    project = EXAMPLES["Project"]["data"]["project"]
    sheet = cost_sheet(
        terms_of({**unit, **{name: Decimal(unit[name]) for name in MONEY}}, unit["id"]),
        ProjectTerms(
            project_type=project["project_type"],
            city=project["location_city"],
            state=project["location_state"],
            occupancy_certificate_date=None,
        ),
        now=datetime.fromisoformat(as_of.removesuffix("Z")),
        policy=Policy(),
    )
    return sheet.as_snapshot(), sheet.estimates.as_json()


def test_the_cost_sheet_is_the_one_of_the_example_unit() -> None:
    data = EXAMPLES["UnitCostSheet"]["data"]
    snapshot, estimates = sheet_at(data["cost_sheet"]["as_of"])
    assert data["cost_sheet"] == snapshot
    assert data["estimates"] == estimates


@pytest.mark.parametrize("name", BOOKINGS)
def test_bookings_carry_the_cost_sheet_of_the_example_unit(name: str) -> None:
    booking = EXAMPLES[name]["data"]["booking"]
    snapshot, _ = sheet_at(booking["created_at"])
    assert booking["price_snapshot"] == snapshot
    assert {key: booking[key] for key in ("agreement_value", "gst_amount", "total_amount")} == {
        key: snapshot[key] for key in ("agreement_value", "gst_amount", "total_amount")
    }
    if booking["status"] == "pending":
        assert booking["next_payment_due"] == booking["booking_date"]


def test_the_schedule_is_the_default_one() -> None:
    data = EXAMPLES["BookingSchedule"]["data"]
    booking = EXAMPLES["BookingAgreementRegistered"]["data"]["booking"]
    rows = default_schedule(
        booking["payment_plan"],
        total_amount=Decimal(booking["total_amount"]),
        booked_on=date.fromisoformat(booking["booking_date"]),
        agreement_on=date.fromisoformat(booking["actual_registration_date"]),
        policy=Policy(),
    )
    fields = ("sequence", "label", "milestone_code", "percent", "amount", "due_date")
    shown = [tuple(row[name] for name in fields) for row in data["schedule"]]
    assert shown == [
        (
            row.sequence,
            row.label,
            row.milestone_code,
            str(row.percent),
            str(row.amount),
            row.due_date.isoformat() if row.due_date else None,
        )
        for row in rows
    ]
    unpaid = next(row for row in data["schedule"] if row["pending_amount"] != "0.00")
    assert (booking["next_payment_due"], booking["next_payment_amount"]) == (
        unpaid["due_date"],
        unpaid["pending_amount"],
    )


def test_tags_are_of_the_form_that_if_match_takes() -> None:
    tags = {
        DOCUMENT["components"]["headers"]["ETag"]["example"],
        *(
            DOCUMENT["components"]["parameters"][name]["example"]
            for name in ("IfMatch", "IfNoneMatch")
        ),
    }
    (tag,) = tags
    assert if_match(Request.blank("/", headers={"If-Match": tag})) == frozenset({3})


def test_settings_are_those_of_the_program(api: Api) -> None:
    answered = {
        each["setting_key"]: each for each in api.get("/api/settings/public").data["settings"]
    }
    media = dict(json_of(CONTRACT.operations["getPublicSettings"]))["200"]
    for example in examples_of(media)["example"]["data"]["settings"]:
        assert example == answered[example["setting_key"]]


def test_values_that_are_no_names_are_given_names() -> None:
    """Generators number such values, and a value put before them would change their numbers."""
    for where, node in nodes(DOCUMENT):
        if "enum" in node and not where.endswith("/properties"):
            names = node.get("x-enum-varnames", node["enum"])
            assert len(names) == len(set(names)) == len(node["enum"]), where
            assert all(str(name).isidentifier() for name in names), where
