"""How the two sides talk: visits, conversations, messages, notifications."""

from __future__ import annotations

from datetime import datetime

from pony.orm import Optional, PrimaryKey, Required, Set, composite_index, composite_key

from realty.db import enums
from realty.db.accounts import Builder, Customer, User
from realty.db.catalogue import Project, Unit
from realty.db.database import Entity, Touched, json_list, one_of, text, utcnow
from realty.db.sales import Booking


class Appointment(Touched, Entity):
    """A visit or meeting of a customer about a project."""

    _table_ = "appointments"
    id = PrimaryKey(int, auto=True)
    customer = Required(Customer, column="customer_id")
    project = Required(Project, column="project_id")
    unit = Optional(Unit, column="unit_id")
    booking = Optional(Booking, column="booking_id")
    appointment_type = Required(str, py_check=one_of(enums.APPOINTMENT_TYPES))
    appointment_date = Required(datetime)
    duration_minutes = Required(int, default=60)
    status = Required(str, default="scheduled", py_check=one_of(enums.APPOINTMENT_STATUSES))
    meeting_location = Required(str, default="site", py_check=one_of(enums.MEETING_LOCATIONS))
    meeting_details = text()
    attendees = json_list()
    agenda = text(autostrip=False)
    notes = text(autostrip=False)
    reschedule_reason = text()
    reschedule_count = Required(int, default=0)
    created_by = Required(str, py_check=one_of(enums.PARTIES))
    awaiting = text(py_check=one_of(enums.PARTIES))
    cancelled_by = text(py_check=one_of(enums.ENDING_PARTIES))
    cancellation_reason = text()
    version = Required(int, default=1)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)


class Conversation(Touched, Entity):
    """The thread of one customer with one builder, about one project or about nothing special."""

    _table_ = "conversations"
    id = PrimaryKey(int, auto=True)
    customer = Required(Customer, column="customer_id")
    builder = Required(Builder, column="builder_id")
    project = Optional(Project, column="project_id")
    last_message_time = Optional(datetime)
    archived_by_customer = Required(bool, default=False)
    archived_by_builder = Required(bool, default=False)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    messages = Set("Message", cascade_delete=False)


class Message(Entity):
    """One message; it is never edited."""

    _table_ = "messages"
    id = PrimaryKey(int, auto=True)
    conversation = Required(Conversation, column="conversation_id")
    sender = Required(User, column="sender_id", reverse="messages_sent")
    recipient = Required(User, column="recipient_id", reverse="messages_received")
    project = Optional(Project, column="project_id")
    booking = Optional(Booking, column="booking_id")
    parent_message = Optional("Message", column="parent_message_id", reverse="replies")
    replies = Set("Message", reverse="parent_message", cascade_delete=False)
    subject = text()
    message_content = Required(str, autostrip=False)
    message_type = Required(str, default="general", py_check=one_of(enums.MESSAGE_TYPES))
    priority = Required(str, default="medium", py_check=one_of(enums.PRIORITIES))
    attachments = json_list()
    is_read = Required(bool, default=False)
    read_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)


class Notification(Entity):
    """One thing that a user is told, once: `dedupe_key` is unique per user."""

    _table_ = "notifications"
    id = PrimaryKey(int, auto=True)
    user = Required(User, column="user_id")
    notification_type = Required(str, py_check=one_of(enums.NOTIFICATION_TYPES))
    title = Required(str)
    message = Required(str)
    related_entity_type = text()
    related_entity_id = Optional(int)
    priority = Required(str, default="medium", py_check=one_of(enums.PRIORITIES))
    is_read = Required(bool, default=False)
    read_at = Optional(datetime)
    action_url = text()
    dedupe_key = Required(str)
    channels = json_list()
    sent_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)
    mails = Set("OutgoingMail", cascade_delete=False)
    composite_key(user, dedupe_key)


class NotificationPreference(Entity):
    """Whether a user wants one type of notification on one channel; absent means yes."""

    _table_ = "notification_preferences"
    id = PrimaryKey(int, auto=True)
    user = Required(User, column="user_id")
    notification_type = Required(str, py_check=one_of(enums.NOTIFICATION_TYPES))
    channel = Required(str, py_check=one_of(enums.NOTIFICATION_CHANNELS))
    enabled = Required(bool, default=True)
    composite_key(user, notification_type, channel)


class OutgoingMail(Entity):
    """Mail written in the transaction that caused it and sent afterwards, when words and link go.

    `kind` tells what is decided only on sending: a `reset_password` row is written for any address
    and becomes mail where an account has it. `link` is a path of the portal and may carry a secret.
    The mail of a notification has neither text nor link of its own, but a `user`: what several of
    these tell one user goes as one letter.
    """

    _table_ = "outgoing_mail"
    id = PrimaryKey(int, auto=True)
    kind = Required(str, default="message", py_check=one_of(enums.MAIL_KINDS))
    notification = Optional(Notification, column="notification_id")
    user = Optional(User, column="user_id")
    to_address = Required(str)
    subject = Optional(str)
    body = text(autostrip=False)
    link = text()
    status = Required(str, default="queued", py_check=one_of(enums.MAIL_STATUSES))
    attempts = Required(int, default=0)
    next_attempt_at = Required(datetime, default=utcnow)
    last_error = text()
    sent_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)
    composite_index(user, sent_at)
