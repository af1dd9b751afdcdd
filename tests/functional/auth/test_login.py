"""login, logout, refresh_tokens and the sessions that they open and end."""

from __future__ import annotations

from datetime import timedelta

import bcrypt
import pytest

from realty.db import Session, User
from realty.db.session import session
from realty.services import cleaning
from realty.services.links import fingerprint
from tests.client import Api
from tests.deployment import SETTINGS, Clock
from tests.factories import PASSWORD, Account, make_admin, make_builder, make_customer
from tests.functional.auth.people import log_in, refresh


def test_login_opens_a_session(api: Api, clock: Clock) -> None:
    customer = make_customer()

    answer = log_in(api, customer.email, PASSWORD)

    assert answer.data["user"]["id"] == customer.user_id
    assert answer.data["user"]["last_login"] == f"{clock.now().isoformat()}Z"
    assert answer.data["profile"]["id"] == customer.customer_id
    assert answer.headers["Cache-Control"] == "no-store"
    mine = api.as_(answer.data["access_token"])
    assert mine.get("/api/auth/me").data["user"]["email"] == customer.email


def test_only_hashes_of_refresh_tokens_are_kept(api: Api) -> None:
    token = log_in(api, make_customer().email, PASSWORD).data["refresh_token"]

    with session():
        kept = {row.token_hash for row in Session.select()}
    assert fingerprint(token) in kept
    assert not any(token.endswith(each) or each in token for each in kept)


@pytest.mark.parametrize("kind", ["customer", "builder", "admin"])
def test_user_type_must_be_the_account_s_when_it_is_given(api: Api, kind: str) -> None:
    made: Account = {"customer": make_customer, "builder": make_builder, "admin": make_admin}[
        kind
    ]()

    for claimed in ("customer", "builder", "admin"):
        status = 200 if claimed == kind else 401
        answer = log_in(api, made.email, PASSWORD, status, user_type=claimed)
        assert status == 200 or answer.code == "invalid_credentials"


def test_an_admin_has_no_profile(api: Api) -> None:
    data = log_in(api, make_admin().email, PASSWORD).data

    assert data["profile"] is None
    assert (data["user"]["builder_id"], data["user"]["customer_id"]) == (None, None)


def test_a_password_is_hashed_again_when_the_cost_has_changed(api: Api) -> None:
    customer = make_customer(
        password_hash=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
    )

    log_in(api, customer.email, PASSWORD)

    with session():
        assert User[customer.user_id].password_hash.startswith("$2b$04$")
    log_in(api, customer.email, PASSWORD)


def test_logout_ends_this_session_only(api: Api) -> None:
    customer = make_customer()
    here = log_in(api, customer.email, PASSWORD).data
    there = log_in(api, customer.email, PASSWORD).data

    answer = api.as_(here["access_token"]).post("/api/auth/logout", status=204)

    assert answer.body == b""
    assert api.as_(here["access_token"]).get("/api/auth/me", status=401).code == "invalid_token"
    assert refresh(api, here["refresh_token"], 401).code == "invalid_token"
    assert api.as_(there["access_token"]).get("/api/auth/me").status == 200
    refresh(api, there["refresh_token"])


def test_logout_needs_a_token(api: Api) -> None:
    assert api.post("/api/auth/logout", status=401).code == "authentication_required"


def test_refresh_tokens_rotates(api: Api) -> None:
    customer = make_customer()
    first = log_in(api, customer.email, PASSWORD).data

    second = refresh(api, first["refresh_token"]).data

    assert second.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert api.as_(second["access_token"]).get("/api/auth/me").status == 200
    refresh(api, second["refresh_token"])


def test_a_login_ends_after_its_days_however_often_it_is_refreshed(api: Api, clock: Clock) -> None:
    token = log_in(api, make_customer().email, PASSWORD).data["refresh_token"]

    clock.advance(days=SETTINGS.refresh_token_days - 1)
    token = refresh(api, token).data["refresh_token"]
    clock.advance(days=1)

    assert refresh(api, token, 401).code == "invalid_token"


def test_list_sessions_shows_the_living_ones(api: Api, clock: Clock) -> None:
    customer = make_customer()
    others = make_customer()
    clock.advance(seconds=2)
    phone = api.post(
        "/api/auth/login",
        {"email": customer.email, "password": PASSWORD},
        headers={"User-Agent": "Phone/1.0"},
    ).data
    clock.advance(seconds=2)
    tablet = log_in(api, customer.email, PASSWORD).data
    api.as_(tablet["access_token"]).post("/api/auth/logout", status=204)

    data = api.as_(phone["access_token"]).get("/api/auth/sessions").data

    assert [each["current"] for each in data["sessions"]] == [True, False]
    assert [each["user_agent"] for each in data["sessions"]] == ["Phone/1.0", "tests"]
    assert data["pagination"]["totalItems"] == 2
    again = api.as_(customer).get("/api/auth/sessions", {"page": 2, "limit": 1}).data
    assert [each["current"] for each in again["sessions"]] == [True]
    assert again["pagination"] == {
        "currentPage": 2,
        "totalPages": 2,
        "totalItems": 2,
        "hasNext": False,
        "hasPrev": True,
    }
    assert len(api.as_(others).get("/api/auth/sessions").data["sessions"]) == 1
    api.get("/api/auth/sessions", status=401)


def test_revoke_session_ends_another_device_at_once(api: Api) -> None:
    customer = make_customer()
    lost = log_in(api, customer.email, PASSWORD).data
    sessions = api.as_(customer).get("/api/auth/sessions").data["sessions"]
    (lost_id,) = [each["id"] for each in sessions if not each["current"]]

    api.as_(customer).delete(f"/api/auth/sessions/{lost_id}", status=204)

    assert api.as_(lost["access_token"]).get("/api/auth/me", status=401).code == "invalid_token"
    refresh(api, lost["refresh_token"], 401)
    again = api.as_(customer).delete(f"/api/auth/sessions/{lost_id}", status=404)
    assert again.code == "not_found"
    assert api.as_(customer).get("/api/auth/me").status == 200


def test_revoke_session_of_this_device_is_a_logout(api: Api) -> None:
    customer = make_customer()
    (mine,) = api.as_(customer).get("/api/auth/sessions").data["sessions"]

    api.as_(customer).delete(f"/api/auth/sessions/{mine['id']}", status=204)

    api.as_(customer).get("/api/auth/me", status=401)


def test_nobody_revokes_the_session_of_another(api: Api) -> None:
    customer, admin = make_customer(), make_admin()
    (mine,) = api.as_(customer).get("/api/auth/sessions").data["sessions"]

    for other in (make_customer(), make_builder(), admin):
        answer = api.as_(other).delete(f"/api/auth/sessions/{mine['id']}", status=404)
        absent = api.as_(other).delete("/api/auth/sessions/2147483647", status=404)
        assert {**answer.error, "request_id": ""} == {**absent.error, "request_id": ""}
    api.delete(f"/api/auth/sessions/{mine['id']}", status=401)
    assert api.as_(customer).get("/api/auth/me").status == 200


@pytest.mark.parametrize("name", ["0", "-1", "01", "1.0", "2147483648", "9" * 40, "x", "%D9%A1"])
def test_a_path_that_is_no_id_is_absent(api: Api, name: str) -> None:
    api.as_(make_customer()).delete(f"/api/auth/sessions/{name}", status=404)


def test_the_oldest_login_ends_when_there_are_too_many(api: Api) -> None:
    customer, bystander = make_customer(), make_customer()
    logins = [
        log_in(api, customer.email, PASSWORD).data for _ in range(SETTINGS.sessions_per_user + 1)
    ]

    # The factory's own login and the first of the others had to go.
    api.as_(customer).get("/api/auth/me", status=401)
    refresh(api, logins[0]["refresh_token"], 401)
    for living in (logins[1], logins[-1]):
        assert api.as_(living["access_token"]).get("/api/auth/me").status == 200
    total = api.as_(logins[-1]["access_token"]).get("/api/auth/sessions").data["pagination"]
    assert total["totalItems"] == SETTINGS.sessions_per_user
    assert api.as_(bystander).get("/api/auth/me").status == 200


def test_ended_logins_are_forgotten_in_the_end(api: Api, clock: Clock) -> None:
    customer = make_customer()
    ended = log_in(api, customer.email, PASSWORD).data
    api.as_(ended["access_token"]).post("/api/auth/logout", status=204)

    def forget() -> int:
        with session():
            return cleaning.forget_sessions(now=clock.now())

    clock.advance(days=cleaning.DEAD_SESSION_DAYS)
    assert forget() == 0
    clock.advance(seconds=1)
    assert forget() == 1
    # The other one ran out by now, and is kept as long as one that was ended.
    clock.advance(days=cleaning.DEAD_SESSION_DAYS)
    assert forget() == 1
    api.as_(customer).get("/api/auth/me", status=401)


def test_an_expired_login_makes_no_room_necessary(api: Api, clock: Clock) -> None:
    customer = make_customer()
    kept = log_in(api, customer.email, PASSWORD).data
    with session():
        for row in Session.select(lambda s: s.user.id == customer.user_id):
            row.expires_at = clock.now() + timedelta(days=60)
        for number in range(SETTINGS.sessions_per_user):
            Session(
                user=customer.user_id,
                family=f"old-{number}",
                token_hash=f"old-{number}",
                created_at=clock.now(),
                last_used_at=clock.now(),
                expires_at=clock.now(),
            )

    log_in(api, customer.email, PASSWORD)

    assert api.as_(kept["access_token"]).get("/api/auth/me").status == 200
