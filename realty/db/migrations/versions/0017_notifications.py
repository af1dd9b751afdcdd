"""Mails of one user in one letter."""

from __future__ import annotations

from alembic import op

from realty.db.migrations.shorthand import index

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Let the mail of a notification know its user, and find what is due, alone or together."""
    op.execute(
        "ALTER TABLE outgoing_mail ADD COLUMN user_id INTEGER"
        " CONSTRAINT fk_outgoing_mail__user_id REFERENCES users (id)"
    )
    op.execute(
        "UPDATE outgoing_mail SET user_id ="
        " (SELECT n.user_id FROM notifications n WHERE n.id = notification_id)"
        " WHERE notification_id IS NOT NULL"
    )
    op.drop_index("outgoing_mail_due", "outgoing_mail")
    waiting = "status = 'queued' AND user_id IS"
    index("outgoing_mail_due", "outgoing_mail", "next_attempt_at", "id", where=f"{waiting} NULL")
    index(
        "outgoing_news_due", "outgoing_mail", "next_attempt_at", "id", where=f"{waiting} NOT NULL"
    )
    index("idx_outgoing_mail__user_id_sent_at", "outgoing_mail", "user_id", "sent_at")
