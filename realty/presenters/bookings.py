"""Bookings, their schedule, quote and timeline as the contract shows them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from realty.presenters.cards import builder_card, customer_card, project_card, unit_card
from realty.presenters.timelines import change_json
from realty.rules.cancellation import CancellationQuote
from realty.rules.clock import date_text, rfc3339
from realty.rules.lifecycles import Role, allowed_booking_actions
from realty.rules.money import money_text
from realty.security import Identity
from realty.services.booking_queries import Due, Schedule, Stats, position_of
from realty.services.timelines import Entry

Json = dict[str, Any]


def booking_json(booking: Any, viewer: Identity) -> Json:
    """`Booking`; its cards and installments must be loaded."""
    position = position_of(booking)
    role = cast("Role", viewer.role)
    return {
        "id": booking.id,
        "booking_number": booking.booking_number,
        "customer_id": booking.customer.id,
        "unit_id": booking.unit.id,
        "project_id": booking.project.id,
        "builder_id": booking.builder.id,
        "status": booking.status,
        "allowed_actions": list(allowed_booking_actions(booking.status, role)),
        "booking_date": date_text(booking.booking_date),
        "expires_at": rfc3339(booking.expires_at),
        "payment_plan": booking.payment_plan,
        "token_amount": money_text(booking.token_amount),
        "agreement_value": money_text(booking.agreement_value),
        "gst_amount": money_text(booking.gst_amount),
        "total_amount": money_text(booking.total_amount),
        "variation_amount": money_text(booking.variation_amount),
        "charge_amount": money_text(booking.charge_amount),
        "payable_amount": money_text(position.payable_amount),
        "discount_amount": money_text(booking.discount_amount),
        "discount_reason": booking.discount_reason,
        "advance_cap_amount": money_text(booking.advance_cap_amount),
        "paid_amount": money_text(booking.paid_amount),
        "pending_amount": money_text(position.pending_amount),
        "unallocated_amount": money_text(position.unallocated_amount),
        "payment_status": position.payment_status,
        "payment_progress": money_text(position.payment_progress),
        "next_payment_due": date_text(position.next_payment_due),
        "next_payment_amount": money_text(position.next_payment_amount),
        "loan_amount": money_text(booking.loan_amount),
        "loan_bank": booking.loan_bank,
        "special_requests": booking.special_requests,
        "expected_registration_date": date_text(booking.expected_registration_date),
        "agreement_number": booking.agreement_number,
        "actual_registration_date": date_text(booking.actual_registration_date),
        "handover_date": date_text(booking.handover_date),
        "cancelled_at": rfc3339(booking.cancelled_at),
        "cancelled_by": booking.cancelled_by,
        "cancellation_reason": booking.cancellation_reason,
        "cancellation_fault": booking.cancellation_fault,
        "deduction_amount": money_text(booking.deduction_amount),
        "refund_amount": money_text(booking.refund_amount),
        "refund_due_date": date_text(booking.refund_due_date),
        "refund_owed": money_text(position.refund_owed),
        "compensation_amount": money_text(booking.compensation_amount),
        "version": booking.version,
        "created_at": rfc3339(booking.created_at),
        "updated_at": rfc3339(booking.updated_at),
        "unit": unit_card(booking.unit),
        "project": project_card(booking.project),
        "builder": builder_card(booking.builder),
        "customer": customer_card(booking.customer),
    }


def booking_detail_json(booking: Any, viewer: Identity) -> Json:
    """`BookingDetail`: a booking with the cost sheet as sold."""
    return booking_json(booking, viewer) | {"price_snapshot": booking.price_snapshot}


def stats_json(stats: Stats) -> Json:
    """`BookingStats`."""
    return asdict(stats) | {
        "total_revenue": money_text(stats.total_revenue),
        "pending_revenue": money_text(stats.pending_revenue),
    }


def quote_json(booking_id: int, quote: CancellationQuote, *, now: datetime) -> Json:
    """`CancellationQuote`, as of `now`."""
    return {
        "booking_id": booking_id,
        "as_of": rfc3339(now),
        "fault": quote.fault,
        "days_since_booking": quote.days_since_booking,
        "deduction_percent": money_text(quote.deduction_percent),
        "deduction_amount": money_text(quote.deduction_amount),
        "paid_amount": money_text(quote.paid_amount),
        "refund_amount": money_text(quote.refund_amount),
        "refund_due_date": date_text(quote.refund_due_date),
        "compensation_amount": money_text(quote.compensation_amount),
        "rule": quote.rule,
    }


def schedule_json(schedule: Schedule) -> Json:
    """`ScheduleData`: the rows and their sums."""
    booking, position = schedule.booking, schedule.position
    return {
        "schedule": [installment_json(due, booking.id) for due in schedule.rows],
        "totals": {
            "total_amount": money_text(booking.total_amount),
            "variation_amount": money_text(booking.variation_amount),
            "charge_amount": money_text(booking.charge_amount),
            "payable_amount": money_text(position.payable_amount),
            "paid_amount": money_text(booking.paid_amount),
            "pending_amount": money_text(position.pending_amount),
            "overdue_amount": money_text(schedule.overdue_amount),
            "unallocated_amount": money_text(position.unallocated_amount),
            "interest_amount": money_text(schedule.interest_amount),
        },
    }


def installment_json(due: Due, booking_id: int) -> Json:
    """`Installment`."""
    row = due.row
    return {
        "id": row.id,
        "booking_id": booking_id,
        "sequence": row.sequence,
        "kind": row.kind,
        "label": row.label,
        "milestone_code": row.milestone_code,
        "change_request_id": row.change_request and row.change_request.id,
        "charge_code": row.charge_code,
        "percent": money_text(row.percent),
        "amount": money_text(row.amount),
        "due_date": date_text(row.due_date),
        "status": due.status,
        "demand_number": row.demand_number,
        "demanded_at": rfc3339(row.demanded_at),
        "paid_amount": money_text(row.paid_amount),
        "pending_amount": money_text(due.pending_amount),
        "tds_amount": money_text(due.tds_amount),
        "interest_amount": money_text(due.interest_amount),
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }


def entry_json(entry: Entry) -> Json:
    """`TimelineEntry`."""
    event = entry.to_status
    if event == "pending":
        event = "created" if entry.from_status is None else "token_reversed"
    return change_json(entry) | {"event": event}
