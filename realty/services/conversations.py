"""Conversations: whom one is with and what about, reached by a message, put away, read.

There is one for each customer, builder and project (or none): the index
`one_conversation_per_subject` holds it, and whoever comes first makes it. A conversation's row is
the lock of its messages and of what its sides are told of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from realty.db import Conversation, db
from realty.db.locks import lock
from realty.errors import NotFound
from realty.security import Identity
from realty.services.versions import require_version


class Subject(NamedTuple):
    """Who talks, and about which project, if about one: the key of a conversation."""

    customer_id: int
    builder_id: int
    project_id: int | None


def reach(subject: Subject, *, now: datetime) -> int:
    """The id of the conversation with this subject, which is made if there is none, brought back
    for both sides if it was archived, and locked to the end of the transaction."""
    cursor = db.execute(
        "INSERT INTO conversations (customer_id, builder_id, project_id, last_message_time,"
        " archived_by_customer, archived_by_builder, created_at, updated_at)"
        " VALUES ($customer_id, $builder_id, $project_id, $now, $no, $no, $now, $now)"
        # Two machines' clocks differ: a conversation never goes back in time.
        " ON CONFLICT (customer_id, builder_id, COALESCE(project_id, 0)) DO UPDATE SET"
        " last_message_time = CASE WHEN conversations.last_message_time > $now"
        " THEN conversations.last_message_time ELSE $now END,"
        " archived_by_customer = $no, archived_by_builder = $no, updated_at = $now"
        " RETURNING id",
        {**subject._asdict(), "now": now, "no": False},
        {},
    )
    return int(cursor.fetchone()[0])


def archive(
    conversation_id: int,
    *,
    archived: bool,
    expected: frozenset[int] | None,
    actor: Identity,
) -> None:
    """Put a conversation away for the caller's side, or take it back; the other side sees nothing
    of it. Raises `NotFound`, and `StaleVersion` when `expected` does not name what it is now."""
    conversation = lock(Conversation, conversation_id)
    if conversation is None:
        raise NotFound
    require_version(conversation, expected)
    conversation.set(**{f"archived_by_{actor.role}": archived})


def mark_read(conversation_id: int, *, up_to: int | None, actor: Identity, now: datetime) -> int:
    """Mark what the caller was sent in a conversation as read, no further than the message `up_to`
    if that is given; say how many it were.

    Ids rise with the time in one conversation, because its row is locked before a message is
    written. Once nothing is unread, neither is the notification that told of it.
    """
    lock(Conversation, conversation_id)
    told: dict[str, Any] = {
        "conversation_id": conversation_id,
        "user_id": actor.user_id,
        "up_to": up_to,
        "yes": True,
        "now": now,
    }
    marked: int = db.execute(
        "UPDATE messages SET is_read = $yes, read_at = $now"
        " WHERE conversation_id = $conversation_id AND recipient_id = $user_id AND NOT is_read"
        " AND ($up_to IS NULL OR id <= $up_to)",
        told,
        {},
    ).rowcount
    db.execute(
        "UPDATE notifications SET is_read = $yes, read_at = $now WHERE user_id = $user_id"
        " AND related_entity_type = 'conversation' AND related_entity_id = $conversation_id"
        " AND NOT is_read AND NOT EXISTS (SELECT 1 FROM messages WHERE NOT is_read"
        " AND conversation_id = $conversation_id AND recipient_id = $user_id)",
        told,
        {},
    )
    return marked
