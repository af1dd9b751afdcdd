"""The limit: what Python, psycopg2 and orjson do with one statement a request, and nothing else.

Nothing is validated, neither what comes in nor what goes out; it reads only.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

import jwt
import orjson
import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in lower case
from psycopg2.extras import register_default_jsonb

from benchmarks.limit import queries, shapes
from realty.rules.policy import Policy
from realty.rules.setting_tables import dump_visiting_hours
from realty.settings import Settings

Rows = list[dict[str, Any]]

_SETTINGS = Settings.load({}, os.environ)
_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
_local = threading.local()
_hours = dump_visiting_hours(Policy().appointment_visiting_hours)


class Refused(Exception):
    """A request that is answered with an error; its argument is the status line."""


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The WSGI application."""
    try:
        data = _answer(environ)
    except Refused as refused:
        start_response(str(refused), [("Content-Length", "0")])
        return [b""]
    body = orjson.dumps({"success": True, "data": data}, option=_OPTIONS)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def _answer(environ: WSGIEnvironment) -> dict[str, Any]:
    parts = environ["PATH_INFO"].split("/")
    wanted = _wanted(environ.get("QUERY_STRING", ""))
    match parts[1:]:
        case ["ready"]:
            _rows("SELECT 1 AS ready", {})
            return {}
        case ["api", "projects"]:
            return shapes.projects(_rows(queries.projects(wanted), wanted), wanted)
        case ["api", "projects", project_id]:
            rows = _rows(queries.PROJECT, {"project_id": int(project_id)})
            return {"project": shapes.project(_present(rows)[0], _hours)}
        case ["api", "projects", project_id, "units"]:
            wanted["project_id"] = int(project_id)
            return shapes.units(_present(_rows(queries.units(wanted), wanted)), wanted)
        case ["api", "bookings"]:
            return shapes.bookings(_own(environ, queries.BOOKINGS, wanted), wanted)
        case ["api", "notifications"]:
            return shapes.notifications(_own(environ, queries.NOTIFICATIONS, wanted), wanted)
    raise Refused("404 Not Found")


def _wanted(query: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {"sort": "-created_at", "page": 1, "limit": 10}
    for name, value in parse_qsl(query):
        wanted[name] = f"%{value.lower()}%" if name in queries.PATTERNS else value
    wanted["page"], wanted["limit"] = int(wanted["page"]), int(wanted["limit"])
    wanted["offset"] = (wanted["page"] - 1) * wanted["limit"]
    return wanted


def _own(environ: WSGIEnvironment, statement: str, wanted: dict[str, Any]) -> Rows:
    """The rows of whoever sent the token; none at all mean that it does not count any more."""
    token = environ.get("HTTP_AUTHORIZATION", "")[len("Bearer ") :]
    try:
        claims = jwt.decode(
            token,
            _SETTINGS.token_keys[0].secret,
            algorithms=["HS256"],
            audience=_SETTINGS.token_audience,
            issuer=_SETTINGS.token_issuer,
        )
    except jwt.PyJWTError as unusable:
        raise Refused("401 Unauthorized") from unusable
    caller = {"sid": claims["sid"], "sub": int(claims["sub"]), "tv": claims["tv"]}
    rows = _rows(statement, wanted | caller)
    if not rows:
        raise Refused("401 Unauthorized")
    return rows


def _present(rows: Rows) -> Rows:
    if not rows:
        raise Refused("404 Not Found")
    return rows


def _rows(statement: str, values: Mapping[str, Any]) -> Rows:
    with _cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _cursor() -> Cursor:
    """A cursor of this thread's own connection."""
    connection = getattr(_local, "connection", None)
    if connection is None:
        connection = psycopg2.connect(_SETTINGS.database_url)
        connection.autocommit = True
        register_default_jsonb(connection, loads=orjson.loads)
        _local.connection = connection
    cursor: Cursor = connection.cursor()
    return cursor
