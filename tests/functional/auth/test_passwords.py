"""change_password, forgot_password and reset_password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.db import OneTimeToken, OutgoingMail, User
from realty.db.session import session
from realty.rules.policy import Policy
from realty.services import links
from tests.client import Answer, Api
from tests.deployment import Clock
from tests.factories import PASSWORD, Account, make_admin, make_builder, make_customer
from tests.functional.auth.people import customer_body, log_in, refresh
from tests.mailbox import letters, mailed_token

NEW = "Narmada-Tapi-9"
OPEN_MINUTES = Policy().link_reset_minutes

WEAK = {
    "seven characters": "Abcdef7",
    "73 bytes": "x" * 73,
    "71 characters and an emoji": "x" * 71 + "\U0001f3e1",
    "spaces": " " * 12,
    "white space of other kinds": "\t\u00a0\u3000" * 4,
    "the address": "asha.rao@example.com",
    "the address in capitals": "ASHA.RAO@EXAMPLE.COM",
}

each_weak = pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK)


def change(api: Api, current: str, new: str, status: int = 200) -> Answer:
    body = {"current_password": current, "new_password": new}
    return api.post("/api/auth/change-password", body, status=status)


def reset(api: Api, token: str, new: str = NEW, status: int = 200) -> Answer:
    body = {"token": token, "new_password": new}
    return api.post("/api/auth/reset-password", body, status=status)


def forget(api: Api, email: str) -> Answer:
    return api.post("/api/auth/forgot-password", {"email": email}, status=202)


def reset_token(api: Api, account: Account) -> str:
    forget(api, account.email)
    return mailed_token(account.email)


@pytest.mark.parametrize("make", [make_customer, make_builder, make_admin])
def test_change_password_ends_every_other_login(api: Api, make: Any) -> None:
    account = make()
    elsewhere = log_in(api, account.email, PASSWORD).data

    fresh = change(api.as_(account), PASSWORD, NEW).data

    api.as_(account).get("/api/auth/me", status=401)
    api.as_(elsewhere["access_token"]).get("/api/auth/me", status=401)
    refresh(api, elsewhere["refresh_token"], 401)
    assert api.as_(fresh["access_token"]).get("/api/auth/me").status == 200
    refresh(api, fresh["refresh_token"])
    log_in(api, account.email, PASSWORD, 401)
    log_in(api, account.email, NEW)


def test_change_password_needs_the_current_one(api: Api) -> None:
    account = make_customer()

    refused = change(api.as_(account), "not-the-password", NEW, 401)

    assert refused.code == "invalid_credentials"
    assert api.as_(account).get("/api/auth/me").status == 200
    log_in(api, account.email, PASSWORD)
    assert change(api, PASSWORD, NEW, 401).code == "authentication_required"


def test_change_password_to_the_same_one(api: Api) -> None:
    refused = change(api.as_(make_customer()), PASSWORD, PASSWORD, 422)

    assert refused.code == "weak_password"
    assert refused.error["details"][0]["field"] == "new_password"


@each_weak
def test_every_way_to_set_a_password_refuses_a_weak_one(api: Api, weak: str) -> None:
    account = make_customer(email="asha.rao@example.com")
    token = reset_token(api, account)

    refused = [
        change(api.as_(account), PASSWORD, weak, 422),
        reset(api, token, weak, 422),
        api.post("/api/auth/register", customer_body(password=weak), status=422),
    ]

    assert {answer.code for answer in refused} == {"weak_password"}
    assert [answer.error["details"][0]["field"] for answer in refused] == [
        "new_password",
        "new_password",
        "password",
    ]
    # Refused is refused: the account is as it was, and the link still works.
    log_in(api, account.email, PASSWORD)
    reset(api, token)


def test_a_password_of_72_bytes_counts_whole(api: Api) -> None:
    longest = "ā" * 36
    account = make_customer()
    change(api.as_(account), PASSWORD, longest)

    log_in(api, account.email, longest)
    log_in(api, account.email, longest + "x", 401)
    log_in(api, account.email, "ā" * 35 + "ab", 401)


def test_a_password_may_begin_and_end_with_spaces(api: Api) -> None:
    account = make_customer()
    change(api.as_(account), PASSWORD, " with spaces ")

    log_in(api, account.email, " with spaces ")
    log_in(api, account.email, "with spaces", 401)


def test_forgot_password_says_the_same_to_everybody(api: Api) -> None:
    known, gone = make_customer(), make_customer(is_active=False)

    answers = [forget(api, email).json for email in (known.email, gone.email, "x@example.com")]

    assert answers[0] == answers[1] == answers[2]
    assert [letter.recipient for letter in letters()] == [known.email]


def test_forgot_password_in_another_spelling(api: Api) -> None:
    account = make_customer()
    forget(api, account.email.upper())

    assert letters(account.email)


def test_forgot_password_does_not_flood_a_mailbox(api: Api) -> None:
    account = make_customer()
    for _ in range(5):
        forget(api, account.email)
    forget(api, "another@example.com")

    with session():
        assert OutgoingMail.select().count() == 2
    assert len(letters(account.email)) == 1
    forget(api, account.email)
    assert len(letters(account.email)) == 1


def test_a_reset_link_is_kept_as_a_hash_only(api: Api) -> None:
    account = make_customer()
    token = reset_token(api, account)

    with session():
        (kept,) = OneTimeToken.select()
        assert kept.token_hash == links.fingerprint(token)
        assert [mail.link for mail in OutgoingMail.select()] == [None]


def test_reset_password_ends_all_logins_and_verifies_the_address(api: Api) -> None:
    account = make_customer(is_verified=False)
    elsewhere = log_in(api, account.email, PASSWORD).data

    reset(api, reset_token(api, account))

    api.as_(account).get("/api/auth/me", status=401)
    refresh(api, elsewhere["refresh_token"], 401)
    log_in(api, account.email, PASSWORD, 401)
    assert log_in(api, account.email, NEW).data["user"]["is_verified"] is True


def test_reset_password_lifts_a_lock(api: Api, clock: Clock) -> None:
    account = make_customer()
    with session():
        User[account.user_id].locked_until = clock.now() + timedelta(minutes=15)
    log_in(api, account.email, PASSWORD, 401)

    reset(api, reset_token(api, account))

    log_in(api, account.email, NEW)


def test_reset_password_gives_an_invited_account_its_first_one(api: Api) -> None:
    account = make_customer(password_hash=None)

    reset(api, reset_token(api, account))

    log_in(api, account.email, NEW)


def test_a_reset_link_works_once(api: Api) -> None:
    account = make_customer()
    token = reset_token(api, account)
    reset(api, token)

    assert reset(api, token, "Another-Password-1", 422).code == "invalid_link"
    log_in(api, account.email, NEW)


def test_a_reset_link_dies_with_its_hour(api: Api, clock: Clock) -> None:
    account = make_customer()
    token = reset_token(api, account)

    clock.advance(minutes=OPEN_MINUTES)

    assert reset(api, token, NEW, 422).code == "invalid_link"
    log_in(api, account.email, PASSWORD)


def test_one_reset_ends_the_other_links(api: Api) -> None:
    account = make_customer()
    first, second = reset_token(api, account), reset_token(api, account)
    reset(api, second)

    assert reset(api, first, "Another-Password-1", 422).code == "invalid_link"


def test_a_changed_password_ends_a_reset_link(api: Api) -> None:
    account = make_customer()
    token = reset_token(api, account)
    change(api.as_(account), PASSWORD, NEW)

    assert reset(api, token, "Another-Password-1", 422).code == "invalid_link"


def test_a_reset_link_is_for_its_user_only(api: Api) -> None:
    mine, other = make_customer(), make_customer()
    reset(api, reset_token(api, mine))

    log_in(api, mine.email, NEW)
    log_in(api, other.email, PASSWORD)
    log_in(api, other.email, NEW, 401)


def test_a_reset_link_to_a_former_address_is_dead(api: Api) -> None:
    account = make_customer()
    token = reset_token(api, account)
    with session():
        User[account.user_id].email = "moved@example.com"

    assert reset(api, token, NEW, 422).code == "invalid_link"
    log_in(api, "moved@example.com", PASSWORD)


def test_a_reset_link_of_a_deactivated_account_is_dead(api: Api) -> None:
    account = make_customer()
    token = reset_token(api, account)
    with session():
        User[account.user_id].is_active = False

    assert reset(api, token, NEW, 422).code == "invalid_link"


def test_a_guess_is_no_link(api: Api) -> None:
    account = make_customer()
    token = reset_token(api, account)
    with session():
        (stored,) = OneTimeToken.select()
        digest = stored.token_hash

    for guess in ("x", "0" * 43, token[:-1], token + "A", token.swapcase(), digest, "' OR 1=1 --"):
        assert reset(api, guess, NEW, 422).code == "invalid_link"
    reset(api, token)


def test_a_link_to_verify_does_not_reset(api: Api, clock: Clock) -> None:
    account = make_customer()
    with session():
        token = links.issue(
            account.user_id,
            "verify_email",
            lifetime=timedelta(hours=1),
            now=clock.now(),
            email=account.email,
        )

    assert reset(api, token, NEW, 422).code == "invalid_link"
    api.post("/api/auth/verify-email", {"token": reset_token(api, account)}, status=422)
