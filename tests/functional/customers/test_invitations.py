"""invite_customer and accept_invitation: how a builder comes to know a walk-in."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import Customer, Invitation, User
from realty.db.session import session
from realty.rules.policy import Policy
from realty.services import links
from tests.client import Answer, Api
from tests.deployment import Clock
from tests.factories import (
    PASSWORD,
    BuilderAccount,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.auth.people import log_in
from tests.mailbox import letters, mailed_token

WALK_IN = "walk.in@example.com"


def invite(
    api: Api, builder: BuilderAccount, email: str = WALK_IN, status: int = 201, **over: Any
) -> Answer:
    body = {"email": email, "first_name": "Ravi", "last_name": "Iyer", **over}
    return api.as_(builder).post("/api/customers/invitations", body, status=status)


def accept(api: Api, token: str, status: int = 200, password: str | None = None) -> Answer:
    body = {"token": token} | ({} if password is None else {"password": password})
    return api.post("/api/invitations/accept", body, status=status)


def joined(api: Api, builder: BuilderAccount) -> list[int]:
    """The ids of the customers that the builder may name."""
    rows = api.as_(builder).get("/api/customers").data["customers"]
    return [row["id"] for row in rows]


def test_an_unknown_address_gets_an_account_joined_at_once(api: Api, clock: Clock) -> None:
    builder = make_builder()

    answer = invite(api, builder, "Walk.In@Example.com", phone="098450 12345")

    invitation = answer.data["invitation"]
    customer = invitation["customer"]
    assert (invitation["status"], invitation["email"]) == ("joined", WALK_IN)
    assert customer["phone"] == "+919845012345"
    assert answer.headers["Location"] == f"/api/customers/{customer['id']}"
    assert api.as_(builder).get(answer.headers["Location"]).status == 200
    assert joined(api, builder) == [customer["id"]]
    assert joined(api, make_builder()) == []
    with session():
        user = User.get(email=WALK_IN)
        assert (user.password_hash, user.is_verified, user.user_type) == (None, False, "customer")
    (letter,) = letters(WALK_IN)
    assert "/invitations/accept?token=" in letter.text


def test_the_invited_sets_a_password_and_is_verified(api: Api) -> None:
    builder = make_builder()
    invite(api, builder)
    token = mailed_token(WALK_IN)
    log_in(api, WALK_IN, PASSWORD, 401)

    missing = accept(api, token, 422)
    assert missing.error["details"][0]["field"] == "password"
    weak = accept(api, token, 422, "short")
    assert weak.code == "weak_password"
    answer = accept(api, token, password=PASSWORD)

    assert answer.data["invitation"]["status"] == "accepted"
    assert answer.data["builder"]["id"] == builder.builder_id
    assert log_in(api, WALK_IN, PASSWORD).data["user"]["is_verified"] is True
    assert accept(api, token, 422, PASSWORD).code == "invalid_link"


def test_a_known_customer_is_asked_and_joined_on_accepting(api: Api) -> None:
    builder, customer = make_builder(), make_customer()

    answer = invite(api, builder, customer.email, phone="098450 12345")

    invitation = answer.data["invitation"]
    assert (invitation["status"], invitation["customer"]) == ("requested", None)
    assert answer.headers["Location"] == "/api/customers"
    assert joined(api, builder) == []
    with session():
        kept = Customer[customer.customer_id]
        assert kept.phone != "+919845012345"
        assert kept.first_name != "Ravi"

    accept(api, mailed_token(customer.email))

    assert joined(api, builder) == [customer.customer_id]
    log_in(api, customer.email, PASSWORD)


def test_nothing_tells_a_builder_which_kind_of_account_an_address_has(api: Api) -> None:
    builder = make_builder()
    deactivated = make_customer(is_active=False)
    known = [make_customer(), make_builder(), make_admin(), deactivated]

    answers = [invite(api, builder, account.email).data["invitation"] for account in known]

    assert {answer["status"] for answer in answers} == {"requested"}
    assert {answer["customer"] for answer in answers} == {None}


def test_only_a_customer_can_be_joined(api: Api) -> None:
    builder = make_builder()
    for account in (make_builder(), make_admin(), make_customer(is_active=False)):
        invite(api, builder, account.email)
        assert accept(api, mailed_token(account.email), 422).code == "invalid_link"
    assert joined(api, builder) == []


def test_a_password_is_not_changed_by_an_invitation(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    invite(api, builder, customer.email)

    refused = accept(api, mailed_token(customer.email), 422, "Another-Password-1")

    assert refused.error["details"][0]["field"] == "password"
    log_in(api, customer.email, PASSWORD)
    assert joined(api, builder) == []


def test_a_caller_accepts_only_what_was_mailed_to_himself(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    invite(api, builder, customer.email)
    token = mailed_token(customer.email)

    for other in (make_customer(), builder, make_admin()):
        assert accept(api.as_(other), token, 422).code == "invalid_link"
    assert accept(api.as_("nonsense"), token, 401).code == "invalid_token"
    assert joined(api, builder) == []
    accept(api.as_(customer), token)
    assert joined(api, builder) == [customer.customer_id]


def test_inviting_again_mails_a_new_link_and_the_earlier_one_dies(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    for email, password in ((WALK_IN, PASSWORD), (customer.email, None)):
        first = invite(api, builder, email).data["invitation"]["id"]
        old = mailed_token(email)
        second = invite(api, builder, email).data["invitation"]["id"]
        new = mailed_token(email)

        assert first == second
        assert accept(api, old, 422, password).code == "invalid_link"
        accept(api, new, password=password)
    with session():
        assert Invitation.select().count() == 2


def test_a_joined_customer_who_can_log_in_is_not_invited_again(api: Api) -> None:
    builder, customer, buyer = make_builder(), make_customer(), make_customer()
    invite(api, builder, customer.email)
    accept(api, mailed_token(customer.email))
    make_booking(make_unit(make_project(builder)), buyer)

    for account in (customer, buyer):
        assert invite(api, builder, account.email, 409).code == "conflict"
    assert letters() == []


def test_two_builders_invite_one_walk_in(api: Api) -> None:
    first, second = make_builder(), make_builder()
    invite(api, first)
    letters()
    answer = invite(api, second).data["invitation"]

    assert (answer["status"], answer["customer"]) == ("requested", None)
    assert joined(api, second) == []
    accept(api, mailed_token(WALK_IN), password=PASSWORD)
    assert joined(api, second) == joined(api, first)


def test_a_link_dies_after_its_days(api: Api, clock: Clock) -> None:
    builder = make_builder()
    invite(api, builder)
    token = mailed_token(WALK_IN)

    clock.advance(days=Policy().invitation_days)

    assert accept(api, token, 422, PASSWORD).code == "invalid_link"


def test_an_address_that_passed_to_another_account_joins_nobody(api: Api) -> None:
    builder = make_builder()
    invited = invite(api, builder).data["invitation"]["customer"]["id"]
    token = mailed_token(WALK_IN)
    with session():
        User.get(email=WALK_IN).email = "moved@example.com"
    assert accept(api, token, 422, PASSWORD).code == "invalid_link"

    make_customer(email=WALK_IN)
    assert accept(api, token, 422).code == "invalid_link"

    assert joined(api, builder) == [invited]


def test_inviting_the_new_owner_of_an_address_makes_a_new_account(api: Api) -> None:
    builder = make_builder()
    first = invite(api, builder).data["invitation"]["customer"]["id"]
    with session():
        User.get(email=WALK_IN).email = "moved@example.com"

    second = invite(api, builder).data["invitation"]

    assert second["status"] == "joined"
    assert second["customer"]["id"] != first
    assert set(joined(api, builder)) == {first, second["customer"]["id"]}


def test_a_guess_is_no_invitation(api: Api) -> None:
    builder = make_builder()
    invite(api, builder)
    token = mailed_token(WALK_IN)
    for guess in ("x", token[:-1], token + "x", links.fingerprint(token), "' OR 1=1 --"):
        assert accept(api, guess, 422, PASSWORD).code == "invalid_link"


def test_invite_customer_is_for_builders(api: Api) -> None:
    body = {"email": WALK_IN, "first_name": "A", "last_name": "B"}
    for caller in (make_customer(), make_admin()):
        refused = api.as_(caller).post("/api/customers/invitations", body, status=403)
        assert refused.code == "forbidden"
    assert api.post("/api/customers/invitations", body, status=401).code == (
        "authentication_required"
    )
    assert letters() == []


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"first_name": " "}, "first_name"),
        ({"phone": "12345678"}, "phone"),
        ({"email": "a@b"}, "email"),
        ({"customer_id": 1}, "customer_id"),
        ({"builder_id": 1}, "builder_id"),
        ({"password": "Abcdefg1!"}, "password"),
    ],
)
def test_invite_customer_refuses_a_wrong_field(api: Api, over: dict[str, Any], field: str) -> None:
    builder = make_builder()
    body = {"email": WALK_IN, "first_name": "A", "last_name": "B", **over}

    refused = api.as_(builder).post("/api/customers/invitations", body, status=422)

    assert field in {detail["field"] for detail in refused.error["details"]}
    with session():
        assert Invitation.select().count() == 0


def test_no_name_breaks_into_a_mail_header(api: Api) -> None:
    builder = make_builder(company_name="Evil\r\nBcc: x@example.com")
    invite(api, builder)

    (letter,) = letters(WALK_IN)
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
