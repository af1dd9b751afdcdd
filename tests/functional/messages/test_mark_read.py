"""mark_conversation_read and get_unread_message_count: only the recipient reads."""

from __future__ import annotations

from datetime import timedelta

from realty.db import Message
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_builder,
    make_conversation,
    make_customer,
    make_message,
)
from tests.functional.messages.common import INBOX, archive, inbox, read, send, thread, unread
from tests.functional.queries import queries


def test_only_the_recipient_marks_read(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    for by in ("customer", "customer", "builder"):
        make_message(conversation_id, by)
    other = make_conversation(customer, make_builder())
    make_message(other, "builder")
    assert unread(api, builder) == (2, 1)
    assert unread(api, customer) == (2, 2)
    clock.advance(minutes=1)
    done = read(api, customer, conversation_id)
    assert (done["marked_count"], done["unread_count"]) == (1, 1)
    assert done["conversation"]["unread_count"] == 0
    # What the customer sent is still the builder's to read.
    assert unread(api, builder) == (2, 1)
    assert inbox(api, builder)[0]["unread_count"] == 2
    states = [
        (message["sender_role"], message["is_read"], message["read_at"] is not None)
        for message in thread(api, customer, conversation_id, sort="created_at")["messages"]
    ]
    assert states == [("customer", False, False)] * 2 + [("builder", True, True)]
    for stranger in (make_customer(), make_builder()):
        api.as_(stranger).patch(f"{INBOX}/{conversation_id}/read", status=404)
    assert unread(api, builder) == (2, 1)


def test_a_second_time_changes_nothing(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    message = make_message(conversation_id)
    assert read(api, builder, conversation_id)["marked_count"] == 1
    clock.advance(minutes=5)
    assert read(api, builder, conversation_id)["marked_count"] == 0
    with session():
        assert Message[message].read_at == clock.now() - timedelta(minutes=5)


def test_what_arrives_meanwhile_stays_unread(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    seen = send(api, customer, builder_id=builder.builder_id)
    conversation_id = seen["conversation_id"]
    send(api, customer, conversation_id=conversation_id)
    done = read(api, builder, conversation_id, {"up_to_message_id": seen["id"]})
    assert (done["marked_count"], done["unread_count"]) == (1, 1)
    assert done["conversation"]["unread_count"] == 1
    # Its notification waits as long as a message does.
    assert api.as_(builder).get("/api/notifications").data["unread_count"] == 1
    done = read(api, builder, conversation_id, {})
    assert (done["marked_count"], done["unread_count"]) == (1, 0)
    assert api.as_(builder).get("/api/notifications").data["unread_count"] == 0
    for bad in ({"up_to_message_id": None}, {"up_to_message_id": 0}, {"up_to": 1}):
        api.as_(builder).patch(f"{INBOX}/{conversation_id}/read", bad, status=422)


def test_what_is_archived_still_counts(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    make_message(conversation_id)
    archive(api, builder, conversation_id)
    assert unread(api, builder) == (1, 1)


def test_marking_costs_the_same_for_any_number(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    one, many = make_conversation(customer, builder), make_conversation(make_customer(), builder)
    make_message(one)
    for _ in range(15):
        make_message(many)
    with queries() as few:
        read(api, builder, one)
    with queries() as more:
        assert read(api, builder, many)["marked_count"] == 15
    assert len(few) == len(more) <= 12, more
