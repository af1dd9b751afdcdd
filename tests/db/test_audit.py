"""Audited facts: chained at the end of their transaction, or not at all, whoever else writes."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from pony.orm import flush
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from webtest import TestApp

from realty.commands.audit import verify
from realty.db import AuditHead, AuditLog, NumberSeries, connection, utcnow
from realty.db.database import is_postgres
from realty.db.session import session
from realty.errors import Conflict, RealtyError
from realty.rules.audit_chain import BEGINNING
from realty.services import audit
from tests.database import at_once, outside
from tests.factories import make_builder
from tests.functional.queries import queries

NOW = datetime.fromisoformat("2026-11-23T09:30:00.123456")
SYSTEM = None


def note(builder_id: int | None = SYSTEM, number: int = 1, **details: Any) -> None:
    audit.note(
        "series.moved",
        "number_series",
        number,
        builder_id=builder_id,
        actor=None,
        now=NOW,
        details=details,
    )


def noted() -> list[tuple[int | None, int, int]]:
    """Chain, position and entity of every fact."""
    with session():
        rows = AuditLog.select().order_by(lambda a: (a.builder.id, a.position))
        return [(row.builder and row.builder.id, row.position, row.entity_id) for row in rows]


def heads() -> dict[int | None, int]:
    """The count of every chain."""
    with session():
        return {head.builder and head.builder.id: head.count for head in AuditHead.select()}


def test_facts_are_chained_in_their_order(database: str) -> None:
    with session():
        note(number=1, amount="10.00")
        note(number=2)
    with session():
        note(number=3, flag=True, nothing=None)
    with session():
        first, second, third = AuditLog.select().order_by(AuditLog.position)[:]
        assert [row.entity_id for row in (first, second, third)] == [1, 2, 3]
        assert first.previous_hash == BEGINNING
        assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
        assert (first.at, first.details) == (NOW, {"amount": "10.00"})
        assert (second.details, third.details) == (None, {"flag": True, "nothing": None})
        head = AuditHead.get()
        assert (head.count, head.hash, head.exported_count) == (3, third.hash, 0)
    assert verify(database, None)


def test_each_builder_has_a_chain(database: str) -> None:
    one, other = make_builder().builder_id, make_builder().builder_id
    with session():
        for builder_id in (other, SYSTEM, one, other):
            note(builder_id)
    assert heads() == {one: 1, other: 2, SYSTEM: 1}
    assert verify(database, None)


def test_what_is_rolled_back_leaves_nothing_behind(database: str) -> None:
    with pytest.raises(ZeroDivisionError), session():  # noqa: PT012 - both belong to it
        note()
        1 / 0  # noqa: B018 - it raises
    with session():
        NumberSeries(series="a", period="2026")
    assert noted() == []


@pytest.fixture
def call(database: str) -> Callable[[Callable[[Request], Response]], int]:
    """Call a view through the session's tween; the status of its answer."""

    def error_view(error: Exception, _request: Request) -> Response:
        return Response(status=error.status if isinstance(error, RealtyError) else 503)

    def call(view: Callable[[Request], Response]) -> int:
        with Configurator() as config:
            config.include("realty.db.session")
            config.add_route("it", "/")
            config.add_view(view, route_name="it")
            config.add_exception_view(error_view, context=Exception)
            app = config.make_wsgi_app()
        status: int = TestApp(app, cookiejar=None).post("/", expect_errors=True).status_int
        return status

    return call


@pytest.mark.parametrize(
    ("status", "keep_writes", "facts"),
    [(200, False, 1), (409, False, 0), (409, True, 1)],
)
def test_a_request_chains_what_it_keeps(call: Any, status, keep_writes, facts) -> None:
    def view(request: Request) -> Response:
        note()
        request.keep_writes = keep_writes
        if status == 409:
            raise Conflict
        return Response()

    assert call(view) == status
    assert len(noted()) == facts


def test_a_request_that_is_run_again_is_noted_once(call: Any, database: str) -> None:
    with session():
        series = NumberSeries(series="a", period="2026")
        flush()
        series_id = series.id
    runs: list[int] = []

    def view(_request: Request) -> Response:
        row = NumberSeries[series_id]
        runs.append(row.last_number)
        if len(runs) == 1:
            with outside(database) as cursor:
                cursor.execute("UPDATE number_series SET last_number = 40")
        note(number=row.last_number)
        row.last_number = row.last_number + 2
        return Response()

    assert call(view) == 200
    assert runs == [0, 40]
    assert noted() == [(SYSTEM, 1, 40)]


def test_a_transaction_costs_three_statements_however_many_facts(database: str) -> None:
    builder_id = make_builder().builder_id
    with session():
        note(builder_id)
    for facts in (1, 5):
        with queries() as sent, session():
            for _ in range(facts):
                note(builder_id)
        assert [sql.split()[0] for sql in sent] == ["UPDATE", "INSERT", "UPDATE"]
    with queries() as sent, session():
        pass
    assert sent == []


def test_more_facts_than_one_statement_takes(database: str) -> None:
    with session():
        for number in range(250):
            note(number=number)
    assert noted() == [(SYSTEM, number + 1, number) for number in range(250)]
    assert verify(database, None)


@pytest.mark.parametrize("value", [1.5, Decimal("1.00"), ["a"], {"a": 1}, NOW])
def test_details_are_flat(database: str, value: Any) -> None:
    with session(), pytest.raises(TypeError, match="thing must be text"):
        note(thing=value)


def test_differences_name_what_is_new_and_what_was() -> None:
    before = {"price": Decimal("1.00"), "day": NOW.date(), "list": [], "same": 1, "wish": None}
    after = {"price": Decimal(2), "day": None, "list": [{"b": 1, "a": 2}], "same": 1, "wish": "x"}
    assert audit.differences(before, after, untold=["wish"]) == {
        "wish": "changed",
        "price": "2.00",
        "price_before": "1.00",
        "day": None,
        "day_before": "2026-11-23",
        "list": '[{"a":2,"b":1}]',
        "list_before": "[]",
    }


@pytest.mark.parametrize("verb", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log"])
def test_the_database_keeps_every_fact(database: str, verb: str) -> None:
    with session():
        note()
    with outside(database) as cursor:
        with pytest.raises((psycopg2.IntegrityError, sqlite3.IntegrityError), match="appended"):
            cursor.execute(verb)
        if is_postgres():
            with pytest.raises(psycopg2.IntegrityError, match="appended"):
                cursor.execute("TRUNCATE audit_log")
    assert len(noted()) == 1


def append(builder_ids: list[int | None], times: int) -> None:
    """Note on each chain, in an order that the chains are not locked in."""
    for number in range(times):
        with session():
            for builder_id in builder_ids:
                note(builder_id, number)


def append_elsewhere(database_url: str, builder_ids: list[int | None], times: int) -> None:
    """`append` by two threads of another process."""
    connection.connect(database_url)
    at_once([lambda: append(builder_ids, times), lambda: append(builder_ids[::-1], times)])


def test_threads_and_processes_append_without_a_gap_or_a_deadlock(database: str) -> None:
    chains = [make_builder().builder_id, SYSTEM, make_builder().builder_id]
    fresh = multiprocessing.get_context("spawn")
    others = [fresh.Process(target=append_elsewhere, args=(database, chains, 15)) for _ in range(2)]
    for process in others:
        process.start()
    append_elsewhere(database, chains, 15)
    for process in others:
        process.join(60)
        assert process.exitcode == 0
    assert heads() == dict.fromkeys(chains, 90)
    assert verify(database, None)


def test_the_system_s_head_is_locked_last(database: str) -> None:
    one, other = make_builder().builder_id, make_builder().builder_id
    with session():
        note(SYSTEM)
        note(other)
        note(one)
    with session():
        by_row = {row.id: row.builder and row.builder.id for row in AuditLog.select()}
    assert [by_row[row_id] for row_id in sorted(by_row)] == [*sorted([one, other]), SYSTEM]


def test_a_fact_keeps_the_time_it_was_given(database: str) -> None:
    moment = utcnow()
    with session():
        audit.note("a.b", "a", None, builder_id=None, actor=None, now=moment)
    with session():
        assert AuditLog.get().at == moment
