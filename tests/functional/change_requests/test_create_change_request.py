"""createChangeRequest."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import File
from realty.db.session import session
from tests.client import Api
from tests.database import content
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_customer,
    make_file,
    make_model,
    make_project,
)
from tests.functional.bookings.common import Sale, make_sale, told
from tests.functional.change_requests.common import PATH, ask, audited, shown, wish


def attached_to(file_id: int) -> tuple[str | None, int | None]:
    """What a file hangs on."""
    with session():
        return File[file_id].attached_to_type, File[file_id].attached_to_id


def test_a_customer_asks_for_a_change(api: Api, clock: Clock) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    body = wish(
        booking,
        request_title="  Open kitchen ",
        request_description="Take out the wall.",
        current_specification="Half wall",
        requested_specification="No wall",
        priority="high",
    )
    answer = api.as_(sale.customer).post(PATH, body, status=201)
    made = answer.data["change_request"]
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert made["tracking_number"] == f"CR-{clock.now().year}-{made['id']:06d}"
    expected = {**body, "request_title": "Open kitchen", "status": "submitted", "version": 1}
    assert {name: made[name] for name in expected} == expected
    unpriced = ("estimated_cost", "final_cost", "quote_valid_until", "variation", "model_id")
    assert {made[name] for name in unpriced} == {None}
    assert made["allowed_actions"] == ["withdraw"]
    assert made["booking"]["booking_number"] == booking.number
    assert made["booking"]["unit"]["unit_number"] == sale.unit.unit_number
    assert made["customer"]["id"] == sale.customer.customer_id
    (line,) = made["timeline"]
    assert (line["from_status"], line["to_status"]) == (None, "submitted")
    assert line["actor"]["role"] == "customer"
    assert (told(sale.builder), told(sale.customer)) == (["Change requested"], [])
    assert audited(made["id"]) == ["change_request.submitted"]
    assert shown(api, sale.builder, made["id"])["allowed_actions"] == ["review", "quote", "reject"]


@pytest.mark.parametrize(
    "status",
    ["pending", "token_paid", "handed_over", "expired", "rejected", "cancelled"],
)
def test_create_change_request_needs_a_booking_that_may_be_priced(api: Api, status: str) -> None:
    sale = make_sale()
    booking = sale.booked(status)
    refused = api.as_(sale.customer).post(PATH, wish(booking), status=409)
    assert refused.code == "conflict"
    (detail,) = refused.error["details"]
    assert (detail["field"], detail["value"]) == ("booking_id", status)
    assert detail["allowed"] == ["confirmed", "agreement_registered"]
    assert api.as_(sale.customer).get(PATH).data["stats"]["total"] == 0


def test_after_the_agreement_changes_are_still_asked_for(api: Api) -> None:
    sale = make_sale()
    assert ask(api, sale, sale.booked("agreement_registered"))["status"] == "submitted"


def test_create_change_request_is_for_the_customer_of_the_booking(
    api: Api, database: str, clock: Clock
) -> None:
    sale, other = make_sale(), make_customer()
    booking = sale.booked("confirmed")
    before = content(database)
    foreign = api.as_(other).post(PATH, wish(booking), status=404)
    absent = api.as_(other).post(PATH, {**wish(booking), "booking_id": 2_147_483_647}, status=404)
    for answer in (foreign, absent):
        answer.error.pop("request_id")
    assert foreign.error == absent.error
    api.as_(sale.builder).post(PATH, wish(booking), status=403)
    assert content(database) == before


INVALID: list[dict[str, Any]] = [
    {"request_title": "   "},
    {"request_title": ""},
    {"request_title": "x" * 201},
    {"request_type": "roof"},
    {"priority": "critical"},
    {"request_description": " \n"},
    {"attachments": list(range(1, 12))},
    {"attachments": [1, 1]},
    {"status": "approved"},
    {"estimated_cost": "0.00"},
    {"tracking_number": "CR-2026-000001"},
    {"is_structural": "yes"},
]


@pytest.mark.parametrize("over", INVALID, ids="-".join)
def test_create_change_request_refuses(api: Api, over: dict[str, Any]) -> None:
    sale = make_sale()
    refused = api.as_(sale.customer).post(PATH, wish(sale.booked("confirmed"), **over), status=422)
    (field,) = over
    assert refused.code == "validation_error"
    assert refused.error["details"][0]["field"].startswith(field)
    assert told(sale.builder) == []


def test_a_structural_change_needs_an_attachment(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    for none in ({}, {"attachments": []}):
        body = wish(booking, is_structural=True, **none)
        refused = api.as_(sale.customer).post(PATH, body, status=422)
        assert refused.error["details"][0]["field"] == "attachments"
    file_id = make_file(sale.customer, "change_request")
    assert ask(api, sale, booking, is_structural=True, attachments=[file_id])["is_structural"]


def test_attachments_are_tied_to_the_request_and_shown_as_links(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    files = [make_file(sale.customer, "change_request") for _ in range(3)]
    made = ask(api, sale, booking, attachments=files[::-1])
    assert [attached_to(each) for each in files] == [("change_request", made["id"])] * 3
    for caller in (sale.customer, sale.builder):
        refs = shown(api, caller, made["id"])["attachments"]
        assert [ref["file_id"] for ref in refs] == files[::-1]
        assert all(ref["url"] and ref["expires_at"] for ref in refs)
        row = api.as_(caller).get(PATH).data["change_requests"][0]
        assert [ref["file_id"] for ref in row["attachments"]] == files[::-1]


def test_an_attachment_is_the_callers_own_and_free(api: Api, database: str, clock: Clock) -> None:
    sale, other = make_sale(), make_customer()
    booking = sale.booked("confirmed")
    good = make_file(sale.customer, "change_request")
    used = make_file(sale.customer, "change_request")
    ask(api, sale, booking, attachments=[used])
    bad = [
        make_file(other, "change_request"),
        make_file(sale.builder, "change_request"),
        make_file(sale.customer, "message"),
        used,
        2_147_483_647,
    ]
    before = content(database)
    messages = set()
    for file_id in bad:
        body = wish(booking, attachments=[good, file_id])
        refused = api.as_(sale.customer).post(PATH, body, status=422)
        (detail,) = refused.error["details"]
        assert detail["field"] == "attachments[1]"
        messages.add(detail["message"])
    assert len(messages) == 1
    assert content(database) == before


def test_a_model_is_a_current_one_of_the_project(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed")
    mine = make_model(sale.project, sale.builder)
    assert ask(api, sale, booking, model_id=mine)["model_id"] == mine
    elsewhere = make_model(make_project(sale.builder), sale.builder)
    draft = make_model(sale.project, sale.builder, "draft")
    for model_id in (elsewhere, draft, 2_147_483_647):
        api.as_(sale.customer).post(PATH, wish(booking, model_id=model_id), status=404)


def test_tracking_numbers_are_each_its_own(api: Api) -> None:
    sale: Sale = make_sale()
    booking = sale.booked("confirmed")
    numbers = {ask(api, sale, booking)["tracking_number"] for _ in range(3)}
    assert len(numbers) == 3


def test_an_attachment_is_read_by_both_sides_and_nobody_else(api: Api) -> None:
    sale, other = make_sale(), make_sale()
    file_id = make_file(sale.customer, "change_request")
    ask(api, sale, sale.booked("confirmed"), attachments=[file_id])
    for caller, status in (
        *((sale.customer, 302), (sale.builder, 302), (make_admin(), 302)),
        *((other.customer, 404), (other.builder, 404), (None, 401)),
    ):
        api.as_(caller).get(f"/api/files/{file_id}", status=status)
