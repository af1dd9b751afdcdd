"""`make scale`: one, two and four processes behind nginx, and what a model says of more.

One PostgreSQL is loaded; for each number of processes a fresh copy of it is served by so many, with
nginx in front that gives each request to the one with the fewest. The table has the requests a
second of some workloads beside those that `benchmarks.capacity` works out from the single process,
driven by one connection and by eight, so that the model can be judged where it can be measured. It
is kept in `benchmarks/results/scale_out.md`.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.capacity import Demand, simulate
from benchmarks.stacks import data
from benchmarks.stacks.__main__ import environment_of
from benchmarks.stacks.data import Size
from benchmarks.stacks.drivers import CONNECTIONS, drive_with_threads, drive_with_wrk, require_wrk
from benchmarks.stacks.servers import SERVERS, cpu_seconds, running
from benchmarks.stacks.workloads import Workload, bookings_of, workloads
from realty.settings import Settings
from scripts import ROOT
from scripts.processes import children
from tests.postgres_server import PostgresUnavailable, free_port, temporary_postgres

PROCESSES = (1, 2, 4)
SECONDS = 6
CHOSEN = ("projects", "bookings", "book", "mixed")
LAUNCH = "book-launch"
LAUNCHED = 2_400
SIZE = Size(projects=2_000, bookings=10_000)
SMALL = Size(projects=200, bookings=1_000)
RESULT = ROOT / "benchmarks" / "results" / "scale_out.md"
CONFIGURATION = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream realty {{ least_conn; {servers} keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://realty; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host 127.0.0.1;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """nginx: where it listens, and its processes."""

    port: int
    pids: Sequence[int]


@dataclass(frozen=True)
class Point:
    """One workload on some processes: requests a second, and what one request took of each."""

    workload: Workload
    processes: int
    connections: int
    per_second: float
    demand: Demand


def main(arguments: Sequence[str]) -> int:
    """Measure, compare with the model, print and keep the table."""
    parser = argparse.ArgumentParser(prog="make scale", description=__doc__)
    parser.add_argument("--small", action="store_true", help="few rows: only to see that it works")
    options = parser.parse_args(arguments)
    require_wrk()
    _require_nginx()
    with temporary_postgres() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data.load(url, SMALL if options.small else SIZE)
        environment = environment_of(folder)
        rows = data.prepare(url, Settings.load({}, environment))
        launched = data.gather(url, rows, min(LAUNCHED, len(rows.units) // 4))
        rows = replace(rows, units=rows.units[: -len(launched)])
        chosen = [each for each in workloads(rows) if each.name in CHOSEN]
        asks = bookings_of(launched, rows.writers)
        chosen.append(
            Workload(LAUNCH, "Create booking, one project", asks, steady=False, writes=True)
        )
        points = [
            point
            for processes in PROCESSES
            for point in _points(url, processes, chosen, environment, folder)
        ]
    table = _table(points)
    print(table)
    if not options.small:
        RESULT.write_text(f"# Processes behind nginx\n\n{table}\n", encoding="utf-8")
    return 0


def _require_nginx() -> None:
    if shutil.which("nginx"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "nginx-light"]):
            subprocess.run(
                ["apt-get", "--quiet=2", *words],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                check=False,
            )
    if not shutil.which("nginx"):
        raise SystemExit("nginx is needed and was not found: install it (apt-get install nginx).")


def _points(
    url: str,
    processes: int,
    chosen: Sequence[Workload],
    environment: Mapping[str, str],
    folder: Path,
) -> Iterator[Point]:
    with data.copy_of(url) as copied, ExitStack() as stack:
        served = {**environment, "DATABASE_URL": copied}
        servers = [
            stack.enter_context(running(SERVERS["ours"], served, folder)) for _ in range(processes)
        ]
        proxy = stack.enter_context(_nginx([each.port for each in servers], folder))
        pids = [each.pid for each in servers]
        for workload in chosen:
            if processes == 1:
                yield _measured(workload, copied, proxy, pids, folder, connections=1)
            yield _measured(workload, copied, proxy, pids, folder, connections=CONNECTIONS)


@contextmanager
def _nginx(ports: Sequence[int], folder: Path) -> Iterator[Proxy]:
    port, home = free_port(), folder / f"nginx-{len(ports)}"
    home.mkdir()
    listed = " ".join(f"server 127.0.0.1:{each};" for each in ports)
    file = home / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=home, servers=listed, port=port))
    with children() as family:
        master = family.start(
            ["nginx", "-c", str(file), "-p", str(home)],
            environment=dict(os.environ),
            output=subprocess.DEVNULL,
        )
        time.sleep(1)
        workers = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        yield Proxy(port, [int(pid) for pid in workers])


def _measured(
    workload: Workload,
    url: str,
    proxy: Proxy,
    pids: Sequence[int],
    folder: Path,
    *,
    connections: int,
) -> Point:
    requests = workload.requests
    # What may be sent once only is sent from another place for each point.
    first = len(requests) // 2 if connections == 1 and not workload.steady else 0
    _warm, sent = drive_with_threads(proxy.port, requests, seconds=1, first=first)
    before = _spent(url, proxy, pids)
    if workload.steady:
        driven = drive_with_wrk(
            proxy.port, requests, seconds=SECONDS, first=0, folder=folder, connections=connections
        )
    else:
        driven, _ = drive_with_threads(
            proxy.port, requests, seconds=SECONDS, first=first + sent, connections=connections
        )
    if driven.broken or driven.refused or not driven.requests:
        raise SystemExit(f"{workload.name}: {driven}")
    after = _spent(url, proxy, pids)
    each = [(last - first) / driven.requests for first, last in zip(before, after, strict=True)]
    return Point(workload, len(pids), connections, driven.requests / driven.seconds, Demand(*each))


def _spent(url: str, proxy: Proxy, pids: Sequence[int]) -> tuple[float, float, float]:
    """Processor seconds until now: of the servers, of the database, of nginx and the driver."""
    driver = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    around = sum(each.ru_utime + each.ru_stime for each in driver)
    return (
        sum(map(cpu_seconds, pids)),
        sum(map(cpu_seconds, data.backends(url))),
        around + sum(map(cpu_seconds, proxy.pids)),
    )


def _table(points: Sequence[Point]) -> str:
    """Each workload by the number of processes, as measured and as the model has it."""
    cores = os.cpu_count() or 1
    fitted = {name: _fitted(points, name) for name in (*CHOSEN, LAUNCH)}
    lines = [
        "| workload | processes | connections | measured | model | process, database, around: ms |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for point in sorted(points, key=_order):
        model = simulate(
            fitted[point.workload.name],
            processes=point.processes,
            cores=cores,
            clients=point.connections,
        )
        demand = point.demand
        parts = (demand.process, demand.database, demand.around)
        lines.append(
            f"| {point.workload.label} | {point.processes} | {point.connections}"
            f" | {point.per_second:.0f}/s"
            f" | {model:.0f}/s | {' / '.join(f'{each * 1000:.2f}' for each in parts)} |"
        )
    return "\n".join(lines)


def _order(point: Point) -> tuple[str, int, int]:
    return point.workload.name, point.processes, point.connections


def _fitted(points: Sequence[Point], name: str) -> Demand:
    """What a request takes, from the two points of a single process."""
    few, many = (
        point.demand
        for point in sorted(points, key=_order)
        if point.workload.name == name and point.processes == 1
    )
    handing = max(0.0, many.process - few.process) / (CONNECTIONS - 1)
    return replace(many, process=few.process, handing=handing)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresUnavailable as problem:
        sys.exit(str(problem))
