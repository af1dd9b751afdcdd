"""list_conversations, get_conversation and list_messages: who sees what, in which order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from realty.db import Message, Project
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_conversation,
    make_customer,
    make_file,
    make_message,
    make_project,
    make_unit,
)
from tests.functional.messages.common import INBOX, PATH, archive, inbox, read, thread
from tests.functional.queries import queries


def ids(rows: list[dict[str, Any]]) -> list[int]:
    """The ids of rows, in their order."""
    return [row["id"] for row in rows]


def found(api: Api, caller: Any, **params: Any) -> list[int]:
    """The ids of messages that listMessages gives."""
    return ids(api.as_(caller).get(PATH, params).data["messages"])


def test_each_side_sees_its_own(api: Api) -> None:
    (asha, ravi), (one, two) = [make_customer(), make_customer()], [make_builder(), make_builder()]
    threads = {
        (who, whom): make_conversation(customer, builder)
        for who, customer in (("asha", asha), ("ravi", ravi))
        for whom, builder in (("one", one), ("two", two))
    }
    said = {make_message(each): each for each in threads.values()}
    for caller, name, place in ((asha, "asha", 0), (ravi, "ravi", 0), (one, "one", 1)):
        mine = {each for key, each in threads.items() if key[place] == name}
        assert set(ids(inbox(api, caller))) == mine
        assert {said[message] for message in found(api, caller)} == mine
        for each in threads.values():
            status = 200 if each in mine else 404
            api.as_(caller).get(f"{INBOX}/{each}", status=status)
            assert (found(api, caller, conversation_id=each) != []) == (each in mine)
    for path in (INBOX, PATH, f"{PATH}/unread-count", f"{INBOX}/{threads['asha', 'one']}"):
        api.get(path, status=401)
    for path in (INBOX, PATH, f"{PATH}/unread-count"):
        api.as_(make_admin()).get(path, status=403)
    assert inbox(api, make_customer()) == inbox(api, make_builder()) == []
    assert found(api, make_customer()) == []


def test_a_row_carries_the_other_side_the_project_and_the_newest_message(
    api: Api, clock: Clock
) -> None:
    customer, builder = make_customer(), make_builder()
    project = make_project(builder)
    conversation_id = make_conversation(customer, builder, project)
    make_message(conversation_id, created_at=clock.now() - timedelta(hours=2))
    file_id = make_file(builder, "message")
    newest = make_message(
        conversation_id, "builder", message_content="Glass.\nSee you.", attachments=[file_id]
    )
    (seen,) = inbox(api, customer)
    assert seen["builder"]["user_id"] == builder.user_id
    assert seen["customer"] is None
    assert (seen["project"]["id"], seen["project_id"]) == (project.id, project.id)
    assert (seen["unread_count"], seen["archived"]) == (1, False)
    assert seen["last_message"] == {
        "id": newest,
        "sender_id": builder.user_id,
        "sender_role": "builder",
        "excerpt": "Glass. See you.",
        "attachments_count": 1,
        "is_read": False,
        "created_at": seen["last_message_time"],
    }
    (own,) = inbox(api, builder)
    assert own["customer"]["email"] == customer.email
    assert own["builder"] is None
    assert own["last_message"] == seen["last_message"]
    assert thread(api, builder, conversation_id)["conversation"] == own


def test_an_unpublished_project_has_no_card_and_no_name_for_its_customers(
    api: Api, clock: Clock
) -> None:
    customer, builder = make_customer(), make_builder()
    project = make_project(builder, project_name="Nilgiri Heights")
    conversation_id = make_conversation(customer, builder, project)
    make_message(conversation_id, message_content="Hello")
    assert ids(inbox(api, customer, q="nilgiri")) == [conversation_id]
    with session():
        Project[project.id].set(is_published=False)
    for row in (
        *inbox(api, customer),
        thread(api, customer, conversation_id)["conversation"],
        *api.as_(customer).get(PATH).data["messages"],
    ):
        assert row["project"] is None
    assert inbox(api, customer, q="nilgiri") == []
    assert ids(inbox(api, builder, q="nilgiri")) == [conversation_id]
    assert inbox(api, builder)[0]["project"]["id"] == project.id


def test_conversations_are_narrowed_and_ordered(api: Api, clock: Clock) -> None:
    builder = make_builder(company_name="Prithvi 100%_Homes")
    asha = make_customer(first_name="Asha", last_name="Rao")
    ravi = make_customer(first_name="Ravi", last_name="Nair")
    project = make_project(builder, project_name="Kaveri Lake")
    old = clock.now() - timedelta(days=1)
    first = make_conversation(asha, builder, project)
    second = make_conversation(ravi, builder, last_message_time=old)
    third = make_conversation(asha, builder)
    make_message(second, created_at=old)
    make_message(third, "builder")
    assert ids(inbox(api, builder)) == [third, first, second]
    assert ids(inbox(api, builder, sort="last_message_time")) == [second, first, third]
    assert ids(inbox(api, builder, project_id=project.id)) == [first]
    assert ids(inbox(api, builder, unread=True)) == [second]
    assert ids(inbox(api, builder, unread=False)) == [third, first]
    assert ids(inbox(api, asha, unread=True)) == [third]
    assert ids(inbox(api, builder, q="ASHA R")) == [third, first]
    assert ids(inbox(api, builder, q="kaveri")) == [first]
    assert ids(inbox(api, builder, q="%")) == ids(inbox(api, builder, q="_")) == []
    assert ids(inbox(api, asha, q="0%_H")) == [third, first]
    assert ids(inbox(api, asha, q="ravi")) == ids(inbox(api, asha, q="asha")) == []
    foreign = make_project(make_builder())
    assert inbox(api, builder, project_id=foreign.id) == []
    for bad in ({"sort": "id"}, {"archived": "yes"}, {"q": ""}, {"colour": "red"}):
        api.as_(builder).get(INBOX, bad, status=422)


def test_archiving_is_for_one_side_and_until_the_next_message(api: Api) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    make_message(conversation_id)
    assert archive(api, builder, conversation_id)["archived"] is True
    assert inbox(api, builder) == []
    assert ids(inbox(api, builder, archived=True)) == [conversation_id]
    assert inbox(api, builder, archived=True)[0]["unread_count"] == 1
    (others,) = inbox(api, customer)
    assert others["archived"] is False
    assert archive(api, builder, conversation_id, archived=False)["archived"] is False
    assert ids(inbox(api, builder)) == [conversation_id]
    for sender in (customer, builder):
        archive(api, customer, conversation_id)
        archive(api, builder, conversation_id)
        body = {
            "conversation_id": conversation_id,
            "message_type": "general",
            "message_content": "Still there?",
        }
        api.as_(sender).post(PATH, body)
        assert ids(inbox(api, builder)) == ids(inbox(api, customer)) == [conversation_id]
        assert inbox(api, builder, archived=True) == inbox(api, customer, archived=True) == []


def test_update_conversation_honours_if_match(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    path = f"{INBOX}/{conversation_id}"
    me = api.as_(builder)
    tag = {"If-Match": me.get(path).headers["ETag"]}
    clock.advance(seconds=1)
    body = {"conversation_id": conversation_id, "message_type": "general", "message_content": "!"}
    api.as_(customer).post(PATH, body)
    answer = me.request("PATCH", path, body={"archived": True}, headers=tag, status=412)
    assert answer.code == "stale_version"
    assert ids(inbox(api, builder)) == [conversation_id]
    tag = {"If-Match": me.get(path).headers["ETag"]}
    answer = me.request("PATCH", path, body={"archived": True}, headers=tag)
    tag = {"If-Match": answer.headers["ETag"]}
    me.request("PATCH", path, body={"archived": False}, headers=tag)
    for bad in ({}, {"archived": None}, {"archived": "true"}, {"archived": True, "x": 1}):
        me.patch(path, bad, status=422)


def test_a_conversation_is_read_by_pages_and_polled_by_its_etag(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    conversation_id = make_conversation(customer, builder)
    said = [
        make_message(conversation_id, created_at=clock.now() - timedelta(minutes=9 - turn))
        for turn in range(5)
    ]
    page = thread(api, builder, conversation_id, page=2, limit=2)
    assert ids(page["messages"]) == [said[2], said[1]]
    assert page["pagination"]["totalItems"] == 5
    assert ids(thread(api, builder, conversation_id, sort="created_at")["messages"]) == said
    path = f"{INBOX}/{conversation_id}"
    tag = {"If-None-Match": api.as_(builder).get(path).headers["ETag"]}
    api.as_(builder).request("GET", path, headers=tag, status=304)
    # Reading marks nothing.
    with session():
        assert Message.select(lambda m: m.is_read).count() == 0
    read(api, builder, conversation_id)
    api.as_(builder).request("GET", path, headers=tag, status=200)


def test_messages_are_searched_in_text_and_subject(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    one = make_conversation(customer, builder)
    other = make_conversation(make_customer(), make_builder())
    railing = make_message(one, message_content="Glass RAILING, 100%_sure")
    tiles = make_message(one, "builder", subject="Tile samples", message_content="Come by")
    hindi = make_message(one, "builder", message_content="धन्यवाद, see you")
    make_message(other, message_content="Another railing")
    for words, expected in (
        ("railing", [railing]),
        ("tile s", [tiles]),
        ("0%_S", [railing]),
        ("धन्यवाद", [hindi]),
        ("%", [railing]),
        ("_", [railing]),
        ("'; --", []),
        ("come", [tiles]),
    ):
        for caller in (customer, builder):
            assert found(api, caller, q=words) == expected, words
    (row,) = api.as_(customer).get(PATH, {"q": "tile"}).data["messages"]
    assert row["builder"]["user_id"] == builder.user_id
    assert row["customer"] is row["project"] is None


def test_messages_are_narrowed_and_ordered(api: Api, clock: Clock) -> None:
    customer, builder = make_customer(), make_builder()
    project = make_project(builder)
    booking = make_booking(make_unit(project), customer)
    plain, about = (
        make_conversation(customer, builder),
        make_conversation(customer, builder, project),
    )
    old = clock.now() - timedelta(days=1)
    asked = make_message(plain, created_at=old, priority="high", is_read=True, read_at=clock.now())
    told = make_message(plain, "builder", message_type="update")
    booked = make_message(about, booking=booking.id)
    assert found(api, customer) == [booked, told, asked]
    assert found(api, customer, sort="created_at") == [asked, told, booked]
    assert found(api, customer, conversation_id=plain) == [told, asked]
    assert found(api, customer, project_id=project.id) == [booked]
    assert found(api, customer, booking_id=booking.id) == [booked]
    assert found(api, customer, message_type="update") == [told]
    assert found(api, customer, priority="high") == [asked]
    assert found(api, customer, unread=True) == found(api, customer, sent=False) == [told]
    assert found(api, customer, unread=False) == found(api, customer, sent=True) == [booked, asked]
    assert found(api, builder, unread=True) == [booked]
    assert found(api, builder, unread=False, sent=False) == [asked]
    assert found(api, make_builder(), project_id=project.id, booking_id=booking.id) == []
    for bad in ({"message_type": "spam"}, {"sort": "is_read"}, {"conversation_id": 0}, {"x": "y"}):
        api.as_(customer).get(PATH, bad, status=422)


def test_pages_cost_as_many_queries_as_a_row(api: Api) -> None:
    builder, customers = make_builder(), [make_customer() for _ in range(4)]
    for customer in customers:
        project = make_project(builder)
        booking = make_booking(make_unit(project), customer)
        conversation_id = make_conversation(customer, builder, project)
        above = make_message(conversation_id)
        for _ in range(3):
            named = {"booking": booking.id, "parent_message": above}
            files = [make_file(customer, "message")]
            make_message(conversation_id, attachments=files, **named)
    for caller in (builder, customers[0]):
        for path, name in ((INBOX, "conversations"), (PATH, "messages"), (None, "messages")):
            where = path or f"{INBOX}/{inbox(api, caller)[0]['id']}"
            api.as_(caller).get(where)
            with queries() as one:
                api.as_(caller).get(where, {"limit": 1})
            with queries() as many:
                rows = api.as_(caller).get(where, {"limit": 100}).data[name]
            assert len(rows) > 1 or caller is not builder
            assert len(one) <= len(many) <= 12, many
