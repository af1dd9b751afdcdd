"""Phases, construction updates and 3D models."""

from __future__ import annotations

from realty.db.migrations.shorthand import (
    at_least,
    between,
    create_table,
    day,
    flag,
    index,
    integer,
    json,
    moment,
    one_of,
    percent,
    ref,
    text,
    touched,
    unique_index,
)

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of `realty.db.construction`."""
    _progress()
    _models()


def _progress() -> None:
    create_table(
        "project_progress",
        ref("project_id", "projects"),
        integer("sequence"),
        text("phase_name"),
        text("milestone_code", nullable=True),
        text("phase_description", nullable=True),
        percent("weight_percent"),
        day("start_date", nullable=True),
        day("expected_end_date", nullable=True),
        day("actual_end_date", nullable=True),
        percent("progress_percentage"),
        text("status"),
        json("milestone_images"),
        text("contractor_notes", nullable=True),
        flag("customer_visible"),
        *touched(),
        one_of("status", "not_started in_progress completed delayed on_hold"),
        between("weight_percent", 0, 100),
        between("progress_percentage", 0, 100),
        *at_least(1, "sequence"),
    )
    unique_index(
        "one_phase_per_milestone",
        "project_progress",
        "project_id",
        "milestone_code",
        where="milestone_code IS NOT NULL",
    )
    create_table(
        "construction_updates",
        ref("project_id", "projects"),
        ref("phase_id", "project_progress", nullable=True),
        text("update_title"),
        text("update_content"),
        text("update_type"),
        text("priority"),
        text("audience"),
        json("images"),
        json("videos"),
        integer("estimated_delay_days", nullable=True),
        flag("weather_impact"),
        json("tags"),
        ref("posted_by", "users"),
        text("status"),
        moment("published_at", nullable=True),
        *touched(),
        one_of("update_type", "milestone delay general safety quality"),
        one_of("priority", "low medium high critical"),
        one_of("audience", "public customers"),
        one_of("status", "draft published archived"),
        *at_least(0, "estimated_delay_days"),
    )
    index("construction_updates_newest", "construction_updates", "project_id", "created_at", "id")
    create_table(
        "update_revisions",
        ref("update_id", "construction_updates"),
        text("update_title"),
        text("update_content"),
        moment("created_at"),
    )


def _models() -> None:
    create_table(
        "models_3d",
        ref("project_id", "projects"),
        ref("unit_id", "units", nullable=True),
        text("model_name"),
        text("model_description", nullable=True),
        text("model_type"),
        ref("file_id", "files"),
        text("file_format"),
        ref("thumbnail_file_id", "files", nullable=True),
        text("access_level"),
        integer("version"),
        text("status"),
        json("viewer_config", nullable=True),
        flag("is_interactive"),
        integer("view_count"),
        integer("download_count"),
        *touched(),
        one_of("model_type", "project_overview unit_interior floor_plan amenities design_option"),
        one_of("file_format", "glb gltf obj fbx"),
        one_of("access_level", "public customers_only booked_customers"),
        one_of("status", "draft current archived"),
        *at_least(0, "view_count", "download_count"),
        *at_least(1, "version"),
    )
    unique_index(
        "one_current_model_per_name",
        "models_3d",
        "project_id",
        "COALESCE(unit_id, 0)",
        "model_name",
        where="status = 'current'",
    )
