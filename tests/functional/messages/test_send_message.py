"""send_message: whom one may write to, about what, and in which conversation it lands."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import Customer, Project, User
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_conversation,
    make_customer,
    make_message,
    make_project,
    make_unit,
)
from tests.functional.bookings.common import make_sale
from tests.functional.messages.common import INBOX, PATH, draft, inbox, refused, send, stored


def test_the_first_message_makes_the_conversation_and_joins_the_customer(
    api: Api, clock: Clock
) -> None:
    customer, builder = make_customer(), make_builder()
    project = make_project(builder)
    assert api.as_(builder).get("/api/customers").data["customers"] == []
    answer = api.as_(customer).post(
        PATH,
        draft(
            builder_id=builder.builder_id,
            project_id=project.id,
            subject="Balcony",
            priority="high",
            message_content="  Glass?\n\nOr steel?  🙂",
        ),
        status=201,
    )
    message = answer.data["message"]
    assert answer.headers["Location"].endswith(f"{INBOX}/{message['conversation_id']}")
    assert (message["sender_id"], message["sender_role"]) == (customer.user_id, "customer")
    assert message["recipient_id"] == builder.user_id
    assert message["project_id"] == project.id
    # As it was typed.
    assert message["message_content"] == "  Glass?\n\nOr steel?  🙂"
    assert (message["subject"], message["priority"]) == ("Balcony", "high")
    assert (message["is_read"], message["read_at"], message["attachments"]) == (False, None, [])
    (known,) = api.as_(builder).get("/api/customers").data["customers"]
    assert known["id"] == customer.customer_id
    # And so the builder may answer, by either name of the conversation.
    reply = send(api, builder, conversation_id=message["conversation_id"])
    assert (reply["sender_role"], reply["recipient_id"]) == ("builder", customer.user_id)
    again = send(api, builder, customer_id=customer.customer_id, project_id=project.id)
    assert again["conversation_id"] == reply["conversation_id"] == message["conversation_id"]
    assert stored() == (1, 3)


def test_there_is_one_conversation_for_each_customer_builder_and_project(api: Api) -> None:
    customer, builder, other = make_customer(), make_builder(), make_builder()
    one, two = make_project(builder), make_project(builder)
    subjects: list[dict[str, Any]] = [
        {"builder_id": builder.builder_id},
        {"builder_id": builder.builder_id, "project_id": one.id},
        {"builder_id": builder.builder_id, "project_id": two.id},
        {"builder_id": other.builder_id},
    ]
    first = [send(api, customer, **subject)["conversation_id"] for subject in subjects]
    assert len(set(first)) == 4
    assert [send(api, customer, **subject)["conversation_id"] for subject in subjects] == first
    assert send(api, make_customer(), **subjects[1])["conversation_id"] not in first


def test_exactly_one_says_whom_to(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    for over in (
        {},
        {"conversation_id": conversation_id, "builder_id": builder.builder_id},
        {"builder_id": builder.builder_id, "customer_id": customer.customer_id},
    ):
        answer = refused(api, customer, 422, **over)
        assert answer.error["details"][0]["field"] == "body"
    # Each side names the other, not itself.
    for caller, over in (
        (customer, {"customer_id": customer.customer_id}),
        (builder, {"builder_id": builder.builder_id}),
    ):
        answer = refused(api, caller, 422, **over)
        assert [detail["field"] for detail in answer.error["details"]] == list(over)


def test_a_builder_writes_to_joined_customers_only(api: Api) -> None:
    sale, stranger = make_sale(), make_customer()
    refused(api, sale.builder, 404, customer_id=stranger.customer_id)
    refused(api, sale.builder, 404, customer_id=2_147_483_647)
    refused(api, sale.builder, 404, customer_id=sale.customer.customer_id)
    sale.booked("pending")
    send(api, sale.builder, customer_id=sale.customer.customer_id)
    found = api.as_(sale.builder).get("/api/customers").data["customers"]
    assert [each["id"] for each in found] == [sale.customer.customer_id]


def test_whose_account_is_closed_is_not_written_to(api: Api) -> None:
    customer, builder = make_customer(), make_builder(is_active=False)
    refused(api, customer, 404, builder_id=builder.builder_id)
    refused(api, customer, 404, builder_id=2_147_483_647)
    known = make_conversation(customer, builder)
    answer = refused(api, customer, 409, conversation_id=known)
    assert answer.code == "conflict"
    gone, seller = make_customer(is_active=False), make_builder()
    left = make_conversation(gone, seller)
    assert refused(api, seller, 409, conversation_id=left).code == "conflict"
    assert refused(api, seller, 409, customer_id=gone.customer_id).code == "conflict"


def test_a_foreign_conversation_is_like_an_absent_one(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    for caller in (make_customer(), make_builder()):
        refused(api, caller, 404, conversation_id=conversation_id)
        refused(api, caller, 404, conversation_id=2_147_483_647)
    api.as_(make_admin()).post(PATH, draft(conversation_id=conversation_id), status=403)
    api.post(PATH, draft(conversation_id=conversation_id), status=401)


def test_a_project_is_one_of_that_builder_that_the_caller_sees(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    hidden, foreign = make_project(builder, published=False), make_project(make_builder())
    for project_id in (hidden.id, foreign.id, 2_147_483_647):
        refused(api, customer, 404, builder_id=builder.builder_id, project_id=project_id)
    known = make_conversation(customer, builder)
    for project_id in (foreign.id, 2_147_483_647):
        refused(api, builder, 404, customer_id=customer.customer_id, project_id=project_id)
    # Its own builder may; the customer is shown no card of it.
    message = send(api, builder, customer_id=customer.customer_id, project_id=hidden.id)
    shown = {row["id"]: row["project"] for row in inbox(api, customer)}
    assert shown == {known: None, message["conversation_id"]: None}
    own = {row["id"]: row["project"] for row in inbox(api, builder)}
    assert own[message["conversation_id"]]["id"] == hidden.id
    answer = refused(api, customer, 422, conversation_id=known, project_id=hidden.id)
    assert answer.error["details"][0]["field"] == "project_id"


def test_a_booking_is_one_of_both_sides_and_decides_the_conversation(api: Api) -> None:
    one, two = make_sale(), make_sale()
    booking = one.booked("confirmed")
    elsewhere = make_booking(make_unit(make_project(one.builder)), one.customer)
    with_other = make_booking(two.units[1], one.customer)
    of_other = make_booking(one.units[2], two.customer)
    to = {"builder_id": one.builder.builder_id}
    message = send(api, one.customer, **to, booking_id=booking.id)
    assert (message["booking_id"], message["booking_number"]) == (booking.id, booking.number)
    assert message["project_id"] == one.project.id
    (row,) = inbox(api, one.customer)
    assert row["project_id"] == one.project.id
    for booking_id in (with_other.id, of_other.id, 2_147_483_647):
        refused(api, one.customer, 404, **to, booking_id=booking_id)
        refused(api, one.customer, 404, conversation_id=row["id"], booking_id=booking_id)
    refused(api, two.customer, 404, **to, booking_id=booking.id)
    refused(api, one.builder, 404, customer_id=one.customer.customer_id, booking_id=of_other.id)
    for over in ({**to, "project_id": one.project.id}, {"conversation_id": row["id"]}):
        answer = refused(api, one.customer, 422, **over, booking_id=elsewhere.id)
        assert answer.error["details"][0]["field"] == "booking_id"
    # In a conversation about nothing in particular a message may be about any booking.
    plain = make_conversation(one.customer, one.builder)
    answered = send(api, one.builder, conversation_id=plain, booking_id=elsewhere.id)
    assert answered["conversation_id"] == plain
    assert answered["project_id"] == elsewhere.project_id


def test_a_parent_is_a_message_of_the_same_conversation(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    one = make_conversation(customer, builder, make_project(builder))
    two = make_conversation(customer, builder)
    parent = make_message(one, message_content="Glass\n or steel? " + "x" * 300)
    answer = send(api, builder, conversation_id=one, parent_message_id=parent)
    above = answer["parent_message"]
    assert (above["id"], above["sender_role"]) == (parent, "customer")
    assert above["excerpt"].startswith("Glass or steel? xxx")
    assert (len(above["excerpt"]), above["excerpt"][-1]) == (160, "…")
    refused(api, builder, 404, conversation_id=two, parent_message_id=parent)
    refused(api, builder, 404, conversation_id=two, parent_message_id=2_147_483_647)
    # Not even a conversation is left of a first message that was refused.
    foreign = {"builder_id": make_builder().builder_id, "parent_message_id": parent}
    refused(api, customer, 404, **foreign)


@pytest.mark.parametrize(
    "over",
    [
        {"message_content": ""},
        {"message_content": " \n\t "},
        {"message_content": "x" * 5001},
        {"message_content": "nul\0"},
        {"message_type": "spam"},
        {"priority": "critical"},
        {"subject": " "},
        {"subject": "x" * 201},
        {"sender_id": 1},
        {"is_read": True},
        {"created_at": "2026-01-01T00:00:00Z"},
        {"attachments": [1, 2, 3, 4, 5, 6]},
        {"attachments": [1, 1]},
        {"parent_message_id": 0},
    ],
)
def test_what_breaks_the_schema_is_refused(api: Api, over: dict[str, Any]) -> None:
    refused(api, make_customer(), 422, **{"builder_id": make_builder().builder_id, **over})


def test_five_thousand_characters_fit(api: Api) -> None:
    text = "🏠" * 5000
    message = send(api, make_customer(), builder_id=make_builder().builder_id, message_content=text)
    assert message["message_content"] == text


def test_a_message_never_goes_back_in_time(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    send(api, customer, builder_id=builder.builder_id)
    (row,) = inbox(api, customer)
    clock.advance(minutes=-5)
    late = send(api, builder, conversation_id=row["id"])
    assert late["created_at"] < row["last_message_time"]
    (again,) = inbox(api, customer)
    assert again["last_message_time"] == row["last_message_time"]


def test_the_project_of_a_conversation_stays(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    project = make_project(builder)
    send(api, customer, builder_id=builder.builder_id, project_id=project.id)
    answer = api.as_(builder).request("DELETE", f"/api/projects/{project.id}", status=409)
    assert answer.code == "conflict"
    with session():
        assert Project.get(id=project.id) is not None


def test_the_name_of_who_wrote_is_told_with_the_beginning_of_the_text(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    send(api, customer, builder_id=builder.builder_id, message_content="Line\r\nBcc: x " * 40)
    (told,) = api.as_(builder).get("/api/notifications").data["notifications"]
    with session():
        row = Customer[customer.customer_id]
        name = f"{row.first_name} {row.last_name}"
        assert User[builder.user_id].email == builder.email
    assert told["message"].startswith(f"{name}: Line Bcc: x Line")
    assert "\n" not in told["message"]
    assert told["message"].endswith("…")
