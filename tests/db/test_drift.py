"""The entities and the migrations describe one schema, and the constraints beyond Pony's hold.

Pony's own schema is built beside the migrated one and Alembic compares the two. What only the
migrations know (checks, partial and expression indexes, search and list indexes) is listed here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from inspect import getclosurevars
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from realty.db import db, enums, migrate
from realty.db.database import is_postgres
from tests.database import outside
from tests.factories import (
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_unit,
)

pytestmark = [
    pytest.mark.drift,
    # SQLite's expression indexes are not reflected; users and files point at each other.
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]

UNIQUE_INDEXES = {
    "one_audit_head_per_chain",
    "one_cache_stamp_per_project",
    "one_calendar_link_per_user",
    "one_conversation_per_subject",
    "one_current_model_per_name",
    "one_fact_per_position",
    "one_model_per_version",
    "one_number_series",
    "one_occupying_booking_per_unit",
    "one_payment_per_receipt_number",
    "one_phase_per_milestone",
    "one_receipt_per_transaction",
    "one_row_per_change_request",
    "one_unit_per_number",
    "users_lower_email",
}
LIST_INDEXES = {
    "appointments_by_customer",
    "appointments_by_date",
    "appointments_newest",
    "appointments_open",
    "audit_log_newest",
    "audit_log_of_chain",
    "audit_log_of_entity",
    "bookings_by_builder",
    "bookings_by_customer",
    "bookings_by_project",
    "bookings_expiring",
    "bookings_newest",
    "builders_newest",
    "builders_search_company_name",
    "change_requests_newest",
    "change_requests_quoted",
    "construction_updates_newest",
    "conversations_of_builder",
    "conversations_of_customer",
    "customers_newest",
    "customers_search_first_name",
    "customers_search_last_name",
    "files_attached",
    "files_unattached",
    "idempotency_keys_by_age",
    "installments_by_due_date",
    "messages_by_sender",
    "messages_newest",
    "messages_unread",
    "models_3d_newest",
    "models_3d_of_project",
    "models_3d_search_model_name",
    "notifications_by_read",
    "notifications_newest",
    "notifications_of_conversation",
    "outgoing_mail_due",
    "outgoing_news_due",
    "payments_by_builder",
    "payments_clearing",
    "payments_given_back",
    "payments_newest",
    "payments_reported",
    "projects_by_status",
    "projects_newest",
    "projects_search_location_city",
    "projects_search_project_name",
    "reviews_newest",
    "status_history_of_entity",
    "units_by_status",
    "units_by_type",
    "units_newest",
    "units_reserved",
    "users_newest",
    "users_search_email",
    "users_search_full_name",
    "users_search_phone",
}
# Of texts that are too long for SQLite to keep twice.
TRIGRAM_INDEXES = {"messages_search_message_content", "messages_search_subject"}
Refused = (psycopg2.IntegrityError, sqlite3.IntegrityError)


@pytest.fixture
def migrated(database: str) -> Iterator[sa.Connection]:
    """A connection to the schema that the migrations built."""
    with migrate.engine_of(database) as engine, engine.connect() as connected:
        yield connected


@pytest.fixture
def from_entities(database: str, tmp_path: Any) -> Iterator[sa.MetaData]:
    """The schema that Pony would build, built and read back."""
    script = db.schema.generate_create_script()
    if not is_postgres():
        url = f"sqlite:///{tmp_path}/scratch.sqlite"
        migrate.create(url)
        with closing(sqlite3.connect(tmp_path / "scratch.sqlite")) as plain:
            plain.executescript(script)
        yield _reflected(url)
        return
    with outside(database) as cursor:
        cursor.execute("CREATE SCHEMA scratch")
        try:
            cursor.execute(f"SET search_path = scratch; {script}")
            mark = "&" if "?" in database else "?"
            yield _reflected(f"{database}{mark}options=-c%20search_path%3Dscratch")
        finally:
            cursor.execute("DROP SCHEMA scratch CASCADE")


def _reflected(url: str) -> sa.MetaData:
    metadata = sa.MetaData()
    with migrate.engine_of(url) as engine:
        metadata.reflect(engine)
    return metadata


def _differences(connected: sa.Connection, expected: sa.MetaData) -> list[tuple[Any, ...]]:
    """What Alembic finds, but for what the two schemas are meant to differ in."""
    for table in expected.tables.values():
        table.c.id.nullable = False  # SQLite's keys never are, declared or not
        for key in table.foreign_key_constraints:
            key.ondelete = None  # Pony writes SET NULL, the migrations leave deleting refused
    context = MigrationContext.configure(connected, opts={"compare_type": True})
    found: list[tuple[Any, ...]] = []
    for difference in compare_metadata(context, expected):
        found += difference if isinstance(difference, list) else [difference]
    beyond = UNIQUE_INDEXES | LIST_INDEXES | TRIGRAM_INDEXES
    known = {f"remove_index {name}" for name in beyond}
    known.add("remove_table alembic_version")
    return [each for each in found if f"{each[0]} {getattr(each[1], 'name', '')}" not in known]


def test_alembic_finds_no_difference(migrated, from_entities):
    assert _differences(migrated, from_entities) == []


def test_a_missing_column_index_or_table_is_found(database, from_entities):
    """The comparison above is able to fail."""
    spoil = [
        "ALTER TABLE messages RENAME COLUMN subject TO topic",
        "DROP INDEX idx_messages__sender_id",
        "CREATE TABLE strange (id integer)",
    ]
    restore = [
        "ALTER TABLE messages RENAME COLUMN topic TO subject",
        "CREATE INDEX idx_messages__sender_id ON messages (sender_id)",
        "DROP TABLE strange",
    ]
    with outside(database) as cursor:
        for statement in spoil:
            cursor.execute(statement)
        try:
            with migrate.engine_of(database) as engine, engine.connect() as connected:
                found = {each[0] for each in _differences(connected, from_entities)}
        finally:
            for statement in restore:
                cursor.execute(statement)
    assert found == {"add_column", "remove_column", "add_index", "remove_table"}


def test_the_indexes_beyond_pony_s_exist_and_are_unique_where_they_must_be(database):
    trigrams = TRIGRAM_INDEXES if is_postgres() else set()
    assert set(_indexes(database)) >= UNIQUE_INDEXES | LIST_INDEXES | trigrams
    unique = {name for name, sql in _indexes(database).items() if sql and " UNIQUE " in sql}
    assert unique >= UNIQUE_INDEXES
    assert not unique & LIST_INDEXES


def _indexes(database: str) -> dict[str, str]:
    with outside(database) as cursor:
        if is_postgres():
            cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
        return dict(cursor.fetchall())


def _checks(database: str) -> dict[str, str]:
    """The text of every CHECK by `table.column`."""
    if is_postgres():
        with outside(database) as cursor:
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
                " AND connamespace = 'public'::regnamespace"
            )
            found = cursor.fetchall()
    else:
        with outside(database) as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")
            text = "\n".join(sql for (sql,) in cursor.fetchall())
        found = re.findall(r"CONSTRAINT (ck_\w+) CHECK \((.*)\)", text)
    return {re.sub(r"^ck_(\w+?)__(\w+)$", r"\1.\2", name): text for name, text in found}


def test_every_enum_has_a_check_with_the_same_values(database):
    checks = _checks(database)
    enums_of_entities = {
        f"{entity._table_}.{attribute.column}": getclosurevars(attribute.py_check).nonlocals
        for entity in db.entities.values()
        for attribute in entity._attrs_
        if attribute.py_check is not None
    }
    assert len(enums_of_entities) > 40
    for column, closure in enums_of_entities.items():
        assert tuple(re.findall(r"'([^']*)'", checks[column])) == closure["values"], column


def test_every_amount_and_counter_has_a_check(database):
    """Pony ignores `min=0` on integers, and a negative sum of money is always a defect."""
    checked = set(_checks(database))
    numbers = {
        f"{entity._table_}.{attribute.column}"
        for entity in db.entities.values()
        for attribute in entity._attrs_
        if attribute.py_type in {Decimal, int}
        and not attribute.is_pk
        and not attribute.column.endswith("_id")
    }
    without = {"idempotency_keys.status_code", "users.token_version"}
    assert numbers - checked - without == set()


def test_no_foreign_key_deletes_or_changes_rows(database):
    actions = []
    with outside(database) as cursor:
        for table in db.schema.tables:
            if is_postgres():
                cursor.execute(
                    "SELECT confdeltype, confupdtype FROM pg_constraint"
                    " WHERE contype = 'f' AND conrelid = %s::regclass",
                    [table],
                )
            else:
                cursor.execute(
                    f"SELECT on_delete, on_update FROM pragma_foreign_key_list('{table}')"
                )
            actions += cursor.fetchall()
    assert len(actions) > 60
    assert {action for pair in actions for action in pair} <= {"a", "NO ACTION"}


@pytest.fixture
def booked(database: str) -> dict[str, int]:
    """Ids of a builder's project with a booked unit and a payment of 100.00 on it."""
    unit = make_unit(make_project(make_builder()), tower=None)
    booking = make_booking(unit, make_customer())
    payment = make_payment(booking, "100.00", transaction_id="UTR1")
    return {"project": unit.project_id, "unit": unit.id, "booking": booking.id, "payment": payment}


REFUSED = [
    "UPDATE units SET floor_number = 201",
    "UPDATE units SET price = -0.01",
    "UPDATE units SET status = 'gone'",
    "UPDATE units SET facing = 'up'",
    "UPDATE projects SET available_units = -1",
    "UPDATE projects SET latitude = 91",
    "UPDATE bookings SET paid_amount = -1",
    "UPDATE installments SET percent = 100.01",
    "UPDATE payments SET amount = 0",
    "UPDATE payments SET tds_amount = amount + 1",
    "UPDATE builders SET rating = 5.01",
    "UPDATE builders SET total_projects = -1",
    "DELETE FROM units",
    "DELETE FROM users",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses(database, booked, statement):
    with outside(database) as cursor:
        if not is_postgres():
            cursor.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(Refused):
            cursor.execute(statement)


def _copy(cursor: Any, table: str, id_: int, **changes: str) -> None:
    """Insert the row again with some columns set to SQL expressions."""
    cursor.execute(f"SELECT * FROM {table} WHERE false")
    columns = [column[0] for column in cursor.description if column[0] != "id"]
    values = ", ".join(changes.get(column, column) for column in columns)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE id = {id_}"
    )


def test_a_unit_number_is_given_once_per_tower_even_without_a_tower(database, booked):
    with outside(database) as cursor:
        with pytest.raises(Refused):
            _copy(cursor, "units", booked["unit"])
        _copy(cursor, "units", booked["unit"], tower="'B'")
        with pytest.raises(Refused):
            _copy(cursor, "units", booked["unit"], tower="'B'")


def _as(status: str, number: str) -> dict[str, str]:
    return {"booking_number": number, "status": f"'{status}'"}


def test_a_unit_has_one_occupying_booking(database, booked):
    with outside(database) as cursor:
        for status in enums.OCCUPYING_STATUSES:
            with pytest.raises(Refused):
                _copy(cursor, "bookings", booked["booking"], **_as(status, "'B'"))
        for status in ("expired", "rejected", "cancelled"):
            _copy(cursor, "bookings", booked["booking"], **_as(status, f"'{status}'"))


def test_a_transaction_is_received_once(database, booked):
    """Cash names none; a report, a failed and a wholly reversed receipt do not count."""
    payment = booked["payment"]
    uncounted = {"cleared_at": "NULL", "receipt_number": "NULL", "financial_year": "NULL"}
    refund = {"receipt_number": "NULL", "financial_year": "NULL", "payment_type": "'refund'"}
    with outside(database) as cursor:
        for number, same in enumerate(
            ({}, {"status": "'pending'", **uncounted}, {"payment_type": "'token'"})
        ):
            with pytest.raises(Refused, match=r"one_receipt_per_transaction|transaction_id"):
                _copy(cursor, "payments", payment, **{"receipt_number": f"'A{number}'", **same})
        for number, other in enumerate(
            (
                {"transaction_id": "NULL", "payment_method": "'cash'"},
                {"payment_method": "'upi'"},
                {"status": "'reported'", **uncounted},
                {"status": "'bounced'", **uncounted},
                {"reverses_payment_id": f"{payment}", **refund},
                {"reversed_in_full": "true"},
            )
        ):
            _copy(cursor, "payments", payment, **{"receipt_number": f"'B{number}'", **other})
        with pytest.raises(Refused):
            _copy(cursor, "payments", payment, transaction_id="'UTR2'")


@pytest.mark.parametrize(
    ("table", "columns", "values"),
    [
        ("number_series", "series, builder_id, period, last_number", "'booking', NULL, '2026', 0"),
        ("cache_stamps", "project_id, stamp", "NULL, 1"),
        ("audit_heads", "builder_id, count, hash, updated_at", "NULL, 0, '', CURRENT_TIMESTAMP"),
    ],
)
def test_a_null_is_one_value_too(database, table, columns, values):
    with outside(database) as cursor:
        # The catalogue has its stamp from the start.
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING")
        with pytest.raises(Refused):
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})")


@pytest.mark.postgres
def test_a_search_uses_the_trigrams(database):
    with outside(database) as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM projects WHERE lower(location_city) LIKE '%galor%' ESCAPE '!'"
        )
        plan = "\n".join(row for (row,) in cursor.fetchall())
    assert "projects_search_location_city" in plan
