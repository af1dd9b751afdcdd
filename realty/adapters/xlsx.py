"""Workbooks (ECMA-376, Office Open XML) read as a stream: their XML is never in memory as a tree.

A library that builds one needs a gigabyte for a hostile file of half a megabyte. Here a part is
unpacked and parsed piece by piece, so that what is kept is what the cells hold.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

MOST_COLUMNS = 64
MOST_UNPACKED = 32 * 1024 * 1024
"""Bytes that all parts that are read may have together."""
MOST_TAGS = 3_000_000
"""And tags: a packed file of some kilobytes can hold enough to keep a processor busy for long."""
_MOST_PARTS = 1000
# No text that a cell can hold is as long in XML as a piece, however it is written, and no tag of a
# workbook: a piece without a tag's beginning is refused before expat sees it. Expat hands over all
# attributes of a tag at once, which stops every other thread for as long as it takes.
_PIECE = 256 * 1024
_LONGEST_TEXT = 32_767
_MOST_TEXTS = 1_000_000
_LAST_ROW = 1_048_576

_CELL = re.compile(r"([A-Z]{1,3})[1-9][0-9]{0,6}")
# How a workbook writes what XML cannot hold, and the underscore of what only looks like it.
_CODED = re.compile(r"_x(?!0000|[Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")
_INTEGER = re.compile(r"[0-9]{1,15}")

# The kinds of cell (`t`) that hold text: shared, of a formula, in place.
_TEXTS = frozenset({"s", "str", "inlineStr"})
# And those whose content is no value that a person wrote.
_UNUSABLE = {
    "f": "It is a formula: paste its value.",
    "d": "It is a date: make the cell text and write it again.",
    "e": "It is an error of the spreadsheet.",
    "b": "It is true or false, which no column takes.",
}


class SheetRefused(Exception):
    """The file cannot be read as a sheet, for the reason that its text gives; `row` is where."""

    def __init__(self, reason: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.row = row


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not empty, under the number that the spreadsheet shows.

    `cells` are trimmed, the last is not empty; numbers are plain (`5500000.05`, to the fifteen
    digits that spreadsheets have). `unusable` says of some positions why nothing there counts.
    """

    number: int
    cells: list[str]
    unusable: Mapping[int, str]


def rows(content: BinaryIO) -> Iterator[Row]:
    """The rows of the first sheet that is not hidden. Raises `SheetRefused`."""
    try:
        with ZipFile(content) as archive:
            yield from _first_sheet(_Package(archive))
    # What a broken or hostile archive makes zipfile, zlib and expat raise.
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as broken:
        raise SheetRefused("It is not a whole XLSX workbook.") from broken
    except (expat.ExpatError, KeyError, ValueError) as broken:
        raise SheetRefused("Its parts are not those of an XLSX workbook.") from broken


def _first_sheet(package: _Package) -> Iterator[Row]:
    """From the package to its workbook, and from there to the sheet, its texts and its styles."""
    book = _of_kind("officeDocument", _related(package, ""))
    if book is None:
        raise SheetRefused("It is an archive of something else than a workbook.")
    shown: list[str] = []

    def found(element: str, attributes: Attributes) -> None:
        if element == "sheet" and attributes.get("state", "visible") == "visible":
            shown.append(attributes["id"])

    package.read(book, _Elements(found))
    related = _related(package, book)
    sheet = _of_kind("worksheet", {each: related[each] for each in shown if each in related})
    if sheet is None:
        raise SheetRefused("It has no sheet.")
    texts, styles = _Texts(), _Styles()
    for kind, reader in (("sharedStrings", texts), ("styles", styles)):
        part = _of_kind(kind, related)
        if part is not None:
            package.read(part, reader)
    lines = _Sheet(texts.texts, styles.dates)
    for _ in package.parse(sheet, lines):
        yield from lines.done
        lines.done.clear()


def _related(package: _Package, part: str) -> dict[str, tuple[str, str]]:
    """Kind and name of the parts that a part points at, by the ids under which it knows them."""
    folder, name = posixpath.split(part)
    related: dict[str, tuple[str, str]] = {}

    def found(element: str, attributes: Attributes) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes["Type"].rpartition("/")[2]
            target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"]))
            related[attributes["Id"]] = kind, target.lstrip("/")

    package.read(posixpath.join(folder, "_rels", f"{name}.rels"), _Elements(found))
    return related


def _of_kind(kind: str, related: Mapping[str, tuple[str, str]]) -> str | None:
    """The name of the first of some parts that is of this kind."""
    return next((name for each, name in related.values() if each == kind), None)


class _Package:
    """The parts of a workbook, of which no more is unpacked than may be."""

    def __init__(self, archive: ZipFile) -> None:
        if len(archive.infolist()) > _MOST_PARTS:
            raise SheetRefused("It has too many parts.")
        self._archive = archive
        self._left = MOST_UNPACKED
        self._tags_left = MOST_TAGS

    def parse(self, name: str, reader: _Reader) -> Iterator[None]:
        """Have `reader` told of the XML of a part, a piece at each step."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_declarations
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text
        if self._archive.getinfo(name).compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise SheetRefused("It is compressed in a way that no workbook is.")
        with self._archive.open(name) as part:
            while piece := part.read(_PIECE):
                self._left -= len(piece)
                self._tags_left -= piece.count(b"<")
                if self._left < 0 or self._tags_left < 0:
                    raise SheetRefused("It is too large when it is unpacked.")
                if len(piece) == _PIECE and b"<" not in piece:
                    raise SheetRefused("It has a text or a tag that is longer than any.")
                parser.Parse(piece, False)
                yield
            parser.Parse(b"", True)
            yield

    def read(self, name: str, reader: _Reader) -> None:
        """The same, to the end of the part."""
        for _ in self.parse(name, reader):
            continue


def _refuse_declarations(*_: object) -> None:
    """Entities are declared in a document type; a workbook has none."""
    raise SheetRefused("It declares entities.")


def _local(name: str) -> str:
    """The name without its namespace, of which there are two: of ISO strict and transitional."""
    return name.rpartition(" ")[2]


Attributes = dict[str, str]


class _Reader:
    """Hears of elements and text, which it keeps while it is `_gathering`."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._gathering = False
        # Inside of `rPh`, which tells how a text is spoken.
        self._spoken = False

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """Text inside of one; as long as a cell can hold."""
        if self._gathering:
            self._length += len(data)
            if self._length > _LONGEST_TEXT:
                raise SheetRefused(f"A cell has more than {_LONGEST_TEXT} characters.")
            self._text.append(data)

    def _gathered(self) -> str:
        """The text so far, which is forgotten."""
        text = "".join(self._text)
        self._text.clear()
        self._length = 0
        return text


class _Elements(_Reader):
    """Calls `found` with each element's local name and its attributes by local name."""

    def __init__(self, found: Callable[[str, Attributes], None]) -> None:
        super().__init__()
        self._found = found

    def start(self, name: str, attributes: Attributes) -> None:
        self._found(_local(name), {_local(key): value for key, value in attributes.items()})


class _Texts(_Reader):
    """The shared texts, each of which is all that is written in one `si`."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        local = _local(name)
        self._spoken |= local == "rPh"
        self._gathering = local == "t" and not self._spoken

    def end(self, name: str) -> None:
        local = _local(name)
        self._gathering = False
        self._spoken &= local != "rPh"
        if local == "si":
            if len(self.texts) >= _MOST_TEXTS:
                raise SheetRefused(f"It has more than {_MOST_TEXTS} texts.")
            self.texts.append(self._gathered())


class _Styles(_Reader):
    """The positions of the cell styles that show a number as a date or a time."""

    def __init__(self) -> None:
        # Imported here: most workers never need its eight mebibytes.
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

        super().__init__()
        self.dates: set[str] = set()
        self._formats = dict(BUILTIN_FORMATS)
        self._is_date_format = is_date_format
        self._in_cells = False
        self._position = 0

    def start(self, name: str, attributes: Attributes) -> None:
        local = _local(name)
        if local == "numFmt" and "formatCode" in attributes:
            self._formats[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif local == "cellXfs":
            self._in_cells = True
        elif local == "xf" and self._in_cells:
            if self._is_date_format(self._formats.get(int(attributes.get("numFmtId", "0")))):
                self.dates.add(str(self._position))
            self._position += 1

    def end(self, name: str) -> None:
        if _local(name) == "cellXfs":
            self._in_cells = False


@dataclass(slots=True)
class _Cell:
    """One cell as it is being read."""

    position: int
    kind: str
    style: str
    formula: str | None = None
    value: str = ""


@dataclass(slots=True)
class _Line:
    """One row as it is being read."""

    number: int
    cells: dict[int, str] = field(default_factory=dict)
    unusable: dict[int, str] = field(default_factory=dict)


class _Sheet(_Reader):
    """The rows of a sheet as they are completed."""

    def __init__(self, texts: list[str], dates: set[str]) -> None:
        super().__init__()
        self.done: list[Row] = []
        self._texts = texts
        self._dates = dates
        self._line = _Line(0)
        self._cell: _Cell | None = None
        self._next = 0

    def start(self, name: str, attributes: Attributes) -> None:
        local = _local(name)
        if local == "c":
            position = self._position(attributes.get("r"))
            kind, style = attributes.get("t", "n"), attributes.get("s", "0")
            self._cell = _Cell(position, kind, style)
            self._next = position + 1
        elif local == "row":
            self._line = _Line(self._number(attributes.get("r")))
            self._next = 0
        elif self._cell is not None:
            self._spoken |= local == "rPh"
            self._gathering = local in {"v", "f"} or (local == "t" and not self._spoken)

    def end(self, name: str) -> None:
        local = _local(name)
        self._gathering = False
        self._spoken &= local != "rPh"
        if self._cell is not None:
            if local == "f":
                self._cell.formula = self._gathered()
            elif local in {"v", "is"}:
                self._cell.value = self._gathered()
            elif local == "c":
                self._keep(self._cell)
                self._cell = None
        elif local == "row" and self._line.cells:
            cells = self._line.cells
            width = max(cells) + 1
            values = [cells.get(place, "") for place in range(width)]
            self.done.append(Row(self._line.number, values, self._line.unusable))

    def _number(self, told: str | None) -> int:
        number = self._line.number + 1 if told is None else int(told)
        if not 1 <= number <= _LAST_ROW:
            raise SheetRefused("It has a row that no spreadsheet has.")
        return number

    def _position(self, told: str | None) -> int:
        if told is None:
            return self._next
        found = _CELL.fullmatch(told)
        if found is None:
            raise SheetRefused("It has a cell that no spreadsheet has.", self._line.number)
        position = 0
        for letter in found[1]:
            position = position * 26 + ord(letter) - ord("A") + 1
        return position - 1

    def _keep(self, cell: _Cell) -> None:
        """Put a cell that holds anything into its row."""
        kind, value = cell.kind, cell.value
        if cell.formula is not None:
            kind, value = "f", f"={cell.formula}"
        elif not value:
            return
        elif kind == "s":
            value = self._texts[int(value)] if int(value) < len(self._texts) else ""
        elif kind == "n" and cell.style in self._dates:
            kind = "d"
        elif kind == "n":
            value = _plain(value)
        if kind in _TEXTS:
            value = _CODED.sub(lambda found: chr(int(found[1], 16)), value)
        value = value.strip()
        if kind in _UNUSABLE:
            self._line.unusable[cell.position] = _UNUSABLE[kind]
        elif not value:
            return
        if cell.position >= MOST_COLUMNS:
            raise SheetRefused(f"A row has at most {MOST_COLUMNS} cells.", self._line.number)
        self._line.cells[cell.position] = value


def _plain(number: str) -> str:
    """A stored number as a spreadsheet shows it: `1.1` for `1.1000000000000001`."""
    if _INTEGER.fullmatch(number):
        return number
    shown = format(float(number), ".15g")
    return format(float(shown), "f").rstrip("0").rstrip(".") if "e" in shown else shown
