"""Payment plans: percents to 100, amounts to the total, dates from their events."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.rules.money import MOST, percent_of
from realty.rules.policy import Policy
from realty.rules.schedules import add_months, default_schedule
from realty.rules.setting_tables import PlanRow, dump_rows

POLICY = Policy()
PLANS = ("full_payment", "installments", "construction_linked", "loan")
BOOKED, AGREED = date(2026, 1, 10), date(2026, 1, 31)


def rows(plan: str, agreement_on: date | None = None, total: str = "1000000.00"):
    return default_schedule(
        plan,
        total_amount=Decimal(total),
        booked_on=BOOKED,
        policy=POLICY,
        agreement_on=agreement_on,
    )


@given(st.sampled_from(PLANS), st.decimals("0.01", MOST, places=2))
def test_any_total_is_split_exactly(plan: str, total: Decimal) -> None:
    schedule = default_schedule(plan, total_amount=total, booked_on=BOOKED, policy=POLICY)
    assert sum(row.percent for row in schedule) == 100
    assert sum(row.amount for row in schedule) == total
    assert min(row.amount for row in schedule) >= 0
    assert [row.sequence for row in schedule] == list(range(1, len(schedule) + 1))
    assert schedule[0].amount == percent_of(total, Decimal(10), down=True)


def test_full_payment() -> None:
    assert [(row.percent, row.due_date) for row in rows("full_payment", AGREED)] == [
        (10, BOOKED),
        (90, date(2026, 3, 2)),
    ]


def test_before_the_agreement_only_the_booking_row_is_dated() -> None:
    for plan in PLANS:
        assert [row.due_date for row in rows(plan) if row.due_date] == [BOOKED]


def test_installments_are_quarterly() -> None:
    schedule = rows("installments", AGREED)
    assert [row.percent for row in schedule] == [10] * 10
    assert [row.due_date for row in schedule[:5]] == [
        BOOKED,
        AGREED,
        date(2026, 4, 30),
        date(2026, 7, 31),
        date(2026, 10, 31),
    ]
    assert schedule[-1].due_date == date(2028, 1, 31)
    assert schedule[-1].label == "Quarter 8"
    assert [row.due_offset for row in schedule] == [0, 0, 3, 6, 9, 12, 15, 18, 21, 24]


def test_construction_linked_names_its_milestones() -> None:
    schedule = rows("construction_linked", AGREED)
    assert [(row.milestone_code, row.percent) for row in schedule] == [
        (None, 10),
        (None, 10),
        ("foundation", 15),
        ("slab_1", 10),
        ("slab_2", 10),
        ("slab_3", 10),
        ("slab_4", 10),
        ("brickwork", 10),
        ("finishing", 10),
        ("possession", 5),
    ]
    assert {row.due_date for row in schedule if row.milestone_code} == {None}


def test_loan() -> None:
    assert [(row.percent, row.due_date) for row in rows("loan", AGREED)] == [
        (10, BOOKED),
        (10, AGREED),
        (75, date(2026, 4, 1)),
        (5, None),
    ]


def test_the_number_of_slabs_is_a_setting() -> None:
    plan = [
        PlanRow("Booking", Decimal("10.00"), "on_booking"),
        PlanRow("Slab", Decimal("90.00"), "on_milestone", milestone_code="slab", parts=7),
    ]
    policy = Policy.from_settings({"payment_plan.construction_linked": dump_rows(tuple(plan))})
    schedule = default_schedule(
        "construction_linked", total_amount=Decimal("100.00"), booked_on=BOOKED, policy=policy
    )
    assert [row.milestone_code for row in schedule[1:]] == [f"slab_{n}" for n in range(1, 8)]
    assert sum(row.percent for row in schedule) == 100
    assert schedule[-1].percent == Decimal("12.90")


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 12, 15), 12, date(2027, 12, 15)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
    ],
)
def test_add_months_stays_within_the_month(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later
