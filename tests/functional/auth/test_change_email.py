"""change_email and verify_email: an address counts only once its link was followed."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import User
from realty.db.session import session
from realty.rules.policy import Policy
from tests.client import Answer, Api
from tests.deployment import Clock
from tests.factories import PASSWORD, make_admin, make_builder, make_customer
from tests.functional.auth.people import log_in, register
from tests.mailbox import letters, mailed_token, token_in

NEW = "asha.new@example.com"


def ask(api: Api, new: str = NEW, password: str = PASSWORD, status: int = 202) -> Answer:
    return api.post(
        "/api/auth/change-email", {"new_email": new, "password": password}, status=status
    )


def verify(api: Api, token: str, status: int = 200) -> Answer:
    return api.post("/api/auth/verify-email", {"token": token}, status=status)


@pytest.mark.parametrize("make", [make_customer, make_builder, make_admin])
def test_the_new_address_counts_once_its_link_was_followed(api: Api, make: Any) -> None:
    account = make()
    ask(api.as_(account), "Asha.NEW@example.com")

    assert api.as_(account).get("/api/auth/me").data["user"]["email"] == account.email
    log_in(api, NEW, PASSWORD, 401)
    to_old, to_new = letters()
    assert to_old.recipient == account.email
    assert "token=" not in to_old.text
    assert to_new.recipient == NEW

    verify(api, token_in(to_new))

    user = api.as_(account).get("/api/auth/me").data["user"]
    assert (user["email"], user["is_verified"]) == (NEW, True)
    log_in(api, NEW, PASSWORD)
    log_in(api, account.email, PASSWORD, 401)
    assert verify(api, token_in(to_new), 422).code == "invalid_link"


def test_change_email_needs_the_password(api: Api) -> None:
    account = make_customer()

    assert ask(api.as_(account), password="wrong", status=401).code == "invalid_credentials"
    assert letters() == []
    assert api.as_(account).get("/api/auth/me").status == 200
    assert ask(api, status=401).code == "authentication_required"


def test_a_taken_address_is_not_told(api: Api) -> None:
    account, other = make_customer(), make_builder()

    taken = ask(api.as_(account), other.email)
    assert [letter.recipient for letter in letters()] == [account.email, other.email]
    free = ask(api.as_(account))

    assert taken.json == free.json
    assert log_in(api, other.email, PASSWORD).data["user"]["id"] == other.user_id


def test_an_address_that_was_taken_meanwhile(api: Api) -> None:
    account = make_customer()
    ask(api.as_(account))
    token = mailed_token(NEW)
    other = make_customer(email=NEW)

    assert verify(api, token, 409).code == "email_taken"

    assert log_in(api, NEW, PASSWORD).data["user"]["id"] == other.user_id
    log_in(api, account.email, PASSWORD)


def test_the_link_dies_after_its_hours(api: Api, clock: Clock) -> None:
    account = make_customer()
    ask(api.as_(account))
    token = mailed_token(NEW)

    clock.advance(hours=Policy().link_verification_hours)

    assert verify(api, token, 422).code == "invalid_link"


def test_only_the_last_address_that_was_asked_for_counts(api: Api) -> None:
    account = make_customer()
    ask(api.as_(account), "mistyped@example.com")
    mistyped = mailed_token("mistyped@example.com")
    ask(api.as_(account))

    assert verify(api, mistyped, 422).code == "invalid_link"
    verify(api, mailed_token(NEW))


def test_an_old_link_does_not_bring_the_former_address_back(api: Api) -> None:
    mine = api.as_(register(api, password=PASSWORD)["access_token"])
    first = mailed_token("asha.rao@example.com")
    ask(mine)
    verify(api, mailed_token(NEW))

    assert verify(api, first, 422).code == "invalid_link"
    assert mine.get("/api/auth/me").data["user"]["email"] == NEW


def test_a_new_password_stops_a_change_of_address_under_way(api: Api) -> None:
    """The old address is warned so that its owner can stop it: whoever knew the password loses."""
    account = make_customer()
    ask(api.as_(account), "thief@example.com")
    stolen = mailed_token("thief@example.com")

    api.post("/api/auth/forgot-password", {"email": account.email}, status=202)
    body = {"token": mailed_token(account.email), "new_password": "Narmada-Tapi-9"}
    api.post("/api/auth/reset-password", body)

    assert verify(api, stolen, 422).code == "invalid_link"
    log_in(api, account.email, "Narmada-Tapi-9")


def test_a_changed_password_leaves_the_first_verification(api: Api) -> None:
    mine = api.as_(register(api, password=PASSWORD)["access_token"])
    token = mailed_token("asha.rao@example.com")
    mine.post(
        "/api/auth/change-password",
        {"current_password": PASSWORD, "new_password": "Narmada-Tapi-9"},
    )

    verify(api, token)


def test_verify_email_of_a_deactivated_account(api: Api) -> None:
    account = make_customer()
    ask(api.as_(account))
    token = mailed_token(NEW)
    with session():
        User[account.user_id].is_active = False

    assert verify(api, token, 422).code == "invalid_link"


@pytest.mark.parametrize("new", ["x", "a@b", "a@example.com\r\nBcc: x@y.z", "", "ä@example.com"])
def test_change_email_to_what_is_no_address(api: Api, new: str) -> None:
    refused = ask(api.as_(make_customer()), new, status=422)

    assert refused.error["details"][0]["field"] == "new_email"
    assert letters() == []
