"""The day, week and month of a moment, as a calendar on a wall in one time zone shows them."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from realty.rules.clock import day_begins, instant, local_moment


@dataclass(frozen=True, slots=True)
class Spans:
    """Where the spans around `now` begin and end: naive UTC instants, each end excluded.

    `month_ago` is the same day and clock time of last month, and at most the beginning of this
    month, for a month that is shorter: what was done since `last_month` until then is what the
    present month is to be compared with.
    """

    timezone: str
    today: date
    now: datetime
    day: datetime
    next_day: datetime
    week: datetime
    next_week: datetime
    month: datetime
    last_month: datetime
    month_ago: datetime


def spans(now: datetime, tz_name: str) -> Spans:
    """The spans around `now` (naive UTC) in `tz_name`; a week begins on Monday."""
    local = local_moment(now, tz_name)
    today = local.date()
    first = today.replace(day=1)
    last = (first - timedelta(days=1)).replace(day=1)
    monday = today - timedelta(days=today.weekday())
    if today.day > monthrange(last.year, last.month)[1]:
        month_ago = day_begins(first, tz_name)
    else:
        same_time = local.replace(year=last.year, month=last.month, tzinfo=None)
        month_ago = min(instant(same_time, tz_name), day_begins(first, tz_name))
    return Spans(
        timezone=tz_name,
        today=today,
        now=now,
        day=day_begins(today, tz_name),
        next_day=day_begins(today + timedelta(days=1), tz_name),
        week=day_begins(monday, tz_name),
        next_week=day_begins(monday + timedelta(days=7), tz_name),
        month=day_begins(first, tz_name),
        last_month=day_begins(last, tz_name),
        month_ago=month_ago,
    )
