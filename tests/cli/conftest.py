"""What tests of the command line share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.database import outside


@pytest.fixture
def ask(database: str) -> Iterator[Any]:
    """Asks the database: rows of an SQL query."""
    with outside(database) as cursor:

        def rows(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

        yield rows
