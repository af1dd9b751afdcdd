"""A connection to PostgreSQL that is lost never leaves half of a transaction behind."""

from __future__ import annotations

import pytest
from pony.orm import commit, flush

from realty.db import NumberSeries, db
from realty.db.failures import classify
from realty.db.session import session
from realty.errors import ServiceUnavailable
from tests.database import outside

pytestmark = pytest.mark.postgres


def kill_connection(database_url: str) -> None:
    """End the session's own connection from outside, as a failover would."""
    (pid,) = db.select("pg_backend_pid()")
    with outside(database_url) as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)


def make_series(*names: str) -> list[int]:
    with session():
        rows = [NumberSeries(series=name, period="2026", last_number=100) for name in names]
        flush()
        return [row.id for row in rows]


def numbers(ids: list[int]) -> list[int]:
    with session():
        return [NumberSeries[id_].last_number for id_ in ids]


def test_nothing_is_half_committed_when_the_connection_dies_between_two_writes(database):
    ids = make_series("from", "to")
    with pytest.raises(Exception) as failure, session():  # noqa: PT011, PT012
        NumberSeries[ids[0]].last_number -= 50
        flush()
        kill_connection(database)
        NumberSeries[ids[1]].last_number += 50
    assert isinstance(classify(failure.value), ServiceUnavailable)
    assert numbers(ids) == [100, 100]


def test_nothing_is_half_committed_when_the_connection_dies_before_the_commit(database):
    ids = make_series("from")
    with pytest.raises(Exception) as failure, session():  # noqa: PT011, PT012
        NumberSeries[ids[0]].last_number -= 50
        flush()
        kill_connection(database)
    assert isinstance(classify(failure.value), ServiceUnavailable)
    assert numbers(ids) == [100]


def test_a_connection_that_died_between_sessions_is_renewed(database):
    ids = make_series("a")
    with session():
        kill_connection(database)
    assert numbers(ids) == [100]
    with session():
        kill_connection(database)
    with session():
        db.execute("UPDATE number_series SET last_number = 7")
    assert numbers(ids) == [7]


def test_what_was_committed_does_not_fail_when_the_connection_dies_afterwards(database):
    (id_,) = make_series("a")
    with session():
        (pid,) = db.select("pg_backend_pid()")
        NumberSeries[id_].last_number = 7
        commit()
        with outside(database) as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert numbers([id_]) == [7]


def test_sessions_share_a_connection_and_its_settings(database):
    seen = []
    for _ in range(2):
        with session():
            seen += db.select(
                "pg_backend_pid() AS pid, current_setting('statement_timeout') AS st,"
                " current_setting('lock_timeout') AS lt, current_setting('TimeZone') AS tz"
            )
    assert seen[0] == seen[1]
    assert seen[0][1:] == ("10s", "5s", "UTC")
