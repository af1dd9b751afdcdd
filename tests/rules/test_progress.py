"""Progress of a project's phases, and the currencies that a project may have."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from realty.errors import ValidationFailed
from realty.rules.currencies import currency_code
from realty.rules.progress import Phase, next_milestone, overall_progress, schedule_state

TODAY = date(2026, 11, 23)


def phase(
    sequence: int = 1,
    *,
    weight: str = "50.00",
    done: str = "0.00",
    status: str = "in_progress",
    ends_in: int | None = 30,
    visible: bool = True,
) -> Phase:
    """A phase that is expected to end so many days from today."""
    return Phase(
        phase_id=sequence,
        sequence=sequence,
        phase_name=f"Phase {sequence}",
        milestone_code=None,
        weight_percent=Decimal(weight),
        progress_percentage=Decimal(done),
        status=status,
        expected_end_date=None if ends_in is None else TODAY + timedelta(days=ends_in),
        customer_visible=visible,
    )


def test_overall_progress_weighs_the_phases() -> None:
    assert overall_progress([]) == Decimal("0.00")
    thirds = [phase(weight="33.33", done="100.00"), phase(2, weight="66.67", done="50.01")]
    assert overall_progress(thirds) == Decimal("66.67")
    assert overall_progress([phase(weight="100.00", done="100.00")]) == Decimal("100.00")


def test_next_milestone_is_the_first_open_phase_that_may_be_seen() -> None:
    phases = [phase(3), phase(1, status="completed"), phase(2, visible=False)]
    assert next_milestone(phases, hidden_too=True) == phases[2]
    assert next_milestone(phases, hidden_too=False) == phases[0]
    assert next_milestone([phase(1, status="completed")], hidden_too=True) is None


@pytest.mark.parametrize(
    ("phases", "state"),
    [
        ([], "on_track"),
        ([phase(ends_in=None)], "on_track"),
        ([phase(ends_in=0)], "on_track"),
        ([phase(ends_in=-1)], "delayed"),
        ([phase(ends_in=-1, status="completed")], "on_track"),
        ([phase(ends_in=5, status="delayed")], "delayed"),
        ([phase(ends_in=1, status="completed")], "ahead"),
        ([phase(ends_in=0, status="completed")], "on_track"),
        ([phase(ends_in=1, status="completed"), phase(2, ends_in=-1)], "delayed"),
    ],
)
def test_schedule_state(phases: list[Phase], state: str) -> None:
    assert schedule_state(phases, TODAY) == state


def test_currency_code_knows_what_is_in_use() -> None:
    assert currency_code("INR") == "INR"
    for unknown in ("XTS", "XAU", "inr", "ZZZ"):
        with pytest.raises(ValidationFailed) as refused:
            currency_code(unknown)
        assert refused.value.details[0].field == "currency"
