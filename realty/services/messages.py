"""Sending messages: to whom, about what, how many, and that the other side learns of it.

The sender's user row is locked first, so that what was sent in the last minute is counted right in
every process; then the conversation, so that its messages stand in one order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from pony.orm import flush, select

from realty.db import Builder, Customer, Message, User, db, scopes
from realty.db.locks import lock
from realty.errors import Conflict, InvalidToken, NotFound, RateLimited, ValidationFailed
from realty.rules.excerpts import excerpt
from realty.security import Identity
from realty.services import conversations, files, mail
from realty.services.booking_terms import require_builder_for
from realty.services.conversations import Subject
from realty.services.notifications import notify
from realty.services.policy import current_policy

WINDOW = timedelta(seconds=60)
_WHITHER = ("conversation_id", "builder_id", "customer_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a caller wants to say; one of the first three names whom to. `attachments` are ids of
    the caller's own files."""

    conversation_id: int | None = None
    builder_id: int | None = None
    customer_id: int | None = None
    project_id: int | None = None
    booking_id: int | None = None
    parent_message_id: int | None = None
    subject: str | None = None
    message_content: str
    message_type: str
    priority: str = "medium"
    attachments: Sequence[int] = ()


class _Parties(NamedTuple):
    """Who writes to whom: user ids, the name that the recipient knows the sender by."""

    sender_id: int
    sender_name: str
    recipient_id: int
    recipient_is_active: bool


def send(draft: Draft, *, actor: Identity, now: datetime) -> Any:
    """Write a message, in the conversation of its subject, and return it.

    A customer writes to any active builder, a builder to the customers joined to it. Raises
    `RateLimited`; `NotFound` for a conversation, builder, customer, project, booking or parent
    that is not the caller's to name here; `Conflict` when the other side's account is closed;
    `ValidationFailed` for a draft that contradicts itself, or a file that is not the caller's.
    """
    _require_turn(actor, now)
    subject, about = _subject(draft, actor)
    parties = _parties(subject, actor)
    if parties is None or (draft.builder_id is not None and not parties.recipient_is_active):
        raise NotFound
    if not parties.recipient_is_active:
        raise Conflict("The account of the other side is closed: nobody would read it.")
    conversation_id = conversations.reach(subject, now=now)
    if draft.parent_message_id is not None:
        _require_parent(draft.parent_message_id, conversation_id)
    message = Message(
        conversation=conversation_id,
        sender=parties.sender_id,
        recipient=parties.recipient_id,
        project=about,
        booking=draft.booking_id,
        parent_message=draft.parent_message_id,
        subject=draft.subject,
        message_content=draft.message_content,
        message_type=draft.message_type,
        priority=draft.priority,
        attachments=list(draft.attachments),
        created_at=now,
    )
    flush()
    files.attach_all(
        draft.attachments,
        owner=actor,
        purpose="message",
        entity="message",
        entity_id=message.id,
        field="attachments",
    )
    _tell(message, parties, now=now)
    return message


def _require_turn(actor: Identity, now: datetime) -> None:
    """Raises `RateLimited` when the caller sent as many within a minute as one may."""
    if lock(User, actor.user_id) is None:
        raise InvalidToken
    sender_id, since, most = actor.user_id, now - WINDOW, current_policy().message_max_per_minute
    sent = select(
        m.created_at for m in Message if m.sender.id == sender_id and m.created_at > since
    )
    # The oldest of the last so many that one may send: the next may follow when it is a minute old.
    oldest = sent.without_distinct().order_by(-1)[most - 1 : most]
    if oldest:
        # What was sent while this waited for its turn is younger than `now`.
        left = min(WINDOW, oldest[0] + WINDOW - now).total_seconds()
        raise RateLimited(max(1, ceil(left)), f"One account sends {most} messages a minute.")


def _subject(draft: Draft, actor: Identity) -> tuple[Subject, int | None]:
    """The conversation that a draft belongs to, and the project that the message itself is about:
    in a conversation about nothing in particular that of the booking, if it names one."""
    named = [field for field in _WHITHER if getattr(draft, field) is not None]
    if len(named) != 1:
        choices = ", ".join(_WHITHER)
        raise ValidationFailed.at("body", f"Name whom to: exactly one of {choices}.")
    is_known = draft.conversation_id is not None
    subject = _of_conversation(draft, actor) if is_known else _addressed(draft, actor)
    if draft.booking_id is None:
        return subject, subject.project_id
    project_id = _booked_project(draft.booking_id, subject, actor)
    if draft.project_id is None and not is_known:
        subject = subject._replace(project_id=project_id)
    if subject.project_id not in {None, project_id}:
        raise ValidationFailed.at("booking_id", "It is a booking in another project.")
    return subject, project_id


def _of_conversation(draft: Draft, actor: Identity) -> Subject:
    if draft.project_id is not None:
        message = "A conversation keeps its project: leave it out, or leave out conversation_id."
        raise ValidationFailed.at("project_id", message)
    conversation_id = draft.conversation_id
    mine = scopes.visible_conversations(actor).filter(lambda t: t.id == conversation_id)
    columns = select((t.customer.id, t.builder.id, t.project.id) for t in mine)
    rows = columns.without_distinct()[:1]
    if not rows:
        raise NotFound
    return Subject(*rows[0])


def _addressed(draft: Draft, actor: Identity) -> Subject:
    """The subject of a draft that names the other side, who need not have been written to."""
    if actor.role == "customer":
        require_builder_for(actor, [] if draft.customer_id is None else ["customer_id"])
        customer_id, builder_id = actor.customer_id, draft.builder_id
    else:
        customer_id, builder_id = draft.customer_id, actor.builder_id
        if customer_id is None:
            raise ValidationFailed.at("builder_id", "Name the customer that you write to.")
        joined = scopes.visible_customers(actor).filter(lambda c: c.id == customer_id)
        if not select(c.id for c in joined)[:1]:
            raise NotFound
    assert customer_id is not None, "a customer's identity carries its customer_id"
    assert builder_id is not None, "a builder's identity carries its builder_id"
    if draft.project_id is not None:
        _require_project(draft.project_id, builder_id, actor)
    return Subject(customer_id, builder_id, draft.project_id)


def _require_project(project_id: int, builder_id: int, actor: Identity) -> None:
    visible = scopes.visible_projects(actor).filter(
        lambda p: p.id == project_id and p.builder.id == builder_id
    )
    if not select(p.id for p in visible)[:1]:
        raise NotFound


def _booked_project(booking_id: int, subject: Subject, actor: Identity) -> int:
    """The project of a booking of both sides of the conversation."""
    customer_id, builder_id, _ = subject
    theirs = scopes.visible_bookings(actor).filter(
        lambda b: b.id == booking_id and b.customer.id == customer_id and b.builder.id == builder_id
    )
    rows = select(b.project.id for b in theirs)[:1]
    if not rows:
        raise NotFound
    project_id: int = rows[0]
    return project_id


def _parties(subject: Subject, actor: Identity) -> _Parties | None:
    """Both sides' users; None without such a builder."""
    customer_id, builder_id, _ = subject
    columns = select(
        (
            c.user.id,
            c.first_name,
            c.last_name,
            c.user.is_active,
            b.user.id,
            b.company_name,
            b.user.is_active,
        )
        for c in Customer
        for b in Builder
        if c.id == customer_id and b.id == builder_id
    )
    for row in columns.without_distinct()[:1]:
        customer, first_name, last_name, customer_is_active = row[:4]
        builder, company_name, builder_is_active = row[4:]
        if actor.role == "customer":
            name = f"{first_name} {last_name}"
            return _Parties(customer, name, builder, builder_is_active)
        return _Parties(builder, company_name, customer, customer_is_active)
    return None


def _require_parent(parent_id: int, conversation_id: int) -> None:
    known = select(
        m.id for m in Message if m.id == parent_id and m.conversation.id == conversation_id
    )
    if not known[:1]:
        raise NotFound


def _tell(message: Any, parties: _Parties, *, now: datetime) -> None:
    """Let the recipient know. While a notification of this conversation is unread it tells of the
    newest message instead of standing beside another: a burst is one notification, and one mail; a
    message that comes later than that is mailed again."""
    conversation_id = message.conversation.id
    news = {
        "title": "New message",
        "message": f"{parties.sender_name}: {excerpt(message.message_content)}",
        "priority": message.priority,
    }
    # One statement asks and acts: had the recipient just read it, the row would not count.
    freshened = db.execute(
        "UPDATE notifications SET title = $title, message = $message, priority = $priority,"
        " created_at = $now WHERE user_id = $user_id AND related_entity_type = 'conversation'"
        " AND related_entity_id = $conversation_id AND NOT is_read RETURNING id",
        {
            **news,
            "now": now,
            "user_id": parties.recipient_id,
            "conversation_id": conversation_id,
        },
        {},
    )
    if ids := [notification_id for (notification_id,) in freshened.fetchall()]:
        burst = timedelta(minutes=current_policy().mail_digest_minutes)
        mail.queue_news(ids, unless_since=now - burst)
        return
    notify(
        parties.recipient_id,
        "message",
        **news,
        entity="conversation",
        entity_id=conversation_id,
        action_url=f"/messages/{conversation_id}",
        dedupe_key=f"conversation:{conversation_id}:{message.id}",
        now=now,
    )
