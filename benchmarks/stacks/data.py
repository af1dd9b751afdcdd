"""The rows: loaded once, given anew to each server as a copy of the database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from realty.db.database import utcnow
from realty.demo import portal_life, volume
from realty.demo.people import DOMAIN, PASSWORD
from realty.passwords import PasswordHasher
from realty.security import issue_access_token
from realty.settings import Settings
from scripts import ROOT

UNITS_A_PROJECT = 20
SAMPLED = 400
READERS = 40
WRITERS = 80
MOST_BOOKINGS = 30
FREEDOM: Mapping[str, int] = {
    "booking.max_pending_per_customer": 1000,
    "message.max_per_minute": 1000,
}
"""Settings that would refuse what the benchmark does, at their highest."""


@dataclass(frozen=True)
class Size:
    """How much is loaded."""

    projects: int
    bookings: int


@dataclass(frozen=True)
class Customer:
    """Somebody who is signed in."""

    email: str
    token: str


@dataclass(frozen=True)
class Rows:
    """What the requests name. Readers have some bookings and news; writers book, write, sign in."""

    projects: list[tuple[int, int]]
    units: list[int]
    readers: list[Customer]
    writers: list[Customer]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection on which each statement stands for itself."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def _ask(connection: Connection, statement: str, values: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def load(url: str, size: Size) -> float:
    """Have the demo's story and that much volume in the database; the seconds that it took."""
    started = time.monotonic()
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "REALTY_CONFIG": str(ROOT / "development.ini"),
    }
    realty = str(Path(sys.executable).parent / "realty")
    volume = [f"--projects={size.projects}", f"--units-per-project={UNITS_A_PROJECT}"]
    for command in (["init-db"], ["seed-demo", *volume, f"--bookings={size.bookings}", "--quiet"]):
        subprocess.run([realty, *command], cwd=ROOT, env=environment, check=True)
    return time.monotonic() - started


def prepare(url: str, settings: Settings) -> Rows:
    """Let the customers in, lift what would refuse them, and pick what the requests name."""
    with connected(url) as connection:
        with connection.cursor() as cursor:
            for key, value in FREEDOM.items():
                cursor.execute(_FREE, {"key": key, "value": str(value)})
            # Its projects carry files, whose links are signed anew in each answer.
            cursor.execute(_HIDE)
        readers = _ask(connection, _READERS, {"number": READERS, "most": MOST_BOOKINGS})
        taken = [user_id for user_id, _ in readers]
        writers = _ask(connection, _WRITERS, {"number": WRITERS, "taken": taken, "who": _BUYERS})
        tokens = _sign_in(connection, [*readers, *writers], settings)
        projects = _ask(connection, _PROJECTS, {"number": SAMPLED})
        units = _ask(connection, _UNITS, {})
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return Rows(
        projects=[(int(project_id), int(builder_id)) for project_id, builder_id in projects],
        units=[unit_id for (unit_id,) in units],
        readers=[Customer(email, tokens[user_id]) for user_id, email in readers],
        writers=[Customer(email, tokens[user_id]) for user_id, email in writers],
    )


def gather(url: str, rows: Rows, number: int) -> list[int]:
    """Put the last so many of the units of `rows` on sale in one project; their ids."""
    units = rows.units[-number:]
    with connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(_GATHER, {"ids": units, "first": units[0]})
        cursor.execute(_RECOUNT)
        cursor.execute("VACUUM ANALYZE")
    return units


def _sign_in(
    connection: Connection, users: list[tuple[int, str]], settings: Settings
) -> dict[int, str]:
    """Give these users the password of the demo and a session; their access tokens by id.

    The peers take our tokens as we take theirs, which `check` proves; a login of each customer
    on each start would take longer than the measurement.
    """
    now = utcnow()
    hasher = PasswordHasher(cost=settings.bcrypt_cost, concurrency=1)
    ids = [user_id for user_id, _ in users]
    values = {"ids": ids, "hash": hasher.hash(PASSWORD), "now": now, "later": _later(now)}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users SET password_hash = %(hash)s WHERE id = ANY(%(ids)s)", values)
    sessions = _ask(connection, _SESSIONS, values)
    return {
        user_id: issue_access_token(
            settings, user_id=user_id, session_id=session_id, token_version=version, now=now
        )
        for user_id, session_id, version in sessions
    }


def _later(now: datetime) -> datetime:
    return now + timedelta(days=30)


@contextmanager
def copy_of(url: str) -> Iterator[str]:
    """The URL of a copy of the database, which is gone afterwards."""
    parts = urlsplit(url)
    template = parts.path.removeprefix("/")
    name = f"{template}_run"
    names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    with connected(urlunsplit(parts._replace(path="/postgres"))) as connection:
        with connection.cursor() as cursor:
            cursor.execute(_DROP.format(**names))
            cursor.execute(_COPY.format(**names))
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            with connection.cursor() as cursor:
                cursor.execute(_DROP.format(**names))


def backends(url: str) -> list[int]:
    """The processes of the database server that work for others in this database."""
    with connected(url) as connection:
        return [pid for (pid,) in _ask(connection, _BACKENDS, {})]


def version_of(url: str) -> str:
    """The version of the database server."""
    with connected(url) as connection:
        version: str = _ask(connection, "SHOW server_version", {})[0][0]
        return version


def counts_of(url: str) -> dict[str, int]:
    """How many rows the larger tables have."""
    tables = ("projects", "units", "bookings", "users", "installments", "notifications")
    with connected(url) as connection:
        return {
            table: _ask(connection, f"SELECT count(*) FROM {table}", {})[0][0]  # noqa: S608 - names
            for table in tables
        }


_BUYERS = f"portal-buyer-%@{DOMAIN}"
_FREE = """
INSERT INTO system_settings (
    setting_key, setting_value, setting_type, category, is_public, created_at, updated_at
)
VALUES (%(key)s, %(value)s::jsonb, 'number', split_part(%(key)s, '.', 1), true, now(), now())
ON CONFLICT (setting_key) DO UPDATE SET setting_value = excluded.setting_value
"""
_HIDE = f"""
UPDATE projects SET is_published = false
WHERE rera_number NOT LIKE '{volume.NUMBERED}%' AND rera_number NOT LIKE '{portal_life.NUMBERED}%'
"""  # noqa: S608 - constants of the demo
_READERS = """
SELECT u.id, u.email FROM users u JOIN customers c ON c.user_id = u.id
JOIN bookings b ON b.customer_id = c.id
GROUP BY u.id HAVING count(*) <= %(most)s ORDER BY count(*) DESC, u.id LIMIT %(number)s
"""
_WRITERS = """
SELECT id, email FROM users WHERE email LIKE %(who)s AND id <> ALL(%(taken)s)
ORDER BY md5(id::text) LIMIT %(number)s
"""
# One living session each, which an earlier run over this database may have left.
_SESSIONS = """
WITH wanted AS (SELECT id, token_version FROM users WHERE id = ANY(%(ids)s)),
made AS (
    INSERT INTO sessions (user_id, family, token_hash, created_at, last_used_at, expires_at)
    SELECT id, 'benchmark ' || id, 'benchmark', %(now)s, %(now)s, %(later)s FROM wanted
    ON CONFLICT (family) DO UPDATE SET expires_at = excluded.expires_at, revoked_at = NULL
    RETURNING user_id, id
)
SELECT made.user_id, made.id, wanted.token_version FROM made JOIN wanted ON wanted.id = made.user_id
"""
_PROJECTS = """
SELECT id, builder_id FROM projects WHERE is_published AND rera_number LIKE 'VOLUME/%%'
ORDER BY md5(id::text) LIMIT %(number)s
"""
_UNITS = """
SELECT u.id FROM units u JOIN projects p ON p.id = u.project_id
WHERE u.status = 'available' AND p.is_published AND p.rera_number LIKE 'VOLUME/%%'
AND p.status NOT IN ('on_hold', 'cancelled') ORDER BY md5(u.id::text) LIMIT 20000
"""
# Numbers of units are unique in a project.
_GATHER = """
UPDATE units SET project_id = (SELECT project_id FROM units WHERE id = %(first)s),
    tower = 'launch ' || id
WHERE id = ANY(%(ids)s)
"""
_RECOUNT = """
UPDATE projects p SET total_units = n.units, available_units = n.available
FROM (
    SELECT project_id, count(*) AS units, count(*) FILTER (WHERE status = 'available') AS available
    FROM units GROUP BY project_id
) n
WHERE n.project_id = p.id AND (n.units, n.available) <> (p.total_units, p.available_units)
"""
_BACKENDS = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_DROP = sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
_COPY = sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
