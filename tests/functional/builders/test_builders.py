"""list_builders, get_builder, update_my_builder and set_builder_verification."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from realty.db import Builder, StatusHistory, User
from realty.db.session import session
from tests.client import Api
from tests.factories import (
    BuilderAccount,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.queries import queries


def listed(api: Api, **params: Any) -> list[int]:
    """The ids of a page of builders."""
    return [each["id"] for each in api.get("/api/builders", params).data["builders"]]


def deactivate(builder: BuilderAccount) -> None:
    with session():
        User[builder.user_id].is_active = False


# --- list_builders -------------------------------------------------------------------------------


def test_list_builders_shows_the_active_ones_to_everybody(api: Api) -> None:
    first, second, gone = make_builder(), make_builder(), make_builder()
    deactivate(gone)

    for caller in (None, make_customer(), first, make_admin(), "a token that is none"):
        assert listed(api.as_(caller)) == [second.builder_id, first.builder_id]


def test_list_builders_tells_nothing_private(api: Api) -> None:
    make_builder(pan="ABCDE1234F", gstin="29ABCDE1234F1Z5")

    answer = api.get("/api/builders")

    assert b"ABCDE1234F" not in answer.body
    assert b"email" not in answer.body


def test_list_builders_narrows_by_city_of_published_projects(api: Api) -> None:
    here, hidden, elsewhere = make_builder(), make_builder(), make_builder()
    make_project(here, location_city="Bangalore")
    make_project(here, location_city="Bangalore")
    make_project(hidden, published=False, location_city="Bangalore")
    make_project(elsewhere, location_city="Pune")

    assert listed(api, city="bangaLORE") == [here.builder_id]
    assert listed(api, city="galor") == [here.builder_id]
    assert listed(api, city="%") == []


def test_list_builders_searches_name_and_description(api: Api) -> None:
    named = make_builder(company_name="Prakriti Homes")
    described = make_builder(company_name="Other", description="Partner of PRAKRITI since 1998.")
    make_builder(company_name="100% Homes", description=None)

    assert set(listed(api, q="prakriti")) == {named.builder_id, described.builder_id}
    assert len(listed(api, q="0%")) == 1
    assert listed(api, q="_rakriti") == []
    assert listed(api, q="'; --") == []


def test_list_builders_narrows_by_verification(api: Api) -> None:
    verified, other = make_builder(verified=True), make_builder()

    assert listed(api, verified=True) == [verified.builder_id]
    assert listed(api, verified=False) == [other.builder_id]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("created_at", [0, 1, 2]),
        ("-created_at", [2, 1, 0]),
        ("company_name", [2, 0, 1]),
        ("-company_name", [1, 0, 2]),
        ("-rating", [1, 2, 0]),
        ("-total_projects", [0, 2, 1]),
    ],
)
def test_list_builders_sorts(api: Api, sort: str, order: list[int]) -> None:
    ids = [
        make_builder(company_name=name, rating=Decimal(rating), total_projects=projects).builder_id
        for name, rating, projects in [("B", "1.00", 9), ("C", "4.50", 0), ("A", "3.00", 4)]
    ]

    assert listed(api, sort=sort) == [ids[place] for place in order]


def test_list_builders_pages_with_a_bounded_number_of_queries(api: Api) -> None:
    made = [make_builder().builder_id for _ in range(7)]
    with queries() as few:
        listed(api, limit=1, page=2)
    with queries() as many:
        assert listed(api, limit=3, page=2) == made[3:0:-1]

    assert len(many) == len(few)
    page = api.get("/api/builders", {"limit": 3, "page": 3}).data["pagination"]
    assert page == {
        "currentPage": 3,
        "totalPages": 3,
        "totalItems": 7,
        "hasNext": False,
        "hasPrev": True,
    }
    assert listed(api, page=4, limit=3) == []
    refused = api.get("/api/builders", {"page": 2_000_000_000}, status=422)
    assert refused.error["details"][0]["field"] == "page"


@pytest.mark.parametrize("query", ["sort=password_hash", "verified=1", "limit=101", "x=1", "q="])
def test_list_builders_refuses_what_the_contract_does_not_know(api: Api, query: str) -> None:
    assert api.get(f"/api/builders?{query}", status=422).code == "validation_error"


def test_list_builders_is_not_sent_again_while_nothing_changed(api: Api) -> None:
    builder = make_builder()
    answer = api.get("/api/builders")
    tag = answer.headers["ETag"]

    assert answer.headers["Cache-Control"] == "no-cache"
    assert api.get("/api/builders", headers={"If-None-Match": tag}, status=304).body == b""
    api.as_(builder).patch("/api/builders/me", {"description": "New."})
    api.get("/api/builders", headers={"If-None-Match": tag}, status=200)


# --- get_builder ---------------------------------------------------------------------------------


def test_get_builder_is_the_same_for_everybody(api: Api) -> None:
    builder = make_builder(pan="ABCDE1234F", gstin="29ABCDE1234F1Z5")
    path = f"/api/builders/{builder.builder_id}"

    answers = [
        api.as_(caller).get(path)
        for caller in (None, builder, make_builder(), make_customer(), make_admin(), "no token")
    ]

    assert {answer.body for answer in answers} == {answers[0].body}
    assert {answer.headers["ETag"] for answer in answers} == {answers[0].headers["ETag"]}
    assert not {"pan", "gstin", "email"} & answers[0].data["builder"].keys()
    tag = answers[0].headers["ETag"]
    assert api.get(path, headers={"If-None-Match": tag}, status=304).body == b""


def test_get_builder_of_a_deactivated_account_is_absent_for_all(api: Api) -> None:
    builder = make_builder()
    deactivate(builder)

    for caller in (None, make_customer(), make_admin()):
        gone = api.as_(caller).get(f"/api/builders/{builder.builder_id}", status=404)
        absent = api.as_(caller).get("/api/builders/2147483647", status=404)
        assert {**gone.error, "request_id": ""} == {**absent.error, "request_id": ""}


def test_a_deactivated_builder_sells_nothing(api: Api) -> None:
    """Its projects count as unpublished, also for a customer who holds a booking in one."""
    builder, holder, stranger = make_builder(), make_customer(), make_customer()
    project = make_project(builder)
    held, free = make_unit(project), make_unit(project)
    booking = make_booking(held, holder)
    deactivate(builder)

    for caller in (None, stranger, make_builder()):
        them = api.as_(caller)
        assert them.get("/api/projects").data["projects"] == []
        assert them.get("/api/units").data["units"] == []
        for path in (f"/api/projects/{project.id}", f"/api/units/{free.id}"):
            assert them.get(path, status=404).code == "not_found"
    mine = api.as_(holder)
    assert mine.get(f"/api/projects/{project.id}").status == 200
    assert mine.get(f"/api/bookings/{booking.id}").status == 200
    body = {"unit_id": free.id, "payment_plan": "full_payment"}
    assert mine.post("/api/bookings", body, status=409).code == "not_bookable"
    assert api.as_(stranger).post("/api/bookings", body, status=404).code == "not_found"
    assert api.as_(builder).get("/api/projects", status=401).code == "invalid_token"


# --- update_my_builder ---------------------------------------------------------------------------


def test_update_my_builder(api: Api) -> None:
    builder = make_builder()
    mine = api.as_(builder)
    changes = {
        "company_name": "Prakriti Homes",
        "license_number": "KA-BLD-2019-0042",
        "gstin": "29ABCDE1234F1Z5",
        "pan": "ABCDE1234F",
        "rera_promoter_id": "PRM/KA/RERA/1251",
        "phone": "080 4123 4567",
        "address": "14 Residency Road",
        "website": "https://prakritihomes.example",
        "description": "Homes beside water.",
    }

    answer = mine.patch("/api/builders/me", changes)

    profile = answer.data["builder"]
    assert {name: profile[name] for name in changes} == {**changes, "phone": "+918041234567"}
    assert profile["email"] == builder.email
    assert mine.get("/api/auth/me").data["profile"] == profile
    public = api.get(f"/api/builders/{builder.builder_id}")
    version = public.headers["ETag"].partition(".")[0]
    assert answer.headers["ETag"].partition(".")[0] == version
    cleared = mine.patch("/api/builders/me", {"website": None, "phone": None}).data["builder"]
    assert (cleared["website"], cleared["phone"]) == (None, None)
    assert cleared["description"] == "Homes beside water."


@pytest.mark.parametrize(
    "changes",
    [
        {"verified": True},
        {"rating": "5.00"},
        {"total_projects": 99},
        {"user_id": 1},
        {"company_name": None},
        {"company_name": " "},
        {"license_number": None},
        {"description": ""},
        {"address": "\u3000"},
        {"website": "javascript:alert(1)"},
        {"pan": "ABCDE****F"},
        {"gstin": "x"},
        {"phone": "0000000000"},
    ],
)
def test_update_my_builder_refuses_a_wrong_field(api: Api, changes: dict[str, Any]) -> None:
    builder = make_builder()
    before = api.get(f"/api/builders/{builder.builder_id}").data

    refused = api.as_(builder).patch("/api/builders/me", changes, status=422)

    assert refused.code == "validation_error"
    assert {detail["field"] for detail in refused.error["details"]} == set(changes)
    assert api.get(f"/api/builders/{builder.builder_id}").data == before


def test_update_my_builder_with_a_licence_of_another(api: Api) -> None:
    other, builder = make_builder(license_number="KA-1-2019"), make_builder()

    refused = api.as_(builder).patch(
        "/api/builders/me", {"license_number": "KA-1-2019"}, status=409
    )

    assert refused.code == "license_taken"
    api.as_(other).patch("/api/builders/me", {"license_number": "KA-1-2019"})


def test_update_my_builder_keeps_the_licence_that_was_verified(api: Api) -> None:
    builder = make_builder(license_number="KA-1-2019", verified=True)
    mine = api.as_(builder)

    assert mine.patch("/api/builders/me", {"license_number": "KA-2"}, status=409).code == "conflict"
    mine.patch("/api/builders/me", {"license_number": "KA-1-2019", "description": "Same."})


def test_update_my_builder_with_the_tag_of_what_was_read(api: Api) -> None:
    builder = make_builder()
    mine = api.as_(builder)
    read = api.get(f"/api/builders/{builder.builder_id}").headers["ETag"]
    sent = {"If-Match": read}

    changed = mine.patch("/api/builders/me", {"description": "1"}, headers=sent)
    stale = mine.patch("/api/builders/me", {"description": "2"}, headers=sent, status=412)

    assert stale.code == "stale_version"
    again = {"If-Match": changed.headers["ETag"]}
    mine.patch("/api/builders/me", {"description": "3"}, headers=again)


def test_update_my_builder_is_for_builders(api: Api) -> None:
    for caller in (make_customer(), make_admin()):
        refused = api.as_(caller).patch("/api/builders/me", {"description": "x"}, status=403)
        assert refused.code == "forbidden"
    refused = api.patch("/api/builders/me", {"description": "x"}, status=401)
    assert refused.code == "authentication_required"


# --- set_builder_verification --------------------------------------------------------------------


def test_set_builder_verification_and_its_history(api: Api) -> None:
    builder, admin = make_builder(), make_admin()
    path = f"/api/builders/{builder.builder_id}/verification"

    def verify(wanted: bool) -> Any:
        return api.as_(admin).patch(path, {"verified": wanted}).data["builder"]

    first = verify(True)
    assert first["verified"] is True
    assert first["verified_at"] is not None
    assert verify(True) == first
    taken_back = verify(False)
    assert (taken_back["verified"], taken_back["verified_at"]) == (False, None)
    with session():
        rows = StatusHistory.select(lambda h: h.entity == "builder").order_by(lambda h: h.id)
        assert [(h.entity_id, h.from_status, h.to_status, h.actor.id) for h in rows] == [
            (builder.builder_id, "unverified", "verified", admin.user_id),
            (builder.builder_id, "verified", "unverified", admin.user_id),
        ]


def test_set_builder_verification_reaches_a_deactivated_builder(api: Api) -> None:
    builder = make_builder(verified=True)
    deactivate(builder)

    api.as_(make_admin()).patch(
        f"/api/builders/{builder.builder_id}/verification", {"verified": False}
    )

    with session():
        assert Builder[builder.builder_id].verified is False


def test_set_builder_verification_with_a_stale_tag(api: Api) -> None:
    builder = make_builder()
    read = api.get(f"/api/builders/{builder.builder_id}").headers["ETag"]
    api.as_(builder).patch("/api/builders/me", {"company_name": "Another Name"})

    refused = api.as_(make_admin()).patch(
        f"/api/builders/{builder.builder_id}/verification",
        {"verified": True},
        headers={"If-Match": read},
        status=412,
    )

    assert refused.code == "stale_version"


def test_set_builder_verification_is_for_admins(api: Api) -> None:
    builder = make_builder()
    path = f"/api/builders/{builder.builder_id}/verification"

    for caller in (builder, make_builder(), make_customer()):
        assert api.as_(caller).patch(path, {"verified": True}, status=403).code == "forbidden"
    assert api.patch(path, {"verified": True}, status=401).code == "authentication_required"
    absent = "/api/builders/2147483647/verification"
    admin = api.as_(make_admin())
    assert admin.patch(absent, {"verified": True}, status=404).code == "not_found"
    assert admin.patch(path, {"verified": "yes"}, status=422).code == "validation_error"
    assert api.get(f"/api/builders/{builder.builder_id}").data["builder"]["verified"] is False
