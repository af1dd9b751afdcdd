"""Settings, histories, number series, idempotency keys, cache stamps, audit chains."""

from __future__ import annotations

from realty.db.migrations.shorthand import (
    at_least,
    bigint,
    create_table,
    flag,
    index,
    integer,
    json,
    moment,
    one_of,
    ref,
    text,
    touched,
    unique,
    unique_index,
)

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables of `realty.db.system`."""
    _settings_and_history()
    _counters()
    _audit()


def _settings_and_history() -> None:
    create_table(
        "system_settings",
        text("setting_key", unique=True),
        json("setting_value"),
        text("setting_type"),
        text("category"),
        text("description", nullable=True),
        flag("is_public"),
        ref("updated_by", "users", nullable=True),
        *touched(),
        one_of("setting_type", "string number boolean json"),
    )
    create_table(
        "status_history",
        text("entity"),
        integer("entity_id"),
        text("from_status", nullable=True),
        text("to_status"),
        ref("actor_id", "users", nullable=True),
        text("reason", nullable=True),
        moment("at"),
    )
    index("status_history_of_entity", "status_history", "entity", "entity_id", "at", "id")
    create_table(
        "idempotency_keys",
        ref("user_id", "users"),
        text("operation"),
        text("key"),
        text("body_hash"),
        integer("status_code", nullable=True),
        json("headers", nullable=True),
        text("body", nullable=True),
        moment("created_at"),
        unique("idempotency_keys", "user_id", "operation", "key"),
    )
    index("idempotency_keys_by_age", "idempotency_keys", "created_at")


def _counters() -> None:
    create_table(
        "number_series",
        text("series"),
        ref("builder_id", "builders", nullable=True),
        text("period"),
        integer("last_number"),
        *at_least(0, "last_number"),
    )
    unique_index(
        "one_number_series", "number_series", "series", "COALESCE(builder_id, 0)", "period"
    )
    create_table(
        "cache_stamps",
        ref("project_id", "projects", nullable=True),
        bigint("stamp"),
        *at_least(0, "stamp"),
    )
    unique_index("one_cache_stamp_per_project", "cache_stamps", "COALESCE(project_id, 0)")


def _audit() -> None:
    create_table(
        "audit_log",
        ref("builder_id", "builders", nullable=True),
        integer("position"),
        moment("at"),
        ref("actor_id", "users", nullable=True),
        text("action"),
        text("entity"),
        integer("entity_id", nullable=True),
        json("details", nullable=True),
        text("previous_hash"),
        text("hash"),
        *at_least(1, "position"),
    )
    unique_index("one_fact_per_position", "audit_log", "COALESCE(builder_id, 0)", "position")
    create_table(
        "audit_heads",
        ref("builder_id", "builders", nullable=True),
        integer("count"),
        text("hash"),
        moment("updated_at"),
        *at_least(0, "count"),
    )
    unique_index("one_audit_head_per_chain", "audit_heads", "COALESCE(builder_id, 0)")
