"""Which day it is in each project's time zone: what the clock brings about goes by the site."""

from __future__ import annotations

from datetime import date, datetime

from pony.orm import select

from realty.db import Project
from realty.rules.clock import local_date


def local_days(now: datetime) -> dict[str, date]:
    """The calendar day at `now` (naive UTC) in every time zone that a project is in."""
    return {zone: local_date(now, zone) for zone in select(p.timezone for p in Project)}
