"""Sheets as people send them: CSV and XLSX, told apart by their content."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO, StringIO
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from realty.adapters import xlsx
from realty.adapters.xlsx import MOST_COLUMNS, Row, SheetRefused

if TYPE_CHECKING:
    from openpyxl.cell import Cell

__all__ = ["Row", "SheetRefused", "SheetsBusy", "read", "workbook"]

_ZIP = b"PK\x03\x04"
# Of the Office before XML, and of a workbook with a password.
_COMPOUND = b"\xd0\xcf\x11\xe0"
_ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_DELIMITERS = ",;\t"

_ONE_AT_A_TIME = Lock()
"""What is read is unpacked into many times its size."""
PATIENCE_SECONDS = 2.0
"""For so long the next sheet waits: whoever waits holds a thread that others need."""


class SheetsBusy(Exception):
    """Another sheet is being read in this process."""


def read(content: BinaryIO, *, most_rows: int) -> list[Row]:
    """The rows of a sheet that are not empty, the header among them; of a workbook its first sheet.

    Raises `SheetRefused` for what is no such file or has more than `most_rows` rows beside the
    header, and `SheetsBusy`.
    """
    head = content.read(len(_ZIP))
    content.seek(0)
    if head == _COMPOUND:
        raise SheetRefused("It is an old or a locked workbook: save it as XLSX, without password.")
    with _turn():
        rows: list[Row] = []
        for row in xlsx.rows(content) if head == _ZIP else _csv_rows(content.read()):
            if len(rows) > most_rows:
                raise SheetRefused(f"A sheet has at most {most_rows} rows.", row.number)
            rows.append(row)
        return rows


@contextmanager
def _turn() -> Iterator[None]:
    if not _ONE_AT_A_TIME.acquire(timeout=PATIENCE_SECONDS):
        raise SheetsBusy
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def _csv_rows(content: bytes) -> Iterator[Row]:
    """RFC 4180, with comma, semicolon or tab, as the first line has it."""
    text = _decoded(content)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    number = 0
    try:
        for cells in csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True):
            number += 1
            values = [cell.strip() for cell in cells]
            while values and not values[-1]:
                values.pop()
            if len(values) > MOST_COLUMNS:
                raise SheetRefused(f"A row has at most {MOST_COLUMNS} cells.", number)
            if values:
                yield Row(number, values, {})
    except csv.Error as broken:
        raise SheetRefused("Its quotes or line ends are not those of CSV.", number + 1) from broken


def _decoded(content: bytes) -> str:
    encoding = _ENCODINGS.get(content[:2], "utf-8-sig")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as broken:
        row = content.count(b"\n", 0, broken.start) + 1
        raise SheetRefused("It is not in UTF-8: save it as CSV UTF-8.", row) from broken
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        raise SheetRefused("It has a character U+0000.", row)
    return text


def workbook(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str | int | Decimal]],
    *,
    as_text: frozenset[str],
) -> bytes:
    """An XLSX file of one sheet, its header in bold and frozen.

    Figures are numbers; the cells of the columns `as_text`, to which a spreadsheet is told to do
    nothing, stay text while people edit them.
    """
    # Imported here: most workers never need its eight mebibytes.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for position, name in enumerate(columns, start=1):
        dimension = sheet.column_dimensions[get_column_letter(position)]
        dimension.width = max(12, len(name) + 2)
        if name in as_text:
            dimension.number_format = "@"

    def styled(value: str, **style: object) -> Cell:
        cell = WriteOnlyCell(sheet, value)
        for attribute, setting in style.items():
            setattr(cell, attribute, setting)
        return cell

    sheet.append([styled(name, font=Font(bold=True)) for name in columns])
    texts = [name in as_text for name in columns]
    for row in rows:
        sheet.append(
            [
                styled(str(value), number_format="@") if text else value
                for value, text in zip(row, texts, strict=True)
            ]
        )
    out = BytesIO()
    book.save(out)
    return out.getvalue()
