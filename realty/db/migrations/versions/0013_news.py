"""Construction updates that are changed on the version that was read, and reviews as they are read.

Both databases take a column with its check in one statement; Alembic would ask SQLite for two.
"""

from __future__ import annotations

from alembic import op

from realty.db.migrations.shorthand import index, moment

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Number the versions of an update, keep the delay that a revision told, date replies."""
    op.execute(
        "ALTER TABLE construction_updates ADD COLUMN version INTEGER NOT NULL DEFAULT 1"
        " CONSTRAINT ck_construction_updates__version CHECK (version >= 1)"
    )
    op.add_column("construction_updates", moment("revised_at", nullable=True))
    op.execute(
        "ALTER TABLE update_revisions ADD COLUMN estimated_delay_days INTEGER"
        " CONSTRAINT ck_update_revisions__estimated_delay_days CHECK (estimated_delay_days >= 0)"
    )
    op.add_column("reviews", moment("replied_at", nullable=True))
    op.execute("UPDATE reviews SET replied_at = updated_at WHERE builder_reply IS NOT NULL")
    index("reviews_newest", "reviews", "builder_id", "created_at", "id")
