"""`realty tick` and the quotes of change requests: each ends once, whoever runs it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from realty.adapters.mail import FolderMail
from realty.commands.tick import summary, tick
from realty.db import ChangeRequest, Notification, utcnow
from realty.db.session import session
from tests.database import at_once
from tests.deployment import SETTINGS
from tests.factories import (
    BookingRow,
    make_booking,
    make_builder,
    make_change_request,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.bookings.common import moves

pytestmark = pytest.mark.usefixtures("database")

NOW = utcnow().replace(microsecond=0)


def run(folder: Path, now: datetime = NOW) -> Counter[str]:
    """One tick."""
    return tick(now=now, settings=SETTINGS, sender=FolderMail(folder))


def confirmed() -> BookingRow:
    """A confirmed booking."""
    unit = make_unit(make_project(make_builder()))
    return make_booking(unit, make_customer(), status="confirmed")


def told_of(request_id: int) -> list[str]:
    """The titles of what both sides were told of a change request."""
    with session():
        rows = Notification.select(
            lambda n: (
                n.related_entity_type == "change_request" and n.related_entity_id == request_id
            )
        )
        return [row.title for row in rows]


def test_a_tick_ends_the_quotes_whose_time_has_come(tmp_path: Path) -> None:
    booking = confirmed()
    due = make_change_request(booking, "quoted", quote_valid_until=NOW)
    later = make_change_request(booking, "quoted", quote_valid_until=NOW + timedelta(seconds=1))
    accepted = make_change_request(booking, "approved", quote_valid_until=NOW)
    done = run(tmp_path)
    assert (done["quotes_expired"], done["errors"]) == (1, 0)
    assert "quotes expired: 1" in summary(done)
    assert run(tmp_path)["quotes_expired"] == 0
    assert moves("change_request", due) == [("quoted", "expired")]
    assert told_of(due) == ["Quote expired"] * 2
    with session():
        assert ChangeRequest[later].status == "quoted"
        assert ChangeRequest[accepted].status == "approved"
    assert run(tmp_path, NOW + timedelta(seconds=1))["quotes_expired"] == 1


def test_two_ticks_at_once_end_each_quote_once(tmp_path: Path) -> None:
    booking = confirmed()
    due = [make_change_request(booking, "quoted", quote_valid_until=NOW) for _ in range(4)]
    done = at_once([lambda: run(tmp_path / "one"), lambda: run(tmp_path / "two")])
    assert sum(each["quotes_expired"] for each in done) == len(due)
    assert sum(each["errors"] for each in done) == 0
    for request_id in due:
        assert moves("change_request", request_id) == [("quoted", "expired")]
        assert told_of(request_id) == ["Quote expired"] * 2
