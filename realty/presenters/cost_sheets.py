"""Cost sheets and price sheets as the contract shows them, in JSON and as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from realty.presenters.cards import project_card, unit_card
from realty.rules.clock import rfc3339
from realty.rules.cost_sheet import CostSheet
from realty.rules.money import money_text
from realty.rules.schedules import ScheduleRow
from realty.services.cost_sheets import PricedPlan, PricedUnit
from realty.services.paging import Page

PRICE_SHEET_COLUMNS = (
    *("unit_id", "tower", "floor_number", "unit_number", "unit_type", "status"),
    *("area_sqft", "carpet_area_sqft", "base_price", "floor_rise_per_sqft", "floor_rise_amount"),
    *("preferential_charges_amount", "other_charges_amount", "agreement_value"),
    *("gst_rate", "gst_reason", "gst_amount", "total_amount", "token_amount"),
    *("tds_applies", "tds_rate", "stamp_duty_percent", "stamp_duty_amount"),
    *("registration_percent", "registration_amount", "currency", "as_of"),
)
COST_SHEET_COLUMNS = (
    *("unit_id", "section", "code", "label", "percent", "amount", "currency", "as_of"),
)


def cost_sheet_json(priced: PricedPlan) -> dict[str, Any]:
    """`UnitCostSheet`."""
    unit = priced.unit
    return {
        **priced_unit_json(priced),
        "project": project_card(unit.project),
        "payment_plan": priced.payment_plan,
        "schedule": [_planned(row) for row in priced.schedule],
    }


def price_sheet_json(project: Any, page: Page, *, as_of: datetime) -> dict[str, Any]:
    """`PriceSheetData`; `page` is one of `PricedUnit`."""
    return {
        "project": project_card(project),
        "as_of": rfc3339(as_of),
        "units": [priced_unit_json(each) for each in page.rows],
        "pagination": page.as_json(),
    }


def priced_unit_json(priced: PricedUnit) -> dict[str, Any]:
    """`PricedUnit`."""
    return {
        "unit": unit_card(priced.unit),
        "cost_sheet": priced.cost_sheet.as_snapshot(),
        "estimates": priced.cost_sheet.estimates.as_json(),
    }


def price_sheet_row(priced: PricedUnit) -> dict[str, Any]:
    """One line of the price sheet as a table: what `PRICE_SHEET_COLUMNS` picks from."""
    unit, sheet = priced.unit, priced.cost_sheet
    return {
        "tower": unit.tower,
        "floor_number": unit.floor_number,
        "unit_number": unit.unit_number,
        "unit_type": unit.unit_type,
        "status": unit.status,
        **sheet.as_snapshot(),
        **sheet.estimates.as_json(),
    }


def cost_sheet_rows(priced: PricedPlan) -> list[dict[str, Any]]:
    """The cost sheet of one unit as a table: `COST_SHEET_COLUMNS`, a line for each amount."""
    sheet = priced.cost_sheet
    return [
        {
            "unit_id": sheet.terms.unit_id,
            "section": section,
            "code": code,
            "label": label,
            "percent": money_text(percent),
            "amount": money_text(amount),
            "currency": sheet.currency,
            "as_of": rfc3339(sheet.as_of),
        }
        for section, code, label, percent, amount in _amounts(sheet, priced.schedule)
    ]


_Amount = tuple[str, str | None, str, Decimal | None, Decimal | None]


def _amounts(sheet: CostSheet, schedule: Sequence[ScheduleRow]) -> Iterator[_Amount]:
    """Section, code, label, percent and amount of each line; a code names a total or a phase."""
    beside = sheet.estimates
    for line in sheet.lines():
        yield "agreement_value", line.code, line.label, None, line.amount
    yield "total", "agreement_value", "Agreement value", None, sheet.agreement_value
    yield "total", "gst_amount", f"GST ({sheet.gst_reason})", sheet.gst_rate, sheet.gst_amount
    yield "total", "total_amount", "Total", None, sheet.total_amount
    yield "total", "token_amount", "Token", None, sheet.token_amount
    if sheet.tds_applies:
        yield "tds", "tds_rate", "Tax to deduct from each payment", sheet.tds_rate, None
    stamp_duty = (beside.stamp_duty_percent, beside.stamp_duty_amount)
    registration = (beside.registration_percent, beside.registration_amount)
    yield "estimate", "stamp_duty", "Stamp duty (estimate)", *stamp_duty
    yield "estimate", "registration", "Registration (estimate)", *registration
    for row in schedule:
        yield "schedule", row.milestone_code, row.label, row.percent, row.amount


def _planned(row: ScheduleRow) -> dict[str, Any]:
    """`PlannedInstallment`."""
    return {
        "sequence": row.sequence,
        "label": row.label,
        "milestone_code": row.milestone_code,
        "percent": money_text(row.percent),
        "amount": money_text(row.amount),
        "due_rule": row.due_rule,
        "due_offset": row.due_offset,
    }
