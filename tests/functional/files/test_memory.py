"""What a large upload, and a download of it by `Range`, cost a real server process in memory.

`REALTY_UPLOAD_MB=200 pytest -s` prints the figures of another size.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.factories import make_builder
from tests.server_processes import Fleet, serving
from tests.uploads import BOUNDARY, PDF, glb, upload

pytestmark = pytest.mark.indifferent

MEBIBYTE = 1_048_576
SIZE = int(os.environ.get("REALTY_UPLOAD_MB", "64")) * MEBIBYTE
MOST_GROWTH = 20 * MEBIBYTE
PART = 8 * MEBIBYTE
HEADER = glb(SIZE, 12)


def memory(pid: int, name: str) -> int:
    """A figure of the kernel about a process, in bytes: VmRSS now, VmHWM at its highest."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def forget_peak(pid: int) -> None:
    """Let VmHWM begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def form() -> Iterator[bytes]:
    """The body of an upload of SIZE bytes, never whole."""
    empty = upload("model", b"").body
    head, end = empty.split(b"\r\n\r\n\r\n")
    yield head + b"\r\n\r\n" + HEADER
    block = bytes(MEBIBYTE)
    for _ in range(SIZE // MEBIBYTE - 1):
        yield block
    yield block[len(HEADER) :] + b"\r\n" + end


def call(
    fleet: Fleet, method: str, path: str, body: Any = None, **headers: str
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(*fleet.address(0), timeout=120)
    connection.request(method, path, body, {"Connection": "close", **headers})
    return connection.getresponse()


@pytest.mark.slow
def test_a_large_upload_and_its_ranges_leave_memory_flat(database: str, tmp_path: Path) -> None:
    headers = {
        "Authorization": f"Bearer {make_builder().token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    with serving(database, tmp_path / "log", size=1) as fleet:
        pid = fleet.pid(0)
        # What is imported and opened once is no matter of size.
        small = call(fleet, "POST", "/api/files", upload("message", PDF).body, **headers)
        with call(fleet, "GET", json.loads(small.read())["data"]["file"]["url"]) as answer:
            assert answer.read() == PDF
        before = memory(pid, "VmRSS")

        forget_peak(pid)
        length = str(sum(map(len, form())))
        sent = call(fleet, "POST", "/api/files", form(), **headers, **{"Content-Length": length})
        assert sent.status == 201, sent.read()
        file = json.loads(sent.read())["data"]["file"]
        uploading, after = memory(pid, "VmHWM"), memory(pid, "VmRSS")
        assert file["size"] == SIZE

        forget_peak(pid)
        digest = sha256()
        for start in range(0, SIZE, PART):
            span = f"bytes={start}-{start + PART - 1}"
            with call(fleet, "GET", file["url"], Range=span) as answer:
                assert answer.status == 206
                digest.update(answer.read())
        with call(fleet, "GET", file["url"]) as answer:
            read = sum(len(block) for block in iter(lambda: answer.read(MEBIBYTE), b""))
        downloading = memory(pid, "VmHWM")
        assert (digest.hexdigest(), read) == (file["sha256"], SIZE)

    figures = {"before": before, "uploading": uploading, "after": after, "reading": downloading}
    told = ", ".join(f"{name} {size / MEBIBYTE:.1f} MiB" for name, size in figures.items())
    sys.stdout.write(f"{SIZE // MEBIBYTE} MiB: {told}\n")
    assert max(figures.values()) - before < MOST_GROWTH, told
