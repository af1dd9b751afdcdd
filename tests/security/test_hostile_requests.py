"""Hostile paths, methods and bodies: a proper 4xx in the envelope, or literally what was asked."""

from __future__ import annotations

import gzip
import json
import logging
from typing import Any

import pytest

from realty.contract import Operation
from tests.client import contract
from tests.contract.document import (
    CONTRACT,
    JSON,
    OPERATIONS,
    body_of,
    concrete,
)
from tests.database import content
from tests.factories import make_customer
from tests.security.hostile import Attack, ask, error_of

pytestmark = pytest.mark.indifferent

WITH_BODY = [op for op in OPERATIONS if body_of(op)]
WRITES = {"POST", "PUT", "PATCH"}
BODILESS = [op for op in OPERATIONS if not op.takes_body and op.method in WRITES]
PATHS = list(contract()["paths"])
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
JSON_UTF8 = "application/json; charset=utf-8"
TEN_MEGABYTES = b'{"a": "' + b"x" * 10_000_000 + b'"}'
NESTED = 100_000

each_with_body = pytest.mark.parametrize("op", WITH_BODY, ids=lambda op: op.id)

NOWHERE = [
    "/api",
    "/api/",
    "/api/projects/",
    "/api/projects//",
    "//api/projects",
    "/api//projects",
    "/./api/projects",
    "/api/../api/projects",
    "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/api/%2e%2e%2fopenapi.yaml",
    "/api/projects/..;/units",
    "/api/projects;jsessionid=1",
    "/API/PROJECTS",
    "/Api/Projects",
    "/api/projects%00",
    "/api/projects%20",
    "/api/projects%0d%0aSet-Cookie:%20a=b",
    "/api/projects%2f1",
    "/api/projects.json",
    "/openapi.yaml/",
    "/docs",
    "/docs/../openapi.yaml",
    "/docs-assets/../../setup.cfg",
    "/docs-assets/%2e%2e/%2e%2e/setup.cfg",
    "/docs-assets/..%2f..%2fsetup.cfg",
    "/docs-assets/..%5c..%5csetup.cfg",
    "/docs-assets/%00",
    "/docs-assets//etc/passwd",
    "/.git/config",
    "/health/",
    f"/{'a' * 10_240}",
    f"/api/projects/{'9' * 10_240}",
    f"/{'../' * 2_000}etc/passwd",
    f"/{'%2e' * 3_000}",
    "/api/projects/%E2%80%AE1",
    "/api/\U0001f3d7",
]


@pytest.mark.parametrize("path", NOWHERE, ids=lambda path: path[:40])
def test_odd_paths_lead_nowhere(app: Any, path: str) -> None:
    answer = ask(app, "GET", path)
    assert answer.status_int == 404
    assert "passwd" not in answer.text


@pytest.mark.parametrize(
    "path", ["/%ff", "/api/%ff", "/api/projects/%ed%a0%80", "/docs-assets/%ff"]
)
def test_paths_that_are_no_utf8_are_malformed(app: Any, path: str) -> None:
    assert error_of(ask(app, "GET", path))["code"] == "malformed_request"


@pytest.mark.parametrize("path", PATHS)
def test_a_path_knows_the_methods_of_the_contract(app: Any, database: str, path: str) -> None:
    """Any other is 405 with `Allow`, whoever asks and whether or not the row exists."""
    known = {op.method for op in OPERATIONS if op.path == path}
    if "GET" in known:
        known.add("HEAD")
    before = content(database)
    for method in METHODS:
        if method not in known:
            answer = ask(app, method, concrete(path))
            assert answer.status_int == 405, method
            assert {each.strip() for each in answer.headers["Allow"].split(",")} == known
    assert content(database) == before


READS = [op for op in OPERATIONS if op.method == "GET"]


@pytest.mark.parametrize("op", READS, ids=lambda op: op.id)
def test_head_is_get_without_a_body(app: Any, op: Operation) -> None:
    attack = Attack(app, op)
    got, head = attack.send(), attack.send(method="HEAD")
    assert (head.status_int, head.body) == (op.success_status, b"")
    assert head.content_type == got.content_type


# Whoever reads a model is counted.
QUIET_READS = [op for op in READS if op.id != "getModel"]


@pytest.mark.parametrize("op", QUIET_READS, ids=lambda op: op.id)
def test_the_method_is_the_one_of_the_request_line(app: Any, database: str, op: Operation) -> None:
    """No header or parameter turns a read into a write."""
    attack = Attack(app, op)
    before = content(database)
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = attack.send(**{header: "DELETE"})
        assert answer.status_int == op.success_status
    if not op.served_by:
        assert attack.send(query="_method=DELETE").status_int == 422
    assert content(database) == before


def compressed() -> bytes:
    return gzip.compress(TEN_MEGABYTES)


def multipart() -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="p%d"\r\n\r\n1\r\n'
    return b"".join(part % number for number in range(1_000)) + b"--x--\r\n"


@each_with_body
def test_bodies_that_are_no_json_object(app: Any, database: str, op: Operation) -> None:
    attack = Attack(app, op)
    sound = json.dumps(attack.sound_body()).encode()
    before = content(database)
    # A body that may be left out may be empty.
    declared = contract()["paths"][op.path][op.method.lower()]["requestBody"]
    empty = [(b"", 400)] if declared.get("required") else []
    bodies: list[tuple[bytes, int]] = [
        *empty,
        (b" ", 400),
        (b"null", 422),
        (b"true", 422),
        (b"0", 422),
        (b'"text"', 422),
        (b"[]", 422),
        (b"[" + sound + b"]", 422),
        (b"[" * NESTED, 400),
        (b"[" * NESTED + b"]" * NESTED, 400),
        (b'{"a":' * NESTED + b"1" + b"}" * NESTED, 400),
        (b"\xef\xbb\xbf" + sound, 400),
        (sound.decode().encode("utf-16"), 400),
        (sound[:-1], 400),
        (sound + b"}", 400),
        (sound + sound, 400),
        (sound.replace(b'"', b"'"), 400),
        (sound[:-1] + b",}", 400),
        (b"/**/" + sound, 400),
        (sound[:-1] + b', "extra": 1, "extra": 2}', 400),
        (sound[:-1] + b", " + sound[1:], 400),
        (TEN_MEGABYTES, 413),
    ]
    for body, status in bodies:
        answer = attack.send(body=body)
        assert answer.status_int == status, body[:60]
    assert content(database) == before


@each_with_body
def test_bodies_that_are_declared_as_something_else(app: Any, database: str, op: Operation) -> None:
    attack = Attack(app, op)
    sound = json.dumps(attack.sound_body()).encode()
    before = content(database)
    kinds = [
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/json, text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
        "application/json; charset=utf-7",
        f"application/json; charset={'x' * 5_000}",
        "multipart/form-data; boundary=x",
    ]
    for kind in kinds:
        assert attack.send(body=sound, Content_Type=kind).status_int == 415, kind
    answer = attack.send(body=multipart(), Content_Type="multipart/form-data; boundary=x")
    assert answer.status_int == 415
    for encoding, body in (("gzip", compressed()), ("deflate", sound), ("br", sound), ("x", sound)):
        assert attack.send(body=body, Content_Encoding=encoding).status_int == 415, encoding
    assert content(database) == before


@each_with_body
def test_a_declared_charset_of_utf8_is_welcome(app: Any, op: Operation) -> None:
    attack = Attack(app, op)
    sound = json.dumps(attack.sound_body()).encode()
    for kind in (JSON_UTF8, 'Application/JSON;charset="UTF-8"'):
        answer = attack.send(body=sound, Content_Type=kind)
        assert answer.status_int not in {400, 415}


@pytest.mark.parametrize("op", BODILESS, ids=lambda op: op.id)
def test_a_body_that_nobody_reads_is_refused(app: Any, database: str, op: Operation) -> None:
    attack = Attack(app, op)
    before = content(database)
    for body in (b'{"a": 1}', b"null", b"[]", b"text", b"\0", b"\xff", TEN_MEGABYTES):
        assert attack.send(body=body).status_int == 422, body[:60]
    assert content(database) == before


@pytest.mark.parametrize(
    "value",
    ["short", "x" * 201, "with space", "caf\u00e9-caf\u00e9", "a\tb\tc\td\te", "\x7f" * 8, ""],
)
def test_an_idempotency_key_is_visible_ascii(app: Any, database: str, value: str) -> None:
    attack = Attack(app, CONTRACT.operations["createBooking"])
    body = json.dumps(attack.sound_body()).encode()
    before = content(database)
    assert attack.send(body=body, Idempotency_Key=value).status_int == 400
    assert content(database) == before


@pytest.mark.parametrize(
    "value", ["W/", '"', "1", '"1.zz"', '"x.0123456789abcdef"', "*,*", "'1'", '"' + "9" * 999 + '"']
)
def test_an_if_match_that_is_no_etag_is_malformed(app: Any, value: str) -> None:
    attack = Attack(app, CONTRACT.operations["updateMe"])
    assert attack.send(body=b'{"full_name": "A"}', If_Match=value).status_int == 400


def test_a_range_of_the_contract_is_the_whole(app: Any) -> None:
    for headers in (
        {"Range": "bytes=0-3"},
        {"Range": "bytes=-1,0-1,0-2"},
        {"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert ask(app, "GET", "/openapi.yaml", headers=headers).status_int == 200


def test_request_ids_of_callers_are_well_formed(app: Any) -> None:
    for offered in ("short", "x" * 129, "a b c d e f g", "<script>alert(1)", "caf\u00e9-caf\u00e9"):
        answer = ask(app, "GET", "/health", headers={"X-Request-ID": offered})
        assert answer.headers["X-Request-ID"] != offered
    answer = ask(app, "GET", "/health", headers={"X-Request-ID": "trace-0001.a"})
    assert answer.headers["X-Request-ID"] == "trace-0001.a"


SECRET = "Hunter2-Narmada-9f8e7d"


def test_no_secret_of_a_request_is_logged(
    app: Any, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither of one that succeeds nor of one that is refused, whatever refuses it."""
    caplog.set_level(logging.DEBUG)
    customer = make_customer(password=SECRET)
    sound = {"email": customer.email, "password": SECRET}
    bodies: list[Any] = [
        sound,
        {**sound, "password": SECRET * 20},
        {**sound, "password": f"{SECRET}\0"},
        {**sound, "password": [SECRET]},
        {**sound, "extra": SECRET},
        {**sound, "email": SECRET},
        {**sound, "email": f"{SECRET}@example.com"},
        [SECRET],
        SECRET,
    ]
    for body in bodies:
        answer = ask(
            app,
            "POST",
            "/api/auth/login",
            json.dumps(body).encode(),
            {"Content-Type": JSON, "Cookie": f"a={SECRET}", "Authorization": f"Bearer {SECRET}"},
        )
        if body is not sound:
            assert answer.status_int in {401, 422}
            assert SECRET not in answer.text
    ask(
        app, "POST", "/api/auth/login", f'{{"password": "{SECRET}"'.encode(), {"Content-Type": JSON}
    )
    ask(app, "POST", "/api/auth/login", SECRET.encode(), {"Content-Type": "text/plain"})
    ask(app, "GET", f"/api/auth/me?token={SECRET}", headers={"Authorization": f"Bearer {SECRET}"})
    assert "POST /api/auth/login" in caplog.text
    assert SECRET not in caplog.text
    assert customer.password == SECRET


def test_a_log_line_is_one_line(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="realty.access")
    ask(app, "GET", "/api/x%0d%0aERROR%20forged%e2%80%ae%1b[31m")
    ask(app, "BREW\r\nX", "/health")
    lines = [record.getMessage() for record in caplog.records if record.name == "realty.access"]
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
