"""Counting what a request sends to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from realty.db import db


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that are sent inside the block, in their order."""
    sent: list[str] = []
    send = db.provider.execute

    def record(cursor: Any, sql: str, *rest: Any, **options: Any) -> Any:
        sent.append(sql)
        return send(cursor, sql, *rest, **options)

    with patch.object(db.provider, "execute", record):
        yield sent
