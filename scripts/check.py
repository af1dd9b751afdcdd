"""`make check`: everything about the code and the contract that can be judged without a server.

Every step runs, also after a failed one; a step is quiet unless it fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT
from scripts.node_tools import QUIET, ToolsUnavailable, tool

CONTRACT = str(ROOT / "openapi.yaml")
PROGRAMS = Path(sys.executable).parent
# The Python generator looks for ruff on PATH.
ENVIRONMENT = {**os.environ, **QUIET, "PATH": os.pathsep.join((str(PROGRAMS), os.environ["PATH"]))}


@dataclass(frozen=True, slots=True)
class Step:
    """Something to prove, and the command whose status 0 proves it."""

    claim: str
    command: Sequence[str]
    folder: Path = ROOT

    def run(self) -> bool:
        """Run it, print one line, and what it said if it failed."""
        started = time.monotonic()
        done = subprocess.run(
            self.command,
            cwd=self.folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        passed = done.returncode == 0
        mark = "ok  " if passed else "FAIL"
        print(f"{mark} {self.claim} ({time.monotonic() - started:.1f} s)", flush=True)
        if not passed:
            print(f"     $ {' '.join(self.command)}\n{done.stdout}", flush=True)
        return passed


def python(*arguments: str) -> list[str]:
    """Return a command of this environment's Python."""
    return [sys.executable, *arguments]


def program(name: str, *arguments: str) -> list[str]:
    """Return a command of a program that is installed in this environment."""
    return [str(PROGRAMS / name), *arguments]


def steps(folder: Path) -> Iterator[Step]:
    """Yield all steps in order; generated clients go to `folder`."""
    client = folder / "client"
    yield Step("ruff finds nothing", program("ruff", "check"))
    yield Step("the code is formatted", program("ruff", "format", "--check"))
    yield Step("the types hold", program("mypy"))
    yield Step("the contract fits the program", program("realty", "openapi", "check"))
    yield Step(
        "docs/quick-reference.md and .env.example are current",
        python("-m", "scripts.quick_reference", "--check"),
    )
    yield Step("the contract passes the linter", [tool("redocly"), "lint", "openapi.yaml"])
    yield Step(
        "a TypeScript client is generated",
        [tool("openapi-typescript"), CONTRACT, "--output=client.ts"],
        # Elsewhere than beside redocly.yaml, which it would apply without the exemptions.
        folder,
    )
    yield Step(
        "the TypeScript client compiles",
        [tool("tsc"), "--noEmit", "--strict", "--target", "es2022", "client.ts"],
        folder,
    )
    yield Step(
        "a Python client is generated without a warning",
        program(
            "openapi-python-client",
            "generate",
            f"--path={CONTRACT}",
            "--meta=none",
            f"--output-path={client}",
            "--fail-on-warning",
        ),
    )
    yield Step(
        "the Python client compiles", python("-W", "error", "-m", "compileall", "-q", str(client))
    )
    yield Step(
        "entities and migrations describe one schema, on SQLite and PostgreSQL",
        python("-m", "scripts.test", "-m", "drift", "-q"),
    )


def main() -> int:
    """Run all steps; return 0 when each one passed."""
    try:
        with tempfile.TemporaryDirectory(prefix="realty-check-") as folder:
            results = [step.run() for step in steps(Path(folder))]
    except ToolsUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
