"""Instants are naive UTC inside and RFC 3339 with `Z` outside; days belong to a time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import overload
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from realty.errors import ValidationFailed


@lru_cache(maxsize=512)
def _zone(tz_name: str) -> ZoneInfo:
    return ZoneInfo(tz_name)


def timezone_name(tz_name: str, field: str = "timezone") -> str:
    """`tz_name` itself; raises `ValidationFailed` unless it is an IANA zone (`Asia/Kolkata`)."""
    try:
        return _zone(tz_name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        # OSError: "Asia" names a folder of the zone files.
        raise ValidationFailed.at(field, "Name a time zone such as Asia/Kolkata.") from unknown


def local_moment(now: datetime, tz_name: str) -> datetime:
    """What calendar and clock show in `tz_name` at `now` (naive UTC), with that zone."""
    return now.replace(tzinfo=UTC).astimezone(_zone(tz_name))


def local_date(now: datetime, tz_name: str) -> date:
    """The calendar day in `tz_name` at `now` (naive UTC)."""
    return local_moment(now, tz_name).date()


def instant(local: datetime, tz_name: str) -> datetime:
    """The naive UTC of what calendar and clock show in `tz_name`.

    A time that a change of the clocks leaves out is taken as if they had not been changed, one
    that comes twice is the first (PEP 495).
    """
    return local.replace(tzinfo=_zone(tz_name)).astimezone(UTC).replace(tzinfo=None)


def day_begins(day: date, tz_name: str) -> datetime:
    """The naive UTC at which a calendar day begins in `tz_name`; the ends of the calendar stay
    what they are."""
    midnight = datetime.combine(day, time.min)
    try:
        return instant(midnight, tz_name)
    except OverflowError:
        return midnight


def naive_utc(moment: datetime) -> datetime:
    """An aware `moment` as the naive UTC that is stored; a naive one is taken to be UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


@overload
def rfc3339(moment: datetime) -> str: ...
@overload
def rfc3339(moment: None) -> None: ...
@overload
def rfc3339(moment: datetime | None) -> str | None: ...


def rfc3339(moment: datetime | None) -> str | None:
    """The contract's text of a naive UTC `moment`: `2026-11-23T09:30:00Z`; null stays null."""
    return None if moment is None else f"{moment.isoformat()}Z"


@overload
def date_text(day: date) -> str: ...
@overload
def date_text(day: None) -> None: ...
@overload
def date_text(day: date | None) -> str | None: ...


def date_text(day: date | None) -> str | None:
    """The contract's text of a calendar day, `2026-11-23`; null stays null."""
    return None if day is None else day.isoformat()
