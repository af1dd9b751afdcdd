"""One application on the database under test, and a clean database for each test that uses one.

`REALTY_TEST_DATABASE_URL` names a PostgreSQL database that the tests may empty; without it they
use an SQLite file of their own. Never open a session around a call of `api`: the application's
transaction would then be part of the test's.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

import realty
from realty.db import connection, migrate
from tests.client import Api
from tests.database import Cleaner
from tests.deployment import CLOCK, INI, STORAGE, Clock

POSTGRES_URL = os.environ.get("REALTY_TEST_DATABASE_URL")


def pytest_configure(config: pytest.Config) -> None:
    """Declare what only this folder gives a meaning to."""
    config.addinivalue_line("markers", "postgres: about PostgreSQL, and run on nothing else")
    config.addinivalue_line("markers", "indifferent: about what no database changes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run each test where it can say something: what is about PostgreSQL there only, and what uses
    no database, or is refused before one is asked, only beside SQLite, because the other database
    changes nothing about it."""
    foreign = [item for item in items if not _belongs(item)]
    config.hook.pytest_deselected(items=foreign)
    items[:] = [item for item in items if _belongs(item)]


def pytest_collection_finish() -> None:
    """Spare the collector, for the whole run, the modules and tests that stay to its end."""
    gc.collect()
    gc.freeze()


def _belongs(item: pytest.Item) -> bool:
    if POSTGRES_URL is None:
        return item.get_closest_marker("postgres") is None
    used = "database_url" in getattr(item, "fixturenames", ())
    return used and item.get_closest_marker("indifferent") is None


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the migrated, empty database that this process is bound to."""
    url = POSTGRES_URL or f"sqlite:///{tmp_path_factory.mktemp('database')}/realty.sqlite"
    migrate.create(url)
    migrate.upgrade(url)
    connection.connect(url)
    return url


@pytest.fixture(scope="session")
def _cleaner(database_url: str) -> Iterator[Cleaner]:
    cleaner = Cleaner(database_url)
    cleaner.clean()
    yield cleaner
    cleaner.close()


@pytest.fixture
def database(database_url: str, _cleaner: Cleaner) -> Iterator[str]:
    """The URL of the database, whose rows are deleted after the test, and with them every file.
    `app` and `api` imply it."""
    yield database_url
    _cleaner.clean()
    shutil.rmtree(STORAGE, ignore_errors=True)


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The clock of the application and the factories, standing still at the present second."""
    CLOCK.set(CLOCK.now().replace(microsecond=0))
    yield CLOCK
    CLOCK.run()


@pytest.fixture(scope="session")
def _application(database_url: str) -> Any:
    ini: dict[str, Any] = {"realty.database_url": database_url, "realty.clock": CLOCK.now}
    return realty.main({}, **INI, **ini)


@pytest.fixture
def app(_application: Any, database: str) -> Any:
    """The WSGI application, as deployed but for `tests.deployment.INI`."""
    return _application


@pytest.fixture
def api(app: Any) -> Api:
    """A stranger calling the API; `api.as_(account)` is somebody."""
    return Api(app)
