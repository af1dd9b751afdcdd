"""The command line as a user runs it: another process, another environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEPLOYMENT = {
    "REALTY_ENVIRONMENT": "test",
    "REALTY_TOKEN_KEYS": "test:the-signing-key-of-the-test-suite-0123456789",
    "REALTY_BCRYPT_COST": "4",
}
_FOREIGN = ("REALTY_", "DATABASE_URL")
SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    output: str
    errors: str

    @property
    def complaint(self) -> str:
        """The one line in which a failure is told; fails when there is more, or a traceback."""
        assert "Traceback" not in self.errors, self.errors
        (line,) = self.errors.splitlines()
        assert line.startswith("realty: "), line
        return line.removeprefix("realty: ")


def environment(**over: str) -> dict[str, str]:
    """Ours without what configures a deployment, and `DEPLOYMENT`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**plain, **DEPLOYMENT, **over}


def command(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "realty.cli", *arguments]


def realty(
    *arguments: str,
    folder: Path,
    input: str | None = None,  # noqa: A002 - as subprocess.run has it
    **variables: str,
) -> Ended:
    """Run `realty` with these arguments in `folder`, to its end."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**variables),
        input=input or "",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def running(*arguments: str, folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """`realty`, going on until the block ends."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
