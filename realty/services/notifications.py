"""Telling users what happened: once each, in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from pony.orm import desc

from realty.db import Notification, NotificationPreference, db, scopes
from realty.db.bulk import among
from realty.db.database import is_postgres
from realty.db.enums import NOTIFICATION_CHANNELS, NOTIFICATION_TYPES
from realty.errors import ValidationFailed
from realty.security import Identity
from realty.services import mail
from realty.services.notification_subjects import About, about
from realty.services.paging import Page, page_of_rows


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
) -> Inbox:
    """What the caller was told in the application; what was only mailed is not listed."""
    shown = _shown(identity)
    all_unread = is_read is False and notification_type is None
    unread = None if all_unread else shown.filter(lambda n: not n.is_read).count()
    if is_read is not None:
        shown = shown.filter(lambda n: n.is_read == is_read)
    if notification_type is not None:
        shown = shown.filter(lambda n: n.notification_type == notification_type)
    if oldest_first:
        ordered = shown.order_by(lambda n: (n.created_at, n.id))
    else:
        ordered = shown.order_by(lambda n: (desc(n.created_at), desc(n.id)))
    found = page_of_rows(ordered, page=page, limit=limit, counted=True)
    return Inbox(found, about(found.rows, identity), found.total if unread is None else unread)


def _shown(identity: Identity) -> Any:
    return scopes.own_notifications(identity).filter(lambda n: "in_app" in n.channels)


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
