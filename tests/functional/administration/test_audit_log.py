"""list_audit_log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.db import AuditHead
from realty.db.session import session
from realty.rules.clock import rfc3339
from tests.client import Api
from tests.deployment import Clock
from tests.factories import Account, make_admin, make_builder, make_customer
from tests.functional.auth.people import log_in
from tests.functional.bookings.common import act, book, cancellation, make_sale
from tests.functional.queries import queries

PATH = "/api/audit"


def facts(api: Api, who: Account, **filters: Any) -> list[dict[str, Any]]:
    """The facts that a search finds."""
    found: list[dict[str, Any]] = api.as_(who).get(PATH, filters).data["facts"]
    return found


def test_list_audit_log_shows_who_did_what_with_its_place_in_the_chain(api: Api) -> None:
    admin, sale = make_admin(), make_sale()
    booking = book(api, sale)
    act(api, sale.customer, booking["id"], "cancel", cancellation())

    cancelled, created = facts(api, admin)

    assert (created["position"], cancelled["position"]) == (1, 2)
    assert cancelled["previous_hash"] == created["hash"]
    with session():
        head = AuditHead.get(builder=sale.builder.builder_id)
        assert (head.count, head.hash) == (2, cancelled["hash"])
    assert (created["action"], created["entity"]) == ("booking.created", "booking")
    assert created["entity_id"] == booking["id"]
    assert created["builder"]["id"] == sale.builder.builder_id
    assert created["actor"] == {
        "id": sale.customer.user_id,
        "full_name": "Ananyā Iyer",
        "user_type": "customer",
    }
    details = {each["name"]: each["value"] for each in created["details"]}
    assert details["total_amount"] == "6331500.00"
    assert details["unit_id"] == sale.unit.id
    assert [each["name"] for each in created["details"]] == sorted(details)


def test_a_builder_reads_its_own_chain_only(api: Api) -> None:
    sale, other = make_sale(), make_builder()
    book(api, sale)
    log_in(api, sale.customer.email, sale.customer.password)
    assert [fact["action"] for fact in facts(api, sale.builder)] == ["booking.created"]
    assert facts(api, other) == []
    assert facts(api, other, entity="booking") == []
    assert facts(api, other, actor_id=sale.customer.user_id) == []
    assert api.as_(other).get(PATH).data["pagination"]["totalItems"] == 0
    api.as_(sale.customer).get(PATH, status=403)
    whole = facts(api, make_admin())
    assert [(fact["action"], fact["builder"] is None) for fact in whole] == [
        ("session.opened", True),
        ("booking.created", False),
    ]


def test_list_audit_log_filters(api: Api, clock: Clock) -> None:
    admin, sale = make_admin(), make_sale()
    start = clock.now()
    booking = book(api, sale)
    later = clock.advance(hours=1)
    act(api, sale.customer, booking["id"], "cancel", cancellation())
    clock.advance(hours=1)
    api.as_(admin).put("/api/settings/refund.days", {"setting_value": 30})

    def actions(**filters: Any) -> list[str]:
        return [fact["action"] for fact in facts(api, admin, **filters)]

    assert actions() == ["setting.changed", "booking.cancelled", "booking.created"]
    assert actions(sort="created_at") == actions()[::-1]
    assert actions(entity="booking") == ["booking.cancelled", "booking.created"]
    assert actions(entity="booking", entity_id=booking["id"] + 1) == []
    assert actions(entity="booking", entity_id=booking["id"]) == actions(entity="booking")
    assert actions(action="booking.created") == ["booking.created"]
    assert actions(actor_id=admin.user_id) == ["setting.changed"]
    since, until = rfc3339(later), rfc3339(later + timedelta(minutes=1))
    assert actions(**{"from": since}) == ["setting.changed", "booking.cancelled"]
    assert actions(**{"from": since, "to": until}) == ["booking.cancelled"]
    assert actions(to=since) == ["booking.created"]
    shifted = f"{(start + timedelta(hours=5, minutes=30)).isoformat()}+05:30"
    assert actions(**{"from": shifted, "to": since}) == ["booking.created"]
    assert actions(limit=1, page=2) == ["booking.cancelled"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "2026-11-23"},
        {"from": "yesterday"},
        {"entity": "Booking!"},
        {"entity_id": 0},
        {"sort": "hash"},
        {"action": "'; DROP"},
        {"page": 10**6, "limit": 100},
    ],
)
def test_list_audit_log_refuses_a_wrong_filter(api: Api, wrong: dict[str, Any]) -> None:
    api.as_(make_admin()).get(PATH, wrong, status=422)


@pytest.mark.parametrize("rounds", [1, 6])
def test_list_audit_log_needs_few_queries_whatever_the_page(api: Api, rounds: int) -> None:
    admin = make_admin()
    for _ in range(rounds):
        book(api, make_sale())
        log_in(api, make_customer().email, make_customer().password)
    with queries() as sent:
        assert len(facts(api, admin, limit=100)) == 2 * rounds
    assert len(sent) <= 6, sent
