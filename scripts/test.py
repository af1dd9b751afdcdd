"""`make test`: every test on SQLite and on a PostgreSQL that is started for them.

Both runs go side by side. With arguments (`make test ARGS="-k booking --pdb"`), which go to pytest,
they go one after the other and keep the terminal.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence

from scripts.processes import Children, Stopped, children
from tests.postgres_server import MEMORY, PostgresUnavailable, temporary_postgres

DATABASE_VARIABLE = "REALTY_TEST_DATABASE_URL"
CONFIGURING = ("REALTY_", "DATABASE_URL", "PORT")


def main(arguments: Sequence[str]) -> int:
    """Run the tests on both databases; return 0 when both passed."""
    try:
        with children() as family, temporary_postgres() as url:
            try:
                sqlite, postgres = run_both(family, url, arguments)
            finally:
                family.end()  # before the server that they use
    except PostgresUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    except Stopped:
        print("Stopped.", file=sys.stderr)
        return 130
    print(f"\nSQLite: {verdict(sqlite)}. PostgreSQL: {verdict(postgres)}.")
    return sqlite or postgres


def run_both(family: Children, url: str, arguments: Sequence[str]) -> tuple[int, int]:
    """Return the exit status of pytest on SQLite and on PostgreSQL."""
    if arguments:
        return (
            run_in_sight(family, "SQLite", None, arguments),
            run_in_sight(family, "PostgreSQL", url, arguments),
        )
    with tempfile.TemporaryFile() as output:
        other = family.start(command("PostgreSQL"), environment=environment(url), output=output)
        sqlite = run_in_sight(family, "SQLite", None)
        postgres = family.wait(other)
        print("\n== PostgreSQL", flush=True)
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
    return sqlite, postgres


def run_in_sight(
    family: Children, database: str, url: str | None, arguments: Sequence[str] = ()
) -> int:
    """Run pytest on the terminal and return its exit status."""
    print(f"\n== {database}", flush=True)
    return family.wait(family.start(command(database, arguments), environment=environment(url)))


def command(database: str, arguments: Sequence[str] = ()) -> list[str]:
    """Return the command line; each database keeps its own list of failed tests."""
    cache = f"cache_dir=.pytest_cache/{database.lower()}"
    return [sys.executable, "-m", "pytest", "-o", cache, *arguments]


def environment(url: str | None) -> dict[str, str]:
    """Return ours without what configures a deployment, and with the database to test on."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(CONFIGURING)}
    if os.access(MEMORY, os.W_OK):
        # Where a database that waits for the disk with each commit need not.
        plain.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)
    return plain if url is None else {**plain, DATABASE_VARIABLE: url}


def verdict(status: int) -> str:
    """Put pytest's exit status into words."""
    return "passed" if status == 0 else f"failed (pytest status {status})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
