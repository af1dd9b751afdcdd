"""Conversations and messages as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realty.presenters.cards import builder_card, customer_card, project_card
from realty.presenters.files import file_ref_of
from realty.rules.clock import rfc3339
from realty.rules.excerpts import excerpt
from realty.security import Identity
from realty.services.message_queries import Named, Said, Thread

Json = dict[str, Any]
_OTHER = {"customer": "builder", "builder": "customer"}


def conversation_json(thread: Thread, viewer: Identity) -> Json:
    """`Conversation`, as one of its sides sees it; the other side must be loaded."""
    row = thread.conversation
    archived = row.archived_by_builder if viewer.role == "builder" else row.archived_by_customer
    return {
        "id": row.id,
        "project_id": row.project and row.project.id,
        "archived": archived,
        "unread_count": thread.unread,
        "last_message": _excerpt_json(thread.newest, viewer),
        "last_message_time": rfc3339(row.last_message_time),
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        **_cards(row, thread.project, viewer),
    }


def message_json(message: Any, named: Named, viewer: Identity) -> Json:
    """`Message`."""
    kept = (named.files.get(file_id) for file_id in message.attachments)
    return {
        "id": message.id,
        "conversation_id": message.conversation.id,
        "sender_id": message.sender.id,
        "recipient_id": message.recipient.id,
        "sender_role": _role_of(message.sender.id, viewer),
        "project_id": message.project and message.project.id,
        "booking_id": message.booking and message.booking.id,
        "booking_number": named.booking_numbers.get(message.id),
        "parent_message": _excerpt_json(named.parents.get(message.id), viewer),
        "subject": message.subject,
        "message_content": message.message_content,
        "message_type": message.message_type,
        "priority": message.priority,
        "attachments": [_attachment_json(file) for file in kept if file is not None],
        "is_read": message.is_read,
        "read_at": rfc3339(message.read_at),
        "created_at": rfc3339(message.created_at),
    }


def found_message_json(
    message: Any, named: Named, projects: Mapping[int, Any], viewer: Identity
) -> Json:
    """`FoundMessage`: a message outside of its conversation, with the cards of that."""
    row = message.conversation
    project = row.project and projects.get(row.project.id)
    return message_json(message, named, viewer) | _cards(row, project, viewer)


def _cards(conversation: Any, project: Any, viewer: Identity) -> Json:
    """What a conversation is about, and with whom: the side that is not the viewer's."""
    is_builder = viewer.role == "builder"
    return {
        "project": project and project_card(project),
        "builder": None if is_builder else builder_card(conversation.builder),
        "customer": customer_card(conversation.customer) if is_builder else None,
    }


def _excerpt_json(said: Said | None, viewer: Identity) -> Json | None:
    """`MessageExcerpt`."""
    if said is None:
        return None
    return {
        "id": said.id,
        "sender_id": said.sender_id,
        "sender_role": _role_of(said.sender_id, viewer),
        "excerpt": excerpt(said.message_content),
        "attachments_count": len(said.attachments),
        "is_read": said.is_read,
        "created_at": rfc3339(said.created_at),
    }


def _role_of(sender_id: int, viewer: Identity) -> str:
    """Which side wrote; a conversation has two, and the viewer is one of them."""
    return viewer.role if sender_id == viewer.user_id else _OTHER[viewer.role]


def _attachment_json(file: Any) -> Json:
    """`MessageAttachment`."""
    return {
        **file_ref_of(file.id),
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
    }
