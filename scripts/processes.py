"""Child processes that end with us, however we are asked to end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import IO

from scripts import ROOT

POLL_SECONDS = 0.1
GRACE_SECONDS = 15


class Stopped(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class Children:
    """Starts processes, each the head of a group of its own, and waits for them.

    A signal only sets a flag, so that no process can slip away between its start and the moment
    when we know its number; every wait looks at the flag and raises `Stopped`.
    """

    def __init__(self) -> None:
        self._alive: list[subprocess.Popen[bytes]] = []
        self._stopping = False

    def ask_to_stop(self, _signal_number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        self._stopping = True

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a command in the project's folder; `output` None shows it on the terminal."""
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=None if output in {None, subprocess.DEVNULL} else subprocess.STDOUT,
            start_new_session=True,
        )
        self._alive.append(child)
        return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """Return the exit status of a child when it has ended."""
        while (status := self.wait_for(child, POLL_SECONDS)) is None:
            pass
        return status

    def wait_for(self, child: subprocess.Popen[bytes], seconds: float) -> int | None:
        """Return the exit status of a child, or None when it still runs after those seconds."""
        deadline = time.monotonic() + seconds
        while (status := child.poll()) is None and time.monotonic() < deadline:
            self._raise_if_stopped()
            time.sleep(POLL_SECONDS)
        self._raise_if_stopped()
        if status is not None:
            self._alive.remove(child)
        return status

    def _raise_if_stopped(self) -> None:
        if self._stopping:
            raise Stopped

    def end(self) -> None:
        """End what still runs, with everything it started: politely, then by force."""
        for request in (signal.SIGTERM, signal.SIGKILL):
            for child in self._alive:
                if child.poll() is None:
                    os.killpg(child.pid, request)
            deadline = time.monotonic() + GRACE_SECONDS
            while time.monotonic() < deadline and any(c.poll() is None for c in self._alive):
                time.sleep(POLL_SECONDS)


@contextmanager
def children() -> Iterator[Children]:
    """Yield `Children` that are all ended when the block ends, also by SIGINT and SIGTERM."""
    family = Children()
    before = {
        number: signal.signal(number, family.ask_to_stop)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield family
    finally:
        family.end()
        for number, handler in before.items():
            signal.signal(number, handler)
