"""Notifications and preferences as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realty.presenters.cards import builder_card, customer_card, project_card
from realty.rules.clock import rfc3339
from realty.services.notification_subjects import About


def notification_json(notification: Any, about: About) -> dict[str, Any]:
    """`Notification`, with cards of what it is about."""
    return {
        "id": notification.id,
        "notification_type": notification.notification_type,
        "title": notification.title,
        "message": notification.message,
        "related_entity_type": notification.related_entity_type,
        "related_entity_id": notification.related_entity_id,
        "priority": notification.priority,
        "is_read": notification.is_read,
        "read_at": rfc3339(notification.read_at),
        "action_url": notification.action_url,
        "channels": list(notification.channels),
        "sent_at": rfc3339(notification.sent_at),
        "project": project_card(about.project) if about.project else None,
        "builder": builder_card(about.builder) if about.builder else None,
        "customer": customer_card(about.customer) if about.customer else None,
        "created_at": rfc3339(notification.created_at),
    }


def preferences_json(preferences: Mapping[str, Mapping[str, bool]]) -> dict[str, Any]:
    """`NotificationPreferencesData`, in the order of the enum."""
    return {
        "preferences": [
            {"notification_type": kind, **channels} for kind, channels in preferences.items()
        ]
    }
