"""Dashboards as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from realty.presenters.bookings import installment_json, stats_json
from realty.presenters.cards import booking_card, project_card
from realty.presenters.payments import due_totals_json
from realty.presenters.projects import milestone_json, status_counts
from realty.rules.clock import date_text, rfc3339
from realty.rules.money import money_text
from realty.rules.spans import Spans
from realty.security import Identity
from realty.services.activity import Happening
from realty.services.booking_queries import position_of
from realty.services.builder_dashboard import BuilderDashboard, Trend
from realty.services.customer_dashboard import CustomerDashboard
from realty.services.dashboards import Money, Standing
from realty.services.dues import Owed

Json = dict[str, Any]
MONEY_FIGURES = frozenset({"booked_amount", "received_amount"})
ENTITIES = {
    "booking_placed": ("booking", "/bookings/{}"),
    "booking_ended": ("booking", "/bookings/{}"),
    "payment_received": ("payment", "/payments/{}"),
    "payment_reported": ("payment", "/payments/{}"),
    "change_requested": ("change_request", "/change-requests/{}"),
    "visit_requested": ("appointment", "/appointments/{}"),
    "review_written": ("review", "/builders/{}/reviews"),
}
"""What an entry is about, and where the portal shows it."""


def builder_dashboard_json(dashboard: BuilderDashboard, viewer: Identity, *, now: datetime) -> Json:
    """`BuilderDashboard` of the builder who looks at it, as of `now`."""
    return {
        "as_of": rfc3339(now),
        "period": _period_json(dashboard.spans),
        "projects": {
            "total": sum(dashboard.projects.values()),
            "published": dashboard.published,
            "by_status": dict(dashboard.projects),
        },
        "units": {
            "total": sum(dashboard.units.values()),
            "by_status": status_counts(dashboard.units),
        },
        "bookings": stats_json(dashboard.money.stats),
        "money": _money_json(dashboard.money),
        "due": due_totals_json(dashboard.money.due),
        "visits": {"today": dashboard.visits_today, "this_week": dashboard.visits_this_week},
        "change": {name: _trend_json(name, trend) for name, trend in dashboard.trends.items()},
        "counts": dict(dashboard.badges),
        "recent_projects": [_standing_json(each) for each in dashboard.recent_projects],
        "recent_activity": [
            _happening_json(entry, project, viewer) for entry, project in dashboard.activity
        ],
    }


def customer_dashboard_json(dashboard: CustomerDashboard, *, now: datetime) -> Json:
    """`CustomerDashboard`, as of `now`."""
    due, visit = dashboard.next_due, dashboard.next_visit
    return {
        "as_of": rfc3339(now),
        "stats": stats_json(dashboard.money.stats),
        "money": _money_json(dashboard.money),
        "due": due_totals_json(dashboard.money.due),
        "bookings": [_booking_json(each) for each in dashboard.bookings],
        "projects": [_standing_json(each) for each in dashboard.projects],
        "next_due": None if due is None else _due_json(due),
        "next_visit": None if visit is None else _visit_json(visit),
        "counts": dict(dashboard.badges),
    }


def _period_json(around: Spans) -> Json:
    return {
        "timezone": around.timezone,
        "today": date_text(around.today),
        "week_starts_at": rfc3339(around.week),
        "month_starts_at": rfc3339(around.month),
        "last_month_starts_at": rfc3339(around.last_month),
    }


def _money_json(money: Money) -> Json:
    stats, due = money.stats, money.due
    amounts = {
        "booked_amount": stats.total_revenue,
        "received_amount": money.received,
        "pending_amount": stats.pending_revenue,
        "due_amount": due["upcoming"].amount,
        "overdue_amount": due["overdue"].amount,
        "refund_owed_amount": money.refund_owed,
    }
    return {name: money_text(amount) for name, amount in amounts.items()}


def _trend_json(name: str, trend: Trend) -> Json:
    def figure(value: Decimal) -> str | int:
        return money_text(value) if name in MONEY_FIGURES else int(value)

    return {
        "this_month": figure(trend.this_month),
        "last_month_to_date": figure(trend.last_month_to_date),
        "last_month": figure(trend.last_month),
        "change_percent": money_text(trend.change_percent),
    }


def _standing_json(standing: Standing) -> Json:
    """`DashboardProject`."""
    project, milestone = standing.project, standing.next_milestone
    return {
        "project": project_card(project),
        "is_published": project.is_published,
        "total_units": project.total_units,
        "available_units": project.available_units,
        "overall_progress": money_text(standing.overall_progress),
        "schedule_state": standing.schedule_state,
        "next_milestone": None if milestone is None else milestone_json(milestone),
        "expected_completion_date": date_text(project.expected_completion_date),
    }


def _happening_json(entry: Happening, project: Any, viewer: Identity) -> Json:
    """`ActivityEntry`."""
    entity, path = ENTITIES[entry.kind]
    return {
        "kind": entry.kind,
        "at": rfc3339(entry.at),
        "title": _title(entry),
        "related_entity_type": entity,
        "related_entity_id": entry.entity_id,
        "action_url": path.format(viewer.builder_id if entity == "review" else entry.entity_id),
        "amount": money_text(entry.amount),
        "project": project_card(project),
        "customer": asdict(entry.customer),
    }


def _title(entry: Happening) -> str:
    words = entry.detail.replace("_", " ")
    titles: Mapping[str, str] = {
        "booking_placed": f"Booking {entry.reference} was placed",
        "booking_ended": f"Booking {entry.reference}: {words}",
        "payment_received": f"Receipt {entry.reference} by {words}",
        "payment_reported": f"Payment by {words} reported on {entry.reference}",
        "change_requested": f"{entry.reference}: {entry.detail}",
        "visit_requested": f"{words.capitalize()} asked for at {entry.reference}",
        "review_written": f"{entry.detail} of 5 stars for {entry.reference}",
    }
    return titles[entry.kind]


def _booking_json(booking: Any) -> Json:
    """`DashboardBooking`; the booking's unit, project and installments must be loaded."""
    position = position_of(booking)
    return {
        "booking": booking_card(booking),
        "payable_amount": money_text(position.payable_amount),
        "paid_amount": money_text(booking.paid_amount),
        "pending_amount": money_text(position.pending_amount),
        "payment_status": position.payment_status,
        "payment_progress": money_text(position.payment_progress),
        "next_payment_due": date_text(position.next_payment_due),
        "next_payment_amount": money_text(position.next_payment_amount),
        "expires_at": rfc3339(booking.expires_at),
    }


def _due_json(owed: Owed) -> Json:
    """`NextDue`."""
    booking = owed.due.row.booking
    return {
        "state": owed.state,
        "days_overdue": owed.days_overdue,
        "installment": installment_json(owed.due, booking.id),
        "booking": booking_card(booking),
    }


def _visit_json(visit: Any) -> Json:
    """`NextVisit`; the visit's project must be loaded."""
    return {
        "id": visit.id,
        "appointment_type": visit.appointment_type,
        "appointment_date": rfc3339(visit.appointment_date),
        "duration_minutes": visit.duration_minutes,
        "status": visit.status,
        "meeting_location": visit.meeting_location,
        "meeting_details": visit.meeting_details,
        "awaiting": visit.awaiting,
        "project": project_card(visit.project),
    }
