"""Conversations and what was said in them."""

from __future__ import annotations

from typing import Any

from realty.db import Conversation, Message
from realty.db.session import session
from tests.deployment import CLOCK
from tests.factories.catalogue import ProjectRow
from tests.factories.people import BuilderAccount, CustomerAccount


def make_conversation(
    customer: CustomerAccount,
    builder: BuilderAccount,
    project: ProjectRow | None = None,
    **over: Any,
) -> int:
    """An empty conversation, and its id; `make_message` fills it."""
    with session():
        row = Conversation(
            **{
                "customer": customer.customer_id,
                "builder": builder.builder_id,
                "project": project and project.id,
                "last_message_time": CLOCK.now(),
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        conversation_id: int = row.id
        return conversation_id


def make_message(conversation_id: int, by: str = "customer", **over: Any) -> int:
    """A message of one side (`customer` or `builder`) to the other, unread, and its id."""
    with session():
        thread = Conversation[conversation_id]
        sides = (thread.customer.user, thread.builder.user)
        sender, recipient = sides if by == "customer" else reversed(sides)
        row = Message(
            **{
                "conversation": thread,
                "sender": sender,
                "recipient": recipient,
                "project": thread.project,
                "message_content": "Will the railing be glass or steel?",
                "message_type": "inquiry",
                "created_at": CLOCK.now(),
                **over,
            }
        )
        thread.last_message_time = max(thread.last_message_time, row.created_at)
        row.flush()
        message_id: int = row.id
        return message_id
