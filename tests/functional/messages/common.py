"""Writing messages, and what the tests ask about them."""

from __future__ import annotations

from typing import Any

from realty.db import Conversation, Message
from realty.db.session import session
from tests.client import Answer, Api

PATH = "/api/messages"
INBOX = f"{PATH}/conversations"


def draft(**over: Any) -> dict[str, Any]:
    """A body of sendMessage that lacks whom to."""
    return {"message_type": "inquiry", "message_content": "Glass or steel?", **over}


def send(api: Api, caller: Any, **over: Any) -> dict[str, Any]:
    """Send a message and return it."""
    message: dict[str, Any] = api.as_(caller).post(PATH, draft(**over), status=201).data["message"]
    return message


def refused(api: Api, caller: Any, status: int, **over: Any) -> Answer:
    """Try to send a message; nothing may be written."""
    before = stored()
    answer = api.as_(caller).post(PATH, draft(**over), status=status)
    assert stored() == before
    return answer


def stored() -> tuple[int, int]:
    """How many conversations and messages there are."""
    with session():
        return Conversation.select().count(), Message.select().count()


def thread(api: Api, caller: Any, conversation_id: int, **params: Any) -> Any:
    """`data` of getConversation."""
    return api.as_(caller).get(f"{INBOX}/{conversation_id}", params).data


def inbox(api: Api, caller: Any, **params: Any) -> list[dict[str, Any]]:
    """A page of conversations."""
    rows: list[dict[str, Any]] = api.as_(caller).get(INBOX, params).data["conversations"]
    return rows


def read(api: Api, caller: Any, conversation_id: int, body: Any = None) -> Any:
    """`data` of markConversationRead."""
    return api.as_(caller).patch(f"{INBOX}/{conversation_id}/read", body).data


def archive(api: Api, caller: Any, conversation_id: int, archived: bool = True) -> dict[str, Any]:
    """Put a conversation away and return it."""
    answer = api.as_(caller).patch(f"{INBOX}/{conversation_id}", {"archived": archived})
    row: dict[str, Any] = answer.data["conversation"]
    return row


def unread(api: Api, caller: Any) -> tuple[int, int]:
    """What getUnreadMessageCount says; the badge of all counts must agree."""
    found = api.as_(caller).get(f"{PATH}/unread-count").data
    badges = api.as_(caller).get("/api/auth/me/counts").data["counts"]
    assert badges["unread_messages"] == found["unread_count"]
    return found["unread_count"], found["unread_conversations"]
