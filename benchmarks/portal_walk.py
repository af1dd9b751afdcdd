"""`make walk`: every screen of both portals over HTTP, as demo users, on 100,000 bookings.

A PostgreSQL is started and loaded, a server of its own serves it, and each call is made several
times. Printed are the calls, the most statements that one of them sends, and the milliseconds
that they take one after the other. A call of more than twelve statements, a screen of more than
four calls and an answer that is no success make the exit status 1.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.portal_screens import PORTALS, Screen, places
from realty.demo.people import DOMAIN, PASSWORD
from realty.demo.portal import BUILDER, BUYER
from scripts import ROOT
from scripts.processes import children
from tests.postgres_server import PostgresUnavailable, free_port, temporary_postgres

MOST_CALLS = 4
MOST_STATEMENTS = 12
BOOKINGS = 100_000
ROUNDS = 5
START_SECONDS = 60
WALKERS = (
    ("builder", BUILDER),
    ("builder", f"builder@{DOMAIN}"),
    ("customer", BUYER),
    ("customer", f"customer@{DOMAIN}"),
    ("admin", f"admin@{DOMAIN}"),
)
TIMING = re.compile(r"db;desc=(\d+);dur=([0-9.]+)")


@dataclass(frozen=True)
class Step:
    """One call as it went: the median of its milliseconds over the rounds, those of the database
    among them."""

    path: str
    status: int
    statements: int
    milliseconds: float
    database: float


class Walker:
    """Somebody who is signed in and goes from screen to screen."""

    def __init__(self, port: int, portal: str, email: str, rounds: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._email = email
        self._rounds = rounds
        self._token: str | None = None
        self._token = self.ask("POST", "/api/auth/login")[1]["access_token"]
        self._found = places(lambda path: self.ask("GET", path)[1], portal)

    def walk(self, screen: Screen) -> list[Step]:
        """Make the calls of a screen, each as often as there are rounds."""
        return [self._step(call) for call in screen.calls]

    def ask(self, method: str, path: str) -> tuple[int, Any, str]:
        """Status, `data` and the timing of the server."""
        body = (
            json.dumps({"email": self._email, "password": PASSWORD}) if method == "POST" else None
        )
        headers = {"Content-Type": "application/json"} if body else {}
        if self._token and not body:
            headers["Authorization"] = f"Bearer {self._token}"
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        answer = json.loads(content)
        return response.status, answer.get("data"), response.getheader("Server-Timing", "")

    def _step(self, call: str) -> Step:
        method, _, path = call.rpartition(" ")
        path = path.format_map(self._found)
        times, database = [], []
        status = statements = 0
        for _ in range(self._rounds):
            started = time.perf_counter()
            status, _data, timing = self.ask(method or "GET", path)
            times.append((time.perf_counter() - started) * 1000)
            told = TIMING.search(timing)
            if told is None:
                raise SystemExit(f"{path}: the server tells no timing.")
            statements = int(told[1])
            database.append(float(told[2]))
        return Step(path, status, statements, statistics.median(times), statistics.median(database))


def main(arguments: Sequence[str]) -> int:
    """Walk; the exit status is 1 where a screen breaks its bounds."""
    options = _options(arguments)
    with ExitStack() as stack:
        url = options.database or stack.enter_context(temporary_postgres())
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "REALTY_CONFIG": str(ROOT / "development.ini"),
            "REALTY_SERVER_TIMING": "true",
            "REALTY_AUTH_LIMIT": "",
        }
        _load(environment, options.bookings)
        port = stack.enter_context(_served(environment))
        return _walk_all(port, options.rounds)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make walk", description=__doc__)
    parser.add_argument("--bookings", type=int, default=BOOKINGS, metavar="N")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument(
        "--database", metavar="URL", help="a database that stays, instead of one of its own"
    )
    return parser.parse_args(arguments)


def _load(environment: Mapping[str, str], bookings: int) -> None:
    started = time.monotonic()
    realty = str(Path(sys.executable).parent / "realty")
    for command in (["init-db"], ["seed-demo", f"--bookings={bookings}"]):
        subprocess.run([realty, *command], env=environment, check=True)
    print(f"Loaded in {time.monotonic() - started:.0f} s.")


@contextmanager
def _served(environment: Mapping[str, str]) -> Iterator[int]:
    """A server process, and the port that it answers at."""
    port = free_port()
    pserve = str(Path(sys.executable).parent / "pserve")
    with children() as family:
        family.start(
            [pserve, "development.ini", f"http_port={port}"],
            environment=environment,
            output=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if time.monotonic() > deadline:
                raise SystemExit("The server does not start; try `make serve`.")
            time.sleep(0.2)
        yield port


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _walk_all(port: int, rounds: int) -> int:
    broken: list[str] = []
    for portal, email in WALKERS:
        walker = Walker(port, portal, email, rounds)
        print(f"\n{portal} portal as {email}")
        print(f"{'screen':<24}{'calls':>6}{'queries':>9}{'ms':>9}   slowest call")
        for screen in PORTALS[portal]:
            steps = walker.walk(screen)
            slowest = max(steps, key=lambda step: step.milliseconds)
            print(
                f"{screen.name:<24}{len(steps):>6}{max(step.statements for step in steps):>9}"
                f"{sum(step.milliseconds for step in steps):>9.1f}"
                f"   {slowest.milliseconds:.1f} ({slowest.database:.1f} in the database)"
                f" {slowest.path[:70]}"
            )
            broken += [f"{portal}, {screen.name}: {each}" for each in _breaches(steps)]
    print("\nEvery screen stays within its bounds." if not broken else "\nOut of bounds:")
    print("\n".join(broken))
    return 1 if broken else 0


def _breaches(steps: Sequence[Step]) -> Iterator[str]:
    if len(steps) > MOST_CALLS:
        yield f"{len(steps)} calls"
    for step in steps:
        if step.statements > MOST_STATEMENTS:
            yield f"{step.statements} statements for {step.path}"
        if step.status != http.client.OK:
            yield f"status {step.status} for {step.path}"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresUnavailable as problem:
        sys.exit(str(problem))
