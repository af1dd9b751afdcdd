"""One transaction a request: what its status keeps, what is run again, what is answered 503."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from pony.orm import flush
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from webtest import TestApp, TestResponse

from realty.db import NumberSeries, User, db
from realty.db.database import is_postgres
from realty.db.failures import classify
from realty.db.locks import lock
from realty.db.session import session
from realty.errors import Conflict, InvalidCredentials, RealtyError
from tests.database import outside

View = Callable[[Request], Response]


@pytest.fixture
def series(database: str) -> int:
    """The id of a number series that stands at 0."""
    with session():
        row = NumberSeries(series="a", period="2026")
        flush()
        return int(row.id)


def number(id_: int) -> int:
    with session():
        return int(NumberSeries[id_].last_number)


def error_view(error: Exception, request: Request) -> Response:
    known = error if isinstance(error, RealtyError) else classify(error) or RealtyError()
    response = Response(json_body={"code": known.code}, status=known.status)
    if known.retry_after is not None:
        response.headers["Retry-After"] = str(known.retry_after)
    return response


@pytest.fixture
def call() -> Callable[[View], TestResponse]:
    """Call a view through the tween, in an application that has nothing else."""

    def call(view: View) -> TestResponse:
        with Configurator() as config:
            config.include("realty.db.session")
            config.add_route("it", "/")
            config.add_view(view, route_name="it")
            config.add_exception_view(error_view, context=Exception)
            app = config.make_wsgi_app()
        return TestApp(app, cookiejar=None).post("/", expect_errors=True)

    return call


def write_and(then: Callable[[Request], Response], id_: int) -> View:
    """A view that counts to 5 before it does something else."""

    def view(request: Request) -> Response:
        NumberSeries[id_].last_number = 5
        return then(request)

    return view


def fail(error: Exception, **attributes: Any) -> Callable[[Request], Response]:
    def then(request: Request) -> Response:
        vars(request).update(attributes)
        raise error

    return then


@pytest.mark.parametrize(
    ("then", "status", "kept"),
    [
        (lambda _: Response(), 200, True),
        (lambda _: Response(status=304), 304, True),
        (lambda _: Response(status=409), 409, False),
        (fail(Conflict()), 409, False),
        (fail(InvalidCredentials()), 401, False),
        (fail(InvalidCredentials(), keep_writes=True), 401, True),
        (fail(ZeroDivisionError(), keep_writes=True), 500, False),
        (fail(ZeroDivisionError()), 500, False),
    ],
)
def test_the_status_decides_what_is_kept(call, series, then, status, kept):
    assert call(write_and(then, series)).status_int == status
    assert number(series) == (5 if kept else 0)


def test_what_keep_writes_asks_for_does_not_reach_the_next_request(call, series):
    assert call(write_and(fail(Conflict(), keep_writes=True), series)).status_int == 409
    assert number(series) == 5
    seen: list[bool] = []

    def view(request: Request) -> Response:
        seen.append(request.keep_writes)
        return Response()

    call(view)
    assert seen == [False]


def test_a_commit_that_fails_becomes_its_proper_error(call, series):
    def view(_request: Request) -> Response:
        NumberSeries[series].last_number = 5
        NumberSeries(series="a", period="2026")
        return Response()

    response = call(view)
    assert (response.status_int, response.json["code"]) == (409, "conflict")
    assert number(series) == 0


@pytest.mark.parametrize("flushed", [True, False], ids=["in the view", "at the commit"])
def test_an_optimistic_clash_is_run_again_whole(call, database, series, flushed):
    runs: list[int] = []

    def view(_request: Request) -> Response:
        row = NumberSeries[series]
        runs.append(row.last_number)
        if len(runs) == 1:
            with outside(database) as cursor:
                cursor.execute("UPDATE number_series SET last_number = 40")
        row.last_number = row.last_number + 2
        if flushed:
            flush()
        return Response()

    assert call(view).status_int == 200
    assert runs == [0, 40]
    assert number(series) == 42


def test_after_the_last_run_the_answer_is_503(call, database, series):
    runs: list[int] = []

    def view(_request: Request) -> Response:
        row = NumberSeries[series]
        runs.append(row.last_number)
        with outside(database) as cursor:
            cursor.execute("UPDATE number_series SET last_number = last_number + 1")
        row.last_number = row.last_number + 100
        return Response()

    response = call(view)
    assert (response.status_int, response.json["code"]) == (503, "service_unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert runs == [0, 1, 2]
    assert number(series) == 3


def test_a_lock_that_is_not_given_in_time_is_503(call, database, series):
    def view(_request: Request) -> Response:
        if is_postgres():
            db.execute("SET LOCAL lock_timeout = '50ms'")
        lock(NumberSeries, series)
        return Response()

    if not is_postgres():
        with session():
            db.execute("PRAGMA busy_timeout = 50")
    with outside(database) as cursor:
        cursor.execute("BEGIN" if is_postgres() else "BEGIN IMMEDIATE")
        cursor.execute("UPDATE number_series SET last_number = 9")
        response = call(view)
        cursor.execute("ROLLBACK")
    db.disconnect()
    assert (response.status_int, response.json["code"]) == (503, "service_unavailable")
    assert response.headers["Retry-After"]


@pytest.mark.postgres
def test_a_deadlock_is_run_again(call, database, series):
    with session():
        other = NumberSeries(series="b", period="2026")
        flush()
        second = other.id
    runs: list[int] = []
    waiting = threading.Event()

    def opponent() -> None:
        with outside(database) as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE number_series SET last_number = 7 WHERE id = %s", [second])
            waiting.set()
            cursor.execute("UPDATE number_series SET last_number = 7 WHERE id = %s", [series])
            cursor.execute("COMMIT")

    def view(_request: Request) -> Response:
        runs.append(1)
        row = lock(NumberSeries, series)
        if len(runs) == 1:
            thread.start()
            waiting.wait(5)
        lock(NumberSeries, second)
        row.last_number += 1
        return Response()

    def survivor() -> None:
        try:
            opponent()
        except psycopg2.errors.DeadlockDetected:
            runs.append(0)

    thread = threading.Thread(target=survivor)
    response = call(view)
    thread.join(10)
    assert response.status_int == 200
    # Whoever PostgreSQL chose as the victim, the request was answered and nothing is half-done.
    assert number(series) == (1 if 0 in runs else 8)


@pytest.mark.postgres
@pytest.mark.parametrize("flushed", [True, False], ids=["in the view", "at the commit"])
def test_a_lost_connection_is_503_and_nothing_is_kept(call, database, series, flushed):
    def view(_request: Request) -> Response:
        NumberSeries[series].last_number = 5
        flush()
        (pid,) = db.select("pg_backend_pid()")
        with outside(database) as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        NumberSeries(series="b", period="2026")
        if flushed:
            flush()
        return Response()

    response = call(view)
    assert (response.status_int, response.json["code"]) == (503, "service_unavailable")
    assert number(series) == 0


def test_statistics_of_statements_do_not_pile_up(call, database):
    def view(_request: Request) -> Response:
        User.exists(email="nobody@example.in")
        return Response()

    for _ in range(3):
        call(view)
    assert {stat.db_count for sql, stat in db.local_stats.items() if sql} == {1}


def test_a_session_outside_of_requests_commits_or_rolls_back(series):
    with session():
        NumberSeries[series].last_number = 3
    with pytest.raises(ZeroDivisionError), session():  # noqa: PT012
        NumberSeries[series].last_number = 4
        1 / 0  # noqa: B018
    assert number(series) == 3
