"""listNotifications, markNotificationRead, markAllNotificationsRead and the preferences."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from realty.db import Invitation, Notification, NotificationPreference, OutgoingMail, utcnow
from realty.db.enums import NOTIFICATION_TYPES
from realty.db.session import session
from realty.services.notifications import notify
from tests.client import Api
from tests.factories import (
    Account,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.queries import queries

PATH = "/api/notifications"
PREFERENCES = f"{PATH}/preferences"
NOW = utcnow().replace(microsecond=0)


def tell(
    account: Account,
    key: str,
    *,
    kind: str = "system",
    about: tuple[str, int] = ("user", 1),
    at: datetime = NOW,
) -> None:
    """Notify somebody as the services do."""
    with session():
        notify(
            account.user_id,
            kind,
            title=f"Title of {key}",
            message="ಸಂದೇಶ: something happened.",
            entity=about[0],
            entity_id=about[1],
            action_url="/somewhere",
            dedupe_key=key,
            now=at,
        )


def found(api: Api, **params: Any) -> list[str]:
    """The titles that a caller gets, in their order."""
    return [row["title"] for row in api.get(PATH, params).data["notifications"]]


def test_list_notifications_shows_the_newest_first_and_only_ones_own(api: Api) -> None:
    customer, other = make_customer(), make_customer()
    for hours, key in enumerate(["newest", "middle", "oldest"]):
        tell(customer, key, at=NOW - timedelta(hours=hours))
    tell(other, "not mine")
    mine = api.as_(customer)
    newest_first = ["Title of newest", "Title of middle", "Title of oldest"]
    assert found(mine) == newest_first
    assert found(mine, sort="created_at") == newest_first[::-1]
    assert found(mine, page=2, limit=2) == newest_first[2:]
    data = mine.get(PATH, {"limit": 2}).data
    assert data["unread_count"] == 3
    assert data["pagination"]["totalItems"] == 3
    row = data["notifications"][0]
    assert row["message"] == "ಸಂದೇಶ: something happened."
    assert row["channels"] == ["in_app", "email"]
    assert (row["is_read"], row["read_at"], row["sent_at"]) == (False, None, None)
    assert row["action_url"] == "/somewhere"


def test_list_notifications_of_one_moment_have_a_stable_order(api: Api) -> None:
    customer = make_customer()
    for number in range(5):
        tell(customer, str(number))
    expected = [f"Title of {number}" for number in (4, 3, 2, 1, 0)]
    assert found(api.as_(customer)) == expected
    pages = [found(api.as_(customer), page=page, limit=2) for page in (1, 2, 3)]
    assert [title for page in pages for title in page] == expected


def test_list_notifications_filters_by_read_and_type(api: Api) -> None:
    customer = make_customer()
    tell(customer, "booking", kind="booking")
    tell(customer, "payment", kind="payment")
    mine = api.as_(customer)
    (booking_id,) = (row["id"] for row in mine.get(PATH, {"type": "booking"}).data["notifications"])
    mine.patch(f"{PATH}/{booking_id}/read")
    assert found(mine, is_read=True) == ["Title of booking"]
    assert found(mine, is_read=False) == ["Title of payment"]
    assert found(mine, is_read=False, type="booking") == []
    # The filters do not change how much is unread in all.
    assert mine.get(PATH, {"type": "booking"}).data["unread_count"] == 1


@pytest.mark.parametrize(
    "params", [{"type": "gossip"}, {"is_read": "maybe"}, {"limit": 101}, {"sort": "id"}, {"x": 1}]
)
def test_list_notifications_refuses_what_it_does_not_know(params: dict[str, Any], api: Api) -> None:
    api.as_(make_customer()).get(PATH, params, status=422)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("POST", f"{PATH}/read-all"),
        ("PATCH", f"{PATH}/1/read"),
        ("GET", PREFERENCES),
        ("PUT", PREFERENCES),
    ],
)
def test_a_stranger_is_asked_to_sign_in(method: str, path: str, api: Api) -> None:
    body = {"preferences": []} if method == "PUT" else None
    assert api.request(method, path, body=body, status=401).code == "authentication_required"


def test_a_notification_of_a_booking_carries_the_cards_that_its_reader_may_see(api: Api) -> None:
    builder, customer, admin = make_builder(), make_customer(), make_admin()
    project = make_project(builder)
    booking = make_booking(make_unit(project), customer)
    for account in (builder, customer, admin):
        tell(account, "booked", kind="booking", about=("booking", booking.id))

    def cards(account: Account) -> tuple[Any, Any, Any]:
        (row,) = api.as_(account).get(PATH).data["notifications"]
        return tuple(row[name] and row[name]["id"] for name in ("project", "builder", "customer"))

    assert cards(customer) == (project.id, builder.builder_id, None)
    assert cards(builder) == (project.id, None, customer.customer_id)
    assert cards(admin) == (project.id, None, None)


def test_a_notification_has_no_card_of_what_is_hidden_from_its_reader(api: Api) -> None:
    builder, rival = make_builder(), make_builder()
    hidden = make_project(rival, published=False)
    stranger = make_customer()
    tell(builder, "project", about=("project", hidden.id))
    tell(builder, "customer", about=("customer", stranger.customer_id))
    tell(builder, "gone", about=("booking", 2_147_483_647))
    for row in api.as_(builder).get(PATH).data["notifications"]:
        assert (row["project"], row["builder"], row["customer"]) == (None, None, None)


def test_a_notification_of_a_project_or_of_a_joined_customer_carries_its_card(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder)
    with session():
        Invitation(
            builder=builder.builder_id,
            email=customer.email,
            token_hash="0" * 64,
            customer=customer.customer_id,
            expires_at=NOW,
        )
    tell(builder, "project", about=("project", project.id))
    tell(builder, "customer", about=("customer", customer.customer_id))
    second, first = api.as_(builder).get(PATH).data["notifications"]
    assert first["project"]["id"] == project.id
    assert second["customer"]["email"] == customer.email


def test_list_notifications_asks_as_often_for_twelve_as_for_one(api: Api) -> None:
    builder = make_builder()

    def add(number: int) -> None:
        booking = make_booking(make_unit(make_project(builder)), make_customer())
        tell(builder, f"booking {number}", about=("booking", booking.id))
        tell(builder, f"project {number}", about=("project", booking.project_id))

    def asked() -> int:
        with queries() as sent:
            api.as_(builder).get(PATH, {"limit": 100})
        return len(sent)

    add(0)
    few = asked()
    for number in range(1, 12):
        add(number)
    assert asked() == few <= 12


def test_mark_notification_read_keeps_the_first_moment(api: Api, clock: Any) -> None:
    customer = make_customer()
    tell(customer, "once")
    mine = api.as_(customer)
    (row,) = mine.get(PATH).data["notifications"]
    first = mine.patch(f"{PATH}/{row['id']}/read").data["notification"]
    assert first["is_read"] is True
    assert first["read_at"] is not None
    clock.advance(minutes=5)
    again = mine.patch(f"{PATH}/{row['id']}/read").data["notification"]
    assert again == first
    assert mine.get(PATH).data["unread_count"] == 0


def test_mark_notification_read_of_another_is_absent(api: Api) -> None:
    customer = make_customer()
    tell(customer, "private")
    (row,) = api.as_(customer).get(PATH).data["notifications"]
    for caller in (make_customer(), make_builder(), make_admin()):
        api.as_(caller).patch(f"{PATH}/{row['id']}/read", status=404)
    for unknown in ("2147483647", "99999999999", "0", "x"):
        api.as_(customer).patch(f"{PATH}/{unknown}/read", status=404)
    assert api.as_(customer).get(PATH).data["unread_count"] == 1


def test_mark_all_notifications_read_counts_what_was_unread(api: Api) -> None:
    customer, other = make_customer(), make_customer()
    for number in range(3):
        tell(customer, str(number))
    tell(other, "untouched")
    mine = api.as_(customer)
    (first, *_) = mine.get(PATH).data["notifications"]
    mine.patch(f"{PATH}/{first['id']}/read")
    done = mine.post(f"{PATH}/read-all").data
    assert done == {"marked_count": 2, "unread_count": 0}
    assert mine.post(f"{PATH}/read-all").data == {"marked_count": 0, "unread_count": 0}
    assert found(mine, is_read=False) == []
    assert api.as_(other).get(PATH).data["unread_count"] == 1


def test_one_event_is_told_once(api: Api) -> None:
    customer = make_customer()
    tell(customer, "booking:1:confirmed")
    tell(customer, "booking:1:confirmed")
    assert len(found(api.as_(customer))) == 1
    with session():
        assert OutgoingMail.select().count() == 1


# Preferences


def rows(**changed: tuple[bool, bool]) -> list[dict[str, Any]]:
    """All preferences, on but for those that are named with (in_app, email)."""
    return [
        {
            "notification_type": kind,
            "in_app": changed.get(kind, (True, True))[0],
            "email": changed.get(kind, (True, True))[1],
        }
        for kind in NOTIFICATION_TYPES
    ]


@pytest.mark.parametrize("make", [make_customer, make_builder, make_admin])
def test_get_notification_preferences_are_on_until_chosen(make: Any, api: Api) -> None:
    assert api.as_(make()).get(PREFERENCES).data == {"preferences": rows()}


def test_update_notification_preferences_sets_what_is_sent(api: Api) -> None:
    customer, other = make_customer(), make_customer()
    mine = api.as_(customer)
    sent = rows(progress=(True, False), message=(False, False))[3:5]
    data = mine.put(PREFERENCES, {"preferences": sent}).data
    assert data["preferences"] == rows(progress=(True, False), message=(False, False))
    back = [row for row in rows() if row["notification_type"] == "message"]
    mine.put(PREFERENCES, {"preferences": back})
    assert mine.get(PREFERENCES).data["preferences"] == rows(progress=(True, False))
    assert api.as_(other).get(PREFERENCES).data["preferences"] == rows()
    with session():
        assert NotificationPreference.select().count() == 4


def test_update_notification_preferences_refuses_a_type_twice(api: Api) -> None:
    mine = api.as_(make_customer())
    twice = [rows()[0], {**rows()[0], "email": False}]
    error = mine.put(PREFERENCES, {"preferences": twice}, status=422).error
    assert error["details"][0]["field"] == "preferences[1].notification_type"
    assert mine.get(PREFERENCES).data["preferences"] == rows()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"preferences": []},
        {"preferences": [{"notification_type": "booking", "in_app": True}]},
        {"preferences": [{"notification_type": "gossip", "in_app": True, "email": True}]},
        {"preferences": [{"notification_type": "booking", "in_app": "yes", "email": True}]},
        {"preferences": [{**rows()[0], "sms": True}]},
    ],
)
def test_update_notification_preferences_refuses_another_form(
    body: dict[str, Any], api: Api
) -> None:
    api.as_(make_customer()).put(PREFERENCES, body, status=422)


@pytest.mark.parametrize(
    ("wanted", "listed", "mailed"),
    [
        ((True, True), True, True),
        ((True, False), True, False),
        ((False, True), False, True),
        ((False, False), False, False),
    ],
)
def test_preferences_decide_which_way_one_is_told(
    wanted: tuple[bool, bool], listed: bool, mailed: bool, api: Api
) -> None:
    customer = make_customer()
    mine = api.as_(customer)
    wish = [row for row in rows(booking=wanted) if row["notification_type"] == "booking"]
    mine.put(PREFERENCES, {"preferences": wish})
    tell(customer, "booked", kind="booking")
    assert (found(mine) == ["Title of booked"]) is listed
    counts = mine.get("/api/auth/me/counts").data["counts"]
    assert counts["unread_notifications"] == mine.get(PATH).data["unread_count"] == int(listed)
    assert mine.post(f"{PATH}/read-all").data["marked_count"] == int(listed)
    with session():
        assert OutgoingMail.select().count() == int(mailed)
        assert Notification.select().count() == int(listed or mailed)
