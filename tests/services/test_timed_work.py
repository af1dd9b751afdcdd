"""Every piece of timed work: twice, with a clock put back, and none of it forgotten here."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from realty.adapters.mail import FolderMail
from realty.commands.tick import EFFECTS, tick
from tests.deployment import CLOCK, SETTINGS
from tests.timed_work import EACH, due_everywhere, state

pytestmark = pytest.mark.usefixtures("database", "clock")

TROUBLE = {"mails_put_off", "mails_failed", "errors"}


@pytest.fixture(autouse=True)
def _noon() -> None:
    """An hour that is the same day at every site, and stays it when the clock is put back."""
    CLOCK.set(CLOCK.now().replace(hour=8, minute=0, second=0))


def run(folder: Path, **later: float) -> Counter[str]:
    """One tick now, or so much later."""
    now = CLOCK.now() + timedelta(**later)
    return +tick(now=now, settings=SETTINGS, sender=FolderMail(folder))


def test_every_piece_of_timed_work_is_due_in_the_scene() -> None:
    assert set(EACH) == set(EFFECTS) - TROUBLE


def test_a_second_tick_finds_nothing_to_do(tmp_path: Path) -> None:
    due_everywhere(2)
    assert run(tmp_path) == {name: 2 * times for name, times in EACH.items()}
    done = state()
    assert run(tmp_path) == {}
    assert run(tmp_path, seconds=30) == {}
    assert state() == done


def test_a_clock_that_was_put_back_brings_nothing_about_again(tmp_path: Path) -> None:
    due_everywhere(1)
    assert run(tmp_path) == EACH
    done = state()
    for late in ({"hours": -1}, {"seconds": 30}, {"minutes": -59}, {"minutes": 1}):
        assert run(tmp_path, **late) == {}, late
    assert state() == done


def test_a_clock_that_goes_an_hour_slow_only_comes_later(tmp_path: Path) -> None:
    due_everywhere(1)
    early = run(tmp_path, hours=-1)
    assert early["bookings_expired"] == early["visits_lapsed"] == early["errors"] == 0
    assert early + run(tmp_path) + run(tmp_path, minutes=15) >= Counter(
        {name: times for name, times in EACH.items() if name != "mails_sent"}
    )
    once = state()
    assert run(tmp_path, minutes=30) == {}
    assert state() == once
