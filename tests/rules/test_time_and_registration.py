"""Days of a time zone, texts of instants, and the registration that a sale needs."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realty.errors import ReraRegistrationRequired, ValidationFailed
from realty.rules.clock import date_text, local_date, naive_utc, rfc3339, timezone_name
from realty.rules.rera import registration_gate

TODAY = date(2026, 6, 1)


def test_the_day_in_india_begins_half_past_six_utc() -> None:
    assert local_date(datetime(2026, 5, 31, 18, 29, 59), "Asia/Kolkata") == date(2026, 5, 31)  # noqa: DTZ001
    assert local_date(datetime(2026, 5, 31, 18, 30), "Asia/Kolkata") == date(2026, 6, 1)  # noqa: DTZ001


def test_texts() -> None:
    moment = datetime(2026, 11, 23, 9, 30, 0, 250)  # noqa: DTZ001
    assert rfc3339(moment) == "2026-11-23T09:30:00.000250Z"
    assert date_text(TODAY) == "2026-06-01"
    assert rfc3339(None) is None
    assert date_text(None) is None


@given(st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_an_offset_is_another_spelling_of_the_same_instant(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    assert naive_utc(aware) == naive_utc(moment) == moment
    assert datetime.fromisoformat(rfc3339(moment)) == aware


@pytest.mark.parametrize("name", ["", "Asia", "Asia/Nowhere", "../etc/passwd", "/etc", "a\0b", "é"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValidationFailed):
        timezone_name(name)


def test_a_known_time_zone() -> None:
    assert timezone_name("Asia/Kolkata") == "Asia/Kolkata"


@pytest.mark.parametrize(
    ("number", "until", "reason", "lacking"),
    [
        ("PRM/KA/RERA/1251/446", TODAY, None, None),
        (None, None, "Plot of less than 500 square metres.", None),
        ("PRM/KA/RERA/1251/446", date(2026, 5, 31), "Exempt.", None),
        ("PRM/KA/RERA/1251/446", date(2026, 5, 31), None, "rera_valid_until"),
        ("PRM/KA/RERA/1251/446", None, None, "rera_valid_until"),
        (None, date(2027, 1, 1), None, "rera_number"),
        ("", date(2027, 1, 1), "", "rera_number"),
    ],
)
def test_the_registration_gate(
    number: str | None, until: date | None, reason: str | None, lacking: str | None
) -> None:
    gate = {"rera_number": number, "valid_until": until, "exempt_reason": reason, "today": TODAY}
    if lacking is None:
        registration_gate(**gate)
        return
    with pytest.raises(ReraRegistrationRequired) as refusal:
        registration_gate(**gate)
    assert refusal.value.details[0].field == lacking
