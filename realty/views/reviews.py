"""Operations of the tag `reviews`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.reviews import review_json, summary_json
from realty.resources import BookingReview, BuilderReviews, ReviewResource
from realty.services import reviews
from realty.services.reviews import Filter
from realty.views.conditional import tagged

Json = dict[str, Any]


@operation("listBuilderReviews", permission=P.REVIEW_READ)
def list_builder_reviews(context: BuilderReviews, request: Request) -> Response:
    """What customers say of a builder."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    found, summary = reviews.listed(
        context.builder_id, context.identity, Filter(**query), page=page, limit=limit
    )
    data = {
        "reviews": [review_json(review, context.identity) for review in found.rows],
        "summary": summary_json(summary),
        "pagination": found.as_json(),
    }
    return tagged(request, data)


@operation("reviewBooking", permission=P.REVIEW_CREATE)
def review_booking(context: BookingReview, request: Request) -> Json:
    """Say what one thinks of the builder."""
    body = request.openapi_validated.body
    review = reviews.write(
        context.booking_id,
        rating=body["rating"],
        title=body.get("title"),
        comment=body.get("comment"),
        actor=context.identity,
        now=request.now,
    )
    request.response.location = request.route_path("builder_reviews", builder_id=context.builder_id)
    return {"review": review_json(review, context.identity)}


@operation("replyToReview", permission=P.REVIEW_REPLY)
def reply_to_review(context: ReviewResource, request: Request) -> Json:
    """Answer a review."""
    review = reviews.reply(
        context.review_id,
        request.openapi_validated.body["builder_reply"],
        builder_id=context.builder_id,
        actor=context.identity,
        now=request.now,
    )
    return {"review": review_json(review, context.identity)}
