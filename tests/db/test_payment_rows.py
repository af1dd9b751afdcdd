"""What the database itself keeps of payments, whoever writes to it."""

from __future__ import annotations

import sqlite3

import psycopg2
import pytest

from realty.db import Payment
from realty.db.database import is_postgres
from tests.database import outside
from tests.services.cashbook import Case

Refused = (psycopg2.IntegrityError, sqlite3.IntegrityError)
MAY_CHANGE = {"reversed_in_full", "updated_at"}
COLUMNS = sorted(
    attribute.column or attribute.name
    for attribute in Payment._attrs_
    if not attribute.is_collection
)
OTHER_VALUES = {
    "payment_type": "'final'",
    "payment_method": "'card'",
    "status": "'failed'",
    "proof_file_id": "NULL",
}
DAYS = {"payment_date", "cleared_at", "created_at", "updated_at"}


@pytest.fixture
def case(database):
    return Case()


def changed(column: str) -> str:
    """SQL of a value that is not the column's."""
    if column in DAYS:
        return "'2020-02-29 00:00:00'"
    if column == "reversed_in_full":
        return "true"
    if column in {"amount", "tds_amount"}:
        return f"{column} + 1"
    if column == "id" or column.endswith("_id") or column == "recorded_by":
        number = f"COALESCE({column}, 0) + 1"
        return "'another'" if column == "transaction_id" else number
    return OTHER_VALUES.get(column, "'another'")


@pytest.mark.parametrize("column", [column for column in COLUMNS if column not in MAY_CHANGE])
def test_no_column_of_a_completed_payment_changes(database, case, column):
    case.record("100.00")
    value = "1" if column == "proof_file_id" else changed(column)
    with outside(database) as cursor, pytest.raises(Refused, match="completed payment never"):
        cursor.execute(f"UPDATE payments SET {column} = {value}")


def test_but_that_it_was_reversed_does(database, case):
    case.record("100.00")
    with outside(database) as cursor:
        for column in sorted(MAY_CHANGE):
            cursor.execute(f"UPDATE payments SET {column} = {changed(column)}")
            assert cursor.rowcount == 1
        cursor.execute("UPDATE payments SET amount = amount, status = 'completed'")
        assert cursor.rowcount == 1


def test_a_pending_payment_still_changes(database, case):
    case.record("100.00", "cheque")
    with outside(database) as cursor:
        cursor.execute("UPDATE payments SET status = 'bounced', failure_reason = 'No funds'")
        assert cursor.rowcount == 1


def test_no_payment_is_deleted(database, case):
    made = [
        case.record("100.00"),
        case.record("100.00", "cheque"),
        case.report("100.00"),
    ]
    with outside(database) as cursor:
        for payment_id in made:
            with pytest.raises(Refused):
                cursor.execute(f"DELETE FROM payments WHERE id = {payment_id}")
        if is_postgres():
            with pytest.raises(Refused):
                cursor.execute("TRUNCATE payments")
        cursor.execute("SELECT count(*) FROM payments")
        assert cursor.fetchone() == (3,)


BROKEN = {
    "cleared_at": ["cleared_at = CURRENT_TIMESTAMP"],
    "receipt_number": [
        "receipt_number = 'RC/1', financial_year = '2026-27'",
        "status = 'completed', cleared_at = CURRENT_TIMESTAMP",
    ],
    "financial_year": ["financial_year = '2026-27'"],
    "reverses_payment_id": ["payment_type = 'refund'", "reverses_payment_id = id"],
    "transaction_id": ["transaction_id = NULL"],
}


@pytest.mark.parametrize(
    ("rule", "change"), [(rule, each) for rule, changes in BROKEN.items() for each in changes]
)
def test_columns_that_do_not_fit_each_other_are_refused(database, case, rule, change):
    case.record("100.00", "cheque")
    with outside(database) as cursor, pytest.raises(Refused, match=f"ck_payments__{rule}"):
        cursor.execute(f"UPDATE payments SET {change}")


@pytest.mark.parametrize(
    "change",
    [
        {"receipt_number": "NULL"},
        {"financial_year": "NULL"},
        {"cleared_at": "NULL"},
        {"transaction_id": "NULL"},
        {"payment_type": "'reversal'"},
    ],
)
def test_nor_is_such_a_row_inserted(database, case, change):
    case.record("100.00")
    with outside(database) as cursor:
        columns = [column for column in COLUMNS if column != "id"]
        other = {"receipt_number": "'RC/2'", "transaction_id": "'another'", **change}
        values = ", ".join(other.get(column, column) for column in columns)
        with pytest.raises(Refused, match="ck_payments__"):
            cursor.execute(
                f"INSERT INTO payments ({', '.join(columns)}) SELECT {values} FROM payments"
            )
