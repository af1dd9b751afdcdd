"""Reviewing: who may, once for each booking, and the rating that follows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from realty.db import Builder, Notification, Review
from realty.db.enums import BOOKING_STATUSES
from realty.db.session import session
from realty.services import reviews
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_booking, make_builder, make_customer, make_project, make_unit
from tests.functional.reviews.common import listed, rating_of, review, sold


def test_a_review_is_public_at_once(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer(first_name="Asha", last_name="Rao")
    booking = sold(make_project(builder), customer)
    answer = review(api, customer, booking, 5, title=" ಚೆನ್ನಾಗಿದೆ ", comment="The best room.\n")
    made = answer.data["review"]
    assert made == {
        "id": made["id"],
        "builder_id": builder.builder_id,
        "rating": 5,
        "title": "ಚೆನ್ನಾಗಿದೆ",
        "comment": "The best room.\n",
        "reviewer_name": "Asha R.",
        "builder_reply": None,
        "replied_at": None,
        "created_at": f"{clock.now().isoformat()}Z",
        "updated_at": f"{clock.now().isoformat()}Z",
        "booking": made["booking"],
        "customer": None,
    }
    assert made["booking"]["id"] == booking.id
    assert answer.headers["Location"] == f"/api/builders/{builder.builder_id}/reviews"
    [shown] = api.get(answer.headers["Location"]).data["reviews"]
    assert shown == {**made, "booking": None}
    assert rating_of(builder) == (Decimal("5.00"), 1)
    [told] = api.as_(builder).get("/api/notifications").data["notifications"]
    assert (told["title"], told["customer"]["id"]) == ("You were reviewed", customer.customer_id)


@pytest.mark.parametrize("status", BOOKING_STATUSES)
def test_only_a_standing_booking_with_an_agreement(api: Api, clock: Clock, status: str) -> None:
    builder, customer = make_builder(), make_customer()
    booking = sold(make_project(builder), customer, status)
    allowed = status in {"agreement_registered", "handed_over"}
    answer = review(api, customer, booking, expect=201 if allowed else 409)
    assert rating_of(builder)[1] == allowed
    if not allowed:
        assert answer.code == "conflict"
        [detail] = answer.error["details"]
        assert detail["value"] == status
        assert detail["allowed"] == ["agreement_registered", "handed_over"]


def test_one_review_for_each_booking(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder)
    first, second = sold(project, customer), sold(project, customer, "handed_over")
    review(api, customer, first, 5)
    assert review(api, customer, first, 1, expect=409).code == "conflict"
    assert rating_of(builder) == (Decimal("5.00"), 1)
    review(api, customer, second, 2)
    assert rating_of(builder) == (Decimal("3.50"), 2)


def test_a_review_outlives_its_booking(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    booking = sold(make_project(builder), customer)
    review(api, customer, booking, 1)
    quote = api.as_(customer).get(f"/api/bookings/{booking.id}/cancellation-quote").data["quote"]
    body = {"reason": "We move away", "expected_refund": quote["refund_amount"]}
    api.as_(customer).post(f"/api/bookings/{booking.id}/cancel", body)
    assert listed(api, None, builder)["summary"]["total"] == 1
    assert review(api, customer, booking, expect=409).code == "conflict"


@pytest.mark.parametrize(
    ("ratings", "mean"),
    [
        ((5,), "5.00"),
        ((1, 1, 2), "1.33"),
        ((5, 5, 4), "4.67"),
        ((4, 5), "4.50"),
        # Half-up to the hundredth: 4.125.
        ((5, 5, 5, 5, 4, 4, 3, 2), "4.13"),
    ],
)
def test_the_rating_is_the_mean(
    api: Api, clock: Clock, ratings: tuple[int, ...], mean: str
) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder)
    for rating in ratings:
        review(api, customer, sold(project, customer), rating)
    assert rating_of(builder) == (Decimal(mean), len(ratings))
    shown = api.get(f"/api/builders/{builder.builder_id}").data["builder"]
    assert (shown["rating"], shown["review_count"]) == (mean, len(ratings))
    assert listed(api, None, builder)["summary"]["average"] == mean


def test_a_review_makes_no_edit_of_the_builder_stale(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    booking = sold(make_project(builder), customer)
    tag = api.get(f"/api/builders/{builder.builder_id}").headers["ETag"]
    review(api, customer, booking)
    fresh = api.get(f"/api/builders/{builder.builder_id}", headers={"If-None-Match": tag})
    assert fresh.data["builder"]["review_count"] == 1
    body = {"website": "https://prithvi.example"}
    changed = api.as_(builder).patch("/api/builders/me", body, headers={"If-Match": tag})
    assert changed.data["builder"]["rating"] == "5.00"


def test_rating_and_review_stand_or_fall_together(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder, customer = make_builder(), make_customer()
    booking = sold(make_project(builder), customer)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the machine stops here")

    with monkeypatch.context() as broken:
        broken.setattr(reviews, "notify", fail)
        review(api, customer, booking, expect=500)
    assert rating_of(builder) == (Decimal("0.00"), 0)
    with session():
        assert not Review.exists()
    review(api, customer, booking)
    assert rating_of(builder) == (Decimal("5.00"), 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": 0},
        {"rating": 6},
        {"rating": 4.5},
        {"rating": "5"},
        {"rating": True},
        {"rating": 5, "title": " \u200a "},
        {"rating": 5, "title": "x" * 201},
        {"rating": 5, "comment": ""},
        {"rating": 5, "comment": "x" * 5001},
        {"rating": 5, "comment": "a\u0000b"},
        {"rating": 5, "customer_id": 1},
        {"rating": 5, "builder_reply": "How kind"},
    ],
)
def test_what_does_not_fit_is_refused(api: Api, clock: Clock, body: Any) -> None:
    builder, customer = make_builder(), make_customer()
    booking = sold(make_project(builder), customer)
    path = f"/api/bookings/{booking.id}/review"
    assert api.as_(customer).post(path, body, status=422).code == "validation_error"
    assert rating_of(builder) == (Decimal("0.00"), 0)


def test_only_the_customer_of_the_booking_reviews(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    booking = sold(make_project(builder), customer)
    other = make_customer()
    make_booking(make_unit(make_project(builder)), other, status="handed_over")
    path, body = f"/api/bookings/{booking.id}/review", {"rating": 1}
    foreign = api.as_(other).post(path, body, status=404)
    absent = api.as_(other).post("/api/bookings/2147483647/review", body, status=404)
    assert (foreign.code, foreign.error["message"]) == (absent.code, absent.error["message"])
    assert api.as_(builder).post(path, body, status=403).code == "forbidden"
    assert api.post(path, body, status=401).code == "authentication_required"
    assert rating_of(builder) == (Decimal("0.00"), 0)


def test_rating_is_nobody_s_to_write(api: Api, clock: Clock) -> None:
    builder = make_builder()
    for name, value in (("rating", "5.00"), ("review_count", 9)):
        api.as_(builder).patch("/api/builders/me", {name: value}, status=422)
    with session():
        assert Builder[builder.builder_id].rating == 0
        assert not Notification.exists()
