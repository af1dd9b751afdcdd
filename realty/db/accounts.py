"""People and what they sign in with: users, builders, customers, sessions, links, invitations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pony.orm import Optional, PrimaryKey, Required, Set, composite_key

from realty.db import enums, stamps
from realty.db.database import Entity, Touched, one_of, text, utcnow


class User(Touched, Entity):
    """Whoever can sign in. `password_hash` is null for an invited account that has none yet.

    `version` counts what the owner changes; a login changes the row as well, and not that. An
    account with a `deleted_at` belongs to nobody any more: what named its owner is gone.
    """

    _table_ = "users"
    id = PrimaryKey(int, auto=True)
    email = Required(str, unique=True)
    phone = text()
    full_name = Required(str)
    password_hash = text(autostrip=False)
    user_type = Required(str, py_check=one_of(enums.USER_TYPES))
    is_active = Required(bool, default=True)
    is_verified = Required(bool, default=False)
    last_login = Optional(datetime)
    failed_login_count = Required(int, default=0)
    locked_until = Optional(datetime)
    token_version = Required(int, default=0)
    avatar_file = Optional("File", column="avatar_file_id", reverse="avatar_of")
    locale = Required(str, default="en-IN")
    timezone = Required(str, default="Asia/Kolkata")
    deleted_at = Optional(datetime)
    version = Required(int, default=1)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    builder = Optional("Builder", cascade_delete=False)
    customer = Optional("Customer", cascade_delete=False)
    sessions = Set("Session", cascade_delete=False)
    one_time_tokens = Set("OneTimeToken", cascade_delete=False)
    notifications = Set("Notification", cascade_delete=False)
    notification_preferences = Set("NotificationPreference", cascade_delete=False)
    mails = Set("OutgoingMail", cascade_delete=False)
    idempotency_keys = Set("IdempotencyKey", cascade_delete=False)
    status_changes = Set("StatusHistory", cascade_delete=False)
    audited = Set("AuditLog", cascade_delete=False)
    files = Set("File", cascade_delete=False, reverse="owner")
    payments_recorded = Set("Payment", cascade_delete=False)
    updates_posted = Set("ConstructionUpdate", cascade_delete=False)
    messages_sent = Set("Message", cascade_delete=False, reverse="sender")
    messages_received = Set("Message", cascade_delete=False, reverse="recipient")
    settings_changed = Set("SystemSetting", cascade_delete=False)

    def before_update(self) -> None:
        """Pony calls this just before an UPDATE; a builder's pages are there while it is active."""
        super().before_update()
        if self.user_type == "builder" and self._dbvals_.get(User.is_active) != self.is_active:
            stamps.move_account(self.id)


class Builder(Touched, Entity):
    """A promoter who sells. `total_projects` counts its projects that are not cancelled."""

    _table_ = "builders"
    id = PrimaryKey(int, auto=True)
    user = Required(User, column="user_id", unique=True)
    company_name = Required(str)
    license_number = Required(str, unique=True)
    gstin = text()
    pan = text()
    rera_promoter_id = text()
    phone = text()
    address = text()
    website = text()
    description = text()
    logo_file = Optional("File", column="logo_file_id", reverse="logo_of")
    rating = Required(Decimal, 3, 2, default=Decimal("0.00"))
    review_count = Required(int, default=0)
    total_projects = Required(int, default=0)
    verified = Required(bool, default=False)
    verified_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    projects = Set("Project", cascade_delete=False)
    bookings = Set("Booking", cascade_delete=False)
    payments = Set("Payment", cascade_delete=False)
    reviews = Set("Review", cascade_delete=False)
    invitations = Set("Invitation", cascade_delete=False)
    conversations = Set("Conversation", cascade_delete=False)
    number_series = Set("NumberSeries", cascade_delete=False)
    audit_log = Set("AuditLog", cascade_delete=False)
    audit_heads = Set("AuditHead", cascade_delete=False)

    def after_update(self) -> None:
        """Pony calls this just after an UPDATE; the pages of its projects carry its card."""
        stamps.move_builder(self.id)


class Customer(Touched, Entity):
    """Somebody who browses and buys."""

    _table_ = "customers"
    id = PrimaryKey(int, auto=True)
    user = Required(User, column="user_id", unique=True)
    first_name = Required(str)
    last_name = Required(str)
    phone = text()
    address = text()
    date_of_birth = Optional(date)
    occupation = text()
    preferred_contact_method = Required(
        str, default="email", py_check=one_of(enums.CONTACT_METHODS)
    )
    pan = text()
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)

    bookings = Set("Booking", cascade_delete=False)
    reviews = Set("Review", cascade_delete=False)
    invitations = Set("Invitation", cascade_delete=False)
    saved_projects = Set("SavedProject", cascade_delete=False)
    appointments = Set("Appointment", cascade_delete=False)
    conversations = Set("Conversation", cascade_delete=False)


class Review(Touched, Entity):
    """A customer's verdict on a builder, one per booking."""

    _table_ = "reviews"
    id = PrimaryKey(int, auto=True)
    builder = Required(Builder, column="builder_id")
    customer = Required(Customer, column="customer_id")
    booking = Required("Booking", column="booking_id", unique=True)
    rating = Required(int)
    title = text()
    comment = text(autostrip=False)
    builder_reply = text(autostrip=False)
    replied_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)


class Invitation(Touched, Entity):
    """A builder's invitation by e-mail; `customer` is set once the customer is joined by it."""

    _table_ = "invitations"
    id = PrimaryKey(int, auto=True)
    builder = Required(Builder, column="builder_id")
    email = Required(str)
    token_hash = Required(str, unique=True)
    customer = Optional(Customer, column="customer_id")
    expires_at = Required(datetime)
    accepted_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)
    updated_at = Required(datetime, default=utcnow)


class SavedProject(Entity):
    """A project that a customer keeps an eye on."""

    _table_ = "saved_projects"
    id = PrimaryKey(int, auto=True)
    customer = Required(Customer, column="customer_id")
    project = Required("Project", column="project_id")
    created_at = Required(datetime, default=utcnow)
    composite_key(customer, project)


class Session(Entity):
    """One login. `family` names the chain of refresh tokens, of which only hashes are kept."""

    _table_ = "sessions"
    id = PrimaryKey(int, auto=True)
    user = Required(User, column="user_id")
    family = Required(str, unique=True)
    token_hash = Required(str)
    previous_token_hash = text()
    rotated_at = Optional(datetime)
    user_agent = text()
    ip = text()
    created_at = Required(datetime, default=utcnow)
    last_used_at = Required(datetime, default=utcnow)
    expires_at = Required(datetime)
    revoked_at = Optional(datetime)


class OneTimeToken(Entity):
    """A link that works once: reset, verification of an address, calendar feed. Hashed at rest."""

    _table_ = "one_time_tokens"
    id = PrimaryKey(int, auto=True)
    user = Required(User, column="user_id")
    purpose = Required(str, py_check=one_of(enums.TOKEN_PURPOSES))
    token_hash = Required(str, unique=True)
    email = text()
    expires_at = Optional(datetime)
    used_at = Optional(datetime)
    created_at = Required(datetime, default=utcnow)
