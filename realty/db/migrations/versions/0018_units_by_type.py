"""The types of the units of a project."""

from __future__ import annotations

from realty.db.migrations.shorthand import index

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Answer from the index alone whether a project has units of a type, for lists of projects."""
    index("units_by_type", "units", "project_id", "unit_type")
