"""Pages of a list: one count, one slice, and the limits on how deep a caller may ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realty.errors import ValidationFailed
from realty.rules.policy import Policy


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


def page_of(query: Any, *, page: int, limit: int, policy: Policy) -> Page:
    """Slice an ordered Pony query; 422 for an offset past `pagination.max_offset`."""
    offset = (page - 1) * limit
    if offset > policy.pagination_max_offset:
        raise ValidationFailed.at(
            "page",
            f"Pages reach no further than row {policy.pagination_max_offset}; narrow the filters.",
            str(policy.pagination_max_offset),
        )
    total = query.count()
    rows = query[offset : offset + limit] if total > offset else ()
    return Page(rows, page, limit, total)
