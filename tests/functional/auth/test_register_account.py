"""register_account: user and profile in one transaction, logged in at once."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import Builder, Customer, OutgoingMail, Session, User
from realty.db.session import session
from tests.client import Api
from tests.factories import make_builder, make_customer
from tests.functional.auth.people import builder_body, customer_body, log_in, register
from tests.mailbox import letters, mailed_token


def rows() -> dict[str, int]:
    """How many rows a registration could leave behind."""
    with session():
        entities = (User, Builder, Customer, Session, OutgoingMail)
        return {entity.__name__: entity.select().count() for entity in entities}


def test_a_customer_registers_and_is_logged_in(api: Api) -> None:
    answer = api.post("/api/auth/register", customer_body(), status=201)

    user, profile = answer.data["user"], answer.data["profile"]
    assert answer.headers["Location"] == "/api/auth/me"
    assert user["email"] == "asha.rao@example.com"
    assert user["full_name"] == "Asha Rao"
    assert user["user_type"] == "customer"
    assert (user["customer_id"], user["builder_id"]) == (profile["id"], None)
    assert user["is_active"] is True
    assert user["is_verified"] is False
    assert (user["locale"], user["timezone"]) == ("en-IN", "Asia/Kolkata")
    assert profile["phone"] == "+919845012345"
    assert profile["preferred_contact_method"] == "email"
    assert answer.data["token_type"] == "Bearer"
    assert answer.data["expires_in"] == 900

    me = api.as_(answer.data["access_token"]).get("/api/auth/me").data
    assert me == {"user": user, "profile": profile}
    assert rows() == {"User": 1, "Builder": 0, "Customer": 1, "Session": 1, "OutgoingMail": 1}


def test_a_builder_registers_with_what_only_its_owner_sees(api: Api) -> None:
    data = {
        **builder_body()["builder_data"],
        "gstin": "29ABCDE1234F1Z5",
        "pan": "ABCDE1234F",
        "phone": "080 4123 4567",
    }
    body = builder_body(builder_data=data, timezone="Asia/Dubai", locale="hi-IN")

    answer = api.post("/api/auth/register", body, status=201).data

    user, profile = answer["user"], answer["profile"]
    assert user["full_name"] == "Prakriti Homes"
    assert (user["builder_id"], user["customer_id"]) == (profile["id"], None)
    assert (user["locale"], user["timezone"]) == ("hi-IN", "Asia/Dubai")
    assert (profile["pan"], profile["gstin"]) == ("ABCDE1234F", "29ABCDE1234F1Z5")
    assert profile["phone"] == "+918041234567"
    assert (profile["verified"], profile["rating"], profile["total_projects"]) == (False, "0.00", 0)
    public = api.get(f"/api/builders/{profile['id']}").data["builder"]
    assert not {"pan", "gstin", "email"} & public.keys()


def test_the_link_that_verifies_the_address_is_mailed(api: Api) -> None:
    register(api)

    (letter,) = letters()
    assert letter.recipient == "asha.rao@example.com"
    assert "/verify-email?token=" in letter.text


@pytest.mark.parametrize(
    "spelling", ["Asha.Rao@Example.com", "ASHA.RAO@EXAMPLE.COM", "asha.rao@example.COM"]
)
def test_one_address_in_any_case_is_one_account(api: Api, spelling: str) -> None:
    register(api, email=spelling)

    again = api.post("/api/auth/register", customer_body(), status=409)

    assert again.code == "email_taken"
    assert log_in(api, "asha.rao@EXAMPLE.com").data["user"]["email"] == "asha.rao@example.com"


@pytest.mark.parametrize(
    "email",
    [
        " asha.rao@example.com",
        "asha.rao@example.com ",
        "\u0430sha.rao@example.com",  # a Cyrillic a
        "\uff41sha.rao@example.com",  # a full-width a
        "asha.rao@ex\u00e4mple.com",
        "asha.rao@example.com\n",
        "asha.rao@example",
        "asha..rao@example.com",
        "a@b@example.com",
        "",
        "x" * 250 + "@example.com",
    ],
)
def test_what_could_pass_for_another_address_is_refused(api: Api, email: str) -> None:
    register(api)
    before = rows()

    refused = api.post("/api/auth/register", customer_body(email=email), status=422)

    assert refused.code == "validation_error"
    assert rows() == before


def test_a_taken_licence_leaves_nothing_behind(api: Api) -> None:
    make_builder(license_number="KA-BLD-2019-0042")
    before = rows()

    refused = api.post("/api/auth/register", builder_body(), status=409)

    assert refused.code == "license_taken"
    assert rows() == before


def test_an_address_of_any_kind_of_account_is_taken(api: Api) -> None:
    email = make_customer().email

    assert api.post("/api/auth/register", builder_body(email=email), status=409).code == (
        "email_taken"
    )


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"customer_data": None}, "customer_data"),
        ({"user_type": "builder"}, "builder_data"),
        ({"builder_data": builder_body()["builder_data"]}, "builder_data"),
        ({"user_type": "admin"}, "user_type"),
        ({"timezone": "Asia/Bangalore"}, "timezone"),
        ({"full_name": "   "}, "full_name"),
        ({"email": None}, "email"),
        ({"password": 12345678}, "password"),
    ],
)
def test_a_body_that_fits_no_kind_of_account(api: Api, over: dict[str, Any], field: str) -> None:
    refused = api.post("/api/auth/register", customer_body(**over), status=422)

    assert refused.code == "validation_error"
    assert field in {detail["field"] for detail in refused.error["details"]}
    assert rows()["User"] == 0


def test_a_registration_without_any_profile(api: Api) -> None:
    body = customer_body()
    del body["customer_data"]

    refused = api.post("/api/auth/register", body, status=422)

    assert refused.error["details"] == [
        {"field": "customer_data", "message": "is required for a customer"}
    ]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"phone": "12345678"}, "phone"),
        ({"phone": "call me"}, "customer_data.phone"),
        ({"date_of_birth": "2999-01-01"}, "date_of_birth"),
        ({"date_of_birth": "1990-02-30"}, "customer_data.date_of_birth"),
        ({"first_name": "\u00a0"}, "customer_data.first_name"),
        ({"pan": "abcde1234f"}, "customer_data.pan"),
        ({"rating": "5.00"}, "customer_data.rating"),
    ],
)
def test_a_profile_with_a_wrong_field(api: Api, data: dict[str, Any], field: str) -> None:
    profile = {**customer_body()["customer_data"], **data}

    refused = api.post("/api/auth/register", customer_body(customer_data=profile), status=422)

    assert [detail["field"] for detail in refused.error["details"]] == [field]


def test_register_account_ignores_a_bad_token(api: Api) -> None:
    api.as_("nonsense").post("/api/auth/register", customer_body(), status=201)


def test_names_are_kept_as_they_are_written(api: Api) -> None:
    data = {"first_name": "  Śāntā <script>", "last_name": "राव \U0001f3e1"}

    profile = register(api, customer_data=data)["profile"]

    assert profile["first_name"] == "Śāntā <script>"
    assert profile["last_name"] == "राव \U0001f3e1"


def test_verify_email_works_once(api: Api) -> None:
    account = register(api)
    token = mailed_token("asha.rao@example.com")

    api.post("/api/auth/verify-email", {"token": token}, status=200)

    assert api.as_(account["access_token"]).get("/api/auth/me").data["user"]["is_verified"] is True
    again = api.post("/api/auth/verify-email", {"token": token}, status=422)
    assert again.code == "invalid_link"
