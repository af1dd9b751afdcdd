"""One range of bytes (RFC 9110, 14)."""

from __future__ import annotations

import re

from realty.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def span(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last of the `size` bytes that a `Range` header asks for.

    None for a header that is no such range, or more than one: it is to be ignored. Raises
    `RangeNotSatisfiable` where nothing is.
    """
    found = _ONE_RANGE.fullmatch(header.strip())
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if first and last and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable(size)
    return start, stop
