"""The grid of visits: the clock of the site, changes of that clock, places, notice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.errors import SlotUnavailable, ValidationFailed
from realty.rules.clock import local_moment
from realty.rules.policy import Policy
from realty.rules.setting_tables import DAYS
from realty.rules.slots import (
    MOST_DAYS_SHOWN,
    MOST_SLOTS_SHOWN,
    Day,
    Span,
    VisitRules,
    check_range,
    check_time,
    days_of,
    require_place,
    span_of,
)

KOLKATA, NEW_YORK, LORD_HOWE = "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"
HOUR, HALF = timedelta(hours=1), timedelta(minutes=30)
NOW = datetime.fromisoformat("2026-11-23T09:30")
MONDAY = date(2026, 11, 30)


def at(moment: str) -> datetime:
    """A naive UTC moment."""
    return datetime.fromisoformat(moment)


class Site:
    """What `VisitRules.of` reads of a project."""

    def __init__(self, timezone: str, hours: dict[str, dict[str, str] | None] | None) -> None:
        self.timezone = timezone
        self.visiting_hours = hours
        self.slot_capacity = 3
        self.status = "construction"


def rules(timezone: str = KOLKATA, opens: str = "09:00", closes: str = "18:00") -> VisitRules:
    hours = {day: {"opens": opens, "closes": closes} for day in DAYS}
    return VisitRules.of(Site(timezone, hours), Policy())  # type: ignore[arg-type]


def shown(day: date, length: timedelta = HOUR, of: VisitRules | None = None, **over: object) -> Day:
    """One day of the grid, with nothing taken and long before it, unless told."""
    chosen: dict[str, object] = {"taken": [], "own": [], "now": at("2026-01-01T00:00"), **over}
    (only,) = days_of(day, 1, length, of or rules(), **chosen)  # type: ignore[arg-type]
    return only


def starts(day: Day) -> list[str]:
    return [f"{slot.starts:%H:%M}" for slot in day.slots]


def test_the_setting_s_hours_are_those_of_a_project_that_states_none() -> None:
    of = VisitRules.of(Site(KOLKATA, None), Policy())
    assert of.hours["sunday"] == {"opens": "09:00", "closes": "18:00"}
    assert (of.grid, of.notice, of.days_ahead) == (HALF, 2 * HOUR, 60)
    assert of.capacity == 3


def test_a_day_begins_as_the_site_opens_and_the_last_visit_ends_as_it_closes() -> None:
    day = shown(MONDAY)
    assert day.opening == Span(at("2026-11-30T03:30"), at("2026-11-30T12:30"))
    assert starts(day)[:2] == ["09:00", "09:30"]
    assert starts(day)[-1] == "17:00"
    assert starts(shown(MONDAY, timedelta(minutes=45)))[-1] == "17:00"
    assert starts(shown(MONDAY, 4 * HOUR))[-1] == "14:00"


def test_a_day_without_hours_has_no_slots() -> None:
    of = replace(rules(), hours={**rules().hours, "monday": None})
    assert shown(MONDAY, of=of) == Day(MONDAY, None, ())
    with pytest.raises(ValidationFailed, match="not valid") as refused:
        check_time(span_of(at("2026-11-30T04:30"), 60), of, now=NOW)
    assert "Monday" in refused.value.details[0].message


@pytest.mark.parametrize(
    ("timezone", "first", "last"),
    [
        # 09:00 at the site is the evening before in UTC, or the small hours.
        ("Pacific/Auckland", "2026-11-29T20:00", "2026-11-30T04:00"),
        ("Pacific/Kiritimati", "2026-11-29T19:00", "2026-11-30T03:00"),
        ("America/Los_Angeles", "2026-11-30T17:00", "2026-12-01T01:00"),
        ("Pacific/Niue", "2026-11-30T20:00", "2026-12-01T04:00"),
        ("Asia/Kathmandu", "2026-11-30T03:15", "2026-11-30T11:15"),
    ],
)
def test_a_day_of_the_site_may_be_two_in_utc(timezone: str, first: str, last: str) -> None:
    day = shown(MONDAY, of=rules(timezone))
    assert day.slots[0].span.start == at(first)
    assert day.slots[-1].span.start == at(last)
    for slot in day.slots:
        assert slot.starts.date() == MONDAY
        check_time(slot.span, rules(timezone), now=NOW)


def test_what_the_clock_leaves_out_in_spring_is_no_slot() -> None:
    day = shown(date(2026, 3, 8), of=rules(NEW_YORK, "00:00", "06:00"))
    assert starts(day)[2:6] == ["01:00", "01:30", "03:00", "03:30"]
    assert len(day.slots) == 9
    # What begins before the change ends by the clock after it.
    before = day.slots[3]
    assert before.span.end - before.span.start == HOUR
    assert local_moment(before.span.end, NEW_YORK).strftime("%H:%M") == "03:30"


def test_what_the_clock_shows_twice_in_autumn_is_two_slots() -> None:
    day = shown(date(2026, 11, 1), of=rules(NEW_YORK, "00:00", "04:00"))
    assert starts(day) == ["00:00", "00:30", *["01:00", "01:30"] * 2, "02:00", "02:30", "03:00"]
    assert len({slot.span.start for slot in day.slots}) == 9


def test_hours_that_the_clock_leaves_out_lie_inside_what_there_is() -> None:
    spring = date(2026, 3, 8)
    late = shown(spring, of=rules(NEW_YORK, "02:30", "06:00"))
    assert starts(late)[0] == "03:30"
    early = shown(spring, of=rules(NEW_YORK, "00:00", "02:30"), length=HALF)
    assert starts(early)[-1] == "01:00"
    assert shown(spring, of=rules(NEW_YORK, "02:00", "02:30")).slots == ()


def test_hours_that_begin_when_the_clock_goes_back_begin_once_it_has() -> None:
    autumn = date(2026, 11, 1)
    day = shown(autumn, of=rules(NEW_YORK, "01:30", "02:30"), length=HALF)
    assert starts(day) == ["01:30", "02:00"]
    assert day.slots[0].span.start.isoformat() == "2026-11-01T06:30:00"
    both = shown(autumn, of=rules(NEW_YORK, "01:00", "01:30"), length=HALF)
    assert [slot.span.start.isoformat() for slot in both.slots] == ["2026-11-01T05:00:00"]


def test_half_an_hour_of_summer_time() -> None:
    day = shown(date(2026, 10, 4), of=rules(LORD_HOWE, "00:00", "05:00"))
    assert starts(day)[3:6] == ["01:30", "02:30", "03:00"]


@given(
    timezone=st.sampled_from(
        [KOLKATA, NEW_YORK, LORD_HOWE, "Europe/London", "America/St_Johns", "Pacific/Apia"]
    ),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    hours=st.lists(st.integers(0, 23 * 60 + 59), min_size=2, max_size=2, unique=True),
    minutes=st.integers(15, 240),
)
def test_every_slot_of_every_day_is_one_that_is_taken(
    timezone: str, day: date, hours: list[int], minutes: int
) -> None:
    """Whatever the grid shows passes the check, lies within the hours by the clock of the site,
    and comes once."""
    opens, closes = (f"{each // 60:02}:{each % 60:02}" for each in sorted(hours))
    of = rules(timezone, opens, closes)
    found = shown(
        day, timedelta(minutes=minutes), of, now=datetime.combine(day, NOW.time()) - 3 * 24 * HOUR
    )
    assert len({slot.span.start for slot in found.slots}) == len(found.slots)
    for slot in found.slots:
        assert slot.starts.date() == day
        assert opens <= slot.starts.strftime("%H:%M") < closes
        ends = slot.span.end.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone))
        assert ends.date() == day
        check_time(slot.span, of, now=slot.span.start - 2 * HOUR)


@pytest.mark.parametrize(
    ("start", "minutes", "words"),
    [
        ("2026-11-30T03:00", 60, "from 09:00 to 18:00"),
        ("2026-11-30T12:00", 60, "from 09:00 to 18:00"),
        ("2026-11-30T12:30", 15, "from 09:00 to 18:00"),
        ("2026-11-30T20:00", 60, "from 09:00 to 18:00"),
        ("2026-11-30T03:45", 60, "every 30 minutes"),
        ("2026-11-30T03:30:01", 60, "every 30 minutes"),
        ("2026-11-30T03:30:00.000001", 60, "every 30 minutes"),
        ("2026-11-23T09:30", 60, "at least 2 hours"),
        ("2026-11-23T11:29:59", 60, "at least 2 hours"),
        ("0001-01-01T00:00", 60, "at least 2 hours"),
        ("2027-01-23T04:30", 60, "within 60 days"),
        ("9999-12-31T23:59", 240, "within 60 days"),
    ],
)
def test_a_time_that_is_not_offered(start: str, minutes: int, words: str) -> None:
    begins = at(start)
    span = (
        Span(begins, begins + timedelta(minutes=minutes))
        if begins.year < 9999
        else Span(begins, begins)
    )
    with pytest.raises(ValidationFailed) as refused:
        check_time(span, rules(), now=NOW)
    (detail,) = refused.value.details
    assert detail.field == "appointment_date"
    assert words in detail.message


def test_the_bounds_of_notice_and_days_ahead_are_inside() -> None:
    check_time(span_of(at("2026-11-23T11:30"), 60), rules(), now=NOW)
    # The sixtieth day, by the calendar of the site.
    check_time(span_of(at("2027-01-22T11:30"), 60), rules(), now=NOW)


def test_days_ahead_are_those_of_the_site() -> None:
    """At 20:00 UTC it is tomorrow in Kolkata, and so is the last day."""
    late = at("2026-11-23T20:00")
    check_time(span_of(at("2027-01-23T04:30"), 60), rules(), now=late)
    assert shown(date(2027, 1, 24), now=late).slots[0].state == "too_far"


def test_a_visit_takes_a_place_in_every_step_that_it_touches() -> None:
    first = at("2026-11-30T03:30")
    visits = [span_of(first + HALF, 45)] * 3
    places = [slot.places_left for slot in shown(MONDAY, timedelta(minutes=15), taken=visits).slots]
    assert places[:5] == [3, 0, 0, 3, 3]
    hours = [slot.places_left for slot in shown(MONDAY, taken=visits).slots]
    assert hours[:5] == [0, 0, 0, 3, 3]
    for start, minutes in ((first, 60), (first + HALF, 15), (first + HOUR, 30)):
        with pytest.raises(SlotUnavailable):
            require_place(span_of(start, minutes), visits, rules())
    for start, minutes in ((first, 30), (first + 3 * HALF, 240)):
        require_place(span_of(start, minutes), visits, rules())


def test_a_visit_off_the_grid_takes_the_steps_around_it() -> None:
    """The hours were others when it was made."""
    first = at("2026-11-30T03:30")
    visits = [span_of(first + timedelta(minutes=40), 30)] * 2
    places = [slot.places_left for slot in shown(MONDAY, timedelta(minutes=15), taken=visits).slots]
    assert places[:4] == [3, 1, 1, 3]


def test_more_visits_than_places_leave_none() -> None:
    first = at("2026-11-30T03:30")
    assert shown(MONDAY, taken=[span_of(first, 60)] * 5).slots[0].places_left == 0


def test_visits_that_meet_do_not_overlap() -> None:
    first = at("2026-11-30T03:30")
    assert not span_of(first, 60).overlaps(span_of(first + HOUR, 60))
    assert span_of(first, 61).overlaps(span_of(first + HOUR, 60))


def test_states_tell_why() -> None:
    first = at("2026-11-30T03:30")
    day = shown(
        MONDAY,
        taken=[span_of(first + 2 * HOUR, 60)] * 3,
        own=[span_of(first + 4 * HOUR, 30)],
        now=first - timedelta(minutes=90),
    )
    states = [slot.state for slot in day.slots]
    assert states[:4] == ["too_soon", "available", "available", "full"]
    assert states[3:6] == ["full", "full", "full"]
    assert states[7:9] == ["own", "own"]
    assert states[9] == "available"


def test_a_range_of_days() -> None:
    today = date(2026, 11, 23)

    def checked(first: date | None, last: date | None) -> tuple[date, int]:
        return check_range(first, last, HOUR, rules(), today=today)

    assert checked(None, None) == (today, 14)
    assert checked(MONDAY, None) == (MONDAY, 14)
    assert checked(MONDAY, MONDAY) == (MONDAY, 1)
    last = MONDAY + timedelta(days=MOST_DAYS_SHOWN - 1)
    assert checked(MONDAY, last) == (MONDAY, MOST_DAYS_SHOWN)
    for first, until, field in (
        (MONDAY, last + timedelta(days=1), "to"),
        (MONDAY, today, "to"),
        (date(1000, 1, 1), None, "from"),
        (date(9999, 12, 31), None, "from"),
        (None, date(9999, 12, 31), "to"),
    ):
        with pytest.raises(ValidationFailed) as refused:
            checked(first, until)
        assert refused.value.details[0].field == field


@pytest.mark.parametrize("length", [15, 240])
@pytest.mark.parametrize("zone", [KOLKATA, NEW_YORK, LORD_HOWE])
def test_an_answer_holds_the_days_whose_slots_it_has_room_for(zone: str, length: int) -> None:
    """To the day, also over a change of the clocks."""
    first, visit = date(2026, 10, 1), timedelta(minutes=length)
    of = replace(rules(zone, "00:00", "23:59"), grid=timedelta(minutes=7))
    days = days_of(first, MOST_DAYS_SHOWN, visit, of, taken=[], own=[], now=NOW)
    so_far = accumulate(len(day.slots) for day in days)
    most = sum(slots <= MOST_SLOTS_SHOWN for slots in so_far)
    assert 10 < most < MOST_DAYS_SHOWN
    last = first + timedelta(days=most - 1)
    assert check_range(first, last, visit, of, today=first) == (first, most)
    assert check_range(first, None, visit, of, today=first) == (first, min(most, 14))
    with pytest.raises(ValidationFailed) as refused:
        check_range(first, last + timedelta(days=1), visit, of, today=first)
    assert f"from 0 to {most - 1} days" in refused.value.details[0].message


def test_a_visit_at_the_end_of_the_calendar_ends_with_it() -> None:
    end = at("9999-12-31T23:59:59.999999")
    for start in (end, end - HALF, end - HOUR):
        span = span_of(start, 60)
        assert span == (start, end)
        with pytest.raises(ValidationFailed) as refused:
            check_time(span, rules(), now=NOW)
        assert refused.value.details[0].message == "must be within 60 days"
