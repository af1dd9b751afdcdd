"""Text that goes into a spreadsheet and comes back: never computed, never mangled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# What a spreadsheet takes for the start of a formula, also in its full-width forms.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")

# What separates entries, what XML or a spreadsheet loses, space that trimming takes off, and what
# a workbook would read as a character of another code, `_x0041_`.
_MEANT_OTHERWISE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|^\s|\s\Z|_(?=x[0-9A-Fa-f]{4}_)"
)
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\\|]))")
_ENTRY = re.compile(r"((?:\\.|[^\\|]|\\\Z)*)(\||\Z)", re.DOTALL)
SEPARATOR = " | "


def harmless(text: str) -> str:
    """`text` with an apostrophe before it if a spreadsheet would compute it; a number stays one."""
    computed = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if computed else text


def reversible(text: str) -> str:
    """The same for a sheet that comes back: what begins with an apostrophe gets another."""
    return f"'{text}" if text.startswith("'") else harmless(text)


def original(cell: str) -> str:
    """The inverse of `reversible`, and of the apostrophe by which people keep a cell from being
    computed; any other apostrophe stays."""
    guarded = cell.startswith("'") and (cell[1:2] == "'" or _FORMULA.match(cell, 1))
    return cell[1:] if guarded else cell


def join_entries(entries: Iterable[str]) -> str:
    """The entries of a list as one cell, `Utility room | Lake-facing balcony`; see `escape`."""
    return SEPARATOR.join(entries)


def split_entries(cell: str) -> Iterator[str]:
    """The entries of a cell, trimmed and still escaped; none of an empty cell."""
    if not cell:
        return
    at, separator = 0, "|"
    while separator:
        entry = _ENTRY.match(cell, at)
        assert entry is not None, "the pattern takes an empty entry too"
        at, separator = entry.end(), entry[2]
        yield entry[1].strip()


def escape(text: str) -> str:
    r"""`text` as it stands in an entry: `\\` and `\|` for a backslash and a bar, `\u000a` for a
    line break, and for a space at either end."""
    barred = text.replace("\\", "\\\\").replace("|", "\\|")
    return _MEANT_OTHERWISE.sub(lambda found: f"\\u{ord(found[0]):04x}", barred)


def unescape(entry: str) -> str:
    """The inverse of `escape`; a backslash before anything else stands for itself.

    Raises `ValueError` for what no text can hold: U+0000 and halves of characters.
    """
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], entry)
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("It names a character that no text can hold.")
    return text
