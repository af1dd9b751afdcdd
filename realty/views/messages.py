"""Operations of the tag `messages`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.messages import conversation_json, found_message_json, message_json
from realty.resources import ConversationResource, MessageCollection
from realty.services import conversations, message_queries, messages
from realty.services.message_queries import ConversationFilter, MessageFilter, named_by
from realty.services.messages import Draft
from realty.views.conditional import if_match, tagged

Json = dict[str, Any]


@operation("listConversations", permission=P.MESSAGE_LIST)
def list_conversations(context: MessageCollection, request: Request) -> Json:
    """The caller's conversations."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    found, threads = message_queries.conversations(
        context.identity, ConversationFilter(**query), page=page, limit=limit
    )
    return {
        "conversations": [conversation_json(thread, context.identity) for thread in threads],
        "unread_count": message_queries.unread(context.identity).unread_count,
        "pagination": found.as_json(),
    }


@operation("getConversation", permission=P.MESSAGE_READ)
def get_conversation(context: ConversationResource, request: Request) -> Response:
    """One conversation with a page of its messages; nothing becomes read by it."""
    viewer = context.identity
    thread = message_queries.conversation(context.conversation_id, viewer)
    found = message_queries.said(
        context.conversation_id, **request.openapi_validated.parameters.query
    )
    named = named_by(found.rows)
    shown = {
        "conversation": conversation_json(thread, viewer),
        "messages": [message_json(message, named, viewer) for message in found.rows],
        "pagination": found.as_json(),
    }
    return tagged(request, shown, thread.conversation)


@operation("updateConversation", permission=P.MESSAGE_WRITE)
def update_conversation(context: ConversationResource, request: Request) -> Response:
    """Put it away, or take it back."""
    conversations.archive(
        context.conversation_id,
        archived=request.openapi_validated.body["archived"],
        expected=if_match(request),
        actor=context.identity,
    )
    thread = message_queries.conversation(context.conversation_id, context.identity)
    shown = {"conversation": conversation_json(thread, context.identity)}
    return tagged(request, shown, thread.conversation)


@operation("markConversationRead", permission=P.MESSAGE_WRITE)
def mark_conversation_read(context: ConversationResource, request: Request) -> Json:
    """What the caller was sent in it is read."""
    body = request.openapi_validated.body or {}
    marked = conversations.mark_read(
        context.conversation_id,
        up_to=body.get("up_to_message_id"),
        actor=context.identity,
        now=request.now,
    )
    thread = message_queries.conversation(context.conversation_id, context.identity)
    return {
        "conversation": conversation_json(thread, context.identity),
        "marked_count": marked,
        "unread_count": message_queries.unread(context.identity).unread_count,
    }


@operation("sendMessage", permission=P.MESSAGE_WRITE)
def send_message(context: MessageCollection, request: Request) -> Json:
    """Write to the other side."""
    draft = Draft(**request.openapi_validated.body)
    message = messages.send(draft, actor=context.identity, now=request.now)
    request.response.location = request.route_path(
        "conversation", conversation_id=message.conversation.id
    )
    return {"message": message_json(message, named_by([message]), context.identity)}


@operation("listMessages", permission=P.MESSAGE_LIST)
def list_messages(context: MessageCollection, request: Request) -> Json:
    """The caller's messages, searched."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    found, projects = message_queries.messages(
        context.identity, MessageFilter(**query), page=page, limit=limit
    )
    named = named_by(found.rows)
    return {
        "messages": [
            found_message_json(message, named, projects, context.identity) for message in found.rows
        ],
        "pagination": found.as_json(),
    }


@operation("getUnreadMessageCount", permission=P.MESSAGE_LIST)
def get_unread_message_count(context: MessageCollection, request: Request) -> Json:
    """What waits to be read."""
    return message_queries.unread(context.identity)._asdict()
