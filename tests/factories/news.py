"""Construction updates, and reviews of builders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from realty.db import Booking, Builder, ConstructionUpdate, Project, Review
from realty.db.session import session
from realty.rules.money import paisa
from tests.deployment import CLOCK
from tests.factories.catalogue import ProjectRow
from tests.factories.sales import BookingRow


def make_update(project: ProjectRow, status: str = "published", **over: Any) -> int:
    """An update of a project, for everybody; nobody was told of it. Return its id."""
    with session():
        row = Project[project.id]
        update = ConstructionUpdate(
            **{
                "project": row,
                "update_title": "The fourth slab is cast",
                "update_content": "Curing takes until Friday.",
                "posted_by": row.builder.user,
                "status": status,
                "published_at": None if status == "draft" else CLOCK.now(),
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        update.flush()
        update_id: int = update.id
        return update_id


def make_review(booking: BookingRow, rating: int = 4, **over: Any) -> int:
    """A review of a booking's builder, whose rating follows; return its id."""
    with session():
        row = Booking[booking.id]
        review = Review(
            **{
                "builder": row.builder,
                "customer": row.customer,
                "booking": row,
                "rating": rating,
                "title": "Solid work",
                "comment": "Parking is tight, everything else as promised.",
                "replied_at": CLOCK.now() if "builder_reply" in over else None,
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        review.flush()
        builder_id = booking.builder_id
        ratings = [r.rating for r in Review.select(lambda r: r.builder.id == builder_id)]
        mean = paisa(Decimal(sum(ratings)) / len(ratings))
        Builder[builder_id].set(rating=mean, review_count=len(ratings))
        review_id: int = review.id
        return review_id
