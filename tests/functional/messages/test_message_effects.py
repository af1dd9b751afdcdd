"""What send_message brings with it: files, notifications, and the bound on how many."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import File, Notification, OutgoingMail, SystemSetting
from realty.db.session import session
from tests.client import Api
from tests.deployment import CLOCK, Clock
from tests.factories import (
    make_admin,
    make_builder,
    make_conversation,
    make_customer,
    make_file,
    make_message,
    make_project,
)
from tests.functional.messages.common import PATH, draft, read, refused, send, thread
from tests.functional.queries import queries
from tests.uploads import PDF, picture


def told(api: Api, caller: Any, **params: Any) -> list[dict[str, Any]]:
    """The caller's notifications."""
    rows: list[dict[str, Any]] = (
        api.as_(caller).get("/api/notifications", params).data["notifications"]
    )
    return rows


def allow(most: int) -> None:
    """Set how many messages one account may send within a minute."""
    with session():
        SystemSetting(
            setting_key="message.max_per_minute",
            setting_value=most,
            setting_type="number",
            category="message",
        )


def test_attachments_are_for_both_sides_and_nobody_else(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    drawing = make_file(customer, "message", PDF, filename="Küche.pdf")
    photo = make_file(customer, "message", picture(), content_type="image/png")
    sent = send(api, customer, builder_id=builder.builder_id, attachments=[photo, drawing])
    assert [each["file_id"] for each in sent["attachments"]] == [photo, drawing]
    (message,) = thread(api, builder, sent["conversation_id"])["messages"]
    first, second = message["attachments"]
    assert (first["file_id"], first["content_type"]) == (photo, "image/png")
    assert (second["filename"], second["size"]) == ("Küche.pdf", len(PDF))
    # The link is the reader's own, and works without a token.
    assert api.get(second["url"]).body == PDF
    for caller, status in ((customer, 302), (builder, 302), (make_builder(), 404)):
        api.as_(caller).get(f"/api/files/{drawing}", status=status)
    for caller in (make_customer(), make_admin()):
        api.as_(caller).get(f"/api/files/{drawing}", status=404)


def test_a_file_that_is_not_the_caller_s_is_refused(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    own = make_file(customer, "message")
    used = make_file(customer, "message")
    send(api, customer, conversation_id=conversation_id, attachments=[used])
    answers = []
    for file_id in (
        make_file(builder, "message"),
        make_file(customer, "avatar"),
        make_file(customer, "message", removed_at=CLOCK.now()),
        used,
        2_147_483_647,
    ):
        answer = refused(
            api, customer, 422, conversation_id=conversation_id, attachments=[own, file_id]
        )
        answers.append(answer.error["details"])
    assert answers == [answers[0]] * 5
    assert answers[0][0]["field"] == "attachments[1]"
    with session():
        assert File[own].attached_to_type is None


def test_what_was_removed_is_left_out(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    files = [make_file(customer, "message") for _ in range(2)]
    sent = send(api, customer, builder_id=builder.builder_id, attachments=files)
    with session():
        File[files[0]].removed_at = clock.now()
    (message,) = thread(api, builder, sent["conversation_id"])["messages"]
    assert [each["file_id"] for each in message["attachments"]] == files[1:]


def test_a_burst_is_one_notification(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    project = make_project(builder)
    first = send(api, customer, builder_id=builder.builder_id, project_id=project.id)
    for number in range(4):
        clock.advance(seconds=1)
        text = f"And {number}?"
        send(api, customer, conversation_id=first["conversation_id"], message_content=text)
    (burst,) = told(api, builder)
    assert burst["notification_type"] == "message"
    assert burst["related_entity_type"] == "conversation"
    assert burst["related_entity_id"] == first["conversation_id"]
    assert burst["action_url"] == f"/messages/{first['conversation_id']}"
    assert burst["message"].endswith("And 3?")
    assert burst["created_at"] == clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert burst["project"]["id"] == project.id
    assert (burst["customer"]["id"], burst["builder"]) == (customer.customer_id, None)
    assert told(api, customer) == []
    with session():
        assert OutgoingMail.select(lambda m: m.to_address == builder.email).count() == 1


def test_what_comes_after_a_burst_is_mailed_again(api: Api, clock: Clock) -> None:
    """Though its recipient, who never looks into the portal, has one unread notification only."""
    customer, builder = make_customer(), make_builder()
    first = send(api, customer, builder_id=builder.builder_id)
    for days in (1, 3, 40):
        clock.advance(days=days)
        for _ in range(2):
            send(api, customer, conversation_id=first["conversation_id"])
            with session():
                for mail in OutgoingMail.select(lambda m: m.status == "queued"):
                    mail.status = "sent"
    assert len(told(api, builder)) == 1
    with session():
        assert OutgoingMail.select(lambda m: m.to_address == builder.email).count() == 4


def test_another_conversation_or_a_read_one_is_told_again(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    one = make_conversation(customer, builder, make_project(builder))
    two = make_conversation(customer, builder)
    for conversation_id in (one, two, one):
        send(api, builder, conversation_id=conversation_id)
    assert len(told(api, customer)) == 2
    read(api, customer, one)
    assert [each["related_entity_id"] for each in told(api, customer, is_read=False)] == [two]
    send(api, builder, conversation_id=one)
    assert len(told(api, customer, is_read=False)) == 2
    # To have read the notification alone is enough to be told again.
    api.as_(customer).post("/api/notifications/read-all")
    send(api, builder, conversation_id=two)
    assert [each["related_entity_id"] for each in told(api, customer, is_read=False)] == [two]
    assert {each["builder"]["id"] for each in told(api, customer)} == {builder.builder_id}


def test_preferences_are_kept(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    wish = {"notification_type": "message", "in_app": False, "email": False}
    api.as_(builder).put("/api/notifications/preferences", {"preferences": [wish]})
    send(api, customer, builder_id=builder.builder_id)
    with session():
        assert Notification.select().count() == OutgoingMail.select().count() == 0


def test_the_cards_of_notifications_cost_no_more_for_many(api: Api) -> None:
    builder = make_builder()
    for _ in range(4):
        send(
            api, make_customer(), builder_id=builder.builder_id, project_id=make_project(builder).id
        )
    told(api, builder)
    with queries() as one:
        told(api, builder, limit=1)
    with queries() as many:
        assert len(told(api, builder)) == 4
    assert len(one) == len(many) <= 12, many


def test_one_account_sends_so_many_a_minute(api: Api, clock: Clock) -> None:
    allow(3)
    customer, builder, other = make_customer(), make_builder(), make_builder()
    for addressed in (builder, other, builder):
        send(api, customer, builder_id=addressed.builder_id)
        clock.advance(seconds=10)
    answer = refused(api, customer, 429, builder_id=builder.builder_id)
    assert answer.code == "rate_limited"
    assert answer.headers["Retry-After"] == "30"
    # Others are not held up, and what was received is not what was sent.
    send(api, builder, customer_id=customer.customer_id)
    clock.advance(seconds=29)
    assert refused(api, customer, 429, builder_id=1).headers["Retry-After"] == "1"
    clock.advance(seconds=1)
    send(api, customer, builder_id=builder.builder_id)
    refused(api, customer, 429, builder_id=builder.builder_id)


def test_what_was_refused_is_not_counted(api: Api, clock: Clock) -> None:
    allow(1)
    customer, builder = make_customer(), make_builder()
    for _ in range(3):
        refused(api, customer, 404, builder_id=2_147_483_647)
    send(api, customer, builder_id=builder.builder_id)
    refused(api, customer, 429, builder_id=builder.builder_id)


@pytest.mark.parametrize("attached", [0, 5])
def test_sending_costs_the_same_in_a_long_conversation(
    api: Api, clock: Clock, attached: int
) -> None:
    customer, builder = make_customer(), make_builder()
    short, long = (make_conversation(customer, builder, make_project(builder)) for _ in range(2))
    for _ in range(15):
        make_message(long, "builder")
    counts = []
    for conversation_id in (short, long):
        files = [make_file(customer, "message") for _ in range(attached)]
        body = draft(conversation_id=conversation_id, attachments=files)
        with queries() as sent:
            api.as_(customer).post(PATH, body, status=201)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 17, sent
