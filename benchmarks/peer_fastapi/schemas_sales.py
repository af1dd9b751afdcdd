"""What the peer reads and answers about bookings, and what is said about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from benchmarks.peer_fastapi.schemas import (
    BuilderCard,
    Closed,
    CustomerCard,
    FromRow,
    Moment,
    Pagination,
    ProjectCard,
    UnitCard,
)

PaymentPlan = Literal["full_payment", "installments", "construction_linked", "loan"]
MessageType = Literal["inquiry", "complaint", "update", "general"]
Priority = Literal["low", "medium", "high"]


class BookingOut(FromRow):
    """A booking with its cards."""

    id: int
    booking_number: str
    customer_id: int
    unit_id: int
    project_id: int
    builder_id: int
    status: str
    allowed_actions: list[str]
    booking_date: date
    expires_at: Moment | None
    payment_plan: str
    token_amount: Decimal
    agreement_value: Decimal
    gst_amount: Decimal
    total_amount: Decimal
    variation_amount: Decimal
    charge_amount: Decimal
    payable_amount: Decimal
    discount_amount: Decimal
    discount_reason: str | None
    advance_cap_amount: Decimal
    paid_amount: Decimal
    pending_amount: Decimal
    unallocated_amount: Decimal
    payment_status: str
    payment_progress: Decimal
    next_payment_due: date | None
    next_payment_amount: Decimal | None
    loan_amount: Decimal | None
    loan_bank: str | None
    special_requests: str | None
    expected_registration_date: date | None
    agreement_number: str | None
    actual_registration_date: date | None
    handover_date: date | None
    cancelled_at: Moment | None
    cancelled_by: str | None
    cancellation_reason: str | None
    cancellation_fault: str | None
    deduction_amount: Decimal
    refund_amount: Decimal
    refund_due_date: date | None
    refund_owed: Decimal
    compensation_amount: Decimal
    version: int
    created_at: Moment
    updated_at: Moment
    unit: UnitCard
    project: ProjectCard
    builder: BuilderCard
    customer: CustomerCard


class BookingDetail(BookingOut):
    """A booking with the cost sheet as sold."""

    price_snapshot: dict[str, Any]


class BookingStats(BaseModel):
    """The counts above a list of bookings."""

    total_bookings: int
    active_bookings: int
    completed_bookings: int
    cancelled_bookings: int
    total_revenue: Decimal
    pending_revenue: Decimal


class BookingsData(BaseModel):
    """A page of bookings."""

    bookings: list[BookingOut]
    stats: BookingStats
    pagination: Pagination


class BookingData(BaseModel):
    """One booking."""

    booking: BookingDetail


class BookingIn(Closed):
    """What a customer sends to book."""

    unit_id: int = Field(ge=1)
    payment_plan: PaymentPlan
    special_requests: str | None = Field(default=None, max_length=2000)
    expected_total: Decimal | None = None


class NotificationOut(FromRow):
    """Something that the caller was told."""

    id: int
    notification_type: str
    title: str
    message: str
    related_entity_type: str | None
    related_entity_id: int | None
    priority: str
    is_read: bool
    read_at: Moment | None
    action_url: str | None
    channels: list[str]
    sent_at: Moment | None
    project: ProjectCard | None
    builder: BuilderCard | None
    customer: CustomerCard | None = None
    created_at: Moment


class NotificationsData(BaseModel):
    """A page of notifications."""

    notifications: list[NotificationOut]
    unread_count: int
    pagination: Pagination


class MessageIn(Closed):
    """What a customer sends to a builder."""

    builder_id: int = Field(ge=1)
    project_id: int | None = Field(default=None, ge=1)
    subject: str | None = Field(default=None, max_length=200)
    message_content: str = Field(min_length=1, max_length=5000)
    message_type: MessageType
    priority: Priority = "medium"


class MessageOut(FromRow):
    """A message, for its sender."""

    id: int
    conversation_id: int
    sender_id: int
    recipient_id: int
    sender_role: Literal["customer"] = "customer"
    project_id: int | None
    booking_id: int | None
    booking_number: str | None = None
    parent_message: None = None
    subject: str | None
    message_content: str
    message_type: str
    priority: str
    attachments: list[Any]
    is_read: bool
    read_at: Moment | None
    created_at: Moment


class MessageData(BaseModel):
    """One message."""

    message: MessageOut
