"""Reading reviews: the page, the summary of all, and what only the two sides see."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import User
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    BuilderAccount,
    CustomerAccount,
    make_admin,
    make_builder,
    make_customer,
    make_project,
    make_review,
)
from tests.functional.queries import queries
from tests.functional.reviews.common import listed, sold


@pytest.fixture
def builder(api: Api) -> BuilderAccount:
    return make_builder()


@pytest.fixture
def customer(api: Api) -> CustomerAccount:
    return make_customer(first_name="Ananyā Lakshmi", last_name="Iyer")


def reviewed(builder: BuilderAccount, *ratings: int, **over: Any) -> list[int]:
    """So many reviews by a customer of each."""
    project = make_project(builder)
    return [make_review(sold(project, make_customer()), rating, **over) for rating in ratings]


def test_the_summary_counts_all(api: Api, builder: BuilderAccount) -> None:
    reviewed(builder, 5, 5, 4, 1)
    reviewed(make_builder(), 3)
    for params in ({}, {"rating": 5}, {"limit": 1}, {"page": 9}):
        data = listed(api, None, builder, **params)
        assert data["summary"] == {
            "average": "3.75",
            "total": 4,
            "histogram": [
                {"rating": 5, "count": 2},
                {"rating": 4, "count": 1},
                {"rating": 3, "count": 0},
                {"rating": 2, "count": 0},
                {"rating": 1, "count": 1},
            ],
        }
    assert [r["rating"] for r in listed(api, None, builder, rating=5)["reviews"]] == [5, 5]


def test_a_builder_without_reviews(api: Api, builder: BuilderAccount) -> None:
    data = listed(api, None, builder)
    assert (data["reviews"], data["pagination"]["totalItems"]) == ([], 0)
    assert (data["summary"]["average"], data["summary"]["total"]) == ("0.00", 0)


def test_orders_and_pages(api: Api, clock: Clock, builder: BuilderAccount) -> None:
    ids = []
    for rating in (3, 5, 1):
        ids += reviewed(builder, rating)
        clock.advance(hours=1)
    orders = {
        "-created_at": ids[::-1],
        "created_at": ids,
        "-rating": [ids[1], ids[0], ids[2]],
        "rating": [ids[2], ids[0], ids[1]],
    }
    for sort, expected in orders.items():
        found = listed(api, None, builder, sort=sort)["reviews"]
        assert [each["id"] for each in found] == expected
    second = listed(api, None, builder, limit=2, page=2)
    assert [each["id"] for each in second["reviews"]] == [ids[0]]


def test_with_and_without_a_reply(api: Api, builder: BuilderAccount) -> None:
    answered = reviewed(builder, 4, builder_reply="Thank you.")
    waiting = reviewed(builder, 2)
    for replied, expected in ((True, answered), (False, waiting)):
        found = listed(api, builder, builder, replied=replied)["reviews"]
        assert [each["id"] for each in found] == expected


def test_the_public_learns_no_more_than_a_first_name(
    api: Api, builder: BuilderAccount, customer: CustomerAccount
) -> None:
    booking = sold(make_project(builder), customer)
    make_review(booking)
    for reader in (None, make_customer(), make_builder(), make_admin()):
        answer = api.as_(reader).get(f"/api/builders/{builder.builder_id}/reviews")
        [shown] = answer.data["reviews"]
        assert (shown["booking"], shown["customer"]) == (None, None)
        assert shown["reviewer_name"] == "Ananyā I."
        for secret in ("Iyer", "Lakshmi", customer.email, booking.number):
            assert secret not in answer.body.decode()


def test_the_two_sides_see_what_it_is_about(
    api: Api, builder: BuilderAccount, customer: CustomerAccount
) -> None:
    project = make_project(builder)
    booking = sold(project, customer)
    make_review(booking)
    make_review(sold(project, make_customer()))
    by_builder = listed(api, builder, builder, sort="created_at")["reviews"]
    assert by_builder[0]["customer"]["email"] == customer.email
    assert by_builder[0]["booking"]["id"] == booking.id
    assert all(each["customer"] for each in by_builder)
    own, other = listed(api, customer, builder, sort="created_at")["reviews"]
    assert (own["booking"]["id"], own["customer"]) == (booking.id, None)
    assert (other["booking"], other["customer"]) == (None, None)


def test_a_customer_asks_for_its_own(
    api: Api, builder: BuilderAccount, customer: CustomerAccount
) -> None:
    project = make_project(builder)
    mine = make_review(sold(project, customer))
    make_review(sold(project, make_customer()))
    data = listed(api, customer, builder, mine=True)
    assert [each["id"] for each in data["reviews"]] == [mine]
    assert data["summary"]["total"] == 2
    assert len(listed(api, customer, builder, mine=False)["reviews"]) == 2
    path = f"/api/builders/{builder.builder_id}/reviews"
    assert api.get(path, {"mine": True}, status=401).code == "authentication_required"
    assert api.as_(builder).get(path, {"mine": True}, status=403).code == "forbidden"


def test_a_deactivated_builder_has_none(api: Api, builder: BuilderAccount) -> None:
    reviewed(builder, 5)
    with session():
        User[builder.user_id].is_active = False
    path = f"/api/builders/{builder.builder_id}/reviews"
    absent = api.get("/api/builders/2147483647/reviews", status=404).error
    for reader in (None, make_customer(), make_admin()):
        error = api.as_(reader).get(path, status=404).error
        assert {**error, "request_id": ""} == {**absent, "request_id": ""}


def test_pages_cost_the_same_for_any_number(
    api: Api, builder: BuilderAccount, customer: CustomerAccount
) -> None:
    make_review(sold(make_project(builder), customer))
    reviewed(builder, 5)
    sent = []
    for _ in range(2):
        for reader in (None, customer, builder):
            with queries() as statements:
                found = listed(api, reader, builder, limit=100)
            sent.append(len(statements))
        reviewed(builder, *[4] * 12)
    assert len(found["reviews"]) == 14
    assert sent[:3] == sent[3:]
    assert max(sent) <= 12


def test_an_unchanged_page_is_not_sent_again(api: Api, builder: BuilderAccount) -> None:
    reviewed(builder, 5)
    path = f"/api/builders/{builder.builder_id}/reviews"
    tag = api.get(path).headers["ETag"]
    api.get(path, headers={"If-None-Match": tag}, status=304)
    reviewed(builder, 1)
    api.get(path, headers={"If-None-Match": tag}, status=200)
