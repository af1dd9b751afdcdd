"""What a caller is told when the database refuses, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from pony.orm import core, flush

from realty.db import Builder, NumberSeries, User, db
from realty.db.failures import classify, retryable
from realty.db.session import session
from realty.errors import (
    Conflict,
    EmailTaken,
    LicenseTaken,
    ServiceUnavailable,
    UnitUnavailable,
    ValidationFailed,
)
from tests.factories import make_booking, make_builder, make_customer, make_project, make_unit


def failure_of(work: Callable[[], Any]) -> Exception:
    """What a session raises that does `work` and commits."""
    with pytest.raises(Exception) as caught, session():  # noqa: PT011, PT012
        work()
        flush()
    return caught.value


def told(work: Callable[[], Any]) -> type | None:
    """The class of the domain error that a failure of `work` means."""
    error = classify(failure_of(work))
    return None if error is None else type(error)


def new_user(email: str) -> Any:
    return User(email=email, full_name="Meera", user_type="customer")


@pytest.mark.parametrize("email", ["meera@example.in", "Meera@Example.IN"])
def test_an_address_that_is_taken_whatever_its_case(database, email):
    make_customer(email="meera@example.in")
    assert told(lambda: new_user(email)) is EmailTaken


def test_an_address_taken_twice_in_one_session(database):
    assert told(lambda: (new_user("a@b.in"), new_user("a@b.in"))) is EmailTaken


def test_a_licence_that_is_taken(database):
    make_builder(license_number="LIC-1")
    other = make_customer()
    row = {"company_name": "Two", "license_number": "LIC-1"}
    assert told(lambda: Builder(user=other.user_id, **row)) is LicenseTaken


def test_a_unit_that_is_taken(database):
    unit = make_unit(make_project(make_builder()))
    customer = make_customer()
    make_booking(unit, customer, status="expired")
    make_booking(unit, customer, status="confirmed")
    with pytest.raises(core.TransactionIntegrityError) as caught:
        make_booking(unit, customer, status="pending")
    assert isinstance(classify(caught.value), UnitUnavailable)
    make_booking(unit, customer, status="cancelled")


def test_any_other_key_is_a_conflict(database):
    def twice() -> None:
        for _ in range(2):
            NumberSeries(series="a", period="2026")

    assert told(twice) is Conflict


def test_a_row_that_others_point_at_is_a_conflict(database):
    builder = make_builder()
    make_project(builder)
    assert told(lambda: db.execute("DELETE FROM builders")) is Conflict


def test_a_check_that_fails_is_a_defect_of_ours(database):
    assert told(lambda: NumberSeries(series="a", period="2026", last_number=-1)) is None


def select(sql: str, value: Any = None) -> Any:
    """Run a raw statement in which `$value` is the value."""
    return db.select(sql, {}, {"value": value})


def test_values_that_no_driver_can_send_are_the_caller_s(database):
    assert told(lambda: select("SELECT 1 WHERE 'a' = $value", "\ud800")) is ValidationFailed
    assert told(lambda: new_user("\ud800@example.in")) is ValidationFailed
    assert told(lambda: NumberSeries(series="a", period="b", last_number=10**30)) in {
        ValidationFailed,
        None,  # Pony itself refuses it, as a defect, before the driver sees it
    }


@pytest.mark.postgres
def test_values_that_postgres_refuses_are_the_caller_s(database):
    assert told(lambda: new_user("a\0b@example.in")) is ValidationFailed
    assert told(lambda: select("SELECT 1 WHERE 'a' = $value", "a\0b")) is ValidationFailed
    assert told(lambda: select("SELECT CAST(9999999999 AS integer)")) is ValidationFailed
    assert told(lambda: select("SELECT CAST(10 AS numeric(1,0))")) is ValidationFailed


@pytest.mark.postgres
def test_a_statement_that_takes_too_long_is_503(database):
    def slow() -> None:
        db.execute("SET LOCAL statement_timeout = '50ms'")
        db.execute("SELECT pg_sleep(5)")

    assert told(slow) is ServiceUnavailable


@pytest.mark.postgres
def test_a_serialisation_failure_may_be_run_again(database):
    def work() -> None:
        db.execute("DO $$$$ BEGIN RAISE serialization_failure; END $$$$")

    failure = failure_of(work)
    assert retryable(failure)
    assert isinstance(classify(failure), ServiceUnavailable)


@pytest.mark.parametrize("kind", [core.OptimisticCheckError, core.UnrepeatableReadError])
def test_a_clash_may_be_run_again_however_it_is_wrapped(kind):
    clash = kind("changed")
    wrapped = core.CommitException("commit", [(kind, clash, None)])
    for failure in (clash, wrapped, core.UnexpectedError("flush", wrapped)):
        assert retryable(failure)
        assert isinstance(classify(failure), ServiceUnavailable)


def test_a_lost_connection_may_not_be_run_again():
    lost = psycopg2.OperationalError("server closed the connection unexpectedly")
    assert not retryable(lost)
    assert isinstance(classify(core.CommitException("x", [(None, lost, None)])), ServiceUnavailable)


@pytest.mark.parametrize("defect", [ValueError("no"), KeyError("id"), ZeroDivisionError()])
def test_a_defect_is_not_classified(defect):
    assert classify(defect) is None
    assert not retryable(defect)
