"""Tables for spreadsheets: CSV after RFC 4180, which no cell can turn into a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

# What a spreadsheet takes for the start of a formula, also in its full-width forms.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


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
    written = str(value)
    computed = _FORMULA.match(written) and not _NUMBER.fullmatch(written)
    return f"'{written}" if computed else written
