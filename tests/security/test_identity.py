"""Logging in: what is locked, what is told, what a stolen token or password still gives."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import bcrypt
import pytest

from realty import passwords
from realty.db import Session, User
from realty.db.session import session
from realty.errors import RateLimited
from realty.passwords import PasswordHasher
from realty.rules.policy import Policy
from tests.client import Answer, Api
from tests.deployment import SETTINGS, Clock, deploy
from tests.factories import PASSWORD, Account, make_admin, make_builder, make_customer
from tests.functional.auth.people import builder_body, customer_body, log_in, refresh
from tests.mailbox import letters

FAILURES = Policy().login_max_failures
LOCK_MINUTES = Policy().login_lock_minutes


def told(answer: Answer) -> dict[str, Any]:
    """What a refusal tells, without the id of its request."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in {"X-Request-ID", "Content-Length"}
    }
    return {**answer.error, "request_id": "", **headers}


def fail(api: Api, email: str, times: int) -> None:
    for _ in range(times):
        log_in(api, email, "not-the-password", 401)


# --- lock-out ------------------------------------------------------------------------------------


def test_failures_lock_an_account_and_its_owner_is_told_by_mail(api: Api, clock: Clock) -> None:
    account = make_customer()
    fail(api, account.email, FAILURES - 1)
    assert letters() == []

    fail(api, account.email, 1)

    (letter,) = letters()
    assert letter.recipient == account.email
    assert "locked" in letter.subject
    wrong = log_in(api, account.email, "not-the-password", 401)
    right = log_in(api, account.email, PASSWORD, 401)
    assert told(right) == told(wrong)
    assert letters() == []

    clock.advance(minutes=LOCK_MINUTES)
    log_in(api, account.email, PASSWORD)


def test_attempts_on_a_locked_account_do_not_lock_it_for_longer(api: Api, clock: Clock) -> None:
    account = make_customer()
    fail(api, account.email, FAILURES)
    clock.advance(minutes=LOCK_MINUTES - 1)
    fail(api, account.email, FAILURES)

    clock.advance(minutes=1)

    log_in(api, account.email, PASSWORD)


def test_a_login_in_between_begins_the_count_anew(api: Api) -> None:
    account = make_customer()
    for _ in range(3):
        fail(api, account.email, FAILURES - 1)
        log_in(api, account.email, PASSWORD)


def test_a_lock_does_not_end_what_is_open(api: Api) -> None:
    """A stranger can lock an account, and must not be able to log its owner out."""
    account = make_customer()
    tokens = log_in(api, account.email, PASSWORD).data
    fail(api, account.email, FAILURES)

    assert api.as_(account).get("/api/auth/me").status == 200
    refresh(api, tokens["refresh_token"])


def test_a_lock_is_of_one_account(api: Api) -> None:
    locked, other = make_customer(), make_customer()
    fail(api, locked.email, FAILURES)

    log_in(api, other.email, PASSWORD)


@pytest.mark.parametrize("operation", ["change-password", "change-email"])
def test_a_stolen_access_token_does_not_let_anybody_guess_on(api: Api, operation: str) -> None:
    account = make_customer()
    bodies = {
        "change-password": lambda p: {"current_password": p, "new_password": "Narmada-Tapi-9"},
        "change-email": lambda p: {"new_email": "thief@example.com", "password": p},
    }

    def guess(password: str, status: int) -> Answer:
        body = bodies[operation](password)
        return api.as_(account).post(f"/api/auth/{operation}", body, status=status)

    refused = [guess(f"guess-number-{number}", 401) for number in range(FAILURES)]

    assert told(guess(PASSWORD, 401)) == told(refused[0])
    assert [letter.recipient for letter in letters()] == [account.email]
    log_in(api, account.email, PASSWORD, 401)


def test_nobody_calls_the_identity_operations_without_end(database: str) -> None:
    api = Api(deploy(database, auth_limit="3/minute"))
    builder = make_builder()
    body = {"email": "x@example.com", "first_name": "A", "last_name": "B"}
    calls = [
        (api, "/api/auth/register", customer_body(password="short"), 422),
        (api, "/api/auth/login", {"email": "x@example.com", "password": "x"}, 401),
        (api, "/api/auth/refresh", {"refresh_token": "x"}, 401),
        (api, "/api/auth/forgot-password", {"email": "x@example.com"}, 202),
        (api, "/api/auth/reset-password", {"token": "x", "new_password": "Abcdefgh1"}, 422),
        (api, "/api/auth/verify-email", {"token": "x"}, 422),
        (api, "/api/invitations/accept", {"token": "x"}, 422),
        (api.as_(builder), "/api/customers/invitations", body, 201),
        (api.as_(builder), "/api/auth/change-email", {"new_email": "y@z.in", "password": "x"}, 401),
        (
            api.as_(builder),
            "/api/auth/change-password",
            {"current_password": "x", "new_password": "Abcdefgh1"},
            401,
        ),
    ]
    for caller, path, sent, status in calls:
        for _ in range(3):
            caller.post(path, sent, status=status)
        limited = caller.post(path, sent, status=429)
        assert limited.code == "rate_limited"
        assert 1 <= int(limited.headers["Retry-After"]) <= 60
    for method, path, sent, status in (
        ("DELETE", "/api/auth/me", {"password": "x"}, 401),
        ("GET", "/api/auth/me/export", None, 200),
    ):
        # Another account: wrong passwords have locked the builder's.
        guesser = api.as_(make_builder())
        for _ in range(3):
            guesser.request(method, path, body=sent, status=status)
        assert guesser.request(method, path, body=sent, status=429).code == "rate_limited"
    # The limit of an account is its own, and reading is not limited.
    api.as_(make_builder()).post("/api/customers/invitations", body, status=201)
    assert api.as_(builder).get("/api/auth/me").status == 200


# --- uniform failure -----------------------------------------------------------------------------


@pytest.fixture
def refusals(api: Api, clock: Clock) -> dict[str, tuple[str, str]]:
    """E-mail and password of logins that fail for every reason that there is."""
    locked, gone = make_customer(), make_customer(is_active=False)
    with session():
        User[locked.user_id].locked_until = clock.now() + timedelta(minutes=5)
    return {
        "unknown": ("nobody@example.com", PASSWORD),
        "wrong": (make_customer().email, "not-the-password"),
        "over-long": (make_customer().email, "x" * 200),
        "over-long, with the right beginning": (
            make_customer(password="x" * 72).email,
            "x" * 73,
        ),
        "over-long, unknown": ("nobody@example.com", "ä" * 200),
        "locked": (locked.email, PASSWORD),
        "deactivated": (gone.email, PASSWORD),
        "invited, no password yet": (make_customer(password_hash=None).email, PASSWORD),
        "an admin": (make_admin().email, "not-the-password"),
    }


def test_every_refused_login_tells_the_same(api: Api, refusals: dict[str, Any]) -> None:
    answers = {
        why: told(log_in(api, email, password, 401)) for why, (email, password) in refusals.items()
    }

    for why, answer in answers.items():
        assert answer == answers["unknown"], why
    assert answers["unknown"]["code"] == "invalid_credentials"


def test_every_refused_login_costs_one_hash(api: Api, refusals: dict[str, Any]) -> None:
    compare = bcrypt.checkpw
    for why, (email, password) in refusals.items():
        with (
            patch.object(passwords.bcrypt, "checkpw", side_effect=compare) as compared,
            patch.object(passwords.bcrypt, "hashpw") as hashed,
        ):
            log_in(api, email, password, 401)
        assert (compared.call_count, hashed.call_count) == (1, 0), why
        (_, stored) = compared.call_args.args
        assert stored.startswith(b"$2b$04$"), why


def test_a_lock_hides_whether_the_password_fits_from_a_clock(api: Api, clock: Clock) -> None:
    """A fitting password would go on to hash the new one, which takes as long again."""
    account = make_customer()
    with session():
        User[account.user_id].locked_until = clock.now() + timedelta(minutes=5)
    body = {"current_password": PASSWORD, "new_password": "Narmada-Tapi-9"}

    with patch.object(passwords.bcrypt, "hashpw") as hashed:
        api.as_(account).post("/api/auth/change-password", body, status=401)

    assert hashed.call_count == 0


def test_known_and_unknown_addresses_take_as_long(database: str) -> None:
    """At a cost at which the hash is most of a login, as in production.

    Single times scatter: what is compared are medians of alternating calls.
    """
    api = Api(deploy(database, bcrypt_cost="7"))
    known = [
        make_customer(password_hash=bcrypt.hashpw(b"x", bcrypt.gensalt(7)).decode()).email
        for _ in range(30)
    ]
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    for number, email in enumerate(known):
        for kind, asked in (("known", email), ("unknown", f"nobody{number}@example.com")):
            started = time.thread_time()
            log_in(api, asked, "not-the-password", 401)
            took[kind].append(time.thread_time() - started)

    ratio = statistics.median(took["known"]) / statistics.median(took["unknown"])
    assert 0.5 < ratio < 2


def test_a_crowd_of_logins_is_held_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many hashes at once; who waits too long for a place is asked to come again."""
    hasher = PasswordHasher(cost=4, concurrency=2)
    monkeypatch.setattr(hasher, "_seat_seconds", 0.05)
    running, most = 0, 0

    def slow(*_: bytes) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.3)
        running -= 1
        return False

    def attempt(_: int) -> str:
        try:
            return str(hasher.verify("x", None))
        except RateLimited as refused:
            return f"429 after {refused.retry_after}"

    with patch.object(passwords.bcrypt, "checkpw", slow), ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(attempt, range(6)))

    assert most == 2
    assert sorted(outcomes) == ["429 after 2"] * 4 + ["False"] * 2


# --- refresh tokens ------------------------------------------------------------------------------


@pytest.fixture
def signed_in(api: Api, clock: Clock) -> tuple[Account, str]:
    """An account with a login of its own, and that login's refresh token."""
    account = make_customer()
    return account, log_in(api, account.email, PASSWORD).data["refresh_token"]


def test_a_spent_refresh_token_ends_the_login_for_good(
    api: Api, clock: Clock, signed_in: tuple[Account, str]
) -> None:
    account, spent = signed_in
    living = refresh(api, spent).data
    clock.advance(seconds=SETTINGS.refresh_grace_seconds + 1)

    assert refresh(api, spent, 401).code == "invalid_token"

    # The refusal was an error, and what it wrote stays written.
    assert refresh(api, living["refresh_token"], 401).code == "invalid_token"
    api.as_(living["access_token"]).get("/api/auth/me", status=401)
    assert api.as_(account).get("/api/auth/me").status == 200
    with session():
        ended = Session.select(lambda s: s.user.id == account.user_id and s.revoked_at is not None)
        assert ended.count() == 1


def test_two_tabs_may_refresh_within_the_grace(
    api: Api, clock: Clock, signed_in: tuple[Account, str]
) -> None:
    account, spent = signed_in
    first = refresh(api, spent).data
    clock.advance(seconds=SETTINGS.refresh_grace_seconds - 1)
    second = refresh(api, spent).data

    assert first["refresh_token"] == second["refresh_token"]
    for tokens in (first, second):
        assert api.as_(tokens["access_token"]).get("/api/auth/me").status == 200
    third = refresh(api, second["refresh_token"]).data
    assert third["refresh_token"] != second["refresh_token"]
    with session():
        assert Session.select(lambda s: s.user.id == account.user_id).count() == 2


def test_the_grace_is_for_the_last_spent_token_only(
    api: Api, clock: Clock, signed_in: tuple[Account, str]
) -> None:
    _, first = signed_in
    second = refresh(api, first).data["refresh_token"]
    third = refresh(api, second).data["refresh_token"]

    refresh(api, first, 401)

    refresh(api, third, 401)


def test_a_successor_cannot_be_guessed_from_its_family(
    api: Api, signed_in: tuple[Account, str]
) -> None:
    """Who knows the public half of a token ends the login and gains nothing."""
    _, token = signed_in
    family = token.partition(".")[0]

    refresh(api, f"{family}.{'A' * 43}", 401)

    refresh(api, token, 401)


def test_a_deactivated_account_refreshes_nothing(api: Api, signed_in: tuple[Account, str]) -> None:
    account, token = signed_in
    with session():
        User[account.user_id].is_active = False

    assert refresh(api, token, 401).code == "invalid_token"


# --- mass assignment -----------------------------------------------------------------------------

FORBIDDEN: dict[str, Any] = {
    "id": 1,
    "user_type": "admin",
    "is_verified": True,
    "is_active": True,
    "token_version": 7,
    "password_hash": "$2b$04$x",
    "failed_login_count": 0,
    "locked_until": None,
    "rating": "5.00",
    "review_count": 99,
    "total_projects": 99,
    "verified": True,
    "builder_id": 1,
    "customer_id": 1,
    "created_at": "2020-01-01T00:00:00Z",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_no_body_writes_what_the_server_decides(api: Api, name: str) -> None:
    extra = {name: FORBIDDEN[name]}
    builder, customer = make_builder(), make_customer()
    before = [api.as_(each).get("/api/auth/me").data for each in (builder, customer)]
    bodies = [
        (api, "POST", "/api/auth/register", {**customer_body(), **extra}),
        *(
            (api, "POST", "/api/auth/register", body)
            for body in (
                customer_body(customer_data={**customer_body()["customer_data"], **extra}),
                builder_body(builder_data={**builder_body()["builder_data"], **extra}),
            )
        ),
        (api.as_(customer), "PATCH", "/api/auth/me", extra),
        (api.as_(customer), "PATCH", "/api/customers/me", extra),
        (api.as_(builder), "PATCH", "/api/builders/me", extra),
    ]

    for caller, method, path, body in bodies:
        refused = caller.request(method, path, body=body, status=422)
        assert refused.code == "validation_error"
        assert any(name in detail["field"] for detail in refused.error["details"])

    assert [api.as_(each).get("/api/auth/me").data for each in (builder, customer)] == before
    with session():
        assert User.select().count() == 2
