"""Telling users what happened: once each, in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from pony.orm import desc, select

from realty.db import Booking, Notification, NotificationPreference, User, db, scopes
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
    """Tell each of these users as `notify` does; what is read first is the same for any number."""
    channels = _wanted_channels(user_ids, notification_type)
    key = news["dedupe_key"]
    told = set(
        select(n.user.id for n in Notification if n.user.id in user_ids and n.dedupe_key == key)
    )
    untold = [user_id for user_id in sorted(channels) if channels[user_id] and user_id not in told]
    mailed = [user_id for user_id in untold if "email" in channels[user_id]]
    addresses = dict(select((u.id, u.email) for u in User if u.id in mailed)) if mailed else {}
    for user_id in untold:
        notification = Notification(
            user=user_id,
            notification_type=notification_type,
            title=news["title"],
            message=news["message"],
            related_entity_type=news["entity"],
            related_entity_id=news["entity_id"],
            priority=news.get("priority", "medium"),
            action_url=news["action_url"],
            dedupe_key=key,
            channels=channels[user_id],
            created_at=news["now"],
        )
        if user_id in addresses:
            mail.queue(
                addresses[user_id],
                subject=news["title"],
                text=news["message"],
                link=news["action_url"],
                notification=notification,
                now=news["now"],
            )


def _wanted_channels(user_ids: Collection[int], notification_type: str) -> dict[int, list[str]]:
    """The channels that each user has not switched off for one type."""
    if not user_ids:
        return {}
    refused = set(
        select(
            (p.user.id, p.channel)
            for p in NotificationPreference
            if p.user.id in user_ids and p.notification_type == notification_type and not p.enabled
        )
    )
    return {
        user_id: [each for each in NOTIFICATION_CHANNELS if (user_id, each) not in refused]
        for user_id in user_ids
    }


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
        kind: set() for kind in ("booking", "project", "customer", *_ON_BOOKINGS)
    }
    for notification in notifications:
        if notification.related_entity_type in ids and notification.related_entity_id:
            ids[notification.related_entity_type].add(notification.related_entity_id)
    bookings_of: dict[tuple[str, int], int] = {}
    for kind, visible in _ON_BOOKINGS.items():
        if among := ids[kind]:
            rows = visible(identity).filter(lambda r: r.id in among)
            pairs = select((r.id, r.booking.id) for r in rows)
            bookings_of |= {(kind, row_id): booking_id for row_id, booking_id in pairs}
    ids["booking"] |= set(bookings_of.values())
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
    return {
        each.id: found.get((each.related_entity_type, each.related_entity_id), NOTHING)
        for each in notifications
    }


_ON_BOOKINGS: dict[str, Callable[[Identity], Any]] = {
    "change_request": scopes.visible_change_requests,
    "payment": scopes.visible_payments,
}
"""What belongs to a booking and is shown with the cards of that; who sees the one sees both."""

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
    db.execute(
        "UPDATE notifications SET is_read = $yes, read_at = $now"
        " WHERE user_id = $user_id AND NOT is_read",
        {"yes": True, "now": now, "user_id": identity.user_id},
        {},
    )
    return unread
