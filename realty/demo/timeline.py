"""The past of the demo data: many stories, each step of all of them in the order of its moment.

So numbers, notifications and the audit log come out as if it had all happened.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime
from heapq import heappop, heappush
from itertools import count

from realty.db import db

Script = Generator[datetime, datetime, None]
"""A story: it yields when it wants to go on, and is sent that moment (naive UTC)."""


def morning(day: date) -> datetime:
    """Half past nine in India."""
    return datetime(day.year, day.month, day.day, 4)  # noqa: DTZ001 - naive UTC inside


class Timeline:
    """Runs scripts inside one transaction, up to the present."""

    def __init__(self, *, until: datetime) -> None:
        self._until = until
        self._waiting: list[tuple[datetime, int, Script]] = []
        self._turn = count()

    def begin(self, script: Script) -> None:
        """Let a script begin at the moment that it names first."""
        self._wait(next(script), script)

    def run(self) -> None:
        """Play everything; what lies in the future has not happened."""
        while self._waiting:
            moment, _, script = heappop(self._waiting)
            if moment > self._until:
                return
            _lock_what_is_ours()
            try:
                following = script.send(moment)
            except StopIteration:
                continue
            assert following >= moment, "a story goes forward"
            self._wait(following, script)

    def _wait(self, moment: datetime, script: Script) -> None:
        heappush(self._waiting, (moment, next(self._turn), script))


def _lock_what_is_ours() -> None:
    """What this transaction made or read is as good as locked: nobody else loads demo data.

    The services lock first and read second; here one transaction is many callers in turn.
    """
    cache = db._get_cache()
    cache.for_update.update(cache.objects)
