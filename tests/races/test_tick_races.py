"""The periodic work on two machines at once, and on machines killed at it: each effect once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_string
from typing import Any

import pytest

from realty.audit.chains import CHAINS
from realty.audit.counters import COUNTERS
from realty.db.snapshot import snapshot
from realty.services.outbox import LEASE
from tests.database import Cleaner, outside
from tests.deployment import CLOCK
from tests.services.post_office import PostOffice, post_office
from tests.ticking import Machine, ticking
from tests.timed_work import EACH, due_everywhere, state

SCENES = 3
MAILS = EACH["mails_sent"] * SCENES


@pytest.fixture(scope="session")
def _machines(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Machine]]:
    log = tmp_path_factory.mktemp("machines") / "log"
    with ticking(database_url, log, 2) as machines:
        yield machines


@pytest.fixture
def machines(_machines: list[Machine], database: str, clock: Any) -> list[Machine]:
    """Two machines that are up, at an hour that is the same day at every site."""
    CLOCK.set(CLOCK.now().replace(hour=8, minute=0, second=0))
    for machine in _machines:
        assert machine.process.poll() is None
    return _machines


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """Where the machines send their mail."""
    with post_office() as office:
        yield office


@pytest.fixture
def expected(machines: list[Machine], office: PostOffice, _cleaner: Cleaner) -> dict[str, Any]:
    """What one tick that nothing disturbs makes of a scene; the scene stands again, untouched."""
    due_everywhere(SCENES)
    done = machines[0].run(CLOCK.now(), office.port)
    assert +done == {name: SCENES * times for name, times in EACH.items()}
    found = state()
    assert len(message_ids(office)) == MAILS
    _cleaner.clean()
    office.envelopes.clear()
    due_everywhere(SCENES)
    return found


def message_ids(office: PostOffice) -> list[str]:
    """Of all letters that arrived."""
    return [message_from_string(each)["Message-ID"] for each in office.letters]


def test_two_machines_at_once_do_everything_once(
    machines: list[Machine], office: PostOffice, expected: dict[str, Any], database: str
) -> None:
    for machine in machines:
        machine.begin(CLOCK.now(), office.port)
    together: Counter[str] = sum((machine.end() for machine in machines), Counter())

    assert together["errors"] == 0
    assert Counter(message_ids(office)).most_common(1)[0][1] == 1
    assert len(office.envelopes) == MAILS
    assert state() == expected
    assert +machines[0].run(CLOCK.now(), office.port) == {}
    with snapshot(database) as found:
        for check in (*CHAINS, *COUNTERS):
            assert list(check.find(found)) == [], check.rule


def test_a_machine_killed_at_every_turn_leaves_nothing_half_done(
    machines: list[Machine], office: PostOffice, expected: dict[str, Any], database: str
) -> None:
    """Again and again one gets a little further; another comes when its leases have run out."""
    kills = 0
    with outside(database) as cursor:
        for further in (1, 7, 23, 2):
            done = effects(cursor)
            machines[0].begin(CLOCK.now(), office.port)
            while effects(cursor) < done + further:
                time.sleep(0.001)
            machines[0].kill()
            kills += 1
        assert effects(cursor) < expected["status_history"].total()
    assert state() != expected

    late = CLOCK.advance(seconds=LEASE.total_seconds())
    assert machines[1].run(late, office.port)["errors"] == 0

    letters = Counter(message_ids(office))
    assert len(letters) == MAILS
    # Each kill may have caught one letter between the server's word and ours.
    assert letters.total() <= MAILS + kills
    assert state() == expected


def effects(cursor: Any) -> int:
    """How many status changes are on record."""
    cursor.execute("SELECT count(*) FROM status_history")
    return int(cursor.fetchone()[0])


def test_a_letter_that_was_taken_and_not_noted_comes_again_as_the_same(
    machines: list[Machine],
    office: PostOffice,
    expected: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pid, taken = machines[0].process.pid, 5
    receive = PostOffice.handle_DATA

    async def receive_and_kill(self: PostOffice, *told: Any) -> str:
        answer = await receive(self, *told)
        if len(self.envelopes) == taken:
            os.kill(pid, signal.SIGKILL)
        return answer

    monkeypatch.setattr(PostOffice, "handle_DATA", receive_and_kill)
    machines[0].begin(CLOCK.now(), office.port)
    assert machines[0].process.wait(timeout=30) == -signal.SIGKILL
    machines[0].kill()

    # What nobody has claimed goes at once, the letter in between when its lease has run out.
    assert machines[1].run(CLOCK.now(), office.port)["mails_sent"] == MAILS - taken
    late = CLOCK.advance(seconds=LEASE.total_seconds())
    assert machines[1].run(late, office.port)["mails_sent"] == 1

    letters = message_ids(office)
    assert letters[-1] == letters[taken - 1]
    assert len(set(letters)) == len(letters) - 1 == MAILS
    assert state() == expected
