"""The database URL, what start-up refuses, and how SQLite is opened."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from realty.db import connection, db, migrate, utcnow
from realty.db.connection import DatabaseNotReady, SchemaError
from realty.db.database import is_postgres
from realty.db.session import session
from tests.database import outside

UNKNOWN_SCHEMES = ["", "realty.sqlite", "sqlite://", "sqlite:///", "mysql://localhost/x"]


@pytest.mark.parametrize("url", UNKNOWN_SCHEMES)
def test_a_url_of_another_kind_is_refused_in_one_line(url):
    with pytest.raises(DatabaseNotReady, match=r"^The database URL must be [^\n]*$"):
        connection.sqlite_path(url)


def test_sqlite_paths_are_absolute_or_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert connection.sqlite_path("sqlite:////srv/realty.sqlite") == Path("/srv/realty.sqlite")
    assert connection.sqlite_path("sqlite:///var/x.sqlite") == tmp_path / "var/x.sqlite"
    assert connection.sqlite_path("postgresql://host/name") is None


def test_what_a_postgres_url_says_wins_over_the_defaults():
    parameters = connection.postgres_parameters(
        "postgresql://realty:p%40ss@/name?host=/run/postgresql&connect_timeout=1"
        "&options=-c%20lock_timeout%3D1s"
    )
    assert parameters["host"] == "/run/postgresql"
    assert parameters["password"] == "p@ss"
    assert parameters["connect_timeout"] == "1"
    assert parameters["options"].endswith("-c lock_timeout=1s")
    with pytest.raises(DatabaseNotReady):
        connection.postgres_parameters("postgresql://host/x?nonsense=1")


def test_a_process_is_bound_to_one_database(database_url):
    connection.connect(database_url)
    with pytest.raises(RuntimeError):
        connection.connect("sqlite:////another.sqlite")


def test_the_migrated_database_passes_and_the_head_is_alembic_s(database):
    connection.check_migrated()
    scripts = ScriptDirectory(str(Path(migrate.__file__).with_name("migrations")))
    assert [migrate.head()] == scripts.get_heads() == [migrate.current(database)]


def test_another_revision_is_refused_with_the_command_to_run(database):
    with outside(database) as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '0001'")
        try:
            with pytest.raises(SchemaError, match=r"^[^\n]*at revision 0001.*: realty migrate$"):
                connection.check_migrated()
        finally:
            cursor.execute(f"UPDATE alembic_version SET version_num = '{migrate.head()}'")


def test_an_absent_file_is_refused_with_the_command_to_run(tmp_path):
    url = f"sqlite:///{tmp_path}/folder/realty.sqlite"
    with pytest.raises(SchemaError, match=r"realty init-db$"):
        migrate.upgrade(url)
    assert not (tmp_path / "folder").exists()
    migrate.create(url)
    assert migrate.current(url) is None
    migrate.upgrade(url)
    migrate.upgrade(url)  # changes nothing
    assert migrate.current(url) == migrate.head()


def test_a_migration_that_fails_changes_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/realty.sqlite"
    migrate.create(url)
    with outside(url) as cursor:
        cursor.execute("CREATE TABLE bookings (id INTEGER)")
    with pytest.raises(DatabaseNotReady, match="left as it is"):
        migrate.upgrade(url)
    with outside(url) as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert cursor.fetchall() == [("bookings",)]


def test_a_server_that_does_not_answer_is_one_line():
    with pytest.raises(DatabaseNotReady, match=r"^[^\n]*refused[^\n]*$"):
        migrate.current("postgresql://nobody@127.0.0.1:1/nothing")


def test_raw_values_are_stored_as_pony_stores_them(database):
    values = {"moment": utcnow().replace(microsecond=0), "price": Decimal("0.10")}
    with session():
        ((stamp, amount),) = db.select(
            "SELECT CAST($moment AS TEXT) AS stamp, CAST($price AS NUMERIC) AS amount", {}, values
        )
    moment = values["moment"]
    expected = f"{moment}" if is_postgres() else f"{moment}.000000"
    assert (stamp, float(amount)) == (expected, 0.1)


def test_sqlite_keeps_what_it_acknowledged(database):
    if is_postgres():
        return
    with session():
        pragmas = [
            db.get_connection().execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert pragmas == ["wal", 2, 1, 15_000]
