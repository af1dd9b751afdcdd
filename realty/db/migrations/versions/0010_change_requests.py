"""Change requests: one row of the schedule each, and indexes for how they are read."""

from __future__ import annotations

from realty.db.migrations.shorthand import index, unique_index

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Let a change request be priced once, and index lists and expiring quotes."""
    unique_index(
        "one_row_per_change_request",
        "installments",
        "change_request_id",
        where="change_request_id IS NOT NULL",
    )
    index("change_requests_newest", "change_requests", "created_at", "id")
    index(
        "change_requests_quoted",
        "change_requests",
        "quote_valid_until",
        where="status = 'quoted'",
    )
