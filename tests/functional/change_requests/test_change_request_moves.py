"""What the two sides do with a change request: every status, action and role, and the way through.

review_change_request, quote_change_request, reject_change_request, start_change_request,
complete_change_request, decline_change_request and withdraw_change_request.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.db.enums import CHANGE_REQUEST_STATUSES
from realty.rules.change_requests import CHANGE_TRANSITIONS
from realty.rules.clock import rfc3339
from tests.client import Api
from tests.database import content
from tests.deployment import Clock
from tests.factories import make_admin, make_builder, make_change_request, make_customer
from tests.functional.bookings.common import change_booking, make_sale, moves, told
from tests.functional.change_requests.common import (
    PATH,
    QUOTE,
    REASON,
    act,
    ask,
    audited,
    shown,
    stored,
)
from tests.rules.test_change_requests import MACHINE

ACTIONS = {name: move.role for name, move in CHANGE_TRANSITIONS.items() if move.role != "system"}


@pytest.mark.parametrize("action", ACTIONS)
def test_every_status_and_role_of_an_action(api: Api, clock: Clock, action: str) -> None:
    """The side that may moves it where the machine says, or is told where it may; the other side
    never, whatever the status."""
    sale = make_sale()
    booking = sale.booked("confirmed")
    sides = {"builder": sale.builder, "customer": sale.customer}
    role = ACTIONS[action]
    for status in CHANGE_REQUEST_STATUSES:
        request_id = make_change_request(booking, status)
        for other, account in {**sides, "admin": make_admin()}.items():
            if other != role:
                act(api, account, request_id, action, status=403)
        possible = MACHINE.get((status, role), {})
        if action in possible:
            answer = act(api, sides[role], request_id, action)
            assert answer.data["change_request"]["status"] == possible[action]
            assert moves("change_request", request_id) == [(status, possible[action])]
            assert stored(request_id, "version") == (2,)
            assert audited(request_id) == [f"change_request.{possible[action]}"]
            continue
        refused = act(api, sides[role], request_id, action, status=409)
        assert refused.code == "invalid_transition"
        (detail,) = refused.error["details"]
        assert (detail["field"], detail["value"]) == ("status", status)
        assert sorted(detail["allowed"]) == sorted(possible.values())
        assert stored(request_id, "status", "version") == (status, 1)
        assert moves("change_request", request_id) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_on_what_is_foreign(api: Api, database: str, clock: Clock, action: str) -> None:
    sale = make_sale()
    source = min(CHANGE_TRANSITIONS[action].sources)
    request_id = make_change_request(sale.booked("confirmed"), source)
    stranger = make_builder() if ACTIONS[action] == "builder" else make_customer()
    before = content(database)
    foreign = act(api, stranger, request_id, action, status=404)
    absent = act(api, stranger, 2_147_483_647, action, status=404)
    for answer in (foreign, absent):
        answer.error.pop("request_id")
    assert foreign.error == absent.error
    act(api, None, request_id, action, status=401)
    assert content(database) == before


def test_the_whole_way(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    request_id = ask(api, sale, booking)["id"]
    steps: list[tuple[Any, str]] = [
        (sale.builder, "review"),
        (sale.builder, "quote"),
        (sale.customer, "accept"),
        (sale.builder, "start"),
        (sale.builder, "complete"),
    ]
    for caller, action in steps:
        clock.advance(hours=1)
        seen = act(api, caller, request_id, action).data["change_request"]
    assert seen["status"] == "completed"
    assert seen["completed_at"] == rfc3339(clock.now())
    assert seen["approved_at"] == rfc3339(clock.now() - timedelta(hours=2))
    assert (seen["estimated_cost"], seen["final_cost"]) == ("185000.00", "185000.00")
    assert seen["version"] == 6
    assert seen["allowed_actions"] == []
    reached = ["submitted", "under_review", "quoted", "approved", "in_progress", "completed"]
    assert [line["to_status"] for line in seen["timeline"]] == reached
    assert [line["from_status"] for line in seen["timeline"]] == [None, *reached[:-1]]
    roles = [line["actor"]["role"] for line in seen["timeline"]]
    assert roles == ["customer", "builder", "builder", "customer", "builder", "builder"]
    assert audited(request_id) == [f"change_request.{status}" for status in reached]
    assert told(sale.builder) == ["Change requested", "Quote accepted"]
    assert told(sale.customer) == [
        *("Change under review", "Change quoted", "Change in progress", "Change completed")
    ]


def test_quote_change_request(api: Api, clock: Clock) -> None:
    sale = make_sale()
    request_id = ask(api, sale, sale.booked("confirmed"))["id"]
    body = {**QUOTE, "builder_response": "With a granite counter."}
    seen = act(api, sale.builder, request_id, "quote", body).data["change_request"]
    assert (seen["status"], seen["estimated_cost"]) == ("quoted", "185000.00")
    assert (seen["estimated_timeline_days"], seen["final_cost"]) == (21, None)
    assert seen["builder_response"] == "With a granite counter."
    assert seen["quote_valid_until"] == rfc3339(clock.now() + timedelta(days=14))
    assert shown(api, sale.customer, request_id)["allowed_actions"] == [
        *("accept", "decline", "withdraw")
    ]
    (told_of,) = api.as_(sale.customer).get("/api/notifications").data["notifications"]
    assert "INR 185000.00" in told_of["message"]
    assert told_of["action_url"] == f"/change-requests/{request_id}"


def test_quote_change_request_for_as_long_as_the_builder_says(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    request_id = make_change_request(booking)
    moment = clock.now() + timedelta(days=30)
    in_india = f"{(moment + timedelta(hours=5, minutes=30)).isoformat()}+05:30"
    body = {**QUOTE, "quote_valid_until": in_india}
    seen = act(api, sale.builder, request_id, "quote", body).data["change_request"]
    assert seen["quote_valid_until"] == rfc3339(moment)
    late = make_change_request(booking)
    for moment in (clock.now(), clock.now() - timedelta(days=1), clock.now() + timedelta(366)):
        body = {**QUOTE, "quote_valid_until": rfc3339(moment)}
        refused = act(api, sale.builder, late, "quote", body, status=422)
        assert refused.error["details"][0]["field"] == "quote_valid_until"


def test_a_quote_of_nothing_is_approved_at_once(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    request_id = make_change_request(booking, "under_review")
    body = {"estimated_cost": "0.00", "estimated_timeline_days": 0}
    seen = act(api, sale.builder, request_id, "quote", body).data["change_request"]
    assert (seen["status"], seen["final_cost"], seen["variation"]) == ("approved", "0.00", None)
    assert seen["approved_at"] == rfc3339(clock.now())
    assert seen["allowed_actions"] == ["start", "void"]
    assert moves("change_request", request_id) == [("under_review", "approved")]
    assert told(sale.customer) == ["Change approved"]
    act(api, sale.builder, request_id, "void")
    assert stored(request_id, "status") == ("void",)


BAD_QUOTES = [
    *({"estimated_cost": amount} for amount in ("-1.00", "1e2", "NaN", "0.001", "+1.00", 5, "")),
    {"estimated_timeline_days": -1},
    {"estimated_timeline_days": 3651},
    {"estimated_timeline_days": "21"},
    {"builder_response": "  "},
    {"quote_valid_until": "tomorrow"},
    {"status": "approved"},
    {"final_cost": "1.00"},
]


@pytest.mark.parametrize("over", BAD_QUOTES, ids=str)
def test_quote_change_request_refuses(api: Api, over: dict[str, Any]) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"))
    refused = act(api, sale.builder, request_id, "quote", {**QUOTE, **over}, status=422)
    assert refused.error["details"][0]["field"] in over
    assert stored(request_id, "status") == ("submitted",)


def test_a_quote_names_cost_and_time(api: Api) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"))
    for name in QUOTE:
        body = {key: value for key, value in QUOTE.items() if key != name}
        act(api, sale.builder, request_id, "quote", body, status=422)


def test_a_quote_fits_the_booking(api: Api) -> None:
    """What is payable never grows beyond what the database and the contract can say."""
    sale = make_sale()
    booking = sale.booked("confirmed")
    first, second = make_change_request(booking), make_change_request(booking)
    body = {**QUOTE, "estimated_cost": "9999999999999.99"}
    refused = act(api, sale.builder, first, "quote", body, status=422)
    most = refused.error["details"][0]["value"]
    assert most == "9999993668499.99"
    for request_id in (first, second):
        act(api, sale.builder, request_id, "quote", {**QUOTE, "estimated_cost": most})
    act(api, sale.customer, first, "accept")
    refused = act(api, sale.customer, second, "accept", status=422)
    assert refused.error["details"][0]["value"] == "0.00"
    seen = api.as_(sale.customer).get(f"/api/bookings/{booking.id}").data["booking"]
    assert seen["payable_amount"] == "9999999999999.99"


@pytest.mark.parametrize(("action", "status"), [("reject", "submitted"), ("void", "approved")])
def test_a_reason_is_never_left_out_nor_blank(api: Api, action: str, status: str) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"), status)
    for reason in ("", " \t\n ", None, "x" * 1001):
        body = {"reason": reason}
        refused = act(api, sale.builder, request_id, action, body, status=422)
        assert refused.error["details"][0]["field"] == "reason"
    act(api, sale.builder, request_id, action, {}, status=422)
    assert stored(request_id, "status") == (status,)


def test_reject_change_request_tells_why(api: Api) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"))
    reason = {"reason": f"  {REASON['reason']} "}
    seen = act(api, sale.builder, request_id, "reject", reason).data["change_request"]
    assert seen["rejection_reason"] == seen["timeline"][-1]["reason"] == REASON["reason"]
    (told_of,) = api.as_(sale.customer).get("/api/notifications").data["notifications"]
    assert REASON["reason"] in told_of["message"]


@pytest.mark.parametrize("action", ["decline", "withdraw"])
@pytest.mark.parametrize("body", [None, {}, {"reason": None}, {"reason": "Too dear."}], ids=str)
def test_a_customer_may_say_why(api: Api, action: str, body: Any) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"), "quoted")
    seen = act(api, sale.customer, request_id, action, body).data["change_request"]
    assert seen["timeline"][-1]["reason"] == (body or {}).get("reason")
    title = {"decline": "Quote declined", "withdraw": "Change withdrawn"}[action]
    assert (told(sale.builder), told(sale.customer)) == ([title], [])


def test_a_customers_reason_is_not_blank(api: Api) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"), "quoted")
    act(api, sale.customer, request_id, "decline", {"reason": "  "}, status=422)
    act(api, sale.customer, request_id, "withdraw", {"why": "Too dear."}, status=422)


def test_after_handover_nothing_is_priced_and_the_rest_goes_on(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("agreement_registered")
    made = {
        status: make_change_request(booking, status)
        for status in ("submitted", "under_review", "quoted", "in_progress")
    }
    change_booking(booking.id, status="handed_over")
    refused: list[tuple[Any, str, str]] = [
        (sale.builder, "submitted", "review"),
        (sale.builder, "under_review", "quote"),
        (sale.customer, "quoted", "accept"),
    ]
    for caller, status, action in refused:
        answer = act(api, caller, made[status], action, status=409)
        assert answer.code == "invalid_transition"
        assert [detail["value"] for detail in answer.error["details"]] == [status, "handed_over"]
        assert action not in shown(api, caller, made[status])["allowed_actions"]
    act(api, sale.builder, made["submitted"], "reject")
    act(api, sale.customer, made["quoted"], "decline")
    act(api, sale.builder, made["in_progress"], "complete")


def test_moves_answer_the_request_with_its_etag(api: Api) -> None:
    sale = make_sale()
    request_id = make_change_request(sale.booked("confirmed"))
    answer = act(api, sale.builder, request_id, "review")
    assert answer.headers["ETag"].startswith('"2.')
    url = f"{PATH}/{request_id}"
    tag = api.as_(sale.builder).get(url).headers["ETag"]
    api.as_(sale.builder).get(url, headers={"If-None-Match": tag}, status=304)
