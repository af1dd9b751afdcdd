"""What customers think of builders: one review for each booking, and one reply to it.

The builder's row is locked before a review is written, so that `rating` and `review_count` follow
from every review that there is: PostgreSQL reads what a statement waited for by the snapshot that
it began with, and a second review would be counted without the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pony.orm import count, desc, flush, select

from realty.db import Booking, Builder, Customer, Review, db, scopes, stamps
from realty.db.locks import lock
from realty.errors import Conflict, NotFound
from realty.rules.reviews import STARS, require_reviewable
from realty.security import Identity
from realty.services.booking_events import lock_booking, written
from realty.services.notifications import notify
from realty.services.paging import Page, page_of
from realty.services.project_queries import require_role

ORDERS: dict[str, Any] = {
    "-created_at": lambda r: (desc(r.created_at), desc(r.id)),
    "created_at": lambda r: (r.created_at, r.id),
    "-rating": lambda r: (desc(r.rating), desc(r.id)),
    "rating": lambda r: (r.rating, r.id),
}
# The mean in hundredths, rounded half-up in whole numbers, which both databases do alike.
_RATING = """
UPDATE builders SET (review_count, rating) = (
  SELECT count(*), (200 * sum(rating) + count(*)) / (2 * count(*)) / 100.0
  FROM reviews WHERE builder_id = $builder_id)
WHERE id = $builder_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a list is narrowed and ordered; all conditions hold together."""

    rating: int | None = None
    replied: bool | None = None
    mine: bool | None = None
    sort: str = "-created_at"


@dataclass(frozen=True, slots=True)
class Summary:
    """All that was said of a builder: the mean, how often, and how often each of `STARS`."""

    average: Decimal
    total: int
    histogram: Mapping[int, int]


def write(
    booking_id: int,
    *,
    rating: int,
    title: str | None,
    comment: str | None,
    actor: Identity,
    now: datetime,
) -> Any:
    """Review the builder of a booking of the caller; the builder is told.

    Raises `Conflict` before the agreement is registered, after the booking's end, and for a second
    review; `ValidationFailed` for a title of blanks.
    """
    booking = lock_booking(booking_id)
    require_reviewable(booking.status)
    if booking.review is not None:
        raise Conflict("This booking was reviewed already.")
    builder_id = booking.builder.id
    builder = _locked(builder_id)
    review = Review(
        builder=builder,
        customer=actor.customer_id,
        booking=booking,
        rating=rating,
        title=None if title is None else written(title, "title"),
        comment=comment,
        created_at=now,
        updated_at=now,
    )
    flush()
    db.execute(_RATING, {"builder_id": builder_id}, {})
    stamps.move_builder(builder_id)
    notify(
        builder.user.id,
        "booking",
        title="You were reviewed",
        message=f"The customer of {booking.unit.unit_number} in {booking.project.project_name} gave"
        f" you {rating} of {STARS[0]} stars.",
        entity="booking",
        entity_id=booking_id,
        action_url=f"/builders/{builder_id}/reviews",
        dedupe_key=f"review:{review.id}:written",
        now=now,
    )
    return review


def reply(review_id: int, text: str, *, builder_id: int, actor: Identity, now: datetime) -> Any:
    """Answer a review, once and for all; its customer is told.

    Raises `Conflict` when it was answered, `ValidationFailed` for blanks.
    """
    _locked(builder_id)
    review = Review.get(id=review_id)
    if review.builder_reply is not None:
        raise Conflict("This review was answered already.")
    review.set(builder_reply=written(text, "builder_reply"), replied_at=now)
    flush()
    notify(
        review.customer.user.id,
        "booking",
        title="Your review was answered",
        # Not by the company's name, which would stay here after its account is deleted.
        message=f"The builder of {review.booking.project.project_name} answered your review.",
        entity="booking",
        entity_id=review.booking.id,
        action_url=f"/builders/{builder_id}/reviews",
        dedupe_key=f"review:{review_id}:answered",
        now=now,
    )
    return review


def _locked(builder_id: int) -> Any:
    builder = lock(Builder, builder_id)
    if builder is None:
        raise NotFound
    return builder


def listed(
    builder_id: int, viewer: Identity | None, wanted: Filter, *, page: int, limit: int
) -> tuple[Page, Summary]:
    """A page of a builder's reviews with all that `viewer` is shown of them, and the summary of
    all. Raises `AuthenticationRequired` or `Forbidden` for `mine` of who is no customer."""
    found = scopes.visible_reviews().filter(lambda r: r.builder.id == builder_id)
    histogram = dict(select((r.rating, count(r.id)) for r in found))
    if wanted.mine:
        own_id = require_role(viewer, "customer").customer_id
        found = found.filter(lambda r: r.customer.id == own_id)
    if wanted.rating is not None:
        rating = wanted.rating
        found = found.filter(lambda r: r.rating == rating)
    if wanted.replied is True:
        found = found.filter(lambda r: r.builder_reply is not None)
    if wanted.replied is False:
        found = found.filter(lambda r: r.builder_reply is None)
    rows = found.order_by(ORDERS[wanted.sort]).prefetch(Review.customer)
    # Only they are shown cards: a customer those of reviews of their own.
    if viewer is not None and (viewer.builder_id == builder_id or viewer.role == "customer"):
        rows = rows.prefetch(Review.booking, Booking.unit, Booking.project, Customer.user)
    builder = Builder.get(id=builder_id)
    summary = Summary(
        builder.rating, builder.review_count, {stars: histogram.get(stars, 0) for stars in STARS}
    )
    return page_of(rows, page=page, limit=limit), summary
