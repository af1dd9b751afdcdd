"""list_users and set_user_activity."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import Booking, OneTimeToken, Session, StatusHistory, User
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    PASSWORD,
    Account,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.auth.people import log_in, refresh
from tests.functional.queries import queries
from tests.functional.test_audited import noted
from tests.mailbox import mailed_token
from tests.uploads import PDF, upload

PATH = "/api/admin/users"


def found(api: Api, admin: Account, **filters: Any) -> list[int]:
    """The ids of the accounts that a search finds, in their order."""
    return [each["id"] for each in api.as_(admin).get(PATH, filters).data["users"]]


def switch(
    api: Api, admin: Account, account: Account, *, on: bool, status: int = 200, **more: Any
) -> Any:
    """Activate or deactivate an account."""
    body = {"is_active": on, **more}
    return api.as_(admin).patch(f"{PATH}/{account.user_id}", body, status=status)


def test_list_users_shows_accounts_with_their_profiles(api: Api) -> None:
    admin, builder, customer = make_admin(), make_builder(verified=True), make_customer()

    answer = api.as_(admin).get(PATH)

    users = {each["id"]: each for each in answer.data["users"]}
    assert users.keys() == {admin.user_id, builder.user_id, customer.user_id}
    one = users[builder.user_id]
    assert (one["builder_id"], one["customer_id"]) == (builder.builder_id, None)
    assert (one["builder"]["id"], one["builder"]["verified"]) == (builder.builder_id, True)
    other = users[customer.user_id]
    assert other["customer"]["email"] == other["email"] == customer.email
    assert (users[admin.user_id]["builder"], users[admin.user_id]["customer"]) == (None, None)
    assert answer.headers["Cache-Control"] == "no-store"
    hidden = {"password_hash", "token_version", "failed_login_count", "pan"}
    assert not hidden & (one.keys() | other.keys() | other["customer"].keys())


def test_list_users_finds_by_part_of_name_address_and_phone(api: Api) -> None:
    admin = make_admin(full_name="Zubin Admin")
    rao = make_customer(full_name="Asha RAO", email="asha@example.in")
    sen = make_builder(full_name="Sen & Sons", email="sen_100%@example.in")
    with session():
        User[sen.user_id].phone = "+919845012345"
    assert found(api, admin, q="rao") == [rao.user_id]
    assert found(api, admin, q="ASHA@") == [rao.user_id]
    assert found(api, admin, q="98450") == [sen.user_id]
    assert found(api, admin, q="%") == found(api, admin, q="_") == [sen.user_id]
    assert found(api, admin, q="nobody") == []


def test_list_users_filters_and_sorts(api: Api, clock: Clock) -> None:
    admin = make_admin(full_name="B")
    clock.advance(hours=1)
    off = make_customer(full_name="C", is_active=False)
    clock.advance(hours=1)
    new = make_builder(full_name="A", is_verified=False)
    ids = [admin.user_id, off.user_id, new.user_id]
    assert found(api, admin) == ids[::-1]
    assert found(api, admin, sort="created_at") == ids
    assert found(api, admin, sort="full_name") == [ids[2], ids[0], ids[1]]
    assert found(api, admin, sort="-full_name") == [ids[1], ids[0], ids[2]]
    assert set(found(api, admin, sort="email")) == set(ids)
    assert found(api, admin, user_type="builder") == [new.user_id]
    assert found(api, admin, is_active=False) == [off.user_id]
    assert found(api, admin, is_verified=False) == [new.user_id]
    assert found(api, admin, is_verified=True, is_active=True) == [admin.user_id]
    assert found(api, admin, limit=1, page=2) == [off.user_id]
    for wrong in ({"user_type": "owner"}, {"sort": "password_hash"}, {"is_active": "1"}):
        api.as_(admin).get(PATH, wrong, status=422)


@pytest.mark.parametrize("size", [3, 30])
def test_list_users_needs_five_queries_whatever_the_page(api: Api, size: int) -> None:
    admin = make_admin()
    for number in range(size):
        (make_builder, make_customer)[number % 2]()
    with queries() as sent:
        assert len(found(api, admin, limit=100)) == size + 1
    assert len(sent) == 5, sent


def test_deactivation_ends_sessions_tokens_and_links_at_once(api: Api) -> None:
    admin, customer = make_admin(), make_customer()
    tokens = log_in(api, customer.email, PASSWORD).data
    api.post("/api/auth/forgot-password", {"email": customer.email}, status=202)
    reset = {"token": mailed_token(customer.email), "new_password": "Narmada-Tapti-88"}

    answer = switch(api, admin, customer, on=False, reason="Reported by three builders.")

    assert answer.data["user"]["is_active"] is False
    for token in (customer.token, tokens["access_token"]):
        assert api.as_(token).get("/api/auth/me", status=401).code == "invalid_token"
    refresh(api, tokens["refresh_token"], 401)
    assert log_in(api, customer.email, PASSWORD, 401).code == "invalid_credentials"
    assert api.post("/api/auth/reset-password", reset, status=422).code == "invalid_link"
    with session():
        mine = Session.select(lambda s: s.user.id == customer.user_id)
        assert all(each.revoked_at for each in mine)
        assert all(each.used_at for each in OneTimeToken.select())
        (change,) = StatusHistory.select(lambda h: h.entity == "user")
        told = (change.from_status, change.to_status, change.actor.id, change.reason)
    assert told == ("active", "inactive", admin.user_id, "Reported by three builders.")
    (fact,) = [fact for fact in noted() if fact.entity == "user"]
    assert fact == ("user.deactivated", "user", customer.user_id, None, admin.user_id, {})


def test_reactivation_lets_in_again_and_lifts_the_lock_of_failed_logins(api: Api) -> None:
    admin, customer = make_admin(), make_customer()
    for _ in range(5):
        log_in(api, customer.email, "wrong", 401)
    switch(api, admin, customer, on=False)

    user = switch(api, admin, customer, on=True).data["user"]

    assert (user["is_active"], user["locked_until"]) == (True, None)
    assert api.as_(customer).get("/api/auth/me", status=401).code == "invalid_token"
    token = log_in(api, customer.email, PASSWORD).data["access_token"]
    assert api.as_(token).get("/api/auth/me").data["user"]["is_active"] is True
    actions = [fact.action for fact in noted() if fact.entity == "user"]
    assert actions == ["user.deactivated", "user.activated"]


def test_a_deactivated_builder_s_projects_are_hidden_and_nothing_is_cancelled(api: Api) -> None:
    admin, builder, customer = make_admin(), make_builder(), make_customer()
    project = make_project(builder)
    unit = make_unit(project)
    booking = make_booking(make_unit(project), customer, status="token_paid")
    public = [
        f"/api/builders/{builder.builder_id}",
        f"/api/projects/{project.id}",
        f"/api/units/{unit.id}",
        f"/api/projects/{project.id}/availability",
    ]

    switch(api, admin, builder, on=False)

    for path in public:
        assert api.get(path, status=404).code == "not_found"
    assert api.get("/api/projects").data["projects"] == []
    assert api.get("/api/builders").data["builders"] == []
    order = {"unit_id": unit.id, "payment_plan": "installments"}
    assert api.as_(make_customer()).post("/api/bookings", order, status=404).code == "not_found"
    assert api.as_(customer).post("/api/bookings", order, status=409).code == "not_bookable"
    mine = api.as_(customer)
    assert mine.get(f"/api/bookings/{booking.id}").data["booking"]["status"] == "token_paid"
    assert mine.get(f"/api/projects/{project.id}").data["project"]["is_published"] is True
    with session():
        assert Booking.select(lambda b: b.status == "cancelled").count() == 0

    switch(api, admin, builder, on=True)

    for path in public:
        api.get(path)
    mine.post("/api/bookings", order, status=201)


def test_set_user_activity_twice_changes_nothing(api: Api) -> None:
    admin, customer = make_admin(), make_customer()
    for on in (True, True, False, False):
        switch(api, admin, customer, on=on)
    with session():
        version = User[customer.user_id].token_version
    assert version == 1
    assert [fact.action for fact in noted()] == ["user.deactivated"]


def test_an_administrator_locks_out_neither_himself_nor_the_last_one(api: Api) -> None:
    admin, other = make_admin(), make_admin()
    assert switch(api, admin, admin, on=False, status=409).code == "conflict"
    switch(api, admin, other, on=False)
    assert api.as_(other).get("/api/auth/me", status=401).code == "invalid_token"
    switch(api, admin, admin, on=False, status=409)
    switch(api, admin, other, on=True)
    assert [fact.action for fact in noted()] == ["user.deactivated", "user.activated"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"is_active": None},
        {"is_active": "false"},
        {"is_active": False, "user_type": "admin"},
        {"is_active": False, "is_verified": True},
        {"is_active": False, "reason": ""},
        {"is_active": False, "reason": "x" * 501},
    ],
)
def test_set_user_activity_refuses_any_other_field(api: Api, body: dict[str, Any]) -> None:
    admin, customer = make_admin(), make_customer()
    api.as_(admin).patch(f"{PATH}/{customer.user_id}", body, status=422)
    assert api.as_(customer).get("/api/auth/me").data["user"]["is_active"] is True


def test_set_user_activity_of_nobody_is_404(api: Api) -> None:
    admin = make_admin()
    for user_id in ("2147483647", "0", "x", str(2**31)):
        api.as_(admin).patch(f"{PATH}/{user_id}", {"is_active": False}, status=404)


def test_a_link_to_a_file_dies_with_the_account(api: Api) -> None:
    """Deactivated accounts read nothing, not even by links that were signed before."""
    admin, customer = make_admin(), make_customer()
    file = api.as_(customer).post("/api/files", upload("payment_proof", PDF), status=201)
    url = file.data["file"]["url"]
    api.get(url)
    switch(api, admin, customer, on=False)
    api.get(url, status=404)
