"""Bookings that may be reviewed, and what the tests do with them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from realty.db import Builder
from realty.db.session import session
from tests.client import Answer, Api
from tests.factories import (
    BookingRow,
    BuilderAccount,
    CustomerAccount,
    ProjectRow,
    make_booking,
    make_unit,
)


def sold(
    project: ProjectRow, customer: CustomerAccount, status: str = "agreement_registered"
) -> BookingRow:
    """A booking of a customer."""
    return make_booking(make_unit(project), customer, status=status)


def review(
    api: Api, customer: CustomerAccount, booking: BookingRow, rating: int = 5, **over: Any
) -> Answer:
    """Review a booking; `status` of the answer is 201 unless `expect` says otherwise."""
    expect = over.pop("expect", 201)
    path = f"/api/bookings/{booking.id}/review"
    return api.as_(customer).post(path, {"rating": rating, **over}, status=expect)


def listed(api: Api, caller: Any, builder: BuilderAccount, **params: Any) -> Any:
    """A builder's reviews as a caller reads them."""
    return api.as_(caller).get(f"/api/builders/{builder.builder_id}/reviews", params).data


def rating_of(builder: BuilderAccount) -> tuple[Decimal, int]:
    """What the builder's row says of its reviews."""
    with session():
        row = Builder[builder.builder_id]
        return row.rating, row.review_count
