"""How conversations are found, counted and searched."""

from __future__ import annotations

from alembic import op

from realty.db.migrations.shorthand import index, on_postgres, search_index

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Index the lists of both sides, what is unread by conversation, what one account sent of
    late, and, where trigrams can, the words."""
    for side in ("customer", "builder"):
        index(
            f"conversations_of_{side}",
            "conversations",
            f"{side}_id",
            f"archived_by_{side}",
            "last_message_time",
            "id",
        )
    op.drop_index("messages_unread", "messages")
    index("messages_unread", "messages", "recipient_id", "conversation_id", where="NOT is_read")
    index("messages_by_sender", "messages", "sender_id", "created_at")
    index(
        "notifications_of_conversation",
        "notifications",
        "user_id",
        "related_entity_id",
        where="related_entity_type = 'conversation' AND NOT is_read",
    )
    if on_postgres():
        # SQLite could only copy the texts: it searches what a caller's conversations hold.
        search_index("messages", "message_content")
        search_index("messages", "subject")
