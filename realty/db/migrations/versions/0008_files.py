"""Files that are being removed, and a short way to those that nothing names."""

from __future__ import annotations

from alembic import op

from realty.db.migrations.shorthand import index, moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Mark what is being removed; find what is to be."""
    op.add_column("files", moment("removed_at", nullable=True))
    index("files_unattached", "files", "created_at", where="attached_to_type IS NULL")
