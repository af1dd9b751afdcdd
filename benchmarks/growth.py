"""`make growth`: the same pages at 1,000, 100,000 and 1,000,000 units.

For each size a PostgreSQL of its own is loaded and served by one process without its cache of
ready answers; each call is made some thirty times, one after the other, and as often again with a
change of the catalogue before each, after which public lists are counted anew. Printed, and kept in
`benchmarks/results/growth.md`, are the medians in milliseconds and how they grow. The exit status
is 1 when a call fails.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in lower case

from benchmarks.stacks.data import connected
from benchmarks.stacks.servers import SERVERS, Running, running
from scripts import ROOT
from tests.postgres_server import PostgresUnavailable, temporary_postgres

SIZES = (1_000, 100_000, 1_000_000)
UNITS_A_PROJECT = 40
CALLS = 30
CHANGE = "UPDATE cache_stamps SET stamp = stamp + 1"
RESULT = ROOT / "benchmarks" / "results" / "growth.md"
MOST_OFFSET = 10_000
SERVER = replace(
    SERVERS["ours"],
    command=(str(Path(sys.executable).parent / "pserve"), "development.ini", "http_port={port}"),
    setting={"REALTY_CACHE_BACKEND": "none"},
)

CALLS_OF: Mapping[str, str] = {
    "filtered list": "/api/projects?city=bangalore&status=construction&limit=10",
    "list of all": "/api/projects?limit=10",
    "list, last page that is given": "/api/projects?page={deep}&limit=10",
    "search that matches everything": "/api/projects?q={everything}&limit=10",
    "search that matches nothing": "/api/projects?q=zzzqqq&limit=10",
    "project": "/api/projects/{project}",
    "units of a project": "/api/projects/{project}/units?limit=10",
    "units anywhere": "/api/units?unit_type=3bhk&max_price=9000000.00&limit=10",
    "units anywhere, last page that is given": "/api/units?page={deep_units}&limit=10",
}


class Times(NamedTuple):
    """Median milliseconds of a call while nothing changes, and of the first after a change."""

    still: float
    changed: float


def main(arguments: Sequence[str]) -> int:
    """Measure each size, print the table and keep it."""
    options = _options(arguments)
    found = {size: _measured(size) for size in options.sizes}
    table = _table(found)
    print(table)
    if tuple(options.sizes) == SIZES:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(f"# Growth\n\n{table}\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="UNITS")
    return parser.parse_args(arguments)


def _measured(size: int) -> dict[str, Times]:
    """The median milliseconds of each call on so many units."""
    with temporary_postgres() as url, tempfile.TemporaryDirectory() as folder:
        environment = {"DATABASE_URL": url, "REALTY_CONFIG": str(ROOT / "development.ini")}
        started = time.monotonic()
        realty = str(Path(sys.executable).parent / "realty")
        volume = (
            f"--projects={size // UNITS_A_PROJECT}",
            f"--units-per-project={UNITS_A_PROJECT}",
        )
        for command in (["init-db"], ["seed-demo", *volume, "--quiet"]):
            subprocess.run(
                [realty, *command], cwd=ROOT, env={**os.environ, **environment}, check=True
            )
        with connected(url) as connection, connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        print(f"{size:,} units loaded in {time.monotonic() - started:.0f} s.", flush=True)
        with running(SERVER, environment, Path(folder)) as process, connected(url) as database:
            return _ask_all(process, database.cursor())


def _ask_all(process: Running, cursor: Cursor) -> dict[str, Times]:
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    places = _places(connection)
    return {
        name: Times(
            _median(connection, path.format_map(places)),
            _median(connection, path.format_map(places), lambda: cursor.execute(CHANGE)),
        )
        for name, path in CALLS_OF.items()
    }


def _places(connection: http.client.HTTPConnection) -> dict[str, Any]:
    """A project of the volume, and how deep lists may be asked for."""
    projects = _ask(connection, "/api/projects?limit=1")["projects"]
    totals = [
        _ask(connection, f"/api/{kind}?limit=1")["pagination"]["totalItems"]
        for kind in ("projects", "units")
    ]
    deep, deep_units = (min(total, MOST_OFFSET) // 10 for total in totals)
    return {
        "project": projects[0]["id"],
        "deep": max(1, deep),
        "deep_units": max(1, deep_units),
        "everything": "a",
    }


def _ask(connection: http.client.HTTPConnection, path: str) -> Any:
    connection.request("GET", path)
    response = connection.getresponse()
    content = json.loads(response.read())
    if response.status != http.client.OK:
        raise SystemExit(f"{path} answered {response.status}: {content}")
    return content["data"]


def _median(
    connection: http.client.HTTPConnection, path: str, before: Callable[[], Any] = lambda: None
) -> float:
    _ask(connection, path)
    times = []
    for _ in range(CALLS):
        before()
        started = time.perf_counter()
        _ask(connection, path)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _table(found: Mapping[int, Mapping[str, Times]]) -> str:
    """Milliseconds of a call, and in brackets those of the first after a change."""
    sizes = list(found)
    head = ["ms", *(f"{size:,} units" for size in sizes), "last / first"]
    lines = [f"| {' | '.join(head)} |", f"|---|{'--:|' * (len(sizes) + 1)}"]
    for name in CALLS_OF:
        times = [found[size][name] for size in sizes]
        growth = (last / first for first, last in zip(times[0], times[-1], strict=True))
        figures = ["{:.1f} ({:.1f})".format(*pair) for pair in (*times, growth)]
        lines.append(f"| {name} | {' | '.join(figures)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresUnavailable as problem:
        sys.exit(str(problem))
