"""When a site may be visited: the grid of a day by the clock of the site, and what is free of it.

A day's grid begins as the site opens and goes on in steps of real time, so that a change of the
clocks between two steps neither loses nor repeats one. A visit takes a place in every step that it
touches. Instants are naive UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple

from realty.errors import SlotUnavailable, ValidationFailed
from realty.rules.clock import instant, local_date, local_moment
from realty.rules.policy import Policy
from realty.rules.setting_tables import DAYS, dump_visiting_hours

OCCUPYING = frozenset({"scheduled", "confirmed"})
"""A visit in one of these takes its places."""
LONGEST = timedelta(minutes=240)
"""No visit is longer: what began earlier than that is over."""
MOST_DAYS_SHOWN = 62
MOST_SLOTS_SHOWN = 3000
"""In one answer, which is some hundred kilobytes then."""
DAYS_SHOWN = 14
"""Unless told."""
_LAST_MOMENT = datetime.fromisoformat("9999-12-31T23:59:59.999999")
FURTHEST_DAY = 1000
"""So many days from today the grid is worked out, either way; further there is nothing to see."""

SlotState = Literal["available", "full", "own", "too_soon", "too_far"]
"""Why a slot can or cannot be taken; `own` is one in which the customer visits already."""


class Span(NamedTuple):
    """From `start` to `end`, which is excluded."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether there is a moment that is in both."""
        return self.start < other.end and other.start < self.end


def span_of(start: datetime, minutes: int) -> Span:
    """What a visit of so many minutes takes; at the end of the calendar it ends with it."""
    return Span(start, start + min(timedelta(minutes=minutes), _LAST_MOMENT - start))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRules:
    """What holds for the visits of one project: its own hours and capacity, the settings' rest.

    `hours` is the contract's `VisitingHours`: by day of the week, null for one without visits.
    """

    timezone: str
    hours: Mapping[str, Mapping[str, str] | None]
    capacity: int
    grid: timedelta
    notice: timedelta
    days_ahead: int

    @classmethod
    def of(cls, project: Any, policy: Policy) -> VisitRules:
        """The rules of a project, by its `timezone`, `visiting_hours` and `slot_capacity`; one that
        was cancelled is never open."""
        hours = project.visiting_hours
        if project.status == "cancelled":
            hours = dict.fromkeys(DAYS)
        elif hours is None:
            hours = dump_visiting_hours(policy.appointment_visiting_hours)
        return cls(
            timezone=project.timezone,
            hours=hours,
            capacity=project.slot_capacity,
            grid=timedelta(minutes=policy.appointment_slot_minutes),
            notice=timedelta(hours=policy.appointment_notice_hours),
            days_ahead=policy.appointment_days_ahead,
        )

    def opening(self, day: date) -> Span | None:
        """From when until when the site may be visited on a `day` of its calendar.

        Where a change of the clocks makes an hour doubtful it is the one inside: a site never
        opens before, nor closes after, what its hours say.
        """
        hours = self.hours[DAYS[day.weekday()]]
        if hours is None:
            return None
        opens, closes = (
            [instant(_at(day, hours[name]).replace(fold=fold), self.timezone) for fold in (0, 1)]
            for name in ("opens", "closes")
        )
        end = min(closes)
        # Of a time that comes twice it is the second, unless the site has closed by then.
        start = max((each for each in opens if opens[0] <= each < end), default=end)
        return Span(start, end) if start < end and self._day_of(start) == day else None

    def beginnings(self, opening: Span, length: timedelta) -> int:
        """How many visits of one length, each of its own beginning, there are in an `opening`."""
        return max(0, (opening.end - opening.start - length) // self.grid + 1)

    def earliest(self, now: datetime) -> datetime:
        """No visit begins before this."""
        return now + self.notice

    def too_far(self, now: datetime) -> datetime:
        """No visit begins at this or later: the midnight after the last day."""
        first_day_off = self._day_of(now) + timedelta(days=self.days_ahead + 1)
        return instant(_at(first_day_off, "00:00"), self.timezone)

    def _day_of(self, moment: datetime) -> date:
        return local_date(moment, self.timezone)


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock))


def check_time(span: Span, rules: VisitRules, *, now: datetime) -> None:
    """Raises `ValidationFailed` unless a visit may be asked for at this time, by notice, days
    ahead, visiting hours and grid."""
    if span.start < rules.earliest(now):
        hours = rules.notice // timedelta(hours=1)
        what = f"at least {hours} hours from now" if hours else "in the past"
        message = f"must be {what}" if hours else f"must not be {what}"
        raise ValidationFailed.at("appointment_date", message)
    if span.start >= rules.too_far(now):
        message = f"must be within {rules.days_ahead} days"
        raise ValidationFailed.at("appointment_date", message)
    local = local_moment(span.start, rules.timezone)
    opening = rules.opening(local.date())
    if opening is None:
        day = DAYS[local.weekday()].capitalize()
        raise ValidationFailed.at("appointment_date", f"There are no visits on a {day}.")
    if span.start < opening.start or opening.end < span.end:
        times = (local_moment(each, rules.timezone) for each in opening)
        hours_then = " to ".join(f"{each:%H:%M}" for each in times)
        message = f"Visits are from {hours_then} that day, {rules.timezone}."
        raise ValidationFailed.at("appointment_date", message)
    if (span.start - opening.start) % rules.grid:
        minutes = rules.grid // timedelta(minutes=1)
        message = f"Visits begin every {minutes} minutes from {opening.start.isoformat()}Z on."
        raise ValidationFailed.at("appointment_date", message)


def require_place(span: Span, taken: Iterable[Span], rules: VisitRules) -> None:
    """Raises `SlotUnavailable` when some step of a visit has no place left beside `taken`."""
    if not min(_places(span.start, _steps(span, rules), taken, rules)):
        raise SlotUnavailable


def _steps(span: Span, rules: VisitRules) -> int:
    """How many steps of the grid a span touches that begins with one."""
    return -((span.start - span.end) // rules.grid)


def _places(first: datetime, steps: int, taken: Iterable[Span], rules: VisitRules) -> list[int]:
    """The places left in each of so many steps from `first` on."""
    places = [rules.capacity] * steps
    for span in taken:
        low = max(0, (span.start - first) // rules.grid)
        high = min(steps, -((first - span.end) // rules.grid))
        for step in range(low, high):
            places[step] = max(0, places[step] - 1)
    return places


@dataclass(frozen=True, slots=True)
class Slot:
    """One beginning that a visit may have; `starts` is what the clock of the site shows then."""

    span: Span
    starts: datetime
    places_left: int
    state: SlotState


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the site's calendar; one without visits has no `opening` and no slots."""

    day: date
    opening: Span | None
    slots: Sequence[Slot]


def days_of(
    first: date,
    count: int,
    length: timedelta,
    rules: VisitRules,
    *,
    taken: Sequence[Span],
    own: Sequence[Span],
    now: datetime,
) -> list[Day]:
    """The slots of `count` days from `first` on for visits of one length.

    `taken` are the visits of the project, `own` those of the customer who asks, in any project.
    """
    return [
        _day_of(first + timedelta(days=number), length, rules, taken=taken, own=own, now=now)
        for number in range(count)
    ]


def _day_of(
    day: date,
    length: timedelta,
    rules: VisitRules,
    *,
    taken: Sequence[Span],
    own: Sequence[Span],
    now: datetime,
) -> Day:
    opening = rules.opening(day)
    if opening is None:
        return Day(day, None, ())
    then = [span for span in taken if span.overlaps(opening)]
    mine = [span for span in own if span.overlaps(opening)]
    places = _places(opening.start, _steps(opening, rules), then, rules)
    earliest, too_far = rules.earliest(now), rules.too_far(now)
    slots = []
    for step in range(rules.beginnings(opening, length)):
        start = opening.start + step * rules.grid
        span = Span(start, start + length)
        left = min(places[step : step + _steps(span, rules)])
        state: SlotState = "available" if left else "full"
        if any(each.overlaps(span) for each in mine):
            state = "own"
        if start < earliest:
            state = "too_soon"
        elif start >= too_far:
            state = "too_far"
        slots.append(Slot(span, local_moment(start, rules.timezone), left, state))
    return Day(day, opening, slots)


def check_range(
    first: date | None, last: date | None, length: timedelta, rules: VisitRules, *, today: date
) -> tuple[date, int]:
    """The first day and the number of days of the calendar that is asked for: from `today` on and
    two weeks, or as many of them as one answer holds, unless told.

    Raises `ValidationFailed` for an end before the beginning, too many days, or days too far off.
    """
    first = first or today
    if abs((first - today).days) > FURTHEST_DAY:
        raise ValidationFailed.at("from", f"must be within {FURTHEST_DAY} days from today")
    most = _most_days(first, length, rules)
    if last is None:
        return first, min(DAYS_SHOWN, most)
    count = (last - first).days + 1
    if not 0 < count <= most:
        message = f"must be from 0 to {most - 1} days after from"
        if most < MOST_DAYS_SHOWN:
            message += ": there are too many times in more days"
        raise ValidationFailed.at("to", message)
    return first, count


def _most_days(first: date, length: timedelta, rules: VisitRules) -> int:
    """How many days from `first` on one answer holds, by the slots that they have."""
    left = MOST_SLOTS_SHOWN
    for number in range(MOST_DAYS_SHOWN):
        opening = rules.opening(first + timedelta(days=number))
        left -= 0 if opening is None else rules.beginnings(opening, length)
        if left < 0:
            return number
    return MOST_DAYS_SHOWN
