"""Answering a review: the builder whom it is about, once."""

from __future__ import annotations

import pytest

from realty.db import Review, User
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_builder, make_customer, make_project, make_review
from tests.functional.reviews.common import listed, rating_of, sold


def test_a_reply_is_public_and_tells_the_customer(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(company_name="Prakriti Homes"), make_customer()
    booking = sold(make_project(builder, project_name="Prakriti Lake"), customer)
    review_id = make_review(booking, 2)
    clock.advance(days=1)
    path = f"/api/reviews/{review_id}/reply"
    answer = api.as_(builder).post(path, {"builder_reply": "  Sorry. धन्यवाद  "}, status=200)
    shown = answer.data["review"]
    assert shown["builder_reply"] == "Sorry. धन्यवाद"
    assert shown["replied_at"] == f"{clock.now().isoformat()}Z"
    assert shown["customer"]["id"] == customer.customer_id
    assert shown["booking"]["id"] == booking.id
    [public] = listed(api, None, builder)["reviews"]
    assert public == {**shown, "booking": None, "customer": None}
    [told] = api.as_(customer).get("/api/notifications").data["notifications"]
    # The card tells the company's name, which the words would keep after the company is deleted.
    assert told["message"] == "The builder of Prakriti Lake answered your review."
    assert told["builder"]["id"] == builder.builder_id
    assert rating_of(builder)[1] == 1


def test_a_reply_is_given_once(api: Api, clock: Clock) -> None:
    builder = make_builder()
    review_id = make_review(sold(make_project(builder), make_customer()))
    path = f"/api/reviews/{review_id}/reply"
    api.as_(builder).post(path, {"builder_reply": "Thank you."}, status=200)
    refused = api.as_(builder).post(path, {"builder_reply": "On second thoughts"}, status=409)
    assert refused.code == "conflict"
    with session():
        assert Review[review_id].builder_reply == "Thank you."


@pytest.mark.parametrize("body", [{}, {"builder_reply": " "}, {"builder_reply": None}])
def test_a_reply_says_something(api: Api, clock: Clock, body: dict[str, str]) -> None:
    builder = make_builder()
    review_id = make_review(sold(make_project(builder), make_customer()))
    api.as_(builder).post(f"/api/reviews/{review_id}/reply", body, status=422)


def test_only_the_builder_whom_it_is_about_answers(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    review_id = make_review(sold(make_project(builder), customer))
    path, body = f"/api/reviews/{review_id}/reply", {"builder_reply": "Never mind"}
    assert api.as_(make_builder()).post(path, body, status=404).code == "not_found"
    assert api.as_(customer).post(path, body, status=403).code == "forbidden"
    assert api.post(path, body, status=401).code == "authentication_required"
    with session():
        User[builder.user_id].is_active = False
    assert api.as_(make_builder()).post(path, body, status=404).code == "not_found"
    with session():
        assert Review[review_id].builder_reply is None
