"""Three server processes on the database under test, and a sale that is worth racing for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from realty.db import SystemSetting
from realty.db.session import session
from tests.database import outside
from tests.factories import (
    BuilderAccount,
    CustomerAccount,
    ProjectRow,
    UnitRow,
    make_builder,
    make_customer,
    make_project,
    make_units,
)
from tests.races import checker
from tests.races.checker import Exchange, Snapshot
from tests.server_processes import Fleet, serving

UNITS = int(os.environ.get("REALTY_RACE_UNITS", "8"))
CUSTOMERS = int(os.environ.get("REALTY_RACE_CUSTOMERS", "12"))
"""The size of the races: `make test` runs them small; 200 units and 50 customers are the proof."""
SERVERS = 3


@dataclass(frozen=True)
class Launch:
    """A project on its first day of sale."""

    builder: BuilderAccount
    project: ProjectRow
    units: list[UnitRow]
    customers: list[CustomerAccount]


@pytest.fixture(scope="session")
def _fleet(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with serving(database_url, tmp_path_factory.mktemp("servers") / "log", SERVERS) as fleet:
        yield fleet


@pytest.fixture
def fleet(_fleet: Fleet, database: str) -> Fleet:
    """Three processes that answer; `database` empties their database afterwards."""
    _fleet.mend()
    return _fleet


@pytest.fixture
def launch(database: str) -> Callable[[int, int], Launch]:
    """Make a project of so many units and so many customers, who may hold as many as they like."""

    def make(units: int, customers: int) -> Launch:
        builder = make_builder()
        project = make_project(builder)
        return Launch(
            builder,
            project,
            make_units(project, units),
            [make_customer() for _ in range(customers)],
        )

    with session():
        SystemSetting(
            setting_key="booking.max_pending_per_customer",
            setting_value=1000,
            setting_type="number",
            category="booking",
        )
    return make


@pytest.fixture
def judge(database: str) -> Callable[[list[Exchange]], Snapshot]:
    """Hold the history of a race against the database: fail on whatever does not fit."""

    def check(told: list[Exchange]) -> Snapshot:
        with outside(database) as cursor:
            found = checker.read(cursor)
        assert checker.problems(told, found) == []
        return found

    return check
