"""Requests that are broken before they are HTTP, against a real server on a real socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.client import contract
from tests.contract.document import problems
from tests.server_processes import serving

pytestmark = pytest.mark.indifferent

Address = tuple[str, int]

LOGIN = b'{"email": "asha.rao@example.com", "password": "no-such-password"}'
SILENCE = b""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server writes."""
    return tmp_path_factory.mktemp("wire") / "server.log"


@pytest.fixture(scope="module")
def _running(database_url: str, log: Path) -> Iterator[Address]:
    with serving(database_url, log, 1) as fleet:
        yield fleet.address(0)


@pytest.fixture
def server(_running: Address, database: str) -> Iterator[Address]:
    """The application on waitress; it must still serve when the test is over."""
    yield _running
    assert exchange(_running, request("GET", "/health")).startswith(b"HTTP/1.1 200 ")


def exchange(server: Address, sent: bytes) -> bytes:
    """All that the server answers to the bytes, until it closes the connection."""
    with socket.create_connection(server) as wire:
        wire.settimeout(10)
        received = b""
        try:
            wire.sendall(sent)
            wire.shutdown(socket.SHUT_WR)
            while block := wire.recv(65_536):
                received += block
        except OSError:
            return received  # the server hung up on us, which is an answer too
        return received


def request(
    method: str, target: str, body: bytes = b"", *headers: str, length: int | None = None
) -> bytes:
    """The bytes of a request; `length` is what it claims of its body."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if body or length is not None:
        lines += ["Content-Type: application/json"]
        if length is None or length >= 0:
            lines += [f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def status_of(answer: bytes) -> int:
    """The status of the first answer."""
    version, status, _ = answer.split(b" ", 2)
    assert version in {b"HTTP/1.1", b"HTTP/1.0"}
    return int(status)


def envelope_of(answer: bytes) -> dict[str, Any]:
    """The error of the first answer, which must be in the envelope."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/json" in head
    value: dict[str, Any] = json.JSONDecoder().raw_decode(body.decode())[0]
    schema = contract()["components"]["schemas"]["ErrorResponse"]
    assert problems(schema, value) == []
    error: dict[str, Any] = value["error"]
    return error


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/%ff", 400),
        ("/api/projects?q=%ff", 400),
        ("/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404),
        ("/api/../../etc/passwd", 404),
        ("//etc/passwd", 404),
        ("/api/projects/..;/1", 404),
        ("/api/projects/%00", 404),
        (f"/{'a' * 10_000}", 404),
        (f"/api/projects?q={'a' * 10_000}", 422),
        ("/api/projects?" + "&".join(f"p{n}=1" for n in range(1_000)), 422),
        ("http://evil.example/api/nothing", 404),
    ],
    ids=lambda value: str(value)[:30],
)
def test_targets(server: Address, target: str, status: int) -> None:
    answer = exchange(server, request("GET", target))
    assert status_of(answer) == status
    assert envelope_of(answer)["request_id"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (request("POST", "/api/auth/login", LOGIN), 401, "invalid_credentials"),
        (request("POST", "/api/auth/login", LOGIN, length=5), 400, "malformed_request"),
        (request("POST", "/api/auth/login", length=0), 400, "malformed_request"),
        (
            request("POST", "/api/auth/login", LOGIN, "Content-Encoding: gzip"),
            415,
            "unsupported_media_type",
        ),
        (
            request("POST", "/api/auth/login", b" " * 10_000_000),
            413,
            "payload_too_large",
        ),
        (
            request("POST", "/api/auth/login", b"[" * 100_000),
            400,
            "malformed_request",
        ),
        (
            request(
                "POST",
                "/api/auth/login",
                b"%x\r\n%s\r\n0\r\n\r\n" % (len(LOGIN), LOGIN),
                "Transfer-Encoding: chunked",
                length=-1,
            ),
            401,
            "invalid_credentials",
        ),
        (
            request(
                "POST",
                "/api/auth/login",
                (b"10000\r\n%s\r\n" % (b" " * 65_536)) * 40 + b"0\r\n\r\n",
                "Transfer-Encoding: chunked",
                length=-1,
            ),
            413,
            "payload_too_large",
        ),
        (request("BREW", "/api/auth/login"), 405, "method_not_allowed"),
        (request("TRACE", "/health"), 405, "method_not_allowed"),
        (request("OPTIONS", "/api/projects"), 405, "method_not_allowed"),
        (
            request("GET", "/api/auth/me", b"", "Authorization: Bearer " + "x" * 100_000),
            401,
            "invalid_token",
        ),
    ],
    ids=[
        "sound",
        "length too small",
        "length zero",
        "gzip",
        "ten megabytes",
        "nested",
        "chunked",
        "chunked too large",
        "unknown method",
        "trace",
        "options",
        "long token",
    ],
)
def test_bodies_and_methods(server: Address, sent: bytes, status: int, code: str) -> None:
    answer = exchange(server, sent)
    assert status_of(answer) == status
    assert envelope_of(answer)["code"] == code


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/1.1\nHost: localhost\nConnection: close\n\n",
        b"GET  /health  HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"get /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /health HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10 + b"\r\n\r\n",
        request("GET", "/caf\u00e9"),
        request("GET", "/health", b"", "X-Bad: a\0b"),
        request("GET", "/health", b"", "Bad Header: 1"),
        request("GET", "/health", b"", " folded: 1"),
        request("GET", "/health", b"", f"X-Long: {'a' * 65_536 * 5}"),
        request("GET", "/health", b"", "Content-Length: -1"),
        request("GET", "/health", b"", "Content-Length: 1e3"),
        request("GET", "/health", b"", "Content-Length: +5"),
        request("POST", "/api/auth/login", LOGIN, "Content-Length: 3"),
        request("POST", "/api/auth/login", LOGIN, "Transfer-Encoding: gzip", length=-1),
        request("POST", "/api/auth/login", b"zz\r\n{}", "Transfer-Encoding: chunked", length=-1),
        request("POST", "/api/auth/login", b"-5\r\n{}", "Transfer-Encoding: chunked", length=-1),
        request("POST", "/api/auth/login", length=10**12),
    ],
    ids=range(21),
)
def test_what_is_hardly_http_is_refused_by_the_server(server: Address, sent: bytes) -> None:
    """What never reaches the application needs no envelope, and is never its failure."""
    answer = exchange(server, sent)
    assert answer == SILENCE or status_of(answer) < 500 or status_of(answer) in {501, 505}


UNFINISHED = [
    request("POST", "/api/auth/login", LOGIN, length=len(LOGIN) + 10),
    request("POST", "/api/auth/login", b"5\r\n{ab", "Transfer-Encoding: chunked", length=-1),
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
]


def test_requests_that_never_end_keep_nobody_waiting(server: Address) -> None:
    """A thread is given to a request only when it has come whole."""
    with ExitStack() as connections:
        for sent in UNFINISHED * 10:
            wire = connections.enter_context(socket.create_connection(server))
            wire.sendall(sent)
        assert exchange(server, request("GET", "/health")).startswith(b"HTTP/1.1 200 ")


def test_two_requests_in_one_packet_get_two_answers(server: Address) -> None:
    first = request("GET", "/api/nothing").replace(b"Connection: close\r\n", b"")
    answer = exchange(server, first + request("GET", "/health"))
    assert status_of(answer) == 404
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 200 " in answer


def test_the_answer_to_head_has_no_body(server: Address) -> None:
    head, _, body = exchange(server, request("HEAD", "/api/projects")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b""


def test_the_log_holds_no_password(server: Address, log: Path) -> None:
    """Neither of a whole request nor of a broken one."""
    for sent in (
        request("POST", "/api/auth/login", LOGIN),
        request("POST", "/api/auth/login", LOGIN, length=len(LOGIN) - 1),
        request("POST", "/api/auth/login", LOGIN, "Content-Length: 3"),
    ):
        exchange(server, sent)
    assert "no-such-password" not in log.read_text()
