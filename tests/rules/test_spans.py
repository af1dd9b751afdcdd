"""Days, weeks and months as a calendar on a wall shows them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from realty.rules.spans import spans

KOLKATA = "Asia/Kolkata"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_spans_are_those_of_the_time_zone() -> None:
    around = spans(at("2026-11-23T09:30:00"), KOLKATA)
    assert around.today == date(2026, 11, 23)
    assert (around.day, around.next_day) == (at("2026-11-22T18:30"), at("2026-11-23T18:30"))
    assert (around.week, around.next_week) == (at("2026-11-22T18:30"), at("2026-11-29T18:30"))
    assert (around.last_month, around.month) == (at("2026-09-30T18:30"), at("2026-10-31T18:30"))
    assert around.month_ago == at("2026-10-23T09:30:00")


def test_the_new_year_begins_at_home_while_it_is_still_the_old_one_in_utc() -> None:
    around = spans(at("2026-12-31T19:00:00"), KOLKATA)
    assert around.today == date(2027, 1, 1)
    assert around.month == at("2026-12-31T18:30")
    assert around.last_month == at("2026-11-30T18:30")
    assert around.month_ago == at("2026-12-01T19:00") - (at("2026-12-02") - at("2026-12-01"))
    assert spans(at("2026-12-31T19:00:00"), "UTC").month == at("2026-12-01")


def test_a_week_begins_on_monday_and_may_begin_in_the_month_before() -> None:
    around = spans(at("2026-11-01T12:00:00"), "UTC")  # a Sunday
    assert (around.week, around.next_week) == (at("2026-10-26"), at("2026-11-02"))


@pytest.mark.parametrize(
    ("now", "month_ago"),
    [
        ("2026-03-28T10:00:00", "2026-02-28T10:00:00"),
        ("2026-03-29T10:00:00", "2026-03-01T00:00:00"),
        ("2026-03-31T23:59:59", "2026-03-01T00:00:00"),
        ("2028-03-29T10:00:00", "2028-02-29T10:00:00"),
    ],
)
def test_a_day_that_last_month_has_not_is_its_end(now: str, month_ago: str) -> None:
    assert spans(at(now), "UTC").month_ago == at(month_ago)


def test_the_clocks_change_between_the_months() -> None:
    # Berlin is two hours ahead of UTC until the last Sunday of October, then one.
    around = spans(at("2026-11-10T11:00:00"), "Europe/Berlin")
    assert (around.last_month, around.month) == (at("2026-09-30T22:00"), at("2026-10-31T23:00"))
    assert around.month_ago == at("2026-10-10T10:00:00")
