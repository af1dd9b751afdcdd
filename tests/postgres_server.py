"""A PostgreSQL server of our own for tests: in a temporary folder, gone afterwards.

It never touches a server that already runs on the machine, and works as root (the server then runs
as an unprivileged account, because PostgreSQL refuses root) and as any user.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

OLDEST_VERSION = 15
START_SECONDS = 30
STOP_SECONDS = 10
MEMORY = "/dev/shm"  # noqa: S108 - mkdtemp makes a folder of its own in it
MEMORY_NEEDED = 2 * 1024**3
DATABASE = "realty_test"
ROLE = "realty"
SERVER_OPTIONS: Mapping[str, str] = {
    # Nothing here outlives a power cut, so nothing waits for the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_min_messages": "warning",
}
_BINARY_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
)
_NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/realty-tests.conf")


class PostgresUnavailable(RuntimeError):
    """There is no usable PostgreSQL and none may be installed; the message says what to do."""


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yield the URL of an empty database, owned by a role that may create databases and put
    triggers to sleep, no more.

    The server listens on a free port of 127.0.0.1 with a random password and is stopped, and its
    folder removed, when the block ends, however it ends. Raises `PostgresUnavailable`.
    """
    binaries = server_binaries()
    account = _server_account()
    folder = Path(tempfile.mkdtemp(prefix="realty-pg-", dir=_parent_folder(account)))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        password = secrets.token_hex(16)
        _initialise(binaries, folder, password, account)
        server, port = _start(binaries, folder, password, account)
        try:
            yield _create_database(port, password)
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def server_binaries() -> Path:
    """Return the folder of the newest PostgreSQL server on this machine, installing one if absent.

    Raises `PostgresUnavailable` when there is none of at least `OLDEST_VERSION` and none may be
    installed: only root on a machine with apt-get installs.
    """
    found = _newest_binaries()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install_debian_package()
        found = _newest_binaries()
    if found is None:
        raise PostgresUnavailable(
            f"PostgreSQL {OLDEST_VERSION} or newer is needed for the tests: install its server "
            "(Debian, Ubuntu: apt-get install postgresql) or put initdb and postgres on PATH."
        )
    return found


def _newest_binaries() -> Path | None:
    folders = {path for pattern in _BINARY_FOLDERS for path in Path("/").glob(pattern[1:])}
    if on_path := shutil.which("initdb"):
        folders.add(Path(on_path).resolve().parent)
    if pg_config := shutil.which("pg_config"):
        folders.add(Path(_output([pg_config, "--bindir"])))
    usable = {
        folder: version
        for folder in folders
        if (folder / "initdb").exists()
        and (folder / "postgres").exists()
        and (version := _major_version(folder)) >= OLDEST_VERSION
    }
    return max(usable, key=lambda folder: usable[folder], default=None)


def _major_version(folder: Path) -> int:
    number = re.search(r"\d+", _output([str(folder / "postgres"), "--version"]))
    return int(number[0]) if number else 0


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _install_debian_package() -> None:
    """Install Debian's server without the cluster that its package would create and start."""
    print("Installing PostgreSQL for the tests (apt-get install postgresql)...", flush=True)
    _NO_MAIN_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    _NO_MAIN_CLUSTER.write_text("create_main_cluster = false\n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        for arguments in (
            ["update"],
            ["install", "--yes", "--no-install-recommends", "postgresql"],
        ):
            step = subprocess.run(
                ["apt-get", "--quiet=2", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if step.returncode:
                reason = (step.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise PostgresUnavailable(
                    f"apt-get could not install PostgreSQL for the tests: {reason}"
                )
    finally:
        _NO_MAIN_CLUSTER.unlink(missing_ok=True)


def _server_account() -> pwd.struct_passwd | None:
    """The account to run the server as: None for our own, an unprivileged one when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresUnavailable(
        "PostgreSQL does not run as root, and this machine has no account postgres or nobody."
    )


def _parent_folder(account: pwd.struct_passwd | None) -> str:
    """Memory where there is such a folder, else the usual temporary folder, unless another account
    could not enter it."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED:
        return MEMORY
    usual = Path(tempfile.gettempdir()).resolve()
    closed = any(not folder.stat().st_mode & 0o001 for folder in (usual, *usual.parents))
    return "/tmp" if account is not None and closed else str(usual)  # noqa: S108 - mkdtemp follows


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of `subprocess` that run a command as that account, away from our terminal."""
    plain: dict[str, Any] = {
        "start_new_session": True,
        "stdin": subprocess.DEVNULL,
        "stderr": subprocess.STDOUT,
        "cwd": "/",
        "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    }
    if account is None:
        return plain
    return {**plain, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _initialise(
    binaries: Path, folder: Path, password: str, account: pwd.struct_passwd | None
) -> None:
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if account is not None:
        os.chown(password_file, account.pw_uid, account.pw_gid)
    initdb = subprocess.run(
        [
            str(binaries / "initdb"),
            f"--pgdata={folder / 'data'}",
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            # A UTF-8 locale, because lower() of a search must fold letters beyond ASCII.
            f"--locale={'en_US.UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}",
            "--no-sync",
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        **_as(account),
    )
    if initdb.returncode:
        raise PostgresUnavailable(f"initdb failed:\n{initdb.stdout}")


def _start(
    binaries: Path, folder: Path, password: str, account: pwd.struct_passwd | None
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server and wait until it answers; another program may win the port: try again."""
    for _attempt in range(3):
        port = free_port()
        options = {
            **SERVER_OPTIONS,
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": str(folder),
        }
        command = [str(binaries / "postgres"), "-D", str(folder / "data")]
        command += [f"--{name}={value}" for name, value in options.items()]
        log_file = folder / "server.log"
        with log_file.open("wb") as log:
            server = subprocess.Popen(command, stdout=log, **_as(account))
        try:
            if _answers(server, port, password):
                return server, port
        except BaseException:
            _stop(server)
            raise
        _stop(server)
    raise PostgresUnavailable(
        f"PostgreSQL did not start:\n{log_file.read_text(errors='replace')[-2000:]}"
    )


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(server: subprocess.Popen[bytes], port: int, password: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            psycopg2.connect(_url("postgres", password, port, "postgres")).close()
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _url(role: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def _create_database(port: int, password: str) -> str:
    connection = psycopg2.connect(_url("postgres", password, port, "postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            role = sql.Identifier(ROLE)
            cursor.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD %s").format(role), (password,)
            )
            cursor.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role)
            )
            cursor.execute(
                sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(role)
            )
    finally:
        connection.close()
    return _url(ROLE, password, port, DATABASE)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and all its sessions: fast first, then immediately, then by force."""
    for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(request)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
