"""Processes that run the periodic work whenever they are told to, as two machines would.

with ticking(database_url, log, 2) as machines:
    machines[0].begin(now, office.port)
    machines[0].kill()      # SIGKILL, half-way
    done = machines[1].run(now, office.port)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Machine:
    """A process that is up and waits to be told the time; a killed one is started again."""

    def __init__(self, database_url: str, log: Path) -> None:
        self._database_url = database_url
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process, ready to tick."""
        if self._process is None:
            with self._log.open("a") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-m", "tests.ticking", self._database_url],
                    cwd=ROOT,
                    env={**os.environ, "REALTY_TEST_RUN": str(os.getpid())},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            self._answer()
        return self._process

    def begin(self, now: datetime, port: int) -> None:
        """Tick at `now`, mailing to the SMTP server at `port`, without waiting for the end."""
        process = self.process
        assert process.stdin is not None
        process.stdin.write(json.dumps([now.isoformat(), port]) + "\n")
        process.stdin.flush()

    def end(self) -> Counter[str]:
        """What the tick did that was begun."""
        return Counter(json.loads(self._answer()))

    def run(self, now: datetime, port: int) -> Counter[str]:
        """A whole tick."""
        self.begin(now, port)
        return self.end()

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _answer(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"The process ended:\n{self._log.read_text()[-3000:]}"
        return line


@contextmanager
def ticking(database_url: str, log: Path, size: int) -> Iterator[list[Machine]]:
    """`size` machines on one migrated database, killed at the end; they log to `log`."""
    with ExitStack() as stack:
        machines = [Machine(database_url, log) for _ in range(size)]
        for machine in machines:
            stack.callback(machine.kill)
        yield machines


def _serve(database_url: str) -> None:
    from realty.adapters.mail import SmtpMail
    from realty.commands.tick import tick
    from realty.db import connection
    from tests.deployment import SETTINGS

    connection.connect(database_url)
    _say("ready")
    for line in sys.stdin:
        now, port = json.loads(line)
        sender = SmtpMail(host="localhost", port=port, starttls=False, timeout=30)
        done = tick(now=datetime.fromisoformat(now), settings=SETTINGS, sender=sender)
        _say(done)


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
