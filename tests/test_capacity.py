"""The model of `docs/scaling.md`: each bound on throughput, where nothing else binds."""

from __future__ import annotations

import pytest

from benchmarks.capacity import Demand, simulate

MANY = 64


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_a_process_runs_one_thread_at_a_time(processes: int) -> None:
    found = simulate(Demand(process=0.01, database=0.0), processes=processes, cores=8, clients=MANY)
    assert found == pytest.approx(processes * 100, rel=0.03)


def test_all_share_the_cores() -> None:
    demand = Demand(process=0.002, database=0.006, around=0.002)
    assert simulate(demand, processes=8, cores=2, clients=MANY) == pytest.approx(200, rel=0.03)


@pytest.mark.parametrize("processes", [2, 8])
def test_one_at_a_time_holds_a_lock(processes: int) -> None:
    demand = Demand(process=0.001, database=0.001, locked=0.02)
    found = simulate(demand, processes=processes, cores=16, clients=MANY)
    assert found == pytest.approx(50, rel=0.03)


def test_one_client_waits_for_each_answer() -> None:
    demand = Demand(process=0.002, database=0.006, around=0.002)
    assert simulate(demand, processes=4, cores=8, clients=1) == pytest.approx(100, rel=0.01)
