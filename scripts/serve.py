"""`make serve`: the development server, with its database, demo data and the periodic work.

PORT and DATABASE_URL of the environment are honoured. Everything it starts ends with it.
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from scripts import ROOT
from scripts.processes import Children, Stopped, children

HOST = "127.0.0.1"
DEFAULT_PORT = "8000"
LAST_PORT = 65_535
CONFIG = "development.ini"
TICK_SECONDS = 30
START_SECONDS = 60
DEMO_PASSWORD = "Realty-demo-2026"  # noqa: S105 - printed on purpose: the demo accounts' password
DEMO_LOGINS = {
    "builder": "builder@demo.realty.example",
    "customer": "customer@demo.realty.example",
    "admin": "admin@demo.realty.example",
}


class CannotServe(Exception):
    """One line that says what is wrong and what to do."""


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit status."""
    try:
        port = chosen_port(os.environ.get("PORT") or DEFAULT_PORT)
        with children() as family:
            serve(family, port)
    except CannotServe as problem:
        print(problem, file=sys.stderr)
        return 1
    except Stopped:
        print("\nStopped.")
    return 0


def chosen_port(text: str) -> int:
    """Return the port to listen on; raise `CannotServe` unless it is a free one."""
    port = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= port <= LAST_PORT:
        raise CannotServe(f"PORT must be a number from 1 to {LAST_PORT}, not {text!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = (
                "is taken" if error.errno == errno.EADDRINUSE else f"is refused: {error.strerror}"
            )
            raise CannotServe(
                f"Port {port} {reason}. Choose another one: make serve PORT={port % LAST_PORT + 1}"
            ) from error
    return port


def serve(family: Children, port: int) -> None:
    """Prepare the database, then keep the server and its periodic work going."""
    programs = Path(sys.executable).parent
    realty = str(programs / "realty")
    environment = {**os.environ, "REALTY_CONFIG": str(ROOT / CONFIG)}
    for command in (["init-db"], ["seed-demo", "--if-empty"]):
        if family.wait(family.start([realty, *command], environment=environment)):
            raise CannotServe(f"realty {command[0]} failed; its message stands above.")
    server = family.start(
        [str(programs / "pserve"), CONFIG, f"http_port={port}"], environment=environment
    )
    _wait_for_answer(family, server, port)
    _print_welcome(port)
    tick_command = [realty, "tick", "--loop", str(TICK_SECONDS)]
    tick = family.start(tick_command, environment=environment, output=subprocess.DEVNULL)
    while family.wait_for(server, TICK_SECONDS) is None:
        if tick.poll() is not None:
            print(f"realty tick ended with status {tick.returncode}; starting it again.")
            tick = family.start(tick_command, environment=environment, output=subprocess.DEVNULL)
    raise CannotServe("The server ended by itself; its last lines stand above.")


def _wait_for_answer(family: Children, server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if family.wait_for(server, 0.2) is not None:
            raise CannotServe("The server did not start; its message stands above.")
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", "/health")
            connection.getresponse()
        except OSError:
            continue
        else:
            return
        finally:
            connection.close()
    raise CannotServe(f"The server gave no answer within {START_SECONDS} seconds.")


def _print_welcome(port: int) -> None:
    lines = [
        "",
        f"  Realty         http://{HOST}:{port}",
        f"  Documentation  http://{HOST}:{port}/docs/",
        f"  Password       {DEMO_PASSWORD} (of each login below)",
        *(f"  {role.capitalize():<14} {email}" for role, email in DEMO_LOGINS.items()),
        "",
        "  Ctrl-C ends it.",
        "",
    ]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
