"""Who may call from a browser, under which name, and what a browser may keep or load."""

from __future__ import annotations

import logging
import re
from typing import Any
from unittest.mock import patch

import pytest
from webtest import TestApp, TestResponse

from realty.services import builders
from tests.client import Api
from tests.deployment import deploy
from tests.factories import make_builder, make_customer

pytestmark = pytest.mark.indifferent

ORIGIN = "http://localhost:3000"
ALLOW = "Access-Control-Allow-Origin"
PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, if-match",
}


def ask(app: Any, path: str, method: str = "GET", **headers: str) -> TestResponse:
    """A bare request, also of such headers as a browser would not send."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return TestApp(app, cookiejar=None).request(
        path, method=method, headers=sent, expect_errors=True
    )


def cors_of(answer: TestResponse) -> list[str]:
    return [name for name in answer.headers if name.startswith("Access-Control-")]


# --- origins -------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [ORIGIN, "http://127.0.0.1:3000"])
def test_a_portal_may_call(app: Any, origin: str) -> None:
    answer = ask(app, "/api/builders", Origin=origin)

    assert answer.headers[ALLOW] == origin
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    exposed = answer.headers["Access-Control-Expose-Headers"]
    for name in ("ETag", "Location", "Retry-After", "X-Request-ID", "Idempotent-Replayed"):
        assert name in exposed


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "",
        "http://localhost:3001",
        "http://localhost",
        "https://localhost:3000",
        "http://localhost:3000.evil.example",
        "http://evil.localhost:3000",
        "http://evil.example/http://localhost:3000",
        "http://localhost:3000/",
        "HTTP://LOCALHOST:3000",
        "http://localhost:3000, http://evil.example",
        "http://localhost:30000",
        "file://",
    ],
)
def test_nobody_else_may(app: Any, origin: str) -> None:
    for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = ask(app, "/api/builders", method, Origin=origin, **headers)
        assert cors_of(answer) == []
        assert "Origin" in answer.headers["Vary"]


def test_vary_is_there_for_every_caller(app: Any) -> None:
    for headers in ({}, {"Origin": ORIGIN}, {"Origin": "https://evil.example"}):
        vary = ask(app, "/api/builders", **headers).headers["Vary"]
        assert {"Origin", "Authorization"} <= {each.strip() for each in vary.split(",")}


def test_a_preflight_tells_nothing_of_the_path(app: Any) -> None:
    answers = [
        ask(app, path, "OPTIONS", Origin=ORIGIN, **PREFLIGHT)
        for path in ("/api/builders/me", "/api/nowhere", "/api/builders/2147483647", "/")
    ]

    for answer in answers:
        assert answer.status_int == 204
        assert answer.body == b""
        assert "Allow" not in answer.headers
        told = {name: answer.headers[name] for name in cors_of(answer)}
        assert told == {name: answers[0].headers[name] for name in cors_of(answers[0])}
    assert "PATCH" in answers[0].headers["Access-Control-Allow-Methods"]
    allowed = answers[0].headers["Access-Control-Allow-Headers"].lower()
    for name in ("authorization", "content-type", "idempotency-key", "if-match"):
        assert name in allowed


def test_options_without_a_preflight_is_a_wrong_method(api: Api) -> None:
    assert api.request("OPTIONS", "/api/builders", status=405).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/api/auth/me", "GET", 401),
        ("/api/nowhere", "GET", 404),
        ("/api/builders", "DELETE", 405),
        ("/api/builders?limit=0", "GET", 422),
        ("/api/builders?q=%ff", "GET", 400),
    ],
)
def test_a_refusal_can_be_read_by_the_portal(app: Any, path: str, method: str, status: int) -> None:
    answer = ask(app, path, method, Origin=ORIGIN)

    assert answer.status_int == status
    assert answer.headers[ALLOW] == ORIGIN
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_crash_can_be_read_too_and_tells_nothing(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(**_: Any) -> None:
        raise RuntimeError("the inside of the service")

    with patch.object(builders, "search", crash), caplog.at_level(logging.ERROR):
        answer = ask(app, "/api/builders", Origin=ORIGIN)

    assert answer.status_int == 500
    assert answer.headers[ALLOW] == ORIGIN
    assert answer.json["error"]["code"] == "internal_error"
    assert b"inside" not in answer.body
    assert answer.headers["X-Request-ID"] in caplog.text


def test_what_the_error_views_cannot_answer_is_answered(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure above the error views, here in the transaction itself."""
    with patch("realty.db.session.commit", side_effect=RuntimeError("no commit")):
        answer = ask(app, "/api/builders", Origin=ORIGIN)

    assert answer.status_int == 500
    assert answer.json["error"]["code"] == "internal_error"
    assert answer.headers[ALLOW] == ORIGIN


# --- hosts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.realty.example", 200),
        ("api.realty.example:8443", 200),
        ("API.Realty.Example", 200),
        ("evil.example", 400),
        ("api.realty.example.evil.example", 400),
        ("xapi.realty.example", 400),
        ("localhost", 400),
        ("api.realty.example@evil.example", 400),
    ],
)
def test_only_named_hosts_are_answered(database: str, host: str, status: int) -> None:
    answer = ask(_hosted(database), "/health", Host=host)

    assert answer.status_int == status
    assert b"evil" not in answer.body


_APPS: dict[str, Any] = {}


def _hosted(database: str) -> Any:
    if database not in _APPS:
        _APPS[database] = deploy(database, allowed_hosts="api.realty.example")
    return _APPS[database]


def test_a_forwarded_host_counts_for_nothing(database: str) -> None:
    app = _hosted(database)
    refused = ask(app, "/health", Host="evil.example", X_Forwarded_Host="api.realty.example")
    served = ask(app, "/health", Host="api.realty.example", X_Forwarded_Host="evil.example")

    assert (refused.status_int, served.status_int) == (400, 200)


def test_location_is_a_path_whatever_the_host(app: Any) -> None:
    body = {
        "email": "asha.rao@example.com",
        "password": "Kaveri-Krishna-7",
        "user_type": "customer",
        "customer_data": {"first_name": "Asha", "last_name": "Rao"},
    }
    answer = TestApp(app).post_json(
        "/api/auth/register",
        body,
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    )

    assert answer.headers["Location"] == "/api/auth/me"
    assert b"evil" not in answer.body


# --- what is kept and what is loaded -------------------------------------------------------------


def test_nothing_personal_is_kept(api: Api, app: Any) -> None:
    builder, customer = make_builder(), make_customer()
    for caller, path in ((customer, "/api/auth/me"), (builder, "/api/customers")):
        assert api.as_(caller).get(path).headers["Cache-Control"] == "no-store"
    # What is public is asked for again, and another answer is kept for whoever is signed in.
    public = api.get("/api/projects")
    assert public.headers["Cache-Control"] == "no-cache"
    assert "Authorization" in public.headers["Vary"]
    assert api.as_(customer).get("/api/projects").headers["Cache-Control"] == "no-store"
    login = {"email": customer.email, "password": customer.password}
    assert api.post("/api/auth/login", login).headers["Cache-Control"] == "no-store"


def test_headers_of_every_answer(api: Api) -> None:
    for path, status in (("/api/builders", 200), ("/api/nowhere", 404), ("/health", 200)):
        headers = api.get(path, status=status).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "Strict-Transport-Security" not in headers
        assert "Server" not in headers


@pytest.mark.parametrize(
    ("offered", "kept"),
    [
        ("abcdefgh-1.2_3", True),
        ("short", False),
        ("x" * 129, False),
        ("abcdefgh\tijkl", False),
        ("<script>alert(1)</script>", False),
    ],
)
def test_a_request_id_is_taken_over_when_it_is_harmless(api: Api, offered: str, kept: bool) -> None:
    answer = api.get("/api/nowhere", headers={"X-Request-ID": offered}, status=404)

    assert (answer.headers["X-Request-ID"] == offered) is kept


def test_the_docs_page_loads_from_this_host_only(app: Any) -> None:
    page = ask(app, "/docs/")
    policy = dict(
        rule.strip().split(" ", 1) for rule in page.headers["Content-Security-Policy"].split(";")
    )

    assert page.status_int == 200
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert loaded
    assert all(re.match(r"/\w", address) for address in loaded)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", page.text)
    assert not re.search(r"<style|style=|\son\w+=", page.text)
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert f"/docs-assets/{asset}" in page.text
        assert ask(app, f"/docs-assets/{asset}").status_int == 200


def test_the_docs_page_can_be_closed(database: str) -> None:
    app = deploy(database, docs_enabled="false")

    for path in ("/docs/", "/docs", "/docs-assets/swagger-ui.css", "/docs/oauth2-redirect"):
        assert ask(app, path).status_int == 404
    assert ask(app, "/openapi.yaml").status_int == 200


@pytest.mark.parametrize("path", ["/docs-assets/../settings.py", "/docs-assets/%2e%2e/settings.py"])
def test_the_assets_are_the_only_files(app: Any, path: str) -> None:
    assert ask(app, path).status_int == 404
