"""`realty seed-demo`: the story, and volume where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from realty import demo
from realty.settings import Settings


def seed(
    settings: Settings,
    *,
    now: datetime,
    projects: int | None,
    units_per_project: int,
    payments: int | None,
    bookings: int | None,
    quiet: bool,
) -> Iterator[str]:
    """Load the story, then each kind of volume that is given; a line says what came of each."""
    yield demo.load(settings, now=now) or "The demo data is there already; nothing was changed."
    if projects is not None:
        yield demo.load_volume(
            projects=projects, units_per_project=units_per_project, now=now, quiet=quiet
        )
    if payments is not None:
        yield demo.load_book(payments=payments, now=now, quiet=quiet)
    if bookings is not None:
        yield demo.load_portal(
            bookings=bookings, now=now, quiet=quiet, bcrypt_cost=settings.bcrypt_cost
        )
