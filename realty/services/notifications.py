"""Telling users what happened: once each, in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, NotRequired, TypedDict, Unpack

from pony.orm import desc, select

from realty.db import Booking, Builder, Notification, NotificationPreference, User, db, scopes
from realty.db.bulk import among
from realty.db.connection import is_postgres
from realty.db.enums import NOTIFICATION_CHANNELS, NOTIFICATION_TYPES
from realty.errors import ValidationFailed
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import mail
from realty.services.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class About:
    """What a notification is about, as far as its reader may see it: rows for its cards."""

    project: Any = None
    builder: Any = None
    customer: Any = None


NOTHING = About()


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of notifications, what each is about by its id, and how many are unread in all."""

    page: Page
    about: Mapping[int, About]
    unread: int


class News(TypedDict):
    """What users are told; `action_url` is relative, `dedupe_key` names the event."""

    title: str
    message: str
    entity: str
    entity_id: int
    action_url: str
    dedupe_key: str
    now: datetime
    priority: NotRequired[str]


def notify(user_id: int, notification_type: str, **news: Unpack[News]) -> None:
    """Tell one user, on the channels that the user wants, and once for each `dedupe_key`.

    A user who wants no channel at all is told nothing.
    """
    notify_all([user_id], notification_type, **news)


def notify_all(user_ids: Collection[int], notification_type: str, **news: Unpack[News]) -> None:
    """Tell each of these users as `notify` does, in two statements for any number of them."""
    if not user_ids:
        return
    condition, ids = among(user_ids)
    told = db.execute(
        _TELL.format(among=condition, json="JSONB" if is_postgres() else "TEXT"),
        {
            "ids": ids,
            "kind": notification_type,
            "title": " ".join(news["title"].split()),
            "message": news["message"],
            "entity": news["entity"],
            "entity_id": news["entity_id"],
            "priority": news.get("priority", "medium"),
            "unread": False,
            "action_url": news["action_url"],
            "dedupe_key": news["dedupe_key"],
            "now": news["now"],
        },
        {},
    ).fetchall()
    if told:
        mail.queue_news(notification_id for (notification_id,) in told)


# Whoever has switched both channels off is told nothing. Users come by their ids, so that two
# events that tell the same people never wait for each other crosswise.
_TELL = """
INSERT INTO notifications (
    user_id, notification_type, title, message, related_entity_type, related_entity_id,
    priority, is_read, action_url, dedupe_key, channels, created_at
)
SELECT
    u.id, $kind, $title, $message, $entity, $entity_id,
    $priority, $unread, $action_url, $dedupe_key,
    CAST(CASE
        WHEN e.id IS NOT NULL THEN '["in_app"]'
        WHEN i.id IS NOT NULL THEN '["email"]'
        ELSE '["in_app", "email"]'
    END AS {json}),
    $now
FROM users u
LEFT JOIN notification_preferences i ON i.user_id = u.id
    AND i.notification_type = $kind AND i.channel = 'in_app' AND NOT i.enabled
LEFT JOIN notification_preferences e ON e.user_id = u.id
    AND e.notification_type = $kind AND e.channel = 'email' AND NOT e.enabled
WHERE u.id {among} AND u.deleted_at IS NULL AND (i.id IS NULL OR e.id IS NULL)
ORDER BY u.id
ON CONFLICT (user_id, dedupe_key) DO NOTHING
RETURNING id
"""


def inbox(
    identity: Identity,
    *,
    is_read: bool | None = None,
    notification_type: str | None = None,
    oldest_first: bool = False,
    page: int,
    limit: int,
    policy: Policy,
) -> Inbox:
    """What the caller was told in the application; what was only mailed is not listed."""
    shown = _shown(identity)
    unread = shown.filter(lambda n: not n.is_read).count()
    if is_read is not None:
        shown = shown.filter(lambda n: n.is_read == is_read)
    if notification_type is not None:
        shown = shown.filter(lambda n: n.notification_type == notification_type)
    if oldest_first:
        ordered = shown.order_by(lambda n: (n.created_at, n.id))
    else:
        ordered = shown.order_by(lambda n: (desc(n.created_at), desc(n.id)))
    found = page_of(ordered, page=page, limit=limit, policy=policy)
    return Inbox(found, about(found.rows, identity), unread)


def _shown(identity: Identity) -> Any:
    return scopes.own_notifications(identity).filter(lambda n: "in_app" in n.channels)


def about(notifications: Iterable[Any], identity: Identity) -> dict[int, About]:
    """What each notification is about, by its id, in a bounded number of queries.

    The other side is a customer for a builder and a builder for a customer. A row that the reader
    does not see any more has no card.
    """
    ids: dict[str, set[int]] = {
        kind: set()
        for kind in (
            *("booking", "project", "customer", "conversation", "appointment"),
            *(*_ON_BOOKINGS, *_ON_PROJECTS),
        )
    }
    for notification in notifications:
        if notification.related_entity_type in ids and notification.related_entity_id:
            ids[notification.related_entity_type].add(notification.related_entity_id)
    bookings_of = _owners("booking", _ON_BOOKINGS, ids, identity)
    projects_of = _owners("project", _ON_PROJECTS, ids, identity)
    ids["booking"] |= set(bookings_of.values())
    ids["project"] |= set(projects_of.values())
    talks = _talks(ids, identity)
    ids["project"] |= {talk.project_id for talk in talks.values() if talk.project_id}
    if identity.role == "builder":
        ids["customer"] |= {talk.customer_id for talk in talks.values()}
    found: dict[tuple[str, int], About] = {}
    if wanted := ids["booking"]:
        bookings = scopes.visible_bookings(identity).filter(lambda b: b.id in wanted)
        for booking in bookings.prefetch(*_BOOKING_CARDS[identity.role]):
            found["booking", booking.id] = About(
                booking.project,
                booking.builder if identity.role == "customer" else None,
                booking.customer if identity.role == "builder" else None,
            )
    if wanted := ids["project"]:
        projects = scopes.visible_projects(identity).filter(lambda p: p.id in wanted)
        found |= {("project", project.id): About(project) for project in projects}
    if wanted := ids["customer"]:
        customers = scopes.visible_customers(identity).filter(lambda c: c.id in wanted)
        for customer in customers.prefetch(User):
            found["customer", customer.id] = About(customer=customer)
    found |= {each: found["booking", booking_id] for each, booking_id in bookings_of.items()}
    found |= {each: found["project", project_id] for each, project_id in projects_of.items()}
    found |= _talked_of(talks, found, identity)
    return {
        each.id: found.get((each.related_entity_type, each.related_entity_id), NOTHING)
        for each in notifications
    }


def _owners(
    owner: str,
    kinds: Mapping[str, Callable[[Identity], Any]],
    ids: Mapping[str, Collection[int]],
    identity: Identity,
) -> dict[tuple[str, int], int]:
    """The id of the booking or project that each row belongs to, of those that the caller sees."""
    found: dict[tuple[str, int], int] = {}
    for kind, visible in kinds.items():
        if among := ids[kind]:
            rows = visible(identity).filter(lambda r: r.id in among)
            pairs = select((r.id, getattr(r, owner).id) for r in rows)
            found |= {(kind, row_id): owner_id for row_id, owner_id in pairs}
    return found


class _Talk(NamedTuple):
    """The ids of what a conversation or a visit is about, and of its sides."""

    project_id: int | None
    customer_id: int
    builder_id: int


def _talks(ids: Mapping[str, Collection[int]], identity: Identity) -> dict[tuple[str, int], _Talk]:
    """The caller's conversations and visits among `ids`, by kind and id."""
    found: dict[tuple[str, int], _Talk] = {}
    if among := ids["conversation"]:
        mine = scopes.visible_conversations(identity).filter(lambda t: t.id in among)
        rows = select((t.id, t.project.id, t.customer.id, t.builder.id) for t in mine)
        found |= {("conversation", row_id): _Talk(*subject) for row_id, *subject in rows}
    if among := ids["appointment"]:
        visits = scopes.visible_appointments(identity).filter(lambda a: a.id in among)
        rows = select((a.id, a.project.id, a.customer.id, a.project.builder.id) for a in visits)
        found |= {("appointment", row_id): _Talk(*subject) for row_id, *subject in rows}
    return found


def _talked_of(
    talks: Mapping[tuple[str, int], _Talk],
    found: Mapping[tuple[str, int], About],
    identity: Identity,
) -> dict[tuple[str, int], About]:
    """What these are about, out of the projects and customers that were `found`."""
    ids = {talk.builder_id for talk in talks.values()} if identity.role == "customer" else set()
    builders = {each.id: each for each in Builder.select(lambda b: b.id in ids)} if ids else {}
    return {
        each: About(
            found.get(("project", talk.project_id or 0), NOTHING).project,
            builders.get(talk.builder_id),
            found.get(("customer", talk.customer_id), NOTHING).customer,
        )
        for each, talk in talks.items()
    }


_ON_BOOKINGS: dict[str, Callable[[Identity], Any]] = {
    "change_request": scopes.visible_change_requests,
    "payment": scopes.visible_payments,
}
"""What belongs to a booking and is shown with the cards of that; who sees the one sees both."""

_ON_PROJECTS: dict[str, Callable[[Identity], Any]] = {"update": scopes.visible_updates}
"""What belongs to a project and is shown with its card; who sees the one sees both."""

_BOOKING_CARDS: dict[str, tuple[Any, ...]] = {
    "admin": (Booking.project,),
    "builder": (Booking.project, Booking.customer, User),
    "customer": (Booking.project, Booking.builder),
}


def preferences(identity: Identity) -> dict[str, dict[str, bool]]:
    """Every type with its channels, of the caller; what was never set is on."""
    user_id = identity.user_id
    rows = NotificationPreference.select(lambda p: p.user.id == user_id)
    chosen = {(p.notification_type, p.channel): p.enabled for p in rows}
    return {
        kind: {channel: chosen.get((kind, channel), True) for channel in NOTIFICATION_CHANNELS}
        for kind in NOTIFICATION_TYPES
    }


def prefer(identity: Identity, wishes: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, bool]]:
    """Set some of the caller's preferences, and give them all.

    A wish is the contract's `NotificationPreference`. Raises `ValidationFailed` for a type that
    stands there twice. Two calls at once leave the wishes of the later one.
    """
    wanted: dict[str, Mapping[str, Any]] = {}
    for position, wish in enumerate(wishes):
        kind = wish["notification_type"]
        if kind in wanted:
            raise ValidationFailed.at(
                f"preferences[{position}].notification_type", "stands there twice", kind
            )
        wanted[kind] = wish
    for kind, wish in sorted(wanted.items()):
        for channel in NOTIFICATION_CHANNELS:
            db.execute(
                "INSERT INTO notification_preferences"
                " (user_id, notification_type, channel, enabled)"
                " VALUES ($user_id, $kind, $channel, $enabled)"
                " ON CONFLICT (user_id, notification_type, channel)"
                " DO UPDATE SET enabled = excluded.enabled",
                {
                    "user_id": identity.user_id,
                    "kind": kind,
                    "channel": channel,
                    "enabled": wish[channel],
                },
                {},
            )
    return preferences(identity)


def mark_read(identity: Identity, notification_id: int, *, now: datetime) -> Any:
    """Mark one notification of the caller as read; a second time changes nothing."""
    notification = Notification.get(id=notification_id, user=identity.user_id)
    if not notification.is_read:
        notification.set(is_read=True, read_at=now)
    return notification


def mark_all_read(identity: Identity, *, now: datetime) -> int:
    """Mark everything that the caller was told as read; says how much of what is shown that was."""
    unread: int = _shown(identity).filter(lambda n: not n.is_read).count()
    # By their ids, as the sender of mail goes through them: neither waits for the other crosswise.
    locking = "FOR NO KEY UPDATE" if is_postgres() else ""
    db.execute(
        "UPDATE notifications SET is_read = $yes, read_at = $now WHERE id IN (SELECT id"  # noqa: S608 - a constant
        f" FROM notifications WHERE user_id = $user_id AND NOT is_read ORDER BY id {locking})",
        {"yes": True, "now": now, "user_id": identity.user_id},
        {},
    )
    return unread
