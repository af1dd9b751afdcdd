"""Many messages at once, to several processes: one conversation, one notification, one bound."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import Any

import pytest
from pony.orm import select

from realty.db import Conversation, File, Message, Notification, SystemSetting, utcnow
from realty.db.session import session
from realty.security import Identity
from realty.services import messages
from realty.services.messages import Draft
from tests.factories import (
    make_booking,
    make_builder,
    make_conversation,
    make_customer,
    make_file,
    make_project,
    make_unit,
)
from tests.functional.messages.common import INBOX, PATH, draft
from tests.races.buyers import together
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def write(fleet: Fleet, server: int, sender: Any, **over: Any) -> Reply:
    """sendMessage at one server."""
    return fleet.post(server, PATH, draft(**over), token=sender.token)


def outcomes(replies: list[Reply]) -> dict[tuple[int | None, str], int]:
    return Counter((reply.status, reply.code) for reply in replies)


@pytest.mark.parametrize("about_project", [True, False])
def test_first_messages_of_both_sides_make_one_conversation(
    fleet: Fleet, about_project: bool
) -> None:
    customer, builder = make_customer(), make_builder()
    project = make_project(builder)
    # The booking joins the customer, so that the builder may be first.
    make_booking(make_unit(project), customer)
    about = {"project_id": project.id} if about_project else {}
    sides = [(customer, {"builder_id": builder.builder_id})] * 6
    sides += [(builder, {"customer_id": customer.customer_id})] * 6
    calls = [
        partial(write, fleet, server, sender, **to, **about)
        for server, (sender, to) in zip(cycle(range(len(fleet))), sides, strict=False)
    ]

    replies = together(calls)

    assert outcomes(replies) == {(201, ""): 12}
    assert len({reply.data["message"]["conversation_id"] for reply in replies}) == 1
    with session():
        assert Conversation.select().count() == 1
        assert Message.select().count() == 12
        told = Counter(select(n.user.id for n in Notification).without_distinct()[:])
    # However they met, each side was told once.
    assert told == {customer.user_id: 1, builder.user_id: 1}


def test_the_bound_of_a_sender_holds_across_processes(fleet: Fleet) -> None:
    with session():
        SystemSetting(
            setting_key="message.max_per_minute",
            setting_value=5,
            setting_type="number",
            category="message",
        )
    customer, builders = make_customer(), [make_builder() for _ in range(3)]
    calls = [
        partial(write, fleet, turn % len(fleet), customer, builder_id=builders[turn % 2].builder_id)
        for turn in range(15)
    ]

    replies = together(calls)

    assert outcomes(replies) == {(201, ""): 5, (429, "rate_limited"): 10}
    assert all(
        1 <= int(reply.headers["retry-after"]) <= 60 for reply in replies if reply.status == 429
    )
    with session():
        assert Message.select().count() == 5


def test_who_reads_waits_for_a_message_that_is_being_sent(fleet: Fleet) -> None:
    """Or it would be unread, and its notification read."""
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    write(fleet, 0, customer, conversation_id=conversation_id)
    path = f"{INBOX}/{conversation_id}/read"
    sender = Identity(customer.user_id, "customer", 0, None, customer.customer_id)
    said = Draft(conversation_id=conversation_id, message_content="!", message_type="general")
    with ThreadPoolExecutor(1) as pool:
        with session():
            messages.send(said, actor=sender, now=utcnow())
            reading = pool.submit(fleet.request, "PATCH", 1, path, token=builder.token)
            with pytest.raises(TimeoutError):
                reading.result(timeout=0.5)
        done = reading.result()
    assert (done.status, done.data["marked_count"], done.data["unread_count"]) == (200, 2, 0)
    with session():
        assert Notification.select(lambda n: not n.is_read).count() == 0


def test_one_file_goes_with_one_message(fleet: Fleet) -> None:
    customer, builder = make_customer(), make_builder()
    file_id = make_file(customer, "message")
    calls = [
        partial(
            write, fleet, server, customer, builder_id=builder.builder_id, attachments=[file_id]
        )
        for server in range(len(fleet))
    ]

    replies = together(calls)

    assert outcomes(replies) == {(201, ""): 1, (422, "validation_error"): 2}
    (sent,) = [reply.data["message"] for reply in replies if reply.status == 201]
    with session():
        assert (File[file_id].attached_to_type, File[file_id].attached_to_id) == (
            "message",
            sent["id"],
        )
        assert Message.select().count() == 1
