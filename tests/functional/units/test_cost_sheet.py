"""getUnitCostSheet: what a unit costs today and when it is paid."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from realty.db import Unit
from realty.db.enums import PAYMENT_PLANS, UNIT_STATUSES
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_builder, make_project, make_unit


def test_get_unit_cost_sheet_adds_up(api: Api, clock: Clock) -> None:
    unit = make_unit(
        make_project(make_builder()),
        price=Decimal("11550000.00"),
        area_sqft=Decimal("1650.00"),
        carpet_area_sqft=Decimal("1180.00"),
        floor_rise_per_sqft=Decimal("40.00"),
        preferential_charges=[{"code": "lake_view", "label": "Lake view", "amount": "250000.00"}],
        other_charges=[{"code": "car_park", "label": "Car park", "amount": "450000.00"}],
    )
    data = api.get(f"/api/units/{unit.id}/cost-sheet").data
    sheet = data["cost_sheet"]
    assert [line["code"] for line in sheet["lines"]] == [
        "base_price",
        "floor_rise",
        "lake_view",
        "car_park",
    ]
    assert sheet["agreement_value"] == "12316000.00"
    assert (sheet["gst_rate"], sheet["gst_amount"]) == ("5.00", "615800.00")
    assert (sheet["total_amount"], sheet["token_amount"]) == ("12931800.00", "1293180.00")
    assert (sheet["tds_applies"], sheet["tds_rate"]) == (True, "1.00")
    assert sheet["as_of"] == f"{clock.now().isoformat()}Z"
    assert data["estimates"]["stamp_duty_amount"] == "689696.00"
    assert (data["unit"]["id"], data["project"]["id"]) == (unit.id, unit.project_id)
    assert data["payment_plan"] == "construction_linked"
    milestones = [row["milestone_code"] for row in data["schedule"] if row["milestone_code"]]
    assert milestones[0] == "foundation"


@pytest.mark.parametrize("plan", PAYMENT_PLANS)
def test_get_unit_cost_sheet_schedules_each_plan(api: Api, plan: str) -> None:
    unit = make_unit(make_project(make_builder()), price=Decimal("4999999.97"))
    path = f"/api/units/{unit.id}/cost-sheet"
    data = api.get(path, {"payment_plan": plan}).data
    rows = data["schedule"]
    assert data["payment_plan"] == plan
    assert sum(Decimal(row["percent"]) for row in rows) == 100
    total = sum(Decimal(row["amount"]) for row in rows)
    assert total == Decimal(data["cost_sheet"]["total_amount"])
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    assert (rows[0]["due_rule"], rows[0]["amount"]) == (
        "on_booking",
        data["cost_sheet"]["token_amount"],
    )
    api.get(path, {"payment_plan": "barter"}, status=422)


def test_get_unit_cost_sheet_knows_the_occupancy_certificate(api: Api, clock: Clock) -> None:
    builder = make_builder()
    # 18:30 UTC is midnight at the site: the certificate's day has come there.
    clock.set(clock.now().replace(year=2026, month=3, day=9, hour=18, minute=30, second=0))
    done = {"occupancy_certificate_date": date(2026, 3, 10), "status": "completed"}
    unit = make_unit(make_project(builder, start_date=None, **done))
    sheet = api.get(f"/api/units/{unit.id}/cost-sheet").data["cost_sheet"]
    assert (sheet["gst_amount"], sheet["total_amount"]) == ("0.00", sheet["agreement_value"])
    clock.advance(seconds=-1)
    sheet = api.get(f"/api/units/{unit.id}/cost-sheet").data["cost_sheet"]
    assert sheet["gst_rate"] == "5.00"


@pytest.mark.parametrize("status", UNIT_STATUSES)
def test_get_unit_cost_sheet_in_every_status(api: Api, status: str) -> None:
    unit = make_unit(make_project(make_builder()), status=status)
    assert api.get(f"/api/units/{unit.id}/cost-sheet").data["unit"]["status"] == status


def test_get_unit_cost_sheet_as_a_table(api: Api, clock: Clock) -> None:
    unit = make_unit(make_project(make_builder()), price=Decimal("6000000.00"))
    path = f"/api/units/{unit.id}/cost-sheet"
    answer = api.get(path, {"payment_plan": "loan"}, headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    data = api.get(path, {"payment_plan": "loan"}).data
    sheet, estimates = data["cost_sheet"], data["estimates"]
    by_section: dict[str, list[tuple[str, ...]]] = {}
    for line in lines:
        assert (line["unit_id"], line["currency"]) == (str(unit.id), "INR")
        assert line["as_of"] == sheet["as_of"]
        shown = line["code"], line["percent"], line["amount"]
        by_section.setdefault(line["section"], []).append(shown)
    assert by_section == {
        "agreement_value": [(line["code"], "", line["amount"]) for line in sheet["lines"]],
        "total": [
            ("agreement_value", "", sheet["agreement_value"]),
            ("gst_amount", "5.00", sheet["gst_amount"]),
            ("total_amount", "", sheet["total_amount"]),
            ("token_amount", "", sheet["token_amount"]),
        ],
        "tds": [("tds_rate", "1.00", "")],
        "estimate": [
            (name, estimates[f"{name}_percent"], estimates[f"{name}_amount"])
            for name in ("stamp_duty", "registration")
        ],
        "schedule": [
            (row["milestone_code"] or "", row["percent"], row["amount"]) for row in data["schedule"]
        ],
    }


def test_a_label_of_the_cost_sheet_is_no_formula(api: Api) -> None:
    charge = {"code": "trap", "label": "=1+1", "amount": "1.00"}
    unit = make_unit(make_project(make_builder()), other_charges=[charge])
    answer = api.get(f"/api/units/{unit.id}/cost-sheet", headers={"Accept": "text/csv"})
    assert b",trap,'=1+1,," in answer.body


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_the_tag_of_a_cost_sheet_changes_with_the_figures_alone(
    api: Api, clock: Clock, accept: str
) -> None:
    unit = make_unit(make_project(make_builder()))
    path, headers = f"/api/units/{unit.id}/cost-sheet", {"Accept": accept}
    first = api.get(path, headers=headers)
    clock.advance(minutes=5)
    second = api.get(path, headers=headers)
    assert (first.body == second.body, first.headers["ETag"]) == (False, second.headers["ETag"])
    held = {**headers, "If-None-Match": first.headers["ETag"]}
    api.get(path, headers=held, status=304)
    api.get(path, {"payment_plan": "loan"}, headers=held, status=200)
    with session():
        Unit[unit.id].price += Decimal("0.01")
    api.get(path, headers=held, status=200)
