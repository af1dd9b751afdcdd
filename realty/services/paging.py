"""Pages of a list: one count, one slice, and the limits on how deep a caller may ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from realty.db import rows
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
    return _page(query, lambda offset: query[offset : offset + limit], page, limit, total)


def page_of_rows(query: Any, *, page: int, limit: int, total: int | None = None) -> Page:
    """The same as rows, for what is only shown (`realty.db.rows`)."""
    return _page(query, lambda offset: rows.page(query, limit, offset), page, limit, total)


def _page(
    query: Any,
    slice_from: Callable[[int], Sequence[Any]],
    page: int,
    limit: int,
    total: int | None,
) -> Page:
    offset = (page - 1) * limit
    if offset:
        _require_near(offset)
    if total is None:
        total = query.count()
    return Page(slice_from(offset) if total > offset else (), page, limit, total)


def _require_near(offset: int) -> None:
    most = current_policy().pagination_max_offset
    if offset > most:
        message = f"Pages reach no further than row {most}; narrow the filters."
        raise ValidationFailed.at("page", message, str(most))
