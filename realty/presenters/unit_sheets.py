"""Sheets of units and what became of them, as the contract shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realty.services.unit_export import COLUMNS, SheetLine
from realty.services.unit_import import Report


def import_json(report: Report) -> dict[str, Any]:
    """`UnitImport`."""
    return {
        "project_id": report.project_id,
        "dry_run": report.dry_run,
        "rows": report.rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "total_units": report.total_units,
        "available_units": report.available_units,
        "error_count": report.error_count,
        "errors": [error._asdict() for error in report.errors],
    }


def sheet_texts(lines: Sequence[SheetLine]) -> list[dict[str, str]]:
    """Each line by the names of its columns, all as text, as a table wants it."""
    return [dict(zip(COLUMNS, map(str, line), strict=True)) for line in lines]
