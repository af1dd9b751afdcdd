"""The tables that the measured endpoints touch, as they stand in our migrated database."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from benchmarks.peer_fastapi.database import Base


class User(Base):
    """An account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    phone: Mapped[str | None]
    full_name: Mapped[str]
    password_hash: Mapped[str | None]
    user_type: Mapped[str]
    is_active: Mapped[bool]
    is_verified: Mapped[bool]
    last_login: Mapped[datetime | None]
    failed_login_count: Mapped[int]
    locked_until: Mapped[datetime | None]
    token_version: Mapped[int]
    locale: Mapped[str]
    timezone: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    builder: Mapped[Builder | None] = relationship(back_populates="user")
    customer: Mapped[Customer | None] = relationship(back_populates="user")
    sessions: Mapped[list[LoginSession]] = relationship(back_populates="user")

    @property
    def builder_id(self) -> int | None:
        """The builder that this account is of."""
        return self.builder.id if self.builder else None

    @property
    def customer_id(self) -> int | None:
        """The customer that this account is of."""
        return self.customer.id if self.customer else None


class LoginSession(Base):
    """One login."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    family: Mapped[str]
    token_hash: Mapped[str]
    user_agent: Mapped[str | None]
    ip: Mapped[str | None]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(back_populates="sessions")


class Builder(Base):
    """Who builds and sells."""

    __tablename__ = "builders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    company_name: Mapped[str]
    rating: Mapped[Decimal]
    verified: Mapped[bool]

    user: Mapped[User] = relationship(back_populates="builder")


class Customer(Base):
    """Who buys."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    first_name: Mapped[str]
    last_name: Mapped[str]
    phone: Mapped[str | None]
    address: Mapped[str | None]
    date_of_birth: Mapped[date | None]
    occupation: Mapped[str | None]
    preferred_contact_method: Mapped[str]
    pan: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    user: Mapped[User] = relationship(back_populates="customer")

    @property
    def email(self) -> str:
        """The address of the account."""
        return self.user.email


class Project(Base):
    """What is built; the derived values are set for one answer by `crud`."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    builder_id: Mapped[int] = mapped_column(ForeignKey("builders.id"))
    project_name: Mapped[str]
    description: Mapped[str | None]
    project_type: Mapped[str]
    status: Mapped[str]
    location_address: Mapped[str | None]
    location_city: Mapped[str]
    location_state: Mapped[str]
    location_zipcode: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    total_units: Mapped[int]
    available_units: Mapped[int]
    price_range_min: Mapped[Decimal | None]
    price_range_max: Mapped[Decimal | None]
    project_area: Mapped[Decimal | None]
    architect: Mapped[str | None]
    specifications: Mapped[Any] = mapped_column(JSONB)
    amenities: Mapped[Any] = mapped_column(JSONB)
    start_date: Mapped[date | None]
    expected_completion_date: Mapped[date | None]
    actual_completion_date: Mapped[date | None]
    images: Mapped[Any] = mapped_column(JSONB)
    floor_plans: Mapped[Any] = mapped_column(JSONB)
    is_featured: Mapped[bool]
    is_published: Mapped[bool]
    rera_number: Mapped[str | None]
    rera_authority_url: Mapped[str | None]
    rera_valid_until: Mapped[date | None]
    rera_exempt_reason: Mapped[str | None]
    occupancy_certificate_date: Mapped[date | None]
    currency: Mapped[str]
    timezone: Mapped[str]
    visiting_hours: Mapped[Any] = mapped_column(JSONB)
    slot_capacity: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    builder: Mapped[Builder] = relationship()
    phases: Mapped[list[Phase]] = relationship()

    @property
    def image_url(self) -> str | None:
        """The first picture."""
        return next((image["url"] for image in self.images), None)


class Phase(Base):
    """A part of the work."""

    __tablename__ = "project_progress"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    sequence: Mapped[int]
    phase_name: Mapped[str]
    milestone_code: Mapped[str | None]
    weight_percent: Mapped[Decimal]
    progress_percentage: Mapped[Decimal]
    status: Mapped[str]
    expected_end_date: Mapped[date | None]
    customer_visible: Mapped[bool]


class Unit(Base):
    """What is sold."""

    __tablename__ = "units"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    tower: Mapped[str | None]
    unit_number: Mapped[str]
    unit_type: Mapped[str]
    floor_number: Mapped[int]
    area_sqft: Mapped[Decimal]
    carpet_area_sqft: Mapped[Decimal]
    price: Mapped[Decimal]
    floor_rise_per_sqft: Mapped[Decimal]
    preferential_charges: Mapped[Any] = mapped_column(JSONB)
    other_charges: Mapped[Any] = mapped_column(JSONB)
    status: Mapped[str]
    facing: Mapped[str | None]
    bedrooms: Mapped[int | None]
    bathrooms: Mapped[int | None]
    balconies: Mapped[int | None]
    parking_spaces: Mapped[int | None]
    features: Mapped[Any] = mapped_column(JSONB)
    reserved_until: Mapped[datetime | None]
    reserved_note: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    project: Mapped[Project] = relationship()


class Booking(Base):
    """A unit held by a customer; the derived values are set for one answer by `crud`."""

    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_number: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    builder_id: Mapped[int] = mapped_column(ForeignKey("builders.id"))
    status: Mapped[str]
    booking_date: Mapped[date]
    expires_at: Mapped[datetime | None]
    payment_plan: Mapped[str]
    token_amount: Mapped[Decimal]
    agreement_value: Mapped[Decimal]
    gst_amount: Mapped[Decimal]
    total_amount: Mapped[Decimal]
    variation_amount: Mapped[Decimal]
    charge_amount: Mapped[Decimal]
    discount_amount: Mapped[Decimal]
    discount_reason: Mapped[str | None]
    price_snapshot: Mapped[Any] = mapped_column(JSONB)
    paid_amount: Mapped[Decimal]
    loan_amount: Mapped[Decimal | None]
    loan_bank: Mapped[str | None]
    special_requests: Mapped[str | None]
    expected_registration_date: Mapped[date | None]
    agreement_number: Mapped[str | None]
    actual_registration_date: Mapped[date | None]
    handover_date: Mapped[date | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancellation_reason: Mapped[str | None]
    cancellation_fault: Mapped[str | None]
    deduction_amount: Mapped[Decimal]
    advance_cap_amount: Mapped[Decimal]
    refund_amount: Mapped[Decimal]
    refund_due_date: Mapped[date | None]
    compensation_amount: Mapped[Decimal]
    created_by_customer: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    customer: Mapped[Customer] = relationship()
    unit: Mapped[Unit] = relationship()
    project: Mapped[Project] = relationship()
    builder: Mapped[Builder] = relationship()
    installments: Mapped[list[Installment]] = relationship()


class Installment(Base):
    """A row of the schedule of a booking."""

    __tablename__ = "installments"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"))
    sequence: Mapped[int]
    kind: Mapped[str]
    label: Mapped[str]
    milestone_code: Mapped[str | None]
    percent: Mapped[Decimal | None]
    amount: Mapped[Decimal]
    due_rule: Mapped[str | None]
    due_offset: Mapped[int]
    due_date: Mapped[date | None]
    status: Mapped[str]
    paid_amount: Mapped[Decimal]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Conversation(Base):
    """What a customer and a builder say about one project, or about none."""

    __tablename__ = "conversations"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    builder_id: Mapped[int] = mapped_column(ForeignKey("builders.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    last_message_time: Mapped[datetime | None]
    archived_by_customer: Mapped[bool]
    archived_by_builder: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Message(Base):
    """One thing said."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    parent_message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    subject: Mapped[str | None]
    message_content: Mapped[str]
    message_type: Mapped[str]
    priority: Mapped[str]
    attachments: Mapped[Any] = mapped_column(JSONB)
    is_read: Mapped[bool]
    read_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Notification(Base):
    """What a user is told."""

    __tablename__ = "notifications"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    notification_type: Mapped[str]
    title: Mapped[str]
    message: Mapped[str]
    related_entity_type: Mapped[str | None]
    related_entity_id: Mapped[int | None]
    priority: Mapped[str]
    is_read: Mapped[bool]
    read_at: Mapped[datetime | None]
    action_url: Mapped[str | None]
    dedupe_key: Mapped[str]
    channels: Mapped[Any] = mapped_column(JSONB)
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class NotificationPreference(Base):
    """A channel that a user switched on or off for one kind of news."""

    __tablename__ = "notification_preferences"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    notification_type: Mapped[str]
    channel: Mapped[str]
    enabled: Mapped[bool]
