"""Writing: a booking with everything that follows from it, and a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import HTTPException
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, joinedload

from benchmarks.peer_fastapi.audit import Noted, append
from benchmarks.peer_fastapi.crud import utcnow
from benchmarks.peer_fastapi.models import (
    Booking,
    Builder,
    Conversation,
    Customer,
    Installment,
    Message,
    Notification,
    NotificationPreference,
    Project,
    Unit,
    User,
)
from benchmarks.peer_fastapi.models_log import OutgoingMail, StatusHistory
from benchmarks.peer_fastapi.schemas_sales import BookingIn, MessageIn
from realty.errors import ReraRegistrationRequired
from realty.rules.clock import local_date
from realty.rules.cost_sheet import CostSheet, ProjectTerms, cost_sheet, terms_of
from realty.rules.excerpts import excerpt
from realty.rules.identifiers import booking_number
from realty.rules.lifecycles import CLOSED_TO_BOOKINGS
from realty.rules.money import ZERO, money_text
from realty.rules.policy import Policy
from realty.rules.rera import registration_gate
from realty.rules.schedules import default_schedule

CHANNELS = ("in_app", "email")


def create_booking(db: Session, user: User, wanted: BookingIn, policy: Policy) -> Booking:
    """Hold a unit for the calling customer: everything in one transaction."""
    customer, now = user.customer, utcnow()
    assert customer is not None, "`load_user` lets customers through only"
    db.execute(
        select(Customer.id).where(Customer.id == customer.id).with_for_update(key_share=True)
    )
    held = select(func.count()).where(
        Booking.customer_id == customer.id,
        Booking.status == "pending",
        Booking.created_by_customer,
    )
    if db.execute(held).scalar_one() >= policy.booking_max_pending_per_customer:
        raise HTTPException(409, "pending_limit")
    unit = db.scalars(
        select(Unit)
        .where(Unit.id == wanted.unit_id)
        .options(
            joinedload(Unit.project, innerjoin=True)
            .joinedload(Project.builder, innerjoin=True)
            .joinedload(Builder.user, innerjoin=True)
        )
        .with_for_update(of=Unit, key_share=True)
    ).one_or_none()
    if unit is None or not (unit.project.is_published and unit.project.builder.user.is_active):
        raise HTTPException(404, "not_found")
    if unit.status != "available":
        raise HTTPException(409, "unit_unavailable")
    project = unit.project
    today = local_date(now, project.timezone)
    _require_selling(project, today)
    sheet = cost_sheet(
        terms_of(vars(unit), unit.id), ProjectTerms.of(project), now=now, policy=policy
    )
    if wanted.expected_total is not None and wanted.expected_total != sheet.total_amount:
        raise HTTPException(409, "price_changed")

    booking = _booking(wanted, sheet, unit, customer, policy, now)
    db.add(booking)
    unit.status, unit.reserved_until, unit.reserved_note = "booked", None, None
    unit.version += 1
    unit.updated_at = now
    db.flush()
    booking.booking_number = booking_number(today.year, booking.id)
    rows = default_schedule(
        wanted.payment_plan, total_amount=sheet.total_amount, booked_on=today, policy=policy
    )
    booking.installments = [
        Installment(
            booking_id=booking.id,
            sequence=row.sequence,
            kind=row.kind,
            label=row.label,
            milestone_code=row.milestone_code,
            percent=row.percent,
            amount=row.amount,
            due_rule=row.due_rule,
            due_offset=row.due_offset,
            due_date=row.due_date,
            status="scheduled",
            paid_amount=ZERO,
            created_at=now,
            updated_at=now,
        )
        for row in rows
    ]
    db.add_all(
        [
            _moved("booking", booking.id, None, "pending", user, now),
            _moved("unit", unit.id, "available", "booked", user, now),
        ]
    )
    db.flush()
    news = _booked(booking, now)
    _notify(
        db,
        "booking",
        {user.id: user.email, project.builder.user_id: project.builder.user.email},
        news,
    )
    _take_from_project(db, project, today)
    append(db, _noted(booking, user, now), now)
    db.commit()
    return booking


def _require_selling(project: Project, today: Any) -> None:
    if project.status in CLOSED_TO_BOOKINGS:
        raise HTTPException(409, "not_bookable")
    try:
        registration_gate(
            rera_number=project.rera_number,
            valid_until=project.rera_valid_until,
            exempt_reason=project.rera_exempt_reason,
            today=today,
        )
    except ReraRegistrationRequired as lacking:
        raise HTTPException(422, "rera_registration_required") from lacking


def _booking(
    wanted: BookingIn,
    sheet: CostSheet,
    unit: Unit,
    customer: Customer,
    policy: Policy,
    now: datetime,
) -> Booking:
    return Booking(
        # Its own id makes the number.
        booking_number=f"{customer.id}-{now.timestamp()}",
        customer=customer,
        unit=unit,
        project=unit.project,
        builder=unit.project.builder,
        status="pending",
        booking_date=local_date(now, unit.project.timezone),
        expires_at=now + timedelta(hours=policy.booking_hold_hours),
        payment_plan=wanted.payment_plan,
        special_requests=wanted.special_requests,
        token_amount=sheet.token_amount,
        agreement_value=sheet.agreement_value,
        gst_amount=sheet.gst_amount,
        total_amount=sheet.total_amount,
        variation_amount=ZERO,
        charge_amount=ZERO,
        discount_amount=ZERO,
        price_snapshot=sheet.as_snapshot(),
        paid_amount=ZERO,
        deduction_amount=ZERO,
        advance_cap_amount=sheet.advance_cap_amount,
        refund_amount=ZERO,
        compensation_amount=ZERO,
        created_by_customer=True,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _moved(
    entity: str, entity_id: int, before: str | None, after: str, user: User, now: datetime
) -> StatusHistory:
    return StatusHistory(
        entity=entity,
        entity_id=entity_id,
        from_status=before,
        to_status=after,
        actor_id=user.id,
        at=now,
    )


def _booked(booking: Booking, now: datetime) -> dict[str, Any]:
    home = f"{booking.unit.unit_number} in {booking.project.project_name}"
    return {
        "title": "Unit booked",
        "message": f"{home} is held under {booking.booking_number} until the token is due.",
        "related_entity_type": "booking",
        "related_entity_id": booking.id,
        "priority": "medium",
        "is_read": False,
        "action_url": f"/bookings/{booking.id}",
        "dedupe_key": f"booking:{booking.id}:created",
        "created_at": now,
    }


def _noted(booking: Booking, user: User, now: datetime) -> Noted:
    return Noted(
        builder_id=booking.builder_id,
        at=now,
        actor_id=user.id,
        action="booking.created",
        entity="booking",
        entity_id=booking.id,
        details={
            "customer_id": booking.customer_id,
            "unit_id": booking.unit_id,
            "total_amount": money_text(booking.total_amount),
            "token_amount": money_text(booking.token_amount),
            "discount_amount": money_text(ZERO),
        },
    )


def _notify(db: Session, kind: str, addresses: Mapping[int, str], news: Mapping[str, Any]) -> None:
    """Tell these users on the channels that they want, and queue the mail of those who want it."""
    switched_off = db.execute(
        select(NotificationPreference.user_id, NotificationPreference.channel).where(
            NotificationPreference.user_id.in_(addresses),
            NotificationPreference.notification_type == kind,
            ~NotificationPreference.enabled,
        )
    )
    off = {(user_id, channel) for user_id, channel in switched_off}
    wanted = {
        user_id: [channel for channel in CHANNELS if (user_id, channel) not in off]
        for user_id in sorted(addresses)
    }
    told = [
        Notification(user_id=user_id, notification_type=kind, channels=channels, **news)
        for user_id, channels in wanted.items()
        if channels
    ]
    db.add_all(told)
    db.flush()
    letters = [
        {
            "kind": "message",
            "notification_id": each.id,
            "user_id": each.user_id,
            "to_address": addresses[each.user_id],
            "subject": each.title,
            "status": "queued",
            "attempts": 0,
            "next_attempt_at": each.created_at,
            "created_at": each.created_at,
        }
        for each in told
        if "email" in each.channels
    ]
    if letters:
        db.execute(insert(OutgoingMail), letters)


def _take_from_project(db: Session, project: Project, today: Any) -> None:
    """Count the unit out, if the project still sells."""
    counted = db.execute(
        update(Project)
        .where(
            Project.id == project.id,
            Project.is_published,
            Project.status.not_in(sorted(CLOSED_TO_BOOKINGS)),
            (func.coalesce(Project.rera_exempt_reason, "") != "")
            | (Project.rera_valid_until >= today),
            select(User.id)
            .join(User.builder)
            .where(Builder.id == Project.builder_id, User.is_active)
            .exists(),
        )
        .values(available_units=Project.available_units - 1)
        .execution_options(synchronize_session=False)
        .returning(Project.id)
    )
    if counted.first() is None:
        raise HTTPException(409, "not_bookable")


def send_message(db: Session, user: User, draft: MessageIn, policy: Policy) -> Message:
    """Say something to a builder, in the conversation about a project or about none."""
    customer, now = user.customer, utcnow()
    assert customer is not None, "`load_user` lets customers through only"
    db.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))
    most = policy.message_max_per_minute
    sent = (
        select(Message.created_at)
        .where(Message.sender_id == user.id, Message.created_at > now - timedelta(seconds=60))
        .order_by(Message.created_at.desc())
    )
    if db.execute(sent.offset(most - 1).limit(1)).first() is not None:
        raise HTTPException(429, "rate_limited")
    builder = db.scalars(
        select(Builder).where(Builder.id == draft.builder_id).options(joinedload(Builder.user))
    ).one_or_none()
    if builder is None or not builder.user.is_active:
        raise HTTPException(404, "not_found")
    if draft.project_id is not None:
        project = select(Project.id).where(
            Project.id == draft.project_id, Project.builder_id == builder.id, Project.is_published
        )
        if db.execute(project).first() is None:
            raise HTTPException(404, "not_found")
    conversation_id = _reach(db, customer.id, builder.id, draft.project_id, now)
    message = Message(
        conversation_id=conversation_id,
        sender_id=user.id,
        recipient_id=builder.user_id,
        attachments=[],
        is_read=False,
        created_at=now,
        **draft.model_dump(exclude={"builder_id"}),
    )
    db.add(message)
    db.flush()
    _tell_of(db, message, builder, f"{customer.first_name} {customer.last_name}")
    db.commit()
    return message


def _reach(
    db: Session, customer_id: int, builder_id: int, project_id: int | None, now: datetime
) -> int:
    """The conversation of this subject, made if there is none, and locked."""
    made = upsert(Conversation).values(
        customer_id=customer_id,
        builder_id=builder_id,
        project_id=project_id,
        last_message_time=now,
        archived_by_customer=False,
        archived_by_builder=False,
        created_at=now,
        updated_at=now,
    )
    changes = {
        "last_message_time": func.greatest(Conversation.last_message_time, now),
        "archived_by_customer": False,
        "archived_by_builder": False,
        "updated_at": now,
    }
    subject: list[Any] = ["customer_id", "builder_id", func.coalesce(Conversation.project_id, 0)]
    found = made.on_conflict_do_update(index_elements=subject, set_=changes)
    return db.execute(found.returning(Conversation.id)).scalar_one()


def _tell_of(db: Session, message: Message, builder: Builder, sender: str) -> None:
    """One unread notification a conversation tells of its newest message."""
    news: dict[str, Any] = {
        "title": "New message",
        "message": f"{sender}: {excerpt(message.message_content)}",
        "priority": message.priority,
        "created_at": message.created_at,
    }
    freshened = db.execute(
        update(Notification)
        .where(
            Notification.user_id == builder.user_id,
            Notification.related_entity_type == "conversation",
            Notification.related_entity_id == message.conversation_id,
            ~Notification.is_read,
        )
        .values(news)
        .execution_options(synchronize_session=False)
        .returning(Notification.id)
    )
    if freshened.first() is not None:
        return
    news |= {
        "related_entity_type": "conversation",
        "related_entity_id": message.conversation_id,
        "is_read": False,
        "action_url": f"/messages/{message.conversation_id}",
        "dedupe_key": f"conversation:{message.conversation_id}:{message.id}",
    }
    _notify(db, "message", {builder.user_id: builder.user.email}, news)
