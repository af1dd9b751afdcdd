"""Tables for spreadsheets: CSV after RFC 4180, which no cell can turn into a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from realty.rules.spreadsheets import harmless


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """A line of column names and one per row, in UTF-8, each line ended by CR LF.

    Booleans are `true` and `false`, null is empty. A text that a spreadsheet would compute gets
    an apostrophe before it; a number stays one.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(str(value))
