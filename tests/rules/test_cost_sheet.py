"""Cost sheets: what a unit costs, which tax it bears, what a booking freezes."""

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from realty.errors import ValidationFailed
from realty.rules.cost_sheet import (
    Charge,
    ProjectTerms,
    UnitTerms,
    agreement_value,
    check_terms,
    cost_sheet,
    estimate,
    terms_of,
)
from realty.rules.money import MOST
from realty.rules.policy import Policy

POLICY = Policy()
NOW = datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 - naive UTC inside
CONTRACT = Path(__file__).parents[2] / "openapi.yaml"
HOME = UnitTerms(
    unit_id=240,
    unit_type="3bhk",
    area_sqft=Decimal("1650.00"),
    carpet_area_sqft=Decimal("1180.00"),
    price=Decimal("11550000.00"),
    floor_rise_per_sqft=Decimal("40.00"),
    preferential_charges=(Charge("lake_view", "Lake view", Decimal("250000.00")),),
    other_charges=(
        Charge("car_park", "Covered car park", Decimal("300000.00")),
        Charge("clubhouse", "Clubhouse membership", Decimal("150000.00")),
    ),
)
LAKEFRONT = ProjectTerms(
    project_type="residential",
    city="Bangalore",
    state="Karnataka",
    occupancy_certificate_date=None,
)
money = st.integers(0, 10**9).map(lambda paise: Decimal(paise) / 100)


def sheet(terms: UnitTerms = HOME, project: ProjectTerms = LAKEFRONT, **given_values):
    return cost_sheet(terms, project, now=NOW, policy=POLICY, **given_values)


def test_a_home_on_the_seventh_floor() -> None:
    home = sheet()
    assert home.floor_rise_amount == Decimal("66000.00")
    assert home.agreement_value == Decimal("12316000.00")
    assert (home.gst_rate, home.gst_amount) == (Decimal("5.00"), Decimal("615800.00"))
    assert home.total_amount == Decimal("12931800.00")
    assert home.token_amount == home.advance_cap_amount == Decimal("1293180.00")
    assert home.tds_applies


def test_the_snapshot_is_the_contracts_cost_sheet() -> None:
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    snapshot = sheet(discount=Decimal("16000.00")).as_snapshot()
    schema = {"$ref": "#/components/schemas/CostSheet", "components": contract["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(snapshot)
    assert json.loads(json.dumps(snapshot)) == snapshot
    assert snapshot["as_of"] == "2026-11-23T09:30:00Z"
    assert [line["code"] for line in snapshot["lines"]] == [
        *("base_price", "floor_rise", "lake_view", "car_park", "clubhouse", "discount")
    ]


def test_the_estimates_are_the_contracts() -> None:
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    schema = {"$ref": "#/components/schemas/CostEstimates", "components": contract["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(sheet().estimates.as_json())


def test_the_estimate_knows_states_and_ceilings() -> None:
    value = Decimal("10000000.00")
    assert estimate(value, "maharashtra", POLICY).registration_amount == Decimal("30000.00")
    assert estimate(value, "Telangana", POLICY).registration_amount == Decimal("50000.00")
    assert estimate(value, "Goa", POLICY).stamp_duty_amount == Decimal("600000.00")


SMALL = replace(
    HOME,
    carpet_area_sqft=Decimal("645.83"),
    price=Decimal("4500000.00"),
    floor_rise_per_sqft=Decimal("0.00"),
    preferential_charges=(),
    other_charges=(),
)


@pytest.mark.parametrize(
    ("unit", "project", "rate", "reason"),
    [
        ({}, {}, "1.00", "affordable"),
        ({"price": Decimal("4500000.01")}, {}, "5.00", "residential"),
        ({"carpet_area_sqft": Decimal("645.84")}, {}, "5.00", "residential"),
        ({"carpet_area_sqft": Decimal("645.84")}, {"city": "Pune"}, "1.00", "affordable"),
        ({"carpet_area_sqft": Decimal("968.75")}, {"city": "Pune"}, "1.00", "affordable"),
        ({"carpet_area_sqft": Decimal("968.76")}, {"city": "Pune"}, "5.00", "residential"),
        ({"carpet_area_sqft": Decimal("645.84")}, {"city": "MUMBAI"}, "5.00", "residential"),
        ({"unit_type": "shop"}, {}, "5.00", "residential"),
        ({"unit_type": "shop"}, {"project_type": "mixed"}, "12.00", "commercial"),
        ({"unit_type": "2bhk"}, {"project_type": "mixed"}, "1.00", "affordable"),
        ({"unit_type": "office"}, {"project_type": "commercial"}, "12.00", "commercial"),
        ({"unit_type": "office"}, {"project_type": "industrial"}, "12.00", "commercial"),
        ({"unit_type": "plot"}, {"project_type": "industrial"}, "0.00", "plot"),
        ({}, {"occupancy_certificate_date": date(2026, 11, 23)}, "0.00", "occupancy_certificate"),
        ({}, {"occupancy_certificate_date": date(2026, 11, 24)}, "1.00", "affordable"),
    ],
)
def test_which_tax_a_unit_bears(unit: dict, project: dict, rate: str, reason: str) -> None:
    priced = sheet(replace(SMALL, **unit), replace(LAKEFRONT, **project))
    assert (priced.gst_rate, priced.gst_reason) == (Decimal(rate), reason)


def test_the_projects_own_day_decides_on_the_certificate() -> None:
    certified = replace(LAKEFRONT, occupancy_certificate_date=date(2026, 6, 1))
    late = datetime(2026, 5, 31, 18, 30)  # noqa: DTZ001
    assert cost_sheet(SMALL, certified, now=late, policy=POLICY).gst_rate == 0
    in_london = replace(certified, timezone="Europe/London")
    assert cost_sheet(SMALL, in_london, now=late, policy=POLICY).gst_rate == 1


def test_tds_applies_from_fifty_lakh() -> None:
    assert sheet(replace(SMALL, price=Decimal("5000000.00"))).tds_applies
    assert not sheet(replace(SMALL, price=Decimal("4999999.99"))).tds_applies


def test_a_discount_lowers_all_that_follows() -> None:
    home = sheet(discount=Decimal("316000.00"))
    assert home.agreement_value == Decimal("12000000.00")
    assert home.total_amount == Decimal("12600000.00")
    assert home.token_amount == Decimal("1260000.00")


@pytest.mark.parametrize("discount", ["12316000.00", "12316000.01"])
def test_a_discount_leaves_something_to_pay(discount: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        sheet(discount=Decimal(discount))
    assert refusal.value.details[0].field == "discount_amount"


def test_the_token_never_exceeds_the_cap() -> None:
    policy = Policy.from_settings({"booking.token_percent": "25.00"})
    home = cost_sheet(HOME, LAKEFRONT, now=NOW, policy=policy)
    assert home.token_amount == home.advance_cap_amount == Decimal("1293180.00")


@given(money.filter(bool), money, st.lists(money, max_size=4), st.integers(1, 10**6))
def test_any_sheet_adds_up(price: Decimal, rise: Decimal, extra: list, area: int) -> None:
    charges = tuple(Charge("extra", "Extra", amount) for amount in extra)
    terms = replace(
        HOME,
        price=price,
        floor_rise_per_sqft=rise,
        area_sqft=Decimal(area) / 100,
        carpet_area_sqft=Decimal(area) / 100,
        other_charges=charges,
    )
    priced = sheet(terms)
    assert sum(line.amount for line in priced.lines()) == priced.agreement_value
    assert priced.agreement_value + priced.gst_amount == priced.total_amount
    assert 10 * priced.token_amount <= priced.total_amount < 10 * priced.token_amount + 1
    assert priced.agreement_value == agreement_value(terms)


def test_terms_come_from_columns() -> None:
    columns = {
        "unit_type": "3bhk",
        "area_sqft": HOME.area_sqft,
        "carpet_area_sqft": HOME.carpet_area_sqft,
        "price": HOME.price,
        "floor_rise_per_sqft": HOME.floor_rise_per_sqft,
        "preferential_charges": [
            {"code": "lake_view", "label": "Lake view", "amount": "250000.00"}
        ],
        "other_charges": [
            {"code": "car_park", "label": "Covered car park", "amount": "300000.00"},
            {"code": "clubhouse", "label": "Clubhouse membership", "amount": "150000.00"},
        ],
    }
    assert terms_of(columns, unit_id=240) == HOME


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"carpet_area_sqft": Decimal("1650.01")}, "carpet_area_sqft"),
        ({"carpet_area_sqft": Decimal("0.00")}, "carpet_area_sqft"),
        ({"price": Decimal("0.00")}, "price"),
        ({"price": MOST}, "price"),
        ({"floor_rise_per_sqft": MOST, "area_sqft": Decimal("99999999.99")}, "price"),
    ],
)
def test_terms_that_no_unit_has(change: dict, field: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        check_terms(replace(HOME, **change), "stack[2].")
    assert refusal.value.details[0].field == f"stack[2].{field}"
    check_terms(HOME)
