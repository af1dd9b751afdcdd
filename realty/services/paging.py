"""Pages of a list: one count, one slice, and the limits on how deep a caller may ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Any, Unpack

from cachetools import TTLCache

from realty.db import rows
from realty.db.rows import Shown
from realty.db.stamps import CATALOGUE_COLUMN
from realty.errors import ValidationFailed
from realty.services.policy import current_policy


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page and how many there are in all."""

    rows: Sequence[Any]
    number: int
    limit: int
    total: int

    def as_json(self) -> dict[str, object]:
        """The contract's `Pagination` block."""
        pages = -(-self.total // self.limit)
        return {
            "currentPage": self.number,
            "totalPages": pages,
            "totalItems": self.total,
            "hasNext": self.number < pages,
            "hasPrev": self.number > 1,
        }


def page_of(query: Any, *, page: int, limit: int, total: int | None = None) -> Page:
    """Slice an ordered Pony query; 422 for an offset past `pagination.max_offset`. `total` is how
    many there are, where that is known already."""
    offset = _offset(page, limit)
    if total is None:
        total = query.count()
    rows = query[offset : offset + limit] if total > offset else ()
    return Page(rows, page, limit, total)


def page_of_rows(
    query: Any,
    *,
    page: int,
    limit: int,
    total: int | None = None,
    counted: bool = False,
    **shown: Unpack[Shown],
) -> Page:
    """The same as rows with all that they show (`realty.db.rows.page`), for what is only shown.

    With `counted` the page counts in its own statement: for lists that their filters keep short.
    """
    offset = _offset(page, limit)
    if total is None and not counted:
        total = query.count()
    found = rows.page(query, limit, offset, counted=counted, **shown) if total != 0 else []
    if total is None:
        # No row tells how many come before a page that is past the last.
        total = found[0].in_all if found else query.count() if offset else 0
    return Page(found, page, limit, total)


def public_page_of_rows(query: Any, *, page: int, limit: int, **shown: Unpack[Shown]) -> Page:
    """The same for a list of what everybody may see of the catalogue, however long: how many there
    are is counted once between two changes of the catalogue, by its stamp (`realty.db.stamps`)."""
    offset = _offset(page, limit)
    shown["columns"] = {**shown.get("columns", {}), "stamp": CATALOGUE_COLUMN}
    found = rows.page(query, limit, offset, **shown)
    if not found:
        return Page((), page, limit, query.count() if offset else 0)
    # The stamp came with the rows, before what is counted now: a total may be newer than it.
    return Page(found, page, limit, _kept_total(query, found[0].stamp))


_ORDER = "\nORDER BY"
_KEPT_TOTALS = 4096
_LONGEST_SECONDS = 900
# What is changed past the program shows after a quarter of an hour, as in answers kept ready.
_totals: TTLCache[bytes, tuple[int, int]] = TTLCache(_KEPT_TOTALS, _LONGEST_SECONDS)
_lock = Lock()


def _kept_total(query: Any, stamp: int) -> int:
    sql, arguments, _, _ = query._construct_sql_and_arguments()
    # In whatever order, there are as many.
    asked = f"{sql.partition(_ORDER)[0]} {arguments}"
    key = blake2b(asked.encode(), digest_size=16).digest()
    with _lock:
        known = _totals.get(key)
    if known is not None and known[0] == stamp:
        return known[1]
    total: int = query.count()
    with _lock:
        _totals[key] = stamp, total
    return total


def _offset(page: int, limit: int) -> int:
    offset = (page - 1) * limit
    most = current_policy().pagination_max_offset if offset else 0
    if offset > most:
        message = f"Pages reach no further than row {most}; narrow the filters."
        raise ValidationFailed.at("page", message, str(most))
    return offset
