"""Reviews of builders as the contract shows them."""

from __future__ import annotations

from typing import Any

from realty.presenters.cards import booking_card, customer_card
from realty.rules.clock import rfc3339
from realty.rules.money import money_text
from realty.rules.reviews import public_name
from realty.security import Identity
from realty.services.reviews import Summary

Json = dict[str, Any]


def review_json(review: Any, viewer: Identity | None) -> Json:
    """`Review`; its customer must be loaded.

    The booking is shown to its two sides, who the customer is to the builder alone, and for these
    viewers the booking and the customer's user must be loaded.
    """
    by_builder = viewer is not None and viewer.builder_id == review.builder.id
    by_customer = viewer is not None and viewer.customer_id == review.customer.id
    return {
        "id": review.id,
        "builder_id": review.builder.id,
        "rating": review.rating,
        "title": review.title,
        "comment": review.comment,
        "reviewer_name": public_name(review.customer.first_name, review.customer.last_name),
        "builder_reply": review.builder_reply,
        "replied_at": rfc3339(review.replied_at),
        "created_at": rfc3339(review.created_at),
        "updated_at": rfc3339(review.updated_at),
        "booking": booking_card(review.booking) if by_builder or by_customer else None,
        "customer": customer_card(review.customer) if by_builder else None,
    }


def summary_json(summary: Summary) -> Json:
    """`ReviewSummary`."""
    return {
        "average": money_text(summary.average),
        "total": summary.total,
        "histogram": [
            {"rating": stars, "count": number} for stars, number in summary.histogram.items()
        ],
    }
