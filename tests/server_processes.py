"""Several processes that serve the application on free ports, as they stand behind a balancer.

with serving(database_url, 3) as fleet:
    reply = fleet.post(0, "/api/bookings", body, token=customer.token)
    fleet.kill(1)       # SIGKILL, as a crash
    fleet.mend()        # the same place, another process
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.postgres_server import free_port
from tests.uploads import Upload

START_SECONDS = 60
ANSWER_SECONDS = 60
THREADS = 6
OUTBUF_BYTES = 1_048_576
"""As the ini files have it: what a slow reader may leave in the server's memory."""
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Reply:
    """An answer; `status` is None where none came, because the server or its connection died.

    The names of `headers` are in lower case.
    """

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """`data` of a success."""
        return json.loads(self.body)["data"]

    @property
    def code(self) -> str:
        """The code of an error, empty for a success or no answer."""
        failed = self.status is not None and self.status >= 400
        return str(json.loads(self.body)["error"]["code"]) if failed else ""


NO_ANSWER = Reply(None)


class Fleet:
    """Server processes, each at a port of its own that it keeps."""

    def __init__(self, database_url: str, log: Path, size: int) -> None:
        self._database_url = database_url
        self._log = log
        self._ports = [free_port() for _ in range(size)]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * size

    def __len__(self) -> int:
        return len(self._ports)

    def address(self, index: int) -> tuple[str, int]:
        """Where a process listens."""
        return "127.0.0.1", self._ports[index]

    def pid(self, index: int) -> int:
        """The number of a process that runs."""
        process = self._processes[index]
        assert process is not None
        return process.pid

    def start(self, index: int) -> None:
        """Start a process that does not run, without waiting for it."""
        with self._log.open("ab") as log:
            self._processes[index] = subprocess.Popen(
                [
                    *(sys.executable, "-W", "ignore", "-m", "tests.server_processes"),
                    *(str(self._ports[index]), self._database_url),
                ],
                cwd=ROOT,
                env={**os.environ, "REALTY_TEST_RUN": str(os.getpid())},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def mend(self) -> None:
        """Start what does not run and wait until all answer."""
        for index, process in enumerate(self._processes):
            if process is None or process.poll() is not None:
                self.start(index)
        for index in range(len(self)):
            self._wait(index)

    def answers(self, index: int) -> bool:
        """Whether a process serves."""
        return self.request("GET", index, "/health").status == 200

    def kill(self, index: int) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        process = self._processes[index]
        if process is not None:
            process.kill()
            process.wait()
            self._processes[index] = None

    def kill_all(self) -> None:
        """End them all."""
        for index in range(len(self)):
            self.kill(index)

    def post(
        self,
        index: int,
        path: str,
        body: Any = None,
        *,
        token: str,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """POST to one process, over a connection of its own."""
        return self.request("POST", index, path, body, token=token, headers=headers)

    def request(
        self,
        method: str,
        index: int,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Any request to one process, with JSON or an `Upload`, over a connection of its own."""
        sent = {"Connection": "close", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            form = isinstance(body, Upload)
            sent["Content-Type"] = body.content_type if form else "application/json"
            body = body.body if form else json.dumps(body)
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._ports[index % len(self)], timeout=ANSWER_SECONDS
        )
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Reply(
                response.status,
                response.read(),
                {name.lower(): value for name, value in response.getheaders()},
            )
        except (OSError, http.client.HTTPException):
            return NO_ANSWER
        finally:
            connection.close()

    def _wait(self, index: int) -> None:
        process = self._processes[index]
        assert process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            if self.answers(index):
                return
            time.sleep(0.05)
        raise RuntimeError(f"A server did not start:\n{self._log.read_text()[-3000:]}")


@contextmanager
def serving(database_url: str, log: Path, size: int = 3) -> Iterator[Fleet]:
    """`size` processes on one migrated database, killed at the end; they write to `log`."""
    fleet = Fleet(database_url, log, size)
    try:
        fleet.mend()
        yield fleet
    finally:
        fleet.kill_all()


def _serve(port: int, database_url: str) -> None:
    import realty
    from realty import server
    from tests.deployment import INI

    app = realty.main({}, **INI, **{"realty.database_url": database_url})
    server.serve(
        app,
        {},
        host="127.0.0.1",
        port=port,
        threads=THREADS,
        ident="",
        outbuf_high_watermark=OUTBUF_BYTES,
    )


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2])
