"""`make bench`: Realty, the design that it replaces and the bare machine, on the same rows.

The servers are started one after the other, each on a fresh copy of one loaded database, and
driven with the same requests, in alternating rounds. Before the first round each must give the
answers, and leave the rows, that Realty does. The table of medians is printed and kept under
`benchmarks/results/`; the exit status is 1 when a request was refused.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.stacks import check, data
from benchmarks.stacks.data import Rows, Size
from benchmarks.stacks.drivers import (
    CONNECTIONS,
    Driven,
    drive_with_threads,
    drive_with_wrk,
    require_wrk,
    send,
)
from benchmarks.stacks.report import Measured, Run, Started, markdown, save
from benchmarks.stacks.servers import SERVERS, Running, Server, cpu_seconds, has_cache, running
from benchmarks.stacks.workloads import NAMES, Workload, workloads
from realty.settings import Settings
from scripts import ROOT
from tests.postgres_server import PostgresUnavailable, temporary_postgres

FULL = Size(projects=10_000, bookings=50_000)
QUICK = Size(projects=300, bookings=1500)
WARM_UP_SECONDS = 0.5
IDLE_LOAD = 0.5
RESULTS = ROOT / "benchmarks" / "results"
# Where the others only want to know what validation costs.
STOCK_WORKLOADS = frozenset({"projects", "project", "units", "bookings", "notifications", "book"})
CACHED_WORKLOADS = frozenset({"projects", "projects-304", "project", "units", "mixed"})


class Bench:
    """One run: what was measured so far, and where each server stands."""

    def __init__(self, options: argparse.Namespace, url: str, folder: Path) -> None:
        self._options = options
        self._url = url
        self._folder = folder
        self._environment = environment_of(folder)
        settings = Settings.load({}, self._environment)
        self._rows: Rows = data.prepare(url, settings)
        self._workloads = [
            each for each in workloads(self._rows) if not options.only or each.name in options.only
        ]
        self._load_before = options.load_before
        self._ours: check.Seen | None = None
        self.measured: list[Measured] = []
        self.started: list[Started] = []

    def run(self) -> Run:
        """All rounds."""
        servers = [SERVERS[name] for name in self._options.servers]
        for number in range(1, self._options.rounds + 1):
            # Each round begins with the next server; the first with ours, for the comparison.
            shift = (number - 1) % len(servers)
            for server in servers[shift:] + servers[:shift]:
                if number <= (server.rounds or number):
                    self._serve(server, number)
        return Run(
            settings={
                "rounds": self._options.rounds,
                "seconds": self._options.seconds,
                "connections": CONNECTIONS,
                "load_before": self._load_before,
            },
            rows=data.counts_of(self._url),
            postgresql=data.version_of(self._url),
            workloads=self._workloads,
            measured=self.measured,
            started=self.started,
        )

    def _serve(self, server: Server, number: int) -> None:
        chosen = [each for each in self._workloads if _suits(server, each)]
        if not chosen:
            return
        with data.copy_of(self._url) as url:
            environment = {**self._environment, "DATABASE_URL": url}
            with running(server, environment, self._folder) as process:
                if number == 1:
                    self._check(process, url)
                for workload in chosen:
                    self._measure(process, url, workload, number)
                started = process.seconds_to_first_answer
                self.started.append(Started(server.name, number, started, process.memory_mib()))

    def _check(self, process: Running, url: str) -> None:
        """Ours is remembered, another is compared with it."""
        server = process.server
        seen = check.look(process.port, url, self._workloads, writes=server.writes)
        if self._ours is None and server.name in {"ours", "cached", "stock"}:
            self._ours = seen
        elif self._ours is not None:
            alike = check.compare(self._ours, seen, server.label)
            print(f"{server.name}: {alike} answers and kinds of rows are ours, field by field.")
        else:
            print(f"{server.name}: not compared with ours, which is not among the servers.")

    def _measure(self, process: Running, url: str, workload: Workload, number: int) -> None:
        requests = workload.requests
        if workload.tagged:
            workload = _with_tags(process.port, workload)
            requests = workload.requests
        # What the comparison has written cannot be written again.
        first = 0 if workload.steady else check.WRITES
        _warm, sent = drive_with_threads(
            process.port, requests, seconds=WARM_UP_SECONDS, first=first
        )
        first = (number * 37) % len(requests) if workload.steady else first + sent
        backends = dict.fromkeys(data.backends(url), 0.0)
        backends |= {pid: cpu_seconds(pid) for pid in backends}
        cpu = process.cpu_seconds()
        driven = self._drive(process.port, workload, first)
        cpu = process.cpu_seconds() - cpu
        database = sum(cpu_seconds(pid) - backends.get(pid, 0.0) for pid in data.backends(url))
        if workload.name == "mixed":
            driven = self._timed(process.port, workload, driven, first)
        answered = max(1, driven.requests)
        measured = Measured(
            server=process.server.name,
            workload=workload.name,
            round=number,
            requests=driven.requests,
            requests_per_second=driven.requests / driven.seconds,
            p50=driven.p50,
            p99=driven.p99,
            cpu=cpu * 1000 / answered,
            database_cpu=database * 1000 / answered,
            memory=process.memory_mib(),
            errors=driven.refused + driven.broken,
        )
        self.measured.append(measured)
        print(
            f"round {number}  {measured.server:<7} {workload.label:<38}"
            f"{measured.requests_per_second:>9.1f}/s  p50 {measured.p50:>7.1f}"
            f"  p99 {measured.p99:>7.1f} ms"
            + (f"  {measured.errors} errors" * bool(measured.errors)),
            flush=True,
        )

    def _drive(self, port: int, workload: Workload, first: int) -> Driven:
        seconds = self._options.seconds
        if workload.writes and workload.name != "mixed":
            return drive_with_threads(port, workload.requests, seconds=seconds, first=first)[0]
        return drive_with_wrk(
            port, workload.requests, seconds=seconds, first=first, folder=self._folder
        )

    def _timed(self, port: int, workload: Workload, driven: Driven, first: int) -> Driven:
        """Driven once more by threads, for its latencies alone.

        wrk counts for a slow answer all that its connection could have asked meanwhile, so that one
        login would be the latency of one request in twenty.
        """
        first += driven.requests + 2 * CONNECTIONS
        seconds = 2 * self._options.seconds
        timed, _ = drive_with_threads(port, workload.requests, seconds=seconds, first=first)
        return replace(
            driven,
            p50=timed.p50,
            p99=timed.p99,
            refused=driven.refused + timed.refused,
            broken=driven.broken + timed.broken,
        )


def _suits(server: Server, workload: Workload) -> bool:
    if workload.servers is not None and server.name not in workload.servers:
        return False
    if server.name == "stock":
        return workload.name in STOCK_WORKLOADS
    if server.name == "cached":
        return workload.name in CACHED_WORKLOADS
    return server.writes or not workload.writes


def _with_tags(port: int, workload: Workload) -> Workload:
    """The same requests, each with the tag of the answer that it has."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    tagged = []
    for ask in workload.requests:
        _status, headers, _content = send(connection, ask)
        conditional = replace(ask, tag=headers["ETag"])
        status, _headers, _content = send(connection, conditional)
        if status != 304:
            raise SystemExit(f"{ask.path}: {status} to its own tag instead of 304")
        tagged.append(conditional)
    connection.close()
    return replace(workload, requests=tagged)


def environment_of(folder: Path) -> dict[str, str]:
    """What all servers are told."""
    return {
        "REALTY_TOKEN_KEYS": f"benchmark:{secrets.token_hex(32)}",
        "REALTY_ACCESS_TOKEN_MINUTES": "60",
        "REALTY_AUTH_LIMIT": "",
        "REALTY_STORAGE_FOLDER": str(folder / "files"),
    }


def main(arguments: Sequence[str]) -> int:
    """Measure; 1 when a request was refused."""
    options = _options(arguments)
    require_wrk()
    begun = time.monotonic()
    options.load_before = round(os.getloadavg()[0], 2)
    if options.load_before > IDLE_LOAD:
        print(f"This machine is busy (load {options.load_before}): the times will not be true.")
    with ExitStack() as stack:
        url = options.database or stack.enter_context(temporary_postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="realty-bench-")))
        seconds = data.load(url, options.size)
        print(f"The rows are there after {seconds:.0f} s.", flush=True)
        run = Bench(options, url, folder).run()
    print(f"\n{markdown(run)}\n{time.monotonic() - begun:.0f} s in all.")
    if options.output:
        save(run, RESULTS, options.output)
    errors = sum(each.errors for each in run.measured)
    if errors:
        print(f"{errors} requests were refused or not answered.")
    return 1 if errors else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, one short round")
    parser.add_argument(
        "--only", type=_words, default=(), metavar="WORKLOAD[,…]", help="these workloads alone"
    )
    parser.add_argument("--servers", type=_words, default=(), metavar="SERVER[,…]")
    parser.add_argument("--rounds", type=int, metavar="N", help="default 3")
    parser.add_argument("--seconds", type=int, metavar="N", help="of each workload; default 3")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="a database that stays; it is loaded if it is not, and only read afterwards",
    )
    parser.add_argument(
        "--output",
        metavar="NAME",
        help="keep it under benchmarks/results/NAME; default stacks, nothing with --quick",
    )
    options = parser.parse_args(arguments)
    options.size = QUICK if options.quick else FULL
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.seconds = options.seconds or (1 if options.quick else 3)
    if options.output is None and not options.quick and not options.only and not options.servers:
        options.output = "stacks"
    options.servers = options.servers or _usual_servers(quick=options.quick)
    _refuse_unknown(parser, options.servers, SERVERS)
    _refuse_unknown(parser, options.only, NAMES)
    return options


def _refuse_unknown(
    parser: argparse.ArgumentParser, named: Sequence[str], known: Collection[str]
) -> None:
    if unknown := [name for name in named if name not in known]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")


def _usual_servers(*, quick: bool) -> tuple[str, ...]:
    absent: Mapping[str, bool] = {"cached": not has_cache(), "stock": quick}
    return tuple(name for name in SERVERS if not absent.get(name))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresUnavailable as problem:
        sys.exit(str(problem))
