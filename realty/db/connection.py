"""The database URL and the one connection pool behind it.

Two kinds of URL are understood:
`sqlite:////absolute/path.sqlite` (`sqlite:///relative.sqlite` is taken from the working directory)
and `postgresql://user:password@host:5432/name?param=…`, anything libpq reads; `host=` may name a
folder with a Unix socket.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
from pony.orm.dbapiprovider import OperationalError
from pony.utils import datetime2timestamp
from psycopg2.extensions import parse_dsn

from realty.db.database import db
from realty.db.provider import SafePostgres
from realty.db.session import session

VERSIONS = Path(__file__).with_name("migrations") / "versions"

# Start-up options, unlike SET, hold for every transaction of the connection. Joins that are written
# out are made in their order, which is the right one: to look for another takes PostgreSQL 1 ms of
# the 2.6 ms of a page of bookings.
POSTGRES_OPTIONS = (
    "-c statement_timeout=10s -c lock_timeout=5s -c timezone=UTC -c join_collapse_limit=1"
)
SQLITE_TIMEOUT_SECONDS = 15

# Values in raw SQL are stored as Pony stores them: text of one length, so that it sorts by time.
sqlite3.register_adapter(datetime, datetime2timestamp)
sqlite3.register_adapter(Decimal, str)

_bound: list[str] = []


class DatabaseNotReady(RuntimeError):
    """The program cannot start on this database; the message is one line that says what to do."""


class SchemaError(DatabaseNotReady):
    """The schema is absent or not the one that this program was written for."""


def sqlite_path(database_url: str) -> Path | None:
    """The absolute file of an SQLite URL, None for a PostgreSQL one; or `DatabaseNotReady`."""
    scheme, found, rest = database_url.partition("://")
    if found and scheme in {"postgresql", "postgres"}:
        return None
    if found and scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return (Path.cwd() / rest[1:]).absolute()
    raise DatabaseNotReady(
        "The database URL must be sqlite:////path/to/file or postgresql://user:password@host/name"
    )


def postgres_parameters(database_url: str, options: str = POSTGRES_OPTIONS) -> dict[str, Any]:
    """What `psycopg2.connect` takes for a PostgreSQL URL; the URL's own parameters win."""
    try:
        given = parse_dsn(database_url)
    except psycopg2.ProgrammingError as unreadable:
        raise DatabaseNotReady(
            "The database URL cannot be read; it looks like postgresql://user:password@host/name"
        ) from unreadable
    parameters: dict[str, Any] = {
        "client_encoding": "UTF8",
        "connect_timeout": "5",
        # A server that dies without a word is noticed within half a minute, not within hours.
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "30000",
        "fallback_application_name": "realty",
        **given,
    }
    parameters["options"] = f"{options} {given.get('options', '')}".strip()
    return parameters


@db.on_connect(provider="sqlite")
def _durable_sqlite(_database: object, connection: sqlite3.Connection) -> None:
    """Readers beside one writer, and an acknowledged write survives a power cut."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def connect(database_url: str) -> None:
    """Bind the entities to `database_url`, once per process; the same URL again changes nothing.

    Raises `DatabaseNotReady` when the file is missing or the server does not answer. Nothing is
    created here: `realty init-db` makes the file and its folder.
    """
    if _bound == [database_url]:
        return
    if _bound:
        raise RuntimeError("This process is bound to another database.")
    path = sqlite_path(database_url)
    if path is not None:
        _bind_sqlite(path)
    else:
        _bind_postgres(postgres_parameters(database_url))
    db.generate_mapping(check_tables=False)
    _bound.append(database_url)


def _bind_sqlite(path: Path) -> None:
    if not path.is_file():
        raise SchemaError(f"There is no database at {path}; run: realty init-db")
    try:
        db.bind("sqlite", str(path), timeout=SQLITE_TIMEOUT_SECONDS)
    except (OperationalError, sqlite3.Error) as failure:
        raise DatabaseNotReady(f"The database at {path} cannot be opened: {failure}") from failure


def _bind_postgres(parameters: dict[str, Any]) -> None:
    try:
        db.bind(SafePostgres, **parameters)
    except OperationalError as failure:
        reason = " ".join(str(failure).split())
        raise DatabaseNotReady(f"PostgreSQL does not answer: {reason}") from failure


def disconnect() -> None:
    """Close the calling thread's connection; the next session opens another."""
    db.disconnect()


def head_revision() -> str:
    """The newest revision in `migrations/versions`, read from the files without Alembic."""
    revisions: set[str] = set()
    replaced: set[str] = set()
    for script in VERSIONS.glob("*.py"):
        text = script.read_text(encoding="utf-8")
        revisions.update(re.findall(r'^revision(?:: str)? = "(\w+)"', text, re.MULTILINE))
        replaced.update(re.findall(r'^down_revision(?:: [^=]+)? = "(\w+)"', text, re.MULTILINE))
    (head,) = revisions - replaced
    return head


def check_migrated() -> None:
    """Raise `SchemaError`, with the command to run, unless the schema is at the newest revision."""
    with session():
        connection = db.get_connection()
        known = db.provider.table_exists(connection, "alembic_version")
        rows = db.select("SELECT version_num FROM alembic_version") if known else []
    head = head_revision()
    if rows != [head]:
        found = f"at revision {', '.join(rows)}" if rows else "empty"
        raise SchemaError(f"The database is {found}, {head} is needed; run: realty migrate")
