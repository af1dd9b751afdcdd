"""The servers that are compared: how each is started, and what it takes of the machine.

Each is one process, on a free port of 127.0.0.1, over a database of its own.
"""

from __future__ import annotations

import configparser
import http.client
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

from realty.settings import Settings
from scripts import ROOT
from scripts.processes import children
from tests.postgres_server import free_port

START_SECONDS = 60
POLL_SECONDS = 0.01
LOG_TAIL = 3000
CACHE_SETTING = "cache_backend"
_PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Server:
    """One way to answer the same requests. `writes` is false for one that only reads, `rounds` is
    how many it takes part in, where not in all."""

    name: str
    label: str
    command: Sequence[str]
    setting: Mapping[str, str] = field(default_factory=dict)
    writes: bool = True
    rounds: int | None = None


def _waitress_threads() -> str:
    """As many as production has."""
    ini = configparser.ConfigParser(interpolation=None)
    ini.read(ROOT / "production.ini")
    return ini["server:main"]["threads"]


_PSERVE = (str(_PROGRAMS / "pserve"), "production.ini", "http_port={port}")
_PRODUCTION = {
    "REALTY_ENVIRONMENT": "production",
    "REALTY_ALLOWED_HOSTS": "127.0.0.1",
    "REALTY_CORS_ORIGINS": "https://portal.example",
    "REALTY_PORTAL_URL": "https://portal.example",
}
_UNCACHED = {"REALTY_CACHE_BACKEND": "none"}
_PEER = (
    *(sys.executable, "-m", "uvicorn", "benchmarks.peer_fastapi.main:app", "--port={port}"),
    *("--workers=1", "--loop=uvloop", "--http=httptools", "--no-access-log"),
    "--log-level=warning",
)
SERVERS: Mapping[str, Server] = {
    each.name: each
    for each in (
        Server("ours", "Realty, uncached", _PSERVE, _PRODUCTION | _UNCACHED),
        Server("cached", "Realty, with its cache", _PSERVE, _PRODUCTION),
        Server(
            "stock",
            "Realty with stock validators, uncached",
            _PSERVE,
            _PRODUCTION | _UNCACHED | {"REALTY_CONTRACT_VALIDATORS": "stock"},
            rounds=1,
        ),
        Server("peer", "Peer: FastAPI, SQLAlchemy, Pydantic", _PEER),
        Server(
            "limit",
            "Limit: bare WSGI, psycopg2, orjson",
            (sys.executable, "-m", "benchmarks.limit", "{port}", _waitress_threads()),
            writes=False,
        ),
    )
}


def has_cache() -> bool:
    """Whether this version of Realty has a cache of answers at all."""
    return CACHE_SETTING in {each.name for each in fields(Settings)}


@dataclass
class Running:
    """A server that answers."""

    server: Server
    port: int
    pid: int
    seconds_to_first_answer: float

    def memory_mib(self) -> float:
        """What the process holds of the machine's memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        kib = next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]
        return int(kib) / 1024

    def cpu_seconds(self) -> float:
        """What the process has had of the processors until now."""
        return cpu_seconds(self.pid)


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a process with all its threads, 0.0 when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    # The name of the program stands in brackets and may hold blanks.
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(server: Server, environment: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """Start a server, yield it when it answers, and end it."""
    port = free_port()
    command = [part.format(port=port) for part in server.command]
    log = folder / f"{server.name}.log"
    with children() as family, log.open("wb") as output:
        started = time.monotonic()
        process = family.start(
            command, environment={**os.environ, **environment, **server.setting}, output=output
        )
        while not _answers(port):
            late = time.monotonic() - started > START_SECONDS
            if late or process.poll() is not None:
                raise SystemExit(f"{server.label} does not start:\n{_tail(log)}")
            time.sleep(POLL_SECONDS)
        try:
            yield Running(server, port, process.pid, time.monotonic() - started)
        except SystemExit as failure:
            raise SystemExit(
                f"{failure}\nThe last that {server.name} said:\n{_tail(log)}"
            ) from None


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL:]


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()
