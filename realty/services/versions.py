"""Optimistic concurrency for callers: the version in `If-Match`, compared under the lock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.db import Model3D
from realty.errors import StaleVersion

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - timestamps are naive UTC inside


def version_of(row: Any) -> int:
    """The row's `version`, or the microsecond of its last change where it has no such column, or
    one that counts something else."""
    if hasattr(row, "version") and not isinstance(row, Model3D):
        return int(row.version)
    since = row.updated_at - _EPOCH
    return int((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def require_version(row: Any, expected: frozenset[int] | None) -> None:
    """412 when the caller read another version; `expected` is None where any will do."""
    if expected is not None and version_of(row) not in expected:
        raise StaleVersion
