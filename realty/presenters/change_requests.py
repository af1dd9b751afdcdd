"""Change requests as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from realty.presenters.bookings import installment_json
from realty.presenters.cards import booking_card, builder_card, customer_card
from realty.presenters.files import file_ref_of
from realty.presenters.timelines import change_json
from realty.rules.change_requests import allowed_change_actions, quote_holds
from realty.rules.clock import rfc3339
from realty.rules.money import money_text
from realty.security import Identity
from realty.services.change_request_queries import Whole

Json = dict[str, Any]


def change_request_json(request: Any, viewer: Identity, *, now: datetime) -> Json:
    """`ChangeRequest`; its booking and what that shows must be loaded."""
    booking = request.booking
    allowed = allowed_change_actions(
        request.status,
        booking.status,
        viewer.role,
        quote_holds=quote_holds(request.quote_valid_until, now),
    )
    return {
        "id": request.id,
        "booking_id": booking.id,
        "tracking_number": request.tracking_number,
        "request_type": request.request_type,
        "request_title": request.request_title,
        "request_description": request.request_description,
        "current_specification": request.current_specification,
        "requested_specification": request.requested_specification,
        "model_id": request.model and request.model.id,
        "priority": request.priority,
        "is_structural": request.is_structural,
        "status": request.status,
        "allowed_actions": list(allowed),
        "estimated_cost": money_text(request.estimated_cost),
        "estimated_timeline_days": request.estimated_timeline_days,
        "quote_valid_until": rfc3339(request.quote_valid_until),
        "builder_response": request.builder_response,
        "rejection_reason": request.rejection_reason,
        "final_cost": money_text(request.final_cost),
        "approved_at": rfc3339(request.approved_at),
        "completed_at": rfc3339(request.completed_at),
        "attachments": [file_ref_of(file_id) for file_id in request.attachments],
        "version": request.version,
        "created_at": rfc3339(request.created_at),
        "updated_at": rfc3339(request.updated_at),
        "booking": booking_card(booking),
        "builder": builder_card(booking.builder),
        "customer": customer_card(booking.customer),
    }


def change_request_detail_json(whole: Whole, viewer: Identity, *, now: datetime) -> Json:
    """`ChangeRequestDetail`: a request with its timeline and the row that it made payable."""
    request, variation = whole.request, whole.variation
    return change_request_json(request, viewer, now=now) | {
        "timeline": [change_json(entry) for entry in whole.timeline],
        "variation": variation and installment_json(variation, request.booking.id),
    }


def counts_json(counts: Mapping[str, int]) -> Json:
    """`ChangeRequestStats`."""
    return {"total": sum(counts.values()), **counts}
