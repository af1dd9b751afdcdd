"""The query parameters of the lists, as far as a stranger may use them."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ProjectSort = Literal[
    "created_at",
    "-created_at",
    "price_range_min",
    "-price_range_min",
    "project_name",
    "-project_name",
    "expected_completion_date",
    "-expected_completion_date",
]
UnitSort = Literal[
    "-created_at",
    "unit_number",
    "-unit_number",
    "price",
    "-price",
    "floor_number",
    "-floor_number",
    "area_sqft",
    "-area_sqft",
]


class Paged(BaseModel):
    """Which page, and nothing unknown."""

    model_config = ConfigDict(extra="forbid")

    page: int = Field(default=1, ge=1)
    limit: int = Field(default=10, ge=1, le=100)

    @property
    def offset(self) -> int:
        """How many rows come before the page."""
        return (self.page - 1) * self.limit


class ProjectFilters(Paged):
    """`GET /api/projects`."""

    city: str | None = Field(default=None, min_length=1, max_length=100)
    state: str | None = Field(default=None, min_length=1, max_length=100)
    status: str | None = None
    project_type: str | None = None
    unit_type: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    builder_id: int | None = Field(default=None, ge=1)
    is_featured: bool | None = None
    q: str | None = Field(default=None, min_length=1, max_length=100)
    sort: ProjectSort = "-created_at"


class UnitFilters(Paged):
    """`GET /api/projects/{project_id}/units`."""

    status: str | None = None
    unit_type: str | None = None
    facing: str | None = None
    bedrooms: int | None = Field(default=None, ge=0)
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    sort: UnitSort = "-created_at"


class NotificationFilters(Paged):
    """`GET /api/notifications`."""

    is_read: bool | None = None
