"""getPublicSettings, getEnums, getHealth, getReadiness, getContract and getDocs."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from realty.db import SystemSetting, migrate
from realty.db.session import session
from realty.presenters.system import ENUMS
from realty.rules.policy import SETTINGS
from tests.client import CONTRACT, Api, contract
from tests.factories import make_admin, make_customer
from tests.functional.queries import queries
from tests.server_processes import Reply, serving

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
def test_get_public_settings_and_get_enums_answer_304_to_who_has_them(path: str, api: Api) -> None:
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


UNAVAILABLE = {
    "success": False,
    "data": {"status": "unavailable", "checks": {"database": "down", "cache": "unused"}},
}


def is_unavailable(reply: Reply) -> bool:
    """Whether the answer is the contract's 503 of `/ready`, and nothing else."""
    if reply.status != 503:
        return False
    assert json.loads(reply.body) == UNAVAILABLE
    assert int(reply.headers["retry-after"]) > 0
    assert reply.headers["x-request-id"]
    return True


def test_get_readiness_of_another_revision_is_503(tmp_path: Path) -> None:
    path = tmp_path / "own.sqlite"
    url = f"sqlite:///{path}"
    migrate.create(url)
    migrate.upgrade(url)

    def pretend(revision: str) -> None:
        with closing(sqlite3.connect(path)) as plain, plain:
            plain.execute("UPDATE alembic_version SET version_num = ?", [revision])

    with serving(url, tmp_path / "server.log", size=1) as fleet:
        assert fleet.request("GET", 0, "/ready").status == 200
        pretend("0000")
        assert is_unavailable(fleet.request("GET", 0, "/ready"))
        assert fleet.request("GET", 0, "/health").status == 200
        pretend(migrate.head())
        assert fleet.request("GET", 0, "/ready").status == 200


class Wire:
    """A TCP relay to a server, which can be cut, or hold everything back."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flows = threading.Event()
        self._flows.set()
        self._is_cut = False
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Let nothing through; nobody is told."""
        self._flows.clear()

    def cut(self) -> None:
        """Close every connection, and each new one at once."""
        self._is_cut = True
        self._flows.set()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let everything through again."""
        self._is_cut = False
        self._flows.set()

    def close(self) -> None:
        """End the relay."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                near.close()
                continue
            far = socket.create_connection(self._target)
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.mark.postgres
def test_get_readiness_answers_in_time_while_the_database_is_gone(
    database: str, tmp_path: Path
) -> None:
    at = urlsplit(database)
    wire = Wire(at.hostname or "", at.port or 0)
    url = database.replace(f":{at.port}/", f":{wire.port}/")
    try:
        with serving(url, tmp_path / "server.log", size=1) as fleet:

            def ask(path: str) -> tuple[Reply, float]:
                began = time.monotonic()
                return fleet.request("GET", 0, path), time.monotonic() - began

            assert ask("/ready")[0].status == 200
            wire.hold()
            for _ in range(2):
                reply, seconds = ask("/ready")
                assert is_unavailable(reply)
                assert seconds < 4
            reply, seconds = ask("/health")
            assert (reply.status, seconds < 1) == (200, True)
            wire.cut()
            assert is_unavailable(ask("/ready")[0])
            assert ask("/health")[0].status == 200
            wire.mend()
            deadline = time.monotonic() + 20
            while ask("/ready")[0].status != 200:
                assert time.monotonic() < deadline
    finally:
        wire.close()


def test_get_contract_is_the_file(api: Api) -> None:
    answer = api.get("/openapi.yaml")
    assert answer.body == CONTRACT.read_bytes()


def test_get_docs_is_a_page_of_this_host(api: Api) -> None:
    page = api.get("/docs/").body.decode()
    assert "<html" in page.lower()
    assert not re.search(r"(?:src|href)=[\"\'](?:https?:)?//", page)
