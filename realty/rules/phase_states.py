"""What a report from the site makes of a phase: 100 % ⇔ completed ⇔ it has an actual end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from realty.errors import ValidationFailed
from realty.rules.money import HUNDRED

BEGUN = frozenset({"in_progress", "on_hold", "completed"})
"""A phase that was ever in one of these has begun."""
WAITING_OR_WORKING = ("not_started", "in_progress")
"""Past its expected end such a phase is delayed; one on hold says already why it is not done."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a phase has come."""

    progress_percentage: Decimal
    status: str
    actual_end_date: date | None = None


def reported(
    standing: Standing,
    *,
    progress_percentage: Decimal | None,
    status: str | None,
    ended_on: date | None,
    start_date: date | None,
    expected_end_date: date | None,
    today: date,
) -> Standing:
    """How a phase stands after a report; what the report leaves out is None, and stays.

    A chosen `status` is any but `delayed`, which only the calendar sets. Without one a percentage
    above zero means that work goes on, except on hold. Raises `ValidationFailed` for a report that
    contradicts itself.
    """
    percent = progress_percentage
    if percent is None:
        percent = HUNDRED if status == "completed" else standing.progress_percentage
    if percent == HUNDRED:
        if status not in {None, "completed"}:
            message = "A phase at 100.00 is completed: send a lower percentage to reopen it."
            raise ValidationFailed.at("status", message, status)
        end = ended_on or standing.actual_end_date or today
        _check_end(ended_on, start_date, today)
        return Standing(HUNDRED, "completed", end)
    if status == "completed":
        message = "A completed phase is at 100.00."
        raise ValidationFailed.at("progress_percentage", message, "100.00")
    if ended_on is not None:
        raise ValidationFailed.at("actual_end_date", "Only a completed phase has ended.")
    if status == "not_started" and percent > 0:
        raise ValidationFailed.at("status", "A phase above 0.00 has been started.", status)
    open_status = status or _open_status(standing.status, percent)
    return Standing(percent, by_calendar(open_status, expected_end_date, today))


def replanned(standing: Standing, expected_end_date: date | None, today: date) -> Standing:
    """How a phase stands once its expected end is another."""
    if standing.status == "completed":
        return standing
    open_status = _open_status(standing.status, standing.progress_percentage)
    percent = standing.progress_percentage
    return Standing(percent, by_calendar(open_status, expected_end_date, today))


def by_calendar(status: str, expected_end_date: date | None, today: date) -> str:
    """`status`, or `delayed` for what should be done and is not, after its expected end."""
    late = expected_end_date is not None and expected_end_date < today
    return "delayed" if late and status in WAITING_OR_WORKING else status


def _open_status(status: str, percent: Decimal) -> str:
    """The status of an open phase at `percent`, apart from the calendar."""
    if status == "on_hold":
        return status
    working = percent > 0 or status in {"in_progress", "completed"}
    return "in_progress" if working else "not_started"


def _check_end(ended_on: date | None, start_date: date | None, today: date) -> None:
    if ended_on is None:
        return
    if ended_on > today:
        raise ValidationFailed.at("actual_end_date", "must be today or earlier", today.isoformat())
    if start_date is not None and ended_on < start_date:
        first = start_date.isoformat()
        raise ValidationFailed.at("actual_end_date", "must not be before start_date", first)
