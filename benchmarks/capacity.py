"""A model of how many requests some machines serve, small enough to be read, and its simulation.

A request takes processor time of three kinds: of its server process, which runs one thread of
Python at a time; of its session in the database; and of whoever stands around them. All of it comes
from cores that are shared evenly. What takes a lock besides waits its turn for that. The figures
come from measurements of a single process (`benchmarks.scale_out`); nothing else is fitted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

REQUESTS = 4_000
_TINY = 1e-12


@dataclass(frozen=True)
class Demand:
    """Processor seconds of one request, and how long it holds a lock that all others want too.

    `handing` is what each further request in the same process adds to `process`: its threads hand
    the interpreter to each other.
    """

    process: float
    database: float
    around: float = 0.0
    locked: float = 0.0
    handing: float = 0.0


class _Phase(IntEnum):
    """What a request does, in this order."""

    AROUND = 0
    BEFORE = 1
    DATABASE = 2
    LOCKED = 3
    AFTER = 4


@dataclass
class _Job:
    """One client's request on its way."""

    worker: int = 0
    phase: _Phase = _Phase.AROUND
    left: float = 0.0


def simulate(
    demand: Demand, *, processes: int, cores: float, clients: int, requests: int = REQUESTS
) -> float:
    """Requests a second of so many processes and cores, with clients who always ask again.

    The database and what stands around run on the same cores as the processes.
    """
    return _Line(demand, processes, cores, clients).run(requests)


class _Line:
    """The simulated machine: who works, and who waits for a process or for the lock."""

    def __init__(self, demand: Demand, processes: int, cores: float, clients: int) -> None:
        self._demand = demand
        self._cores = cores
        self._clients = clients
        self._waiting: list[deque[_Job]] = [deque() for _ in range(processes)]
        self._taken = [False] * processes
        self._asked = [0] * processes
        self._for_lock: deque[_Job] = deque()
        self._is_locked = False
        self._working: list[_Job] = []
        self._clock = 0.0

    def run(self, requests: int) -> float:
        """Simulate until so many are answered, and give how many that is a second."""
        for _ in range(self._clients):
            self._begin(_Job(), _Phase.AROUND)
        answered = 0
        while answered < requests:
            answered += self._step()
        return answered / self._clock

    def _step(self) -> int:
        """Go on to the next end of a phase; how many requests were answered by it."""
        running = [job for job in self._working if job.phase is not _Phase.LOCKED]
        rate = min(1.0, self._cores / len(running)) if running else 1.0
        # What waits for a commit needs no core.
        speeds = [1.0 if job.phase is _Phase.LOCKED else rate for job in self._working]
        passed = min(job.left / speed for job, speed in zip(self._working, speeds, strict=True))
        self._clock += passed
        for job, speed in zip(self._working, speeds, strict=True):
            job.left -= passed * speed
        ended = [job for job in self._working if job.left <= _TINY]
        self._working = [job for job in self._working if job.left > _TINY]
        return sum(self._end(job) for job in ended)

    def _begin(self, job: _Job, phase: _Phase) -> None:
        """Work, or wait for the process or the lock that the phase needs."""
        if phase is _Phase.BEFORE:
            # The one with the fewest requests, as nginx chooses.
            job.worker = min(range(len(self._asked)), key=self._asked.__getitem__)
            self._asked[job.worker] += 1
        job.phase, job.left = phase, self._time_of(phase, job)
        if phase in {_Phase.BEFORE, _Phase.AFTER}:
            if self._taken[job.worker]:
                self._waiting[job.worker].append(job)
                return
            self._taken[job.worker] = True
        if phase is _Phase.LOCKED and job.left:
            if self._is_locked:
                self._for_lock.append(job)
                return
            self._is_locked = True
        self._working.append(job)

    def _time_of(self, phase: _Phase, job: _Job) -> float:
        demand = self._demand
        if phase in {_Phase.BEFORE, _Phase.AFTER}:
            others = self._asked[job.worker] - 1
            return (demand.process + demand.handing * others) / 2
        if phase is _Phase.DATABASE:
            return demand.database
        return demand.locked if phase is _Phase.LOCKED else demand.around

    def _end(self, job: _Job) -> int:
        """Give back what the phase held, and go on; 1 when it was the last."""
        if job.phase in {_Phase.BEFORE, _Phase.AFTER}:
            queue = self._waiting[job.worker]
            self._taken[job.worker] = bool(queue)
            if queue:
                self._working.append(queue.popleft())
        if job.phase is _Phase.LOCKED and self._demand.locked:
            self._is_locked = bool(self._for_lock)
            if self._for_lock:
                self._working.append(self._for_lock.popleft())
        if job.phase is _Phase.AFTER:
            self._asked[job.worker] -= 1
            self._begin(job, _Phase.AROUND)
            return 1
        self._begin(job, _Phase(job.phase + 1))
        return 0
