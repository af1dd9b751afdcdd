"""getPublicSettings, getEnums, getHealth, getReadiness, getContract and getDocs."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from realty.db import SystemSetting, connection, readiness
from realty.db.session import session
from realty.presenters.system import ENUMS
from realty.rules.policy import SETTINGS
from tests.client import Api, contract
from tests.factories import make_admin, make_customer
from tests.functional.queries import queries
from tests.server_processes import serving

PUBLIC = "/api/settings/public"


def test_get_public_settings_are_the_public_ones_by_key(api: Api) -> None:
    settings = api.get(PUBLIC).data["settings"]
    keys = [row["setting_key"] for row in settings]
    assert keys == sorted(spec.key for spec in SETTINGS if spec.is_public)
    assert "login.max_failures" not in keys
    by_key = {row["setting_key"]: row for row in settings}
    assert by_key["booking.hold_hours"]["setting_value"] == 72
    assert by_key["cash.limit"]["setting_value"] == "20000.00"
    assert by_key["builders.require_verification"]["setting_value"] is False
    assert sum(float(row["percent"]) for row in by_key["payment_plan.loan"]["setting_value"]) == 100


def test_get_public_settings_show_what_is_in_force_at_once(api: Api) -> None:
    before = api.get(PUBLIC)
    with session():
        SystemSetting(
            setting_key="booking.hold_hours",
            setting_value=48,
            setting_type="number",
            category="booking",
        )
    after = api.get(PUBLIC, headers={"If-None-Match": before.headers["ETag"]})
    (row,) = (r for r in after.data["settings"] if r["setting_key"] == "booking.hold_hours")
    assert row["setting_value"] == 48
    assert after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.parametrize("path", [PUBLIC, "/api/meta/enums"])
def test_get_public_settings_and_get_enums_answer_304_to_who_has_them(
    path: str, api: Api
) -> None:
    tag = api.get(path).headers["ETag"]
    same = api.get(path, headers={"If-None-Match": f'"other", {tag}'}, status=304)
    assert same.headers["ETag"] == tag
    api.get(path, {"page": 1}, status=422)


@pytest.mark.parametrize("path", [PUBLIC, "/api/meta/enums", "/health", "/ready"])
def test_whoever_calls_gets_the_same(path: str, api: Api) -> None:
    answers = [
        api.as_(who).get(path).data
        for who in (None, make_customer(), make_admin(), "not a token at all")
    ]
    assert all(answer == answers[0] for answer in answers)


def test_get_enums_are_those_of_the_contract(api: Api) -> None:
    assert api.get("/api/meta/enums").data["enums"] == {
        name: list(values) for name, values in ENUMS.items()
    }
    schemas = contract()["components"]["schemas"]
    named = {name.lower(): schema["enum"] for name, schema in schemas.items() if "enum" in schema}
    compared = 0
    for name, values in ENUMS.items():
        declared = named.get(name.replace("_", ""))
        if declared is not None:
            assert declared == list(values), name
            compared += 1
    assert compared >= 20


def test_get_health_touches_nothing(api: Api) -> None:
    with queries() as sent:
        data = api.get("/health").data
    assert data["status"] == "ok"
    assert data["version"]
    assert sent == []


def test_get_readiness_of_a_database_that_answers(api: Api) -> None:
    data = api.get("/ready").data
    assert data == {"status": "ready", "checks": {"database": "up", "cache": "unused"}}


def test_get_readiness_of_another_revision_is_503(database: str, tmp_path: Path) -> None:
    with own_database(database, tmp_path) as (url, execute):
        with serving(url, tmp_path / "server.log", size=1) as fleet:
            assert fleet.get(0, "/ready").status == 200
            execute("UPDATE alembic_version SET version_num = '0000'")
            reply = fleet.get(0, "/ready")
            assert reply.status == 503
            assert int(reply.headers["Retry-After"]) > 0
            assert json.loads(reply.body) == {
                "success": False,
                "data": {
                    "status": "unavailable",
                    "checks": {"database": "down", "cache": "unused"},
                },
            }
            assert fleet.get(0, "/health").status == 200
            execute(f"UPDATE alembic_version SET version_num = '{connection.head_revision()}'")
            assert fleet.get(0, "/ready").status == 200
