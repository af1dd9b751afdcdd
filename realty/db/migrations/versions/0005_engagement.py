"""Appointments, conversations, messages, notifications, mail."""

from __future__ import annotations

from realty.db.migrations.shorthand import (
    at_least,
    between,
    create_table,
    flag,
    index,
    integer,
    json,
    moment,
    one_of,
    ref,
    text,
    touched,
    unique,
    unique_index,
)

revision = "0005"
down_revision = "0004"

NOTIFICATION_TYPES = "booking payment appointment progress message change_request system"


def upgrade() -> None:
    """Make the tables of `realty.db.engagement`."""
    _appointments()
    _conversations()
    _notifications()


def _appointments() -> None:
    create_table(
        "appointments",
        ref("customer_id", "customers"),
        ref("project_id", "projects"),
        ref("unit_id", "units", nullable=True),
        ref("booking_id", "bookings", nullable=True),
        text("appointment_type"),
        moment("appointment_date"),
        integer("duration_minutes"),
        text("status"),
        text("meeting_location"),
        text("meeting_details", nullable=True),
        json("attendees"),
        text("agenda", nullable=True),
        text("notes", nullable=True),
        text("reschedule_reason", nullable=True),
        integer("reschedule_count"),
        text("created_by"),
        text("awaiting", nullable=True),
        text("cancelled_by", nullable=True),
        text("cancellation_reason", nullable=True),
        integer("version"),
        *touched(),
        one_of(
            "appointment_type",
            "site_visit consultation documentation design_review progress_update handover",
        ),
        one_of("status", "scheduled confirmed completed no_show cancelled"),
        one_of("meeting_location", "site office online"),
        one_of("created_by", "customer builder"),
        one_of("awaiting", "customer builder"),
        one_of("cancelled_by", "customer builder system"),
        between("duration_minutes", 15, 240),
        *at_least(0, "reschedule_count"),
        *at_least(1, "version"),
    )
    index("appointments_by_date", "appointments", "project_id", "appointment_date")


def _conversations() -> None:
    create_table(
        "conversations",
        ref("customer_id", "customers"),
        ref("builder_id", "builders"),
        ref("project_id", "projects", nullable=True),
        moment("last_message_time", nullable=True),
        flag("archived_by_customer"),
        flag("archived_by_builder"),
        *touched(),
    )
    unique_index(
        "one_conversation_per_subject",
        "conversations",
        "customer_id",
        "builder_id",
        "COALESCE(project_id, 0)",
    )
    create_table(
        "messages",
        ref("conversation_id", "conversations"),
        ref("sender_id", "users"),
        ref("recipient_id", "users"),
        ref("project_id", "projects", nullable=True),
        ref("booking_id", "bookings", nullable=True),
        ref("parent_message_id", "messages", nullable=True),
        text("subject", nullable=True),
        text("message_content"),
        text("message_type"),
        text("priority"),
        json("attachments"),
        flag("is_read"),
        moment("read_at", nullable=True),
        moment("created_at"),
        one_of("message_type", "inquiry complaint update general"),
        one_of("priority", "low medium high"),
    )
    index("messages_newest", "messages", "conversation_id", "created_at", "id")
    index("messages_unread", "messages", "recipient_id", where="NOT is_read")


def _notifications() -> None:
    create_table(
        "notifications",
        ref("user_id", "users"),
        text("notification_type"),
        text("title"),
        text("message"),
        text("related_entity_type", nullable=True),
        integer("related_entity_id", nullable=True),
        text("priority"),
        flag("is_read"),
        moment("read_at", nullable=True),
        text("action_url", nullable=True),
        text("dedupe_key"),
        json("channels"),
        moment("sent_at", nullable=True),
        moment("created_at"),
        one_of("notification_type", NOTIFICATION_TYPES),
        one_of("priority", "low medium high"),
        unique("notifications", "user_id", "dedupe_key"),
    )
    index("notifications_newest", "notifications", "user_id", "created_at", "id")
    index("notifications_by_read", "notifications", "user_id", "is_read", "created_at", "id")
    create_table(
        "notification_preferences",
        ref("user_id", "users"),
        text("notification_type"),
        text("channel"),
        flag("enabled"),
        one_of("notification_type", NOTIFICATION_TYPES),
        one_of("channel", "in_app email"),
        unique("notification_preferences", "user_id", "notification_type", "channel"),
    )
    create_table(
        "outgoing_mail",
        text("kind"),
        ref("notification_id", "notifications", nullable=True),
        text("to_address"),
        text("subject"),
        text("body", nullable=True),
        text("link", nullable=True),
        text("status"),
        integer("attempts"),
        moment("next_attempt_at"),
        text("last_error", nullable=True),
        moment("sent_at", nullable=True),
        moment("created_at"),
        one_of("kind", "message reset_password"),
        one_of("status", "queued sent failed dropped"),
        *at_least(0, "attempts"),
    )
    index("outgoing_mail_due", "outgoing_mail", "next_attempt_at", where="status = 'queued'")
