"""get_me, update_me and get_my_counts."""

from __future__ import annotations

from typing import Any

import pytest

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
from tests.functional.auth.people import PASSWORD, log_in

MAKERS = {"customer": make_customer, "builder": make_builder, "admin": make_admin}

each_role = pytest.mark.parametrize("kind", list(MAKERS))


@each_role
def test_get_me_shows_oneself(api: Api, kind: str) -> None:
    account: Account = MAKERS[kind]()

    answer = api.as_(account).get("/api/auth/me")

    user = answer.data["user"]
    assert (user["id"], user["email"], user["user_type"]) == (
        account.user_id,
        account.email,
        kind,
    )
    for name in ("builder_id", "customer_id"):
        assert user[name] == getattr(account, name, None)
    assert (answer.data["profile"] is None) is (kind == "admin")
    assert answer.headers["Cache-Control"] == "no-store"


def test_get_me_needs_a_token(api: Api) -> None:
    assert api.get("/api/auth/me", status=401).code == "authentication_required"


def test_get_me_is_not_sent_again_while_nothing_changed(api: Api) -> None:
    mine = api.as_(make_customer())
    tag = mine.get("/api/auth/me").headers["ETag"]

    for sent in (tag, f"W/{tag}", f'"x", {tag}'):
        same = mine.get("/api/auth/me", headers={"If-None-Match": sent}, status=304)
        assert same.body == b""
        assert same.headers["ETag"] == tag
    mine.patch("/api/auth/me", {"full_name": "Asha K Rao"})
    assert (
        mine.get("/api/auth/me", headers={"If-None-Match": tag}, status=200).headers["ETag"] != tag
    )


@each_role
def test_update_me_changes_what_belongs_to_the_user(api: Api, kind: str) -> None:
    account: Account = MAKERS[kind]()
    changes = {
        "full_name": "Meera Prakash",
        "phone": "98450 12345",
        "locale": "en-GB",
        "timezone": "Europe/London",
    }

    answer = api.as_(account).patch("/api/auth/me", changes)

    user = answer.data["user"]
    assert {name: user[name] for name in changes} == {**changes, "phone": "+919845012345"}
    read = api.as_(account).get("/api/auth/me")
    assert read.data == answer.data
    assert read.headers["ETag"] == answer.headers["ETag"]


def test_update_me_is_partial_and_null_clears(api: Api) -> None:
    mine = api.as_(make_customer())
    mine.patch("/api/auth/me", {"phone": "+919845012345"})

    assert mine.patch("/api/auth/me", {"full_name": "A"}).data["user"]["phone"] == "+919845012345"
    assert mine.patch("/api/auth/me", {"phone": None}).data["user"]["phone"] is None
    assert mine.patch("/api/auth/me", {}).data["user"]["full_name"] == "A"


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": None},
        {"full_name": ""},
        {"full_name": " \t\u3000"},
        {"full_name": "x" * 201},
        {"phone": "12345678"},
        {"phone": ""},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"locale": "english"},
        {"email": "other@example.com"},
        {"nonsense": 1},
    ],
)
def test_update_me_refuses_a_wrong_field(api: Api, changes: dict[str, Any]) -> None:
    mine = api.as_(make_customer())
    before = mine.get("/api/auth/me").data

    refused = mine.patch("/api/auth/me", changes, status=422)

    assert refused.code == "validation_error"
    assert {detail["field"] for detail in refused.error["details"]} == changes.keys()
    assert mine.get("/api/auth/me").data == before


def test_update_me_with_the_tag_of_what_was_read(api: Api) -> None:
    mine = api.as_(make_customer())
    read = mine.get("/api/auth/me").headers["ETag"]

    def change(name: str, tag: str, status: int) -> Any:
        return mine.patch(
            "/api/auth/me", {"full_name": name}, headers={"If-Match": tag}, status=status
        )

    changed = change("First", read, 200).headers["ETag"]
    assert change("Second", read, 412).code == "stale_version"
    change("Third", f"W/{changed}", 200)
    change("Fourth", "*", 200)
    for malformed in ("x", "3.abc", '"1.', '"zz.0123456789abcdef"'):
        assert change("Fifth", malformed, 400).code == "malformed_request"
    assert mine.get("/api/auth/me").data["user"]["full_name"] == "Fourth"


def test_a_login_elsewhere_spoils_no_tag_of_what_was_read(api: Api) -> None:
    """Logging in writes to the user's row, and changes nothing that its owner edits."""
    customer = make_customer(password=PASSWORD)
    mine = api.as_(customer)
    read = mine.get("/api/auth/me").headers["ETag"]
    log_in(api, customer.email, "wrong", 401)
    log_in(api, customer.email, PASSWORD)

    mine.patch("/api/auth/me", {"full_name": "Asha"}, headers={"If-Match": read})

    again = mine.patch("/api/auth/me", {"full_name": "Rao"}, headers={"If-Match": read}, status=412)
    assert again.code == "stale_version"


def test_get_my_counts_answers_for_the_caller_only(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    make_booking(make_unit(make_project(builder)), customer, status="token_paid")

    counts = api.as_(builder).get("/api/auth/me/counts").data["counts"]

    assert counts["waiting"]["bookings_to_confirm"] == 1
    other = api.as_(make_builder()).get("/api/auth/me/counts").data["counts"]
    assert other["waiting"]["bookings_to_confirm"] == 0
    api.get("/api/auth/me/counts", status=401)


def test_what_others_write_does_not_show(api: Api) -> None:
    customer = make_customer(password=PASSWORD)
    log_in(api, customer.email, "wrong", 401)

    user = api.as_(customer).get("/api/auth/me").data["user"]

    assert (
        not {"password_hash", "failed_login_count", "locked_until", "token_version"} & user.keys()
    )
