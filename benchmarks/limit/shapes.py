"""Rows of the limit's statements in the shapes of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from realty.rules.lifecycles import CANCELLABLE, DEAD, allowed_booking_actions

Row = dict[str, Any]
_MILESTONE = (
    *("phase_id", "phase_name", "milestone_code", "progress_percentage", "expected_end_date"),
)
_BOOKING = (
    *("id", "booking_number", "customer_id", "unit_id", "project_id", "builder_id", "status"),
    *("booking_date", "expires_at", "payment_plan", "token_amount", "agreement_value"),
    *("gst_amount", "total_amount", "variation_amount", "charge_amount", "payable_amount"),
    *("discount_amount", "discount_reason", "advance_cap_amount", "paid_amount"),
    *("pending_amount", "unallocated_amount", "payment_status", "payment_progress"),
    *("next_payment_due", "next_payment_amount", "loan_amount", "loan_bank", "special_requests"),
    *("expected_registration_date", "agreement_number", "actual_registration_date"),
    *("handover_date", "cancelled_at", "cancelled_by", "cancellation_reason"),
    *("cancellation_fault", "deduction_amount", "refund_amount", "refund_due_date"),
    *("refund_owed", "compensation_amount", "version", "created_at", "updated_at"),
)
_NOTIFICATION = (
    *("id", "notification_type", "title", "message", "related_entity_type", "related_entity_id"),
    *("priority", "is_read", "read_at", "action_url", "channels", "sent_at", "created_at"),
)


def _pagination(wanted: Mapping[str, Any], total: int) -> Row:
    pages = -(-total // wanted["limit"])
    return {
        "currentPage": wanted["page"],
        "totalPages": pages,
        "totalItems": total,
        "hasNext": wanted["page"] < pages,
        "hasPrev": wanted["page"] > 1,
    }


def _builder(row: Row, builder_id: int) -> Row:
    return {
        "id": builder_id,
        "user_id": row.pop("builder_user_id"),
        "company_name": row.pop("company_name"),
        "verified": row.pop("verified"),
        "rating": row.pop("rating"),
        "logo_file": None,
    }


def _project_card(row: Row) -> Row:
    return {
        "id": row["project_id"],
        "project_name": row["project_name"],
        "status": row["project_status"],
        "location_city": row["location_city"],
        "location_state": row["location_state"],
        "builder_id": row["builder_id"],
        "currency": row["currency"],
        "image_url": None,
    }


def _summary(row: Row) -> Row:
    row["builder"] = _builder(row, row["builder_id"])
    row["is_saved"] = row["bookings_count"] = row["units_by_status"] = None
    return row


def projects(rows: Sequence[Row], wanted: Mapping[str, Any]) -> Row:
    """`ProjectsData`; one row without a project stands for an empty page."""
    total = rows[0]["total"]
    shown = [row for row in rows if row["id"] is not None]
    for row in shown:
        del row["total"]
        _summary(row)["image_url"] = None
    return {"projects": shown, "pagination": _pagination(wanted, total)}


def project(row: Row, default_hours: Any) -> Row:
    """`Project`."""
    milestone = {name: row.pop(name) for name in _MILESTONE}
    row = _summary(row)
    row["next_milestone"] = milestone if milestone["phase_id"] else None
    row["images"], row["floor_plans"], row["brochure_file"] = [], [], None
    if row["visiting_hours"] is None:
        row["visiting_hours"] = default_hours
    return row


def units(rows: Sequence[Row], wanted: Mapping[str, Any]) -> Row:
    """`UnitsData`; one row without a unit stands for a project that has none."""
    total = rows[0]["total"] or 0
    card = _project_card(rows[0])
    shown = []
    for row in rows if total else ():
        for name in ("total", "project_name", "project_status", "currency"):
            del row[name]
        del row["location_city"], row["location_state"], row["builder_id"]
        row["project"], row["floor_plan_file"], row["reserved_note"] = card, None, None
        shown.append(row)
    return {"units": shown, "pagination": _pagination(wanted, total)}


def bookings(rows: Sequence[Row], wanted: Mapping[str, Any]) -> Row:
    """`BookingsData`; one row without a booking stands for a customer who has none."""
    stats = _stats(rows[0]["by_status"] or ())
    return {
        "bookings": [_booking(row) for row in rows if row["id"] is not None],
        "stats": stats,
        "pagination": _pagination(wanted, stats["total_bookings"]),
    }


def _booking(row: Row) -> Row:
    shown = {name: row[name] for name in _BOOKING}
    shown["allowed_actions"] = allowed_booking_actions(row["status"], "customer")
    shown["unit"] = {
        "id": row["unit_id"],
        "project_id": row["project_id"],
        "tower": row["tower"],
        "unit_number": row["unit_number"],
        "unit_type": row["unit_type"],
        "floor_number": row["floor_number"],
        "carpet_area_sqft": row["carpet_area_sqft"],
        "status": row["unit_status"],
    }
    shown["project"] = _project_card(row)
    shown["builder"] = _builder(row, row["builder_id"])
    shown["customer"] = {
        "id": row["customer_id"],
        "user_id": row["user_id"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "phone": row["phone"],
        "email": row["email"],
    }
    return shown


def _stats(groups: Sequence[Sequence[Any]]) -> Row:
    counts = {"active": 0, "completed": 0, "cancelled": 0}
    revenue = unpaid = Decimal("0.00")
    for status, number, payable, pending in groups:
        if status in DEAD:
            counts["cancelled"] += number
            continue
        counts["active" if status in CANCELLABLE else "completed"] += number
        revenue += Decimal(payable)
        unpaid += Decimal(pending)
    return {
        "total_bookings": sum(counts.values()),
        **{f"{state}_bookings": number for state, number in counts.items()},
        "total_revenue": str(revenue),
        "pending_revenue": str(unpaid),
    }


def notifications(rows: Sequence[Row], wanted: Mapping[str, Any]) -> Row:
    """`NotificationsData`; one row without a notification stands for a user who has none."""
    unread = rows[0]["unread"]
    return {
        "notifications": [_notification(row) for row in rows if row["id"] is not None],
        "unread_count": unread,
        "pagination": _pagination(wanted, unread),
    }


def _notification(row: Row) -> Row:
    shown = {name: row[name] for name in _NOTIFICATION}
    about = row["project_id"] is not None
    shown["project"] = _project_card(row) if about else None
    shown["builder"] = _builder(row, row["builder_id"]) if about else None
    shown["customer"] = None
    return shown
