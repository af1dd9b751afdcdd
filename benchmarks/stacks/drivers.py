"""How requests are sent: with wrk, and for what may be sent only once with threads of ours.

Both keep their connections open and send the next request when the last is answered.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stacks.workloads import Ask

SCRIPT = Path(__file__).with_name("requests.lua")
CONNECTIONS = 8
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Driven:
    """What came of driving: latencies in milliseconds; `refused` were answered with an error,
    `broken` not at all."""

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int


def require_wrk() -> None:
    """Have wrk, installing it where that is allowed; else say what to install."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing wrk (apt-get install wrk)...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "wrk"]):
            subprocess.run(
                ["apt-get", "--quiet=2", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                check=False,
            )
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed and was not found: install it (apt-get install wrk).")


def drive_with_wrk(
    port: int,
    requests: Sequence[Ask],
    *,
    seconds: int,
    first: int,
    folder: Path,
    connections: int = CONNECTIONS,
) -> Driven:
    """Send the requests in turn, from the `first` on."""
    listed = folder / "requests.tsv"
    listed.write_text("".join(map(_line, requests)))
    command = [
        *("wrk", "--threads=1", f"--connections={connections}", f"--timeout={TIMEOUT_SECONDS}s"),
        *(f"--duration={seconds}s", f"--script={SCRIPT}"),
        *(f"http://127.0.0.1:{port}", "--", str(listed), str(first)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"wrk failed:\n{done.stdout}{done.stderr}")
    return Driven(**json.loads(done.stdout.strip().splitlines()[-1]))


def _line(ask: Ask) -> str:
    parts = (ask.method, ask.path, ask.token or "", ask.tag or "", ask.content())
    return "\t".join(parts) + "\n"


def drive_with_threads(
    port: int,
    requests: Sequence[Ask],
    *,
    seconds: float,
    first: int,
    connections: int = CONNECTIONS,
) -> tuple[Driven, int]:
    """Send each request once, from the `first` on, until the time is over or none is left;
    besides, how many were sent."""
    turns = itertools.count(first)
    begun = time.perf_counter()
    deadline = begun + seconds
    clients = [_Client(port, requests, turns, deadline) for _ in range(connections)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    elapsed = time.perf_counter() - begun
    times = sorted(time for client in clients for time in client.times)
    driven = Driven(
        requests=len(times),
        seconds=elapsed,
        p50=statistics.median(times) if times else 0.0,
        p99=times[min(len(times) - 1, int(len(times) * 0.99))] if times else 0.0,
        refused=sum(client.refused for client in clients),
        broken=sum(client.broken for client in clients),
    )
    return driven, sum(client.sent for client in clients)


class _Client(threading.Thread):
    """One connection."""

    def __init__(
        self, port: int, requests: Sequence[Ask], turns: itertools.count[int], deadline: float
    ) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._requests = requests
        self._turns = turns
        self._deadline = deadline
        self.times: list[float] = []
        self.sent = self.refused = self.broken = 0

    def run(self) -> None:
        """Send what is next until the deadline."""
        while time.perf_counter() < self._deadline:
            turn = next(self._turns)
            if turn >= len(self._requests):
                break
            self.sent += 1
            begun = time.perf_counter()
            try:
                status, _headers, _content = send(self._connection, self._requests[turn])
            except (OSError, http.client.HTTPException):
                self.broken += 1
                self._connection.close()
                continue
            self.times.append((time.perf_counter() - begun) * 1000)
            self.refused += status >= http.client.BAD_REQUEST
        self._connection.close()


def send(
    connection: http.client.HTTPConnection, ask: Ask
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and content of the answer to one request."""
    headers = {}
    if ask.token:
        headers["Authorization"] = f"Bearer {ask.token}"
    if ask.tag:
        headers["If-None-Match"] = ask.tag
    if ask.body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(ask.method, ask.path, ask.content() or None, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()
