"""Accounts that were deleted and whose changes are counted; what the administration lists.

Both databases take a column with its check in one statement; Alembic would ask SQLite for two.
"""

from __future__ import annotations

from alembic import op

from realty.db.migrations.shorthand import index, moment, search_index

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Say when an account was deleted, number its versions; index users and audited facts."""
    op.add_column("users", moment("deleted_at", nullable=True))
    op.execute(
        "ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1"
        " CONSTRAINT ck_users__version CHECK (version >= 1)"
    )
    index("users_newest", "users", "created_at", "id")
    search_index("users", "phone")
    index("audit_log_newest", "audit_log", "at", "id")
    index("audit_log_of_chain", "audit_log", "builder_id", "at", "id")
    index("audit_log_of_entity", "audit_log", "entity", "entity_id", "at", "id")
