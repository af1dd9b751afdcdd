"""Settings: every figure has a default, is checked, and survives its JSON form."""

import json
from decimal import Decimal

import pytest

from realty.errors import NotFound, ValidationFailed
from realty.rules.policy import SETTINGS, Policy, validate
from realty.rules.setting_tables import DAYS, VisitingHours


def test_the_defaults_of_the_domain() -> None:
    policy = Policy()
    assert policy.booking_hold_hours == 72
    assert policy.booking_token_percent == Decimal("10.00")
    assert policy.booking_max_pending_per_customer == 3
    assert policy.rera_advance_cap_percent == Decimal("10.00")
    assert policy.cash_limit == Decimal("20000.00")
    assert (policy.cancellation_default_days, policy.refund_days) == (60, 45)
    assert policy.tds_threshold == Decimal("5000000.00")
    assert (policy.login_max_failures, policy.login_lock_minutes) == (5, 15)
    assert (policy.invitation_days, policy.demand_due_days) == (14, 15)
    assert policy.builders_require_verification is False


def test_keys_are_unique_and_grouped_by_category() -> None:
    keys = [spec.key for spec in SETTINGS]
    assert len(set(keys)) == len(keys)
    assert all(spec.key == f"{spec.category}.{spec.key.split('.', 1)[1]}" for spec in SETTINGS)
    assert all(spec.description.endswith(".") for spec in SETTINGS)


@pytest.mark.parametrize("spec", SETTINGS, ids=lambda spec: spec.key)
def test_each_default_survives_json_and_its_own_check(spec) -> None:
    stored = json.loads(json.dumps(spec.default_json))
    assert validate(spec.key, stored) == spec.default == getattr(Policy(), spec.name)
    assert Policy.from_settings({spec.key: stored}) == Policy()
    if spec.setting_type == "number":
        assert spec.minimum <= spec.default <= spec.maximum


def test_stored_values_replace_defaults() -> None:
    policy = Policy.from_settings(
        {"booking.hold_hours": 24, "interest.annual_percent": "11.25", "someone.elses": True}
    )
    assert policy.booking_hold_hours == 24
    assert policy.interest_annual_percent == Decimal("11.25")
    assert policy.refund_days == 45


BAND = {"up_to_days": None, "percent": "2.00"}
PLAN_ROW = {
    "label": "All at once",
    "percent": "100.00",
    "due_rule": "on_booking",
    "due_offset": 0,
    "milestone_code": None,
    "parts": 1,
}
LATER = {**PLAN_ROW, "percent": "0.00", "due_rule": "on_milestone"}
STATE = {
    "state": "Goa",
    "stamp_duty_percent": "5.00",
    "registration_percent": "1.00",
    "registration_maximum": None,
}
WEEK = {key: {"opens": "09:00", "closes": "18:00"} for key in DAYS}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("booking.hold_hours", 0),
        ("booking.hold_hours", True),
        ("booking.hold_hours", "72"),
        ("booking.hold_hours", 72.0),
        ("booking.token_percent", 10),
        ("booking.token_percent", "100.01"),
        ("booking.token_percent", "-1.00"),
        ("cash.limit", "NaN"),
        ("builders.require_verification", 1),
        ("reminder.payment_days", []),
        ("reminder.payment_days", [400]),
        ("gst.metro_cities", ["Pune", " "]),
        ("gst.metro_cities", "Pune"),
        ("cancellation.before_agreement_bands", [{**BAND, "extra": 1}]),
        ("cancellation.before_agreement_bands", [{**BAND, "up_to_days": 15}]),
        ("cancellation.before_agreement_bands", [BAND, BAND]),
        (
            "cancellation.before_agreement_bands",
            [{**BAND, "up_to_days": 30}, {**BAND, "up_to_days": 15}, BAND],
        ),
        ("payment_plan.loan", [{**PLAN_ROW, "percent": "99.99"}]),
        ("payment_plan.loan", [{**PLAN_ROW, "milestone_code": "slab"}]),
        ("payment_plan.loan", [{**PLAN_ROW, "due_rule": "on_milestone"}]),
        ("payment_plan.loan", [{**PLAN_ROW, "due_rule": "at_birth"}]),
        ("payment_plan.loan", [{**PLAN_ROW, "due_rule": "on_agreement"}]),
        ("payment_plan.loan", [{**PLAN_ROW, "due_offset": 1}]),
        ("payment_plan.loan", [{**PLAN_ROW, "percent": "50.00"}] * 2),
        ("payment_plan.loan", [{**PLAN_ROW, "parts": 0}]),
        ("payment_plan.loan", [{**PLAN_ROW, "parts": 2}]),
        ("payment_plan.loan", [{**PLAN_ROW, "parts": 101}]),
        ("payment_plan.loan", [{**PLAN_ROW, "label": ""}]),
        ("payment_plan.loan", [PLAN_ROW, {**LATER, "milestone_code": "Slab 1"}]),
        ("estimate.state_charges", [STATE]),
        ("estimate.state_charges", [STATE, {**STATE, "state": "goa"}, {**STATE, "state": "*"}]),
        ("appointment.visiting_hours", {**WEEK, "monday": {"opens": "9:00", "closes": "18:00"}}),
        ("appointment.visiting_hours", {**WEEK, "monday": {"opens": "18:00", "closes": "18:00"}}),
        ("appointment.visiting_hours", {**WEEK, "monday": {"opens": "18:00"}}),
        ("appointment.visiting_hours", {**WEEK, "monday": "closed"}),
        ("appointment.visiting_hours", {"monday": None}),
        ("appointment.visiting_hours", []),
    ],
)
def test_a_value_that_does_not_fit_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        validate(key, value)
    assert refusal.value.details[0].field == "setting_value"
    with pytest.raises(ValueError, match=key):
        Policy.from_settings({key: value})


def test_a_day_without_visits() -> None:
    hours = validate("appointment.visiting_hours", {**WEEK, **dict.fromkeys(DAYS[1:])})
    assert hours == (VisitingHours("monday", "09:00", "18:00"),)


def test_an_unknown_key_is_not_found() -> None:
    with pytest.raises(NotFound):
        validate("booking.hold_hour", 72)
