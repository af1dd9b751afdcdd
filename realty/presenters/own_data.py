"""The export of one's own data as the contract shows it, whole or written piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import orjson

from realty.rules.clock import date_text, rfc3339
from realty.rules.money import money_text
from realty.services.own_data import Kept, Section

Json = dict[str, Any]
Sections = Iterable[tuple[Section, Iterable[Mapping[str, Any]]]]


def export_json(sections: Sections, files: Iterable[Kept], *, user_id: int, now: datetime) -> Json:
    """`Export`."""
    return {
        "exported_at": rfc3339(now),
        "user_id": user_id,
        "tables": [
            {
                "table": section.table,
                "about": section.about,
                "rows": [row_json(row) for row in rows],
            }
            for section, rows in sections
        ],
        "files": [exported_file_json(kept) for kept in files],
    }


def write_export(
    out: IO[bytes], sections: Sections, files: Iterable[Kept], *, user_id: int, now: datetime
) -> None:
    """The same object as a file, a line for each row, never holding more than one of them."""
    head = orjson.dumps({"exported_at": rfc3339(now), "user_id": user_id})
    out.write(head.removesuffix(b"}") + b',\n"tables":[')
    for number, (section, rows) in enumerate(sections):
        names = orjson.dumps({"table": section.table, "about": section.about})
        out.write((b",\n" if number else b"\n") + names.removesuffix(b"}") + b',"rows":[')
        _write_items(out, (row_json(row) for row in rows))
        out.write(b"]}")
    out.write(b'\n],\n"files":[')
    _write_items(out, (exported_file_json(kept) for kept in files))
    out.write(b"]}\n")


def _write_items(out: IO[bytes], items: Iterable[Json]) -> None:
    for number, item in enumerate(items):
        out.write((b",\n" if number else b"\n") + orjson.dumps(item))


def row_json(row: Mapping[str, Any]) -> Json:
    """A row with its values in the form of the other answers."""
    return {column: _value(value) for column, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    return date_text(value) if isinstance(value, date) else value


def exported_file_json(kept: Kept) -> Json:
    """`ExportedFile`."""
    return {
        "file_id": kept.file.id,
        "filename": kept.file.filename,
        "content_type": kept.file.content_type,
        "size": kept.file.size,
        "path": kept.path,
    }
