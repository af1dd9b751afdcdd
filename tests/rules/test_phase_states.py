"""Phases: 100 % ⇔ completed ⇔ an actual end, whatever is reported in whatever order."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from realty.errors import ValidationFailed
from realty.rules.phase_states import Standing, by_calendar, replanned, reported

TODAY = date(2026, 11, 23)
NEAR = st.none() | st.integers(-3, 3).map(lambda days: TODAY + timedelta(days=days))
PERCENTS = st.none() | st.sampled_from(["0.00", "0.01", "50.00", "99.99", "100.00"]).map(Decimal)
STATUSES = st.sampled_from([None, "not_started", "in_progress", "on_hold", "completed"])
REPORTS = st.lists(st.tuples(PERCENTS, STATUSES, NEAR, st.none() | NEAR), max_size=8)


@given(reports=REPORTS)
def test_every_standing_makes_sense(reports: list[tuple[Any, ...]]) -> None:
    standing = Standing(Decimal("0.00"), "not_started")
    for percent, status, ended_on, expected_end in reports:
        try:
            standing = reported(
                standing,
                progress_percentage=percent,
                status=status,
                ended_on=ended_on,
                start_date=None,
                expected_end_date=expected_end,
                today=TODAY,
            )
        except ValidationFailed:
            continue
        whole = standing.progress_percentage == 100
        assert whole == (standing.status == "completed")
        assert whole == (standing.actual_end_date is not None)
        late = expected_end is not None and expected_end < TODAY
        if standing.status in {"not_started", "in_progress"}:
            assert not late
        if standing.status == "not_started":
            assert standing.progress_percentage == 0
        # Planning anew changes neither what is done nor what is complete.
        again = replanned(standing, expected_end, TODAY)
        assert again.progress_percentage == standing.progress_percentage
        assert again.actual_end_date == standing.actual_end_date


def test_the_last_day_is_not_late() -> None:
    yesterday = TODAY - timedelta(days=1)
    assert by_calendar("in_progress", TODAY, TODAY) == "in_progress"
    assert by_calendar("in_progress", yesterday, TODAY) == "delayed"
    assert by_calendar("on_hold", yesterday, TODAY) == "on_hold"
    assert by_calendar("not_started", None, TODAY) == "not_started"
