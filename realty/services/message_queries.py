"""Reading conversations and messages: pages of them, one conversation, what is unread.

Whatever the number of rows on a page, and of messages behind them, each kind of thing that they
show costs one query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from pony.orm import desc, left_join, select

from realty.db import Conversation, Customer, File, Message, db, scopes
from realty.db.bulk import among, moment
from realty.security import Identity
from realty.services.paging import Page, page_of

_OTHER_SIDE: Mapping[str, tuple[Any, ...]] = {
    "builder": (Conversation.customer, Customer.user),
    "customer": (Conversation.builder,),
}
"""What the cards of a conversation show to each role: whom one talks to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """How the list of conversations is narrowed and ordered; all conditions hold together."""

    archived: bool = False
    unread: bool | None = None
    project_id: int | None = None
    q: str | None = None
    sort: str = "-last_message_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """How the list of messages is narrowed and ordered; all conditions hold together."""

    conversation_id: int | None = None
    project_id: int | None = None
    booking_id: int | None = None
    message_type: str | None = None
    priority: str | None = None
    unread: bool | None = None
    sent: bool | None = None
    q: str | None = None
    sort: str = "-created_at"


class Said(NamedTuple):
    """What an excerpt is made of: columns of a message that is not on the page itself."""

    id: int
    sender_id: int
    message_content: str
    attachments: Sequence[int]
    is_read: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation with what its reader sees of it; `project` is None where there is none, or
    none that this reader may see, `newest` before the first message."""

    conversation: Any
    project: Any
    newest: Said | None
    unread: int


@dataclass(frozen=True, slots=True)
class Named:
    """What messages name: by its id each file that is still kept, by the message's id the message
    that it answers and the number of its booking."""

    files: Mapping[int, Any]
    parents: Mapping[int, Said]
    booking_numbers: Mapping[int, str]


class Unread(NamedTuple):
    """How many messages the caller has not read, and in how many conversations."""

    unread_count: int
    unread_conversations: int


def conversations(
    actor: Identity, wanted: ConversationFilter, *, page: int, limit: int
) -> tuple[Page, Sequence[Thread]]:
    """A page of the caller's conversations, and each with its newest message."""
    found = _narrowed_conversations(scopes.visible_conversations(actor), wanted, actor)
    rows = _ordered(found, wanted.sort).prefetch(*_OTHER_SIDE[actor.role])
    shown = page_of(rows, page=page, limit=limit)
    return shown, _threads(shown.rows, actor)


def conversation(conversation_id: int, actor: Identity) -> Thread:
    """One conversation that the caller may see."""
    rows = Conversation.select(lambda t: t.id == conversation_id).without_distinct()
    (thread,) = _threads(rows.prefetch(*_OTHER_SIDE[actor.role])[:], actor)
    return thread


def said(conversation_id: int, *, sort: str, page: int, limit: int) -> Page:
    """A page of the messages of one conversation."""
    found = Message.select(lambda m: m.conversation.id == conversation_id)
    return page_of(_ordered(found, sort), page=page, limit=limit)


def messages(
    actor: Identity, wanted: MessageFilter, *, page: int, limit: int
) -> tuple[Page, Mapping[int, Any]]:
    """A page of the caller's messages with the cards of their conversations, and by its id the
    project of each conversation that the caller may see."""
    found = _narrowed_messages(scopes.visible_messages(actor), wanted, actor)
    rows = _ordered(found, wanted.sort).prefetch(Message.conversation, *_OTHER_SIDE[actor.role])
    shown = page_of(rows, page=page, limit=limit)
    return shown, _visible_projects((m.conversation for m in shown.rows), actor)


def named_by(rows: Iterable[Any]) -> Named:
    """What these messages name."""
    rows = list(rows)
    files = {file_id for message in rows for file_id in message.attachments}
    kept = File.select(lambda f: f.id in files and f.removed_at is None) if files else ()
    naming = {row.id for row in rows if row.parent_message or row.booking}
    columns = left_join(
        (
            m.id,
            m.booking.booking_number,
            m.parent_message.id,
            m.parent_message.sender.id,
            m.parent_message.message_content,
            m.parent_message.attachments,
            m.parent_message.is_read,
            m.parent_message.created_at,
        )
        for m in Message
        if m.id in naming
    ).without_distinct()
    named = list(columns) if naming else []
    return Named(
        {file.id: file for file in kept},
        {message_id: Said(*parent) for message_id, _number, *parent in named if parent[0]},
        {message_id: number for message_id, number, *_parent in named if number},
    )


def unread(actor: Identity) -> Unread:
    """What waits to be read, archived or not."""
    found = db.get(
        "SELECT count(*), count(DISTINCT conversation_id) FROM messages"
        " WHERE recipient_id = $(actor.user_id) AND NOT is_read"
    )
    return Unread(*found)


def _narrowed_conversations(found: Any, wanted: ConversationFilter, actor: Identity) -> Any:
    archived, project_id = wanted.archived, wanted.project_id
    if actor.role == "builder":
        found = found.filter(lambda t: t.archived_by_builder == archived)
    else:
        found = found.filter(lambda t: t.archived_by_customer == archived)
    if project_id is not None:
        found = found.filter(lambda t: t.project.id == project_id)
    if wanted.unread is not None:
        user_id = actor.user_id
        waiting = select(
            m.conversation.id for m in Message if m.recipient.id == user_id and not m.is_read
        )
        if wanted.unread:
            found = found.filter(lambda t: t.id in waiting)
        else:
            found = found.filter(lambda t: t.id not in waiting)
    return found if wanted.q is None else _with_words(found, wanted.q.lower(), actor)


def _with_words(found: Any, words: str, actor: Identity) -> Any:
    """Those whose other side, or whose project as far as the caller sees it, is called so."""
    projects = scopes.visible_projects(actor).filter(lambda p: words in p.project_name.lower())
    # By id: to ask for the project's name in the same condition would lose those without one.
    called = select(p.id for p in projects)
    if actor.role == "builder":
        return found.filter(
            lambda t: (
                words in (t.customer.first_name + " " + t.customer.last_name).lower()
                or t.project.id in called
            )
        )
    return found.filter(lambda t: words in t.builder.company_name.lower() or t.project.id in called)


def _narrowed_messages(found: Any, wanted: MessageFilter, actor: Identity) -> Any:
    user_id = actor.user_id
    if wanted.conversation_id is not None:
        conversation_id = wanted.conversation_id
        found = found.filter(lambda m: m.conversation.id == conversation_id)
    if wanted.project_id is not None:
        project_id = wanted.project_id
        found = found.filter(lambda m: m.project.id == project_id)
    if wanted.booking_id is not None:
        booking_id = wanted.booking_id
        found = found.filter(lambda m: m.booking.id == booking_id)
    if wanted.message_type is not None:
        message_type = wanted.message_type
        found = found.filter(lambda m: m.message_type == message_type)
    if wanted.priority is not None:
        priority = wanted.priority
        found = found.filter(lambda m: m.priority == priority)
    if wanted.unread is not None:
        if wanted.unread:
            found = found.filter(lambda m: m.recipient.id == user_id and not m.is_read)
        else:
            found = found.filter(lambda m: m.recipient.id != user_id or m.is_read)
    if wanted.sent is not None:
        if wanted.sent:
            found = found.filter(lambda m: m.sender.id == user_id)
        else:
            found = found.filter(lambda m: m.recipient.id == user_id)
    if wanted.q is not None:
        words = wanted.q.lower()
        found = found.filter(
            lambda m: words in m.message_content.lower() or words in m.subject.lower()
        )
    return found


def _ordered(found: Any, sort: str) -> Any:
    column = sort.removeprefix("-")
    if sort.startswith("-"):
        return found.order_by(lambda row: (desc(getattr(row, column)), desc(row.id)))
    return found.order_by(lambda row: (getattr(row, column), row.id))


def _threads(rows: Sequence[Any], actor: Identity) -> list[Thread]:
    newest = _newest([row.id for row in rows], actor)
    projects = _visible_projects(rows, actor)
    return [
        Thread(
            row,
            row.project and projects.get(row.project.id),
            *newest.get(row.id, (None, 0)),
        )
        for row in rows
    ]


# A look into an index for each conversation, however many messages it has.
_NEWEST = (
    "SELECT t.id AS conversation_id, m.id AS message_id, m.sender_id, m.message_content,"
    " CAST(m.attachments AS TEXT) AS attachments, m.is_read, m.created_at,"
    " (SELECT count(*) FROM messages u WHERE u.conversation_id = t.id"
    " AND u.recipient_id = $user_id AND NOT u.is_read) AS unread"
    " FROM conversations t JOIN messages m ON m.id = (SELECT n.id FROM messages n"
    " WHERE n.conversation_id = t.id ORDER BY n.created_at DESC, n.id DESC LIMIT 1) WHERE t.id "
)


def _newest(ids: Sequence[int], actor: Identity) -> dict[int, tuple[Said, int]]:
    """The newest message of each conversation, and how many of it the caller has not read."""
    if not ids:
        return {}
    condition, bound = among(ids)
    found = db.select(_NEWEST + condition, {"ids": bound, "user_id": actor.user_id}, {})
    return {
        row.conversation_id: (
            Said(
                row.message_id,
                row.sender_id,
                row.message_content,
                orjson.loads(row.attachments),
                bool(row.is_read),
                moment(row.created_at),
            ),
            row.unread,
        )
        for row in found
    }


def _visible_projects(rows: Iterable[Any], actor: Identity) -> dict[int, Any]:
    """The projects of these conversations that the caller may see, by their ids."""
    ids = {row.project.id for row in rows if row.project}
    found = scopes.visible_projects(actor).filter(lambda p: p.id in ids) if ids else ()
    return {project.id: project for project in found}
