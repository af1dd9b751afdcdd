"""Versions of 3D models, numbered for each name in its scope, and their lists."""

from __future__ import annotations

from realty.db.migrations.shorthand import index, search_index, unique_index

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Let no version be there twice; list and search models as portals do."""
    unique_index(
        "one_model_per_version",
        "models_3d",
        *("project_id", "COALESCE(unit_id, 0)", "model_name", "version"),
    )
    index("models_3d_newest", "models_3d", "created_at", "id", where="status = 'current'")
    index("models_3d_of_project", "models_3d", "project_id", "created_at", "id")
    search_index("models_3d", "model_name")
