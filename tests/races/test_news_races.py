"""News and reviews at once, over three servers: each customer is told once, no former text is lost,
and a builder's rating counts every review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pony.orm import select

from realty.db import (
    Booking,
    Builder,
    ConstructionUpdate,
    Notification,
    Review,
    StatusHistory,
    UpdateRevision,
)
from realty.db.session import session
from realty.rules.money import paisa
from tests.factories import make_booking, make_update
from tests.races.buyers import together
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AT_ONCE = 9
LaunchOf = Callable[[int, int], Launch]


def patch(fleet: Fleet, server: int, sale: Launch, update_id: int, **changes: Any) -> Reply:
    """editUpdate by the builder."""
    path = f"/api/updates/{update_id}"
    return fleet.request("PATCH", server, path, changes, token=sale.builder.token)


def told_of(update_id: int) -> Counter[int]:
    """How often each user was told."""
    with session():
        rows = select(
            (n.id, n.user.id)
            for n in Notification
            if n.related_entity_type == "update" and n.related_entity_id == update_id
        )
        return Counter(user_id for _, user_id in rows)


def test_publishing_at_once_tells_each_once(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(6, 3)
    for number, unit in enumerate(sale.units):
        make_booking(unit, sale.customers[number % 3], status="confirmed")
    update_id = make_update(sale.project, "draft")
    replies = together(
        [partial(patch, fleet, n, sale, update_id, status="published") for n in range(AT_ONCE)]
    )
    assert {reply.status for reply in replies} == {200}
    assert told_of(update_id) == {customer.user_id: 1 for customer in sale.customers}
    assert {reply.data["update"]["published_at"] for reply in replies} != {None}
    with session():
        moves = StatusHistory.select(lambda h: h.entity == "update" and h.entity_id == update_id)
        assert [(m.from_status, m.to_status) for m in moves] == [("draft", "published")]
        assert ConstructionUpdate[update_id].version == 2


def test_a_booking_and_publishing_at_once_end(fleet: Fleet, launch: LaunchOf) -> None:
    """Whoever's booking came first is told, whoever's came later reads: nobody is told twice."""
    sale = launch(4, 4)
    update_id = make_update(sale.project, "draft")

    def book(server: int) -> Reply:
        body = {"unit_id": sale.units[server].id, "payment_plan": "construction_linked"}
        return fleet.post(server, "/api/bookings", body, token=sale.customers[server].token)

    acts: list[Callable[[], Reply]] = [partial(book, server) for server in range(4)]
    acts += [partial(patch, fleet, n, sale, update_id, status="published") for n in range(3)]
    replies = together(acts)
    assert {reply.status for reply in replies} == {200, 201}
    told = told_of(update_id)
    assert set(told.values()) <= {1}
    assert set(told) <= {customer.user_id for customer in sale.customers}


def test_no_former_text_is_lost(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(1, 1)
    update_id = make_update(sale.project, update_content="text 0")
    texts = [f"text {n}" for n in range(1, AT_ONCE + 1)]
    replies = together(
        [
            partial(patch, fleet, n, sale, update_id, update_content=text)
            for n, text in enumerate(texts)
        ]
    )
    assert {reply.status for reply in replies} == {200}
    with session():
        kept = [r.update_content for r in UpdateRevision.select(lambda r: r.update.id == update_id)]
        last = ConstructionUpdate[update_id]
        assert sorted([*kept, last.update_content]) == ["text 0", *texts]
        assert last.version == AT_ONCE + 1


def test_one_of_many_editors_of_one_version_wins(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(1, 1)
    path = f"/api/updates/{make_update(sale.project)}"
    tag = fleet.request("GET", 0, path, token=sale.builder.token).headers["etag"]

    def change(server: int) -> Reply:
        return fleet.request(
            "PATCH",
            server,
            path,
            {"update_title": f"By {server}"},
            token=sale.builder.token,
            headers={"If-Match": tag},
        )

    replies = together([partial(change, server) for server in range(AT_ONCE)])
    assert sorted(Counter(reply.status for reply in replies).items()) == [(200, 1), (412, 8)]


def test_a_draft_is_published_or_deleted(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(1, 1)
    make_booking(sale.units[0], sale.customers[0], status="confirmed")
    for server in range(4):
        update_id = make_update(sale.project, "draft")
        path = f"/api/updates/{update_id}"
        published, deleted = together(
            [
                partial(patch, fleet, server, sale, update_id, status="published"),
                partial(fleet.request, "DELETE", server + 1, path, token=sale.builder.token),
            ]
        )
        assert (published.status, deleted.status) in {(200, 409), (404, 204)}
        with session():
            assert ConstructionUpdate.exists(id=update_id) == (published.status == 200)
        assert sum(told_of(update_id).values()) == (published.status == 200)


def review(fleet: Fleet, server: int, sale: Launch, booking: int, buyer: int, stars: int) -> Reply:
    """reviewBooking by one of the customers."""
    path = f"/api/bookings/{booking}/review"
    return fleet.post(server, path, {"rating": stars}, token=sale.customers[buyer].token)


def test_a_booking_is_reviewed_once(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(3, 1)
    for unit in sale.units:
        booking = make_booking(unit, sale.customers[0], status="handed_over").id
        replies = together(
            [partial(review, fleet, n, sale, booking, 0, 1 + n % 5) for n in range(AT_ONCE)]
        )
        assert Counter(reply.status for reply in replies) == {201: 1, 409: AT_ONCE - 1}
    _judge_rating(sale, 3)


def test_a_rating_counts_reviews_that_come_at_once(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(12, 4)
    bookings = [
        make_booking(unit, sale.customers[n % 4], status="agreement_registered").id
        for n, unit in enumerate(sale.units)
    ]
    replies = together(
        [
            partial(review, fleet, n, sale, booking, n % 4, 1 + n % 5)
            for n, booking in enumerate(bookings)
        ]
    )
    assert {reply.status for reply in replies} == {201}
    _judge_rating(sale, 12)


def test_a_review_and_a_cancellation_at_once(fleet: Fleet, launch: LaunchOf) -> None:
    """A review was written before the end, or not at all."""
    sale = launch(4, 1)
    body = {"reason": "No", "expected_refund": "0.00"}
    for server, unit in enumerate(sale.units):
        booking = make_booking(unit, sale.customers[0], status="agreement_registered").id
        path = f"/api/bookings/{booking}/cancel"
        written, cancelled = together(
            [
                partial(review, fleet, server, sale, booking, 0, 3),
                partial(fleet.post, server + 1, path, body, token=sale.builder.token),
            ]
        )
        assert cancelled.status == 200
        assert written.status in {201, 409}
        with session():
            assert Booking[booking].status == "cancelled"
            assert Review.exists(booking=booking) == (written.status == 201)


def test_a_review_is_answered_once(fleet: Fleet, launch: LaunchOf) -> None:
    sale = launch(1, 1)
    booking = make_booking(sale.units[0], sale.customers[0], status="handed_over").id
    review_id = review(fleet, 0, sale, booking, 0, 5).data["review"]["id"]

    def reply(server: int) -> Reply:
        path, body = f"/api/reviews/{review_id}/reply", {"builder_reply": f"Reply {server}"}
        return fleet.post(server, path, body, token=sale.builder.token)

    replies = together([partial(reply, server) for server in range(AT_ONCE)])
    assert Counter(each.status for each in replies) == {200: 1, 409: AT_ONCE - 1}
    [winner] = [each for each in replies if each.status == 200]
    with session():
        assert Review[review_id].builder_reply == winner.data["review"]["builder_reply"]
        told = Notification.select(lambda n: n.dedupe_key == f"review:{review_id}:answered")
        assert told.count() == 1


def _judge_rating(sale: Launch, number: int) -> None:
    """The builder's row says what its reviews say."""
    builder_id = sale.builder.builder_id
    with session():
        ratings = [r.rating for r in Review.select(lambda r: r.builder.id == builder_id)]
        row = Builder[builder_id]
        assert (row.review_count, len(ratings)) == (number, number)
        assert row.rating == paisa(Decimal(sum(ratings)) / number)
