"""list_customers, get_customer and update_my_customer: who may see whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from realty.db import Appointment, Conversation, Invitation
from realty.db.session import session
from tests.client import Api
from tests.deployment import CLOCK
from tests.factories import (
    BuilderAccount,
    CustomerAccount,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.queries import queries

PAN = "ABCDE1234F"
MASKED = "ABCDE****F"

Join = Callable[[BuilderAccount, CustomerAccount], None]


def by_booking(builder: BuilderAccount, customer: CustomerAccount) -> None:
    make_booking(make_unit(make_project(builder)), customer, status="expired")


def by_invitation(builder: BuilderAccount, customer: CustomerAccount) -> None:
    with session():
        Invitation(
            builder=builder.builder_id,
            email=customer.email,
            token_hash=f"hash of {customer.customer_id}",
            customer=customer.customer_id,
            expires_at=CLOCK.now(),
            accepted_at=CLOCK.now(),
        )


def by_message(builder: BuilderAccount, customer: CustomerAccount) -> None:
    with session():
        Conversation(
            customer=customer.customer_id,
            builder=builder.builder_id,
            last_message_time=CLOCK.now(),
        )


def by_visit(builder: BuilderAccount, customer: CustomerAccount) -> None:
    project = make_project(builder)
    with session():
        Appointment(
            customer=customer.customer_id,
            project=project.id,
            appointment_type="site_visit",
            appointment_date=CLOCK.now() + timedelta(days=2),
            status="scheduled",
            meeting_location="site",
            created_by="customer",
        )


def listed(api: Api, **params: Any) -> list[int]:
    """The ids of a page of customers."""
    return [each["id"] for each in api.get("/api/customers", params).data["customers"]]


@pytest.mark.parametrize("join", [by_booking, by_invitation, by_message, by_visit])
def test_a_builder_sees_a_customer_once_joined(api: Api, join: Join) -> None:
    builder, rival, customer = make_builder(), make_builder(), make_customer()
    path = f"/api/customers/{customer.customer_id}"
    assert api.as_(builder).get(path, status=404).code == "not_found"
    assert listed(api.as_(builder)) == []

    join(builder, customer)

    assert api.as_(builder).get(path).data["customer"]["id"] == customer.customer_id
    assert listed(api.as_(builder)) == [customer.customer_id]
    assert listed(api.as_(builder), q=customer.email) == [customer.customer_id]
    assert api.as_(rival).get(path, status=404).code == "not_found"
    assert listed(api.as_(rival)) == []


def test_an_invitation_that_nobody_accepted_joins_nobody(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    body = {"email": customer.email, "first_name": "A", "last_name": "B"}
    api.as_(builder).post("/api/customers/invitations", body, status=201)

    api.as_(builder).get(f"/api/customers/{customer.customer_id}", status=404)
    assert listed(api.as_(builder)) == []


def test_get_customer_by_every_role(api: Api) -> None:
    builder, customer = make_builder(), make_customer(pan=PAN)
    by_booking(builder, customer)
    path = f"/api/customers/{customer.customer_id}"

    assert api.as_(customer).get(path).data["customer"]["pan"] == PAN
    for caller in (builder, make_admin()):
        answer = api.as_(caller).get(path)
        assert answer.data["customer"]["pan"] == MASKED
        assert PAN.encode() not in answer.body
        assert answer.headers["Cache-Control"] == "no-store"
    assert api.as_(make_customer()).get(path, status=404).code == "not_found"
    assert api.get(path, status=401).code == "authentication_required"


def test_list_customers_masks_the_pan(api: Api) -> None:
    builder, customer = make_builder(), make_customer(pan=PAN)
    by_booking(builder, customer)

    for caller in (builder, make_admin()):
        answer = api.as_(caller).get("/api/customers")
        assert [each["pan"] for each in answer.data["customers"]] == [MASKED]
        assert PAN.encode() not in answer.body
        # Nor does anything tell whether a guess at the hidden part was right.
        assert listed(api.as_(caller), q=PAN) == []


def test_a_foreign_customer_is_answered_like_an_absent_one(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    with queries() as of_foreign:
        foreign = api.as_(builder).get(f"/api/customers/{customer.customer_id}", status=404)
    with queries() as of_absent:
        absent = api.as_(builder).get("/api/customers/2147483647", status=404)

    assert {**foreign.error, "request_id": ""} == {**absent.error, "request_id": ""}
    assert len(of_foreign) == len(of_absent)


def test_list_customers_by_every_role(api: Api) -> None:
    builder, mine, other = make_builder(), make_customer(), make_customer()
    by_booking(builder, mine)

    assert listed(api.as_(builder)) == [mine.customer_id]
    assert set(listed(api.as_(make_admin()))) == {mine.customer_id, other.customer_id}
    assert api.as_(mine).get("/api/customers", status=403).code == "forbidden"
    assert api.get("/api/customers", status=401).code == "authentication_required"


def test_list_customers_searches_name_address_and_phone(api: Api) -> None:
    builder = make_builder()
    asha = make_customer(
        first_name="Asha", last_name="Rao", email="asha@example.com", phone="+919845012345"
    )
    ravi = make_customer(
        first_name="Ravi", last_name="Iyer", email="r_i@example.com", phone="+919900000001"
    )
    stranger = make_customer(first_name="Asha", last_name="Rao", phone="+919845099999")
    for customer in (asha, ravi):
        by_message(builder, customer)
    mine = api.as_(builder)

    assert listed(mine, q="asha RAO") == [asha.customer_id]
    assert listed(mine, q="a r") == [asha.customer_id]
    assert listed(mine, q="R_I@EXAMPLE") == [ravi.customer_id]
    assert listed(mine, q="+91984501") == [asha.customer_id]
    assert listed(mine, q="+91984509") == []
    assert listed(mine, q="%") == []
    assert listed(api.as_(make_admin()), q="+91984509") == [stranger.customer_id]


def test_list_customers_of_a_project(api: Api) -> None:
    builder, rival, customer = make_builder(), make_builder(), make_customer()
    project, empty, foreign = make_project(builder), make_project(builder), make_project(rival)
    make_booking(make_unit(project), customer, status="cancelled")
    make_booking(make_unit(foreign), customer)
    by_message(builder, make_customer())
    mine = api.as_(builder)

    assert listed(mine, project_id=project.id) == [customer.customer_id]
    assert listed(mine, project_id=empty.id) == []
    for absent in (foreign.id, 2147483647):
        refused = mine.get("/api/customers", {"project_id": absent}, status=404)
        assert refused.code == "not_found"
    admin = api.as_(make_admin())
    assert listed(admin, project_id=foreign.id) == [customer.customer_id]
    admin.get("/api/customers", {"project_id": 2147483647}, status=404)


def test_list_customers_sorts_and_pages_in_bounded_queries(api: Api) -> None:
    builder = make_builder()
    made = [
        make_customer(first_name=first, last_name=last)
        for first, last in [("B", "A"), ("A", "B"), ("A", "A")]
    ]
    for customer in made:
        by_message(builder, customer)
    mine = api.as_(builder)
    ids = [customer.customer_id for customer in made]

    assert listed(mine) == ids[::-1]
    assert listed(mine, sort="created_at") == ids
    assert listed(mine, sort="name") == [ids[2], ids[1], ids[0]]
    assert listed(mine, sort="-name") == ids
    with queries() as of_one:
        listed(mine, limit=1)
    with queries() as of_three:
        listed(mine, limit=3)
    assert len(of_three) == len(of_one)
    assert listed(mine, limit=2, page=2, sort="created_at") == ids[2:]


@pytest.mark.parametrize("sort", ["pan", "password_hash", "phone", "user.email", "id; --"])
def test_list_customers_has_no_hidden_order(api: Api, sort: str) -> None:
    refused = api.as_(make_builder()).get("/api/customers", {"sort": sort}, status=422)

    assert refused.error["details"][0]["field"] == "sort"


def test_update_my_customer(api: Api) -> None:
    customer = make_customer()
    mine = api.as_(customer)
    changes = {
        "first_name": "Asha",
        "last_name": "Rao",
        "phone": "098450 12345",
        "address": "1 MG Road",
        "date_of_birth": "1990-05-17",
        "occupation": "Architect",
        "preferred_contact_method": "whatsapp",
        "pan": PAN,
    }

    answer = mine.patch("/api/customers/me", changes)

    profile = answer.data["customer"]
    assert {name: profile[name] for name in changes} == {**changes, "phone": "+919845012345"}
    read = mine.get(f"/api/customers/{customer.customer_id}")
    assert read.data["customer"] == profile == mine.get("/api/auth/me").data["profile"]
    assert read.headers["ETag"] == answer.headers["ETag"]
    cleared = mine.patch("/api/customers/me", {"pan": None, "date_of_birth": None})
    assert cleared.data["customer"]["pan"] is None
    assert cleared.data["customer"]["occupation"] == "Architect"


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": None},
        {"first_name": " "},
        {"last_name": ""},
        {"address": "\t"},
        {"date_of_birth": "2999-01-01"},
        {"date_of_birth": "1990-13-01"},
        {"pan": MASKED},
        {"pan": "abcde1234f"},
        {"preferred_contact_method": "pigeon"},
        {"phone": "12"},
        {"user_id": 1},
        {"id": 1},
        {"email": "x@example.com"},
    ],
)
def test_update_my_customer_refuses_a_wrong_field(api: Api, changes: dict[str, Any]) -> None:
    customer = make_customer()
    before = api.as_(customer).get("/api/auth/me").data

    refused = api.as_(customer).patch("/api/customers/me", changes, status=422)

    assert refused.code == "validation_error"
    assert {detail["field"] for detail in refused.error["details"]} == set(changes)
    assert api.as_(customer).get("/api/auth/me").data == before


def test_update_my_customer_with_the_tag_of_what_was_read(api: Api) -> None:
    customer = make_customer()
    mine = api.as_(customer)
    sent = {
        "If-Match": mine.get(f"/api/customers/{customer.customer_id}").headers["ETag"],
    }

    mine.patch("/api/customers/me", {"occupation": "Architect"}, headers=sent)
    stale = mine.patch("/api/customers/me", {"occupation": "X"}, headers=sent, status=412)

    assert stale.code == "stale_version"


def test_update_my_customer_is_for_customers(api: Api) -> None:
    for caller in (make_builder(), make_admin()):
        refused = api.as_(caller).patch("/api/customers/me", {"occupation": "x"}, status=403)
        assert refused.code == "forbidden"
    assert api.patch("/api/customers/me", {"occupation": "x"}, status=401).code == (
        "authentication_required"
    )


def test_get_customer_is_not_sent_again_while_nothing_changed(api: Api) -> None:
    customer = make_customer()
    path = f"/api/customers/{customer.customer_id}"
    tag = api.as_(customer).get(path).headers["ETag"]

    assert api.as_(customer).get(path, headers={"If-None-Match": tag}, status=304).body == b""
