"""Telling users what happened: once each, in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def notify(
    user_id: int,
    notification_type: str,
    *,
    title: str,
    message: str,
    entity: str,
    entity_id: int,
    action_url: str,
    dedupe_key: str,
    now: datetime,
    priority: str = "medium",
) -> None:
    """Tell one user, on the channels that the user wants, and once for each `dedupe_key`.

    A user who wants no channel at all is told nothing.
    """
    channels = wanted_channels(user_id, notification_type)
    if not channels or Notification.exists(user=user_id, dedupe_key=dedupe_key):
        return
    notification = Notification(
        user=user_id,
        notification_type=notification_type,
        title=title,
        message=message,
        related_entity_type=entity,
        related_entity_id=entity_id,
        priority=priority,
        action_url=action_url,
        dedupe_key=dedupe_key,
        channels=channels,
        created_at=now,
    )
    if "email" in channels:
        mail.queue(
            User[user_id].email,
            subject=title,
            text=message,
            link=action_url,
            notification=notification,
            now=now,
        )


def wanted_channels(user_id: int, notification_type: str) -> list[str]:
    """The channels that a user has not switched off for one type."""
    refused = set(
        select(
            p.channel
            for p in NotificationPreference
            if p.user.id == user_id and p.notification_type == notification_type and not p.enabled
        )
    )
    return [channel for channel in NOTIFICATION_CHANNELS if channel not in refused]


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
    ids: dict[str, set[int]] = {"booking": set(), "project": set(), "customer": set()}
    for notification in notifications:
        if notification.related_entity_type in ids and notification.related_entity_id:
            ids[notification.related_entity_type].add(notification.related_entity_id)
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
    return {
        each.id: found.get((each.related_entity_type, each.related_entity_id), NOTHING)
        for each in notifications
    }


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
