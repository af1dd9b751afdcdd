"""Locks are taken before reading, hold to the end of the transaction, and let inserts pass."""

from __future__ import annotations

import sqlite3
from itertools import chain

import psycopg2
import pytest

from realty.db import NumberSeries, Project, db
from realty.db.database import is_postgres
from realty.db.locks import lock, lock_many
from realty.db.session import session
from tests.database import at_once, outside
from tests.factories import make_builder, make_project


@pytest.fixture
def series(database: str) -> list[int]:
    """The ids of two number series that stand at 0."""
    with session():
        rows = [NumberSeries(series=name, period="2026") for name in "ab"]
        db.flush()
        return [row.id for row in rows]


def test_an_absent_row_is_none(database):
    with session():
        assert lock(NumberSeries, 2_000_000_000) is None


def test_rows_come_in_the_order_of_their_ids_and_once(series):
    with session():
        rows = lock_many(NumberSeries, [*reversed(series), series[0]])
        assert [row.id for row in rows] == series


def test_a_row_that_was_read_before_its_lock_is_an_error(series):
    with session():
        assert NumberSeries[series[0]].last_number == 0
        with pytest.raises(AssertionError, match="lock first, then read"):
            lock(NumberSeries, series[0])


def test_a_row_may_be_locked_again_and_was_only_pointed_at(database):
    project = make_project(make_builder())
    with session():
        row = lock(Project, project.id)
        assert lock(type(row.builder), row.builder.id) is row.builder
        assert lock(Project, project.id) is row


def test_the_row_is_read_under_the_lock(database, series):
    """Neither an older reading nor an older snapshot of the transaction is seen."""
    with session():
        db.select("SELECT 1")
        with outside(database) as cursor:
            cursor.execute("UPDATE number_series SET last_number = 41")
        assert lock(NumberSeries, series[0]).last_number == 41


def test_no_number_is_lost_and_none_given_twice(series):
    def take(times: int = 10) -> list[int]:
        taken = []
        for _ in range(times):
            with session():
                row = lock(NumberSeries, series[0])
                row.last_number += 1
                taken.append(row.last_number)
        return taken

    taken = at_once([take] * 4)
    assert sorted(chain(*taken)) == list(range(1, 41))


def test_nobody_else_gets_a_locked_row(database, series):
    with session():
        lock(NumberSeries, series[0])
        with outside(database) as cursor:
            if is_postgres():
                cursor.execute("SET lock_timeout = '50ms'")
            else:
                cursor.execute("PRAGMA busy_timeout = 50")
            with pytest.raises((psycopg2.errors.LockNotAvailable, sqlite3.OperationalError)):
                cursor.execute("UPDATE number_series SET last_number = 9")


@pytest.mark.postgres
def test_a_lock_does_not_stop_an_insert_that_points_at_the_row(database):
    project = make_project(make_builder())
    with session():
        lock(Project, project.id)
        with outside(database) as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
            cursor.execute("DELETE FROM cache_stamps")
            cursor.execute(
                "INSERT INTO cache_stamps (project_id, stamp) VALUES (%s, 1)", [project.id]
            )


def test_a_raw_statement_opens_the_transaction(series):
    with pytest.raises(ZeroDivisionError), session():  # noqa: PT012
        db.execute("UPDATE number_series SET last_number = 9")
        1 / 0  # noqa: B018
    with session():
        assert NumberSeries[series[0]].last_number == 0
