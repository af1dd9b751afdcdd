"""Operations of the tag `notifications`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from realty.contract import operation
from realty.permissions import P
from realty.presenters.notifications import notification_json, preferences_json
from realty.resources import NotificationCollection, NotificationResource
from realty.services import notification_subjects, notifications

Json = dict[str, Any]


@operation("listNotifications", permission=P.NOTIFICATION_READ)
def list_notifications(context: NotificationCollection, request: Request) -> Json:
    """A page of what the caller was told."""
    query = request.openapi_validated.parameters.query
    inbox = notifications.inbox(
        context.identity,
        is_read=query.get("is_read"),
        notification_type=query.get("type"),
        oldest_first=query["sort"] == "created_at",
        page=query["page"],
        limit=query["limit"],
    )
    return {
        "notifications": [notification_json(n, inbox.about[n.id]) for n in inbox.page.rows],
        "unread_count": inbox.unread,
        "pagination": inbox.page.as_json(),
    }


@operation("markAllNotificationsRead", permission=P.NOTIFICATION_WRITE)
def mark_all_notifications_read(context: NotificationCollection, request: Request) -> Json:
    """Nothing is unread afterwards."""
    marked = notifications.mark_all_read(context.identity, now=request.now)
    return {"marked_count": marked, "unread_count": 0}


@operation("getNotificationPreferences", permission=P.NOTIFICATION_READ)
def get_notification_preferences(context: NotificationCollection, request: Request) -> Json:
    """Every type with its channels."""
    return preferences_json(notifications.preferences(context.identity))


@operation("updateNotificationPreferences", permission=P.NOTIFICATION_WRITE)
def update_notification_preferences(context: NotificationCollection, request: Request) -> Json:
    """Set the types that are sent."""
    wishes = request.openapi_validated.body["preferences"]
    return preferences_json(notifications.prefer(context.identity, wishes))


@operation("markNotificationRead", permission=P.NOTIFICATION_WRITE)
def mark_notification_read(context: NotificationResource, request: Request) -> Json:
    """Mark one as read."""
    notification = notifications.mark_read(
        context.identity, context.notification_id, now=request.now
    )
    about = notification_subjects.about([notification], context.identity)
    return {"notification": notification_json(notification, about[notification.id])}
