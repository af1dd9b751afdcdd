"""Visits and the times that are offered for them, as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from realty.presenters.cards import builder_card, customer_card, project_card, unit_card
from realty.presenters.timelines import change_json
from realty.rules.appointments import allowed_appointment_actions
from realty.rules.clock import date_text, rfc3339
from realty.rules.slots import Day, Slot, span_of
from realty.security import Identity
from realty.services.appointment_queries import Calendar, Visit

Json = dict[str, Any]


def appointment_json(visit: Visit, viewer: Identity, *, now: datetime) -> Json:
    """`Appointment`; what its cards show must be loaded. The notes are the builder's own."""
    row, project, builder = visit.row, visit.row.project, visit.row.project.builder
    allowed = allowed_appointment_actions(visit.standing, viewer.role, now=now)
    return {
        "id": row.id,
        "project_id": project.id,
        "customer_id": row.customer.id,
        "unit_id": row.unit and row.unit.id,
        "booking_id": row.booking and row.booking.id,
        "booking_number": row.booking and row.booking.booking_number,
        "appointment_type": row.appointment_type,
        "appointment_date": rfc3339(row.appointment_date),
        "ends_at": rfc3339(span_of(row.appointment_date, row.duration_minutes).end),
        "duration_minutes": row.duration_minutes,
        "timezone": project.timezone,
        "status": row.status,
        "awaiting": row.awaiting,
        "allowed_actions": list(allowed),
        "meeting_location": row.meeting_location,
        "meeting_details": row.meeting_details,
        "attendees": list(row.attendees),
        "agenda": row.agenda,
        "notes": row.notes if builder.id == viewer.builder_id else None,
        "reschedule_reason": row.reschedule_reason,
        "reschedule_count": row.reschedule_count,
        "reschedules_left": visit.standing.moves_left,
        "created_by": row.created_by,
        "cancelled_by": row.cancelled_by,
        "cancellation_reason": row.cancellation_reason,
        "version": row.version,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "project": project_card(project),
        "unit": row.unit and unit_card(row.unit),
        "builder": builder_card(builder),
        "customer": customer_card(row.customer),
    }


def appointment_detail_json(visit: Visit, viewer: Identity, *, now: datetime) -> Json:
    """`AppointmentDetail`: a visit with its timeline."""
    return appointment_json(visit, viewer, now=now) | {
        "timeline": [change_json(entry) for entry in visit.timeline]
    }


def counts_json(counts: Mapping[str, int]) -> Json:
    """`AppointmentStats`."""
    beside = ("upcoming", "awaiting_me")
    return {"total": sum(n for name, n in counts.items() if name not in beside), **counts}


def calendar_json(calendar: Calendar) -> Json:
    """`AppointmentSlotsData`."""
    rules = calendar.rules
    return {
        "project_id": calendar.project.id,
        "timezone": rules.timezone,
        "slot_capacity": rules.capacity,
        "slot_minutes": int(rules.grid.total_seconds()) // 60,
        "duration_minutes": calendar.minutes,
        "days": [_day_json(day) for day in calendar.days],
    }


def _day_json(day: Day) -> Json:
    """`AppointmentDay`."""
    return {
        "date": date_text(day.day),
        "opens_at": rfc3339(day.opening.start if day.opening else None),
        "closes_at": rfc3339(day.opening.end if day.opening else None),
        "slots": [_slot_json(slot) for slot in day.slots],
    }


def _slot_json(slot: Slot) -> Json:
    """`AppointmentSlot`."""
    return {
        "starts_at": rfc3339(slot.span.start),
        "ends_at": rfc3339(slot.span.end),
        "local_time": f"{slot.starts:%H:%M}",
        "places_left": slot.places_left,
        "state": slot.state,
    }
