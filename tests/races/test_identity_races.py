"""Registering, refreshing, resetting and guessing by many at once, against several processes."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest

from realty.db import Builder, Customer, Invitation, OutgoingMail, Session, User
from realty.db.session import session
from realty.rules.policy import Policy
from tests.client import Api
from tests.factories import PASSWORD, make_builder, make_customer
from tests.functional.auth.people import builder_body, customer_body, log_in
from tests.mailbox import letters, mailed_token, token_in
from tests.races.buyers import together
from tests.server_processes import Fleet, Reply

pytestmark = pytest.mark.timeout(300)

MANY = 12


def rush(fleet: Fleet, path: str, bodies: list[Any], tokens: list[str | None]) -> list[Reply]:
    """Post all bodies at once, each to the next process."""
    calls = [
        partial(fleet.request, "POST", place, path, body, token=token)
        for place, (body, token) in enumerate(zip(bodies, tokens, strict=True))
    ]
    return list(together(calls))


def strangers(fleet: Fleet, path: str, bodies: list[Any]) -> list[Reply]:
    return rush(fleet, path, bodies, [None] * len(bodies))


def outcomes(replies: list[Reply]) -> dict[tuple[int | None, str], int]:
    return Counter((reply.status, reply.code) for reply in replies)


def test_one_address_registered_by_many(fleet: Fleet) -> None:
    spellings = ["asha.rao@example.com", "Asha.Rao@example.com", "ASHA.RAO@EXAMPLE.COM"]
    bodies = [customer_body(email=spellings[number % 3]) for number in range(MANY)]

    replies = strangers(fleet, "/api/auth/register", bodies)

    assert outcomes(replies) == {(201, ""): 1, (409, "email_taken"): MANY - 1}
    with session():
        counted = [entity.select().count() for entity in (User, Customer, Session, OutgoingMail)]
        assert counted == [1, 1, 1, 1]


def test_one_licence_registered_by_many(fleet: Fleet) -> None:
    bodies = [builder_body(email=f"sales{number}@example.com") for number in range(MANY)]

    replies = strangers(fleet, "/api/auth/register", bodies)

    assert outcomes(replies) == {(201, ""): 1, (409, "license_taken"): MANY - 1}
    with session():
        assert [entity.select().count() for entity in (User, Builder)] == [1, 1]


def test_one_refresh_token_used_by_many_tabs(fleet: Fleet, api: Api) -> None:
    """One rotation; within the grace every tab gets its result, and one family lives on."""
    customer = make_customer()
    spent = log_in(api, customer.email, PASSWORD).data["refresh_token"]

    replies = strangers(fleet, "/api/auth/refresh", [{"refresh_token": spent}] * MANY)

    assert outcomes(replies) == {(200, ""): MANY}
    successors = {reply.data["refresh_token"] for reply in replies}
    assert len(successors) == 1
    for reply in replies:
        assert api.as_(reply.data["access_token"]).get("/api/auth/me").status == 200
    with session():
        living = Session.select(lambda s: s.user.id == customer.user_id and s.revoked_at is None)
        assert living.count() == 2
    api.post("/api/auth/refresh", {"refresh_token": successors.pop()})


def test_a_refresh_and_a_new_password(fleet: Fleet, api: Api) -> None:
    """Whichever comes first, nothing of before opens anything afterwards."""
    for turn in range(4):
        customer = make_customer()
        token = log_in(api, customer.email, PASSWORD).data["refresh_token"]
        change = {"current_password": PASSWORD, "new_password": "Narmada-Tapi-9"}
        refreshing = partial(
            fleet.request, "POST", turn, "/api/auth/refresh", {"refresh_token": token}
        )
        changing = partial(
            fleet.post, turn + 1, "/api/auth/change-password", change, token=customer.token
        )

        refreshed, changed = together([refreshing, changing])

        assert changed.status == 200
        if refreshed.status == 200:
            api.as_(refreshed.data["access_token"]).get("/api/auth/me", status=401)
            body = {"refresh_token": refreshed.data["refresh_token"]}
            api.post("/api/auth/refresh", body, status=401)
        else:
            assert refreshed.code == "invalid_token"
        assert api.as_(changed.data["access_token"]).get("/api/auth/me").status == 200


def test_one_reset_link_used_by_many(fleet: Fleet, api: Api) -> None:
    customer = make_customer()
    api.post("/api/auth/forgot-password", {"email": customer.email}, status=202)
    token = mailed_token(customer.email)
    bodies = [{"token": token, "new_password": f"Password-{number}"} for number in range(MANY)]

    replies = strangers(fleet, "/api/auth/reset-password", bodies)

    assert outcomes(replies) == {(200, ""): 1, (422, "invalid_link"): MANY - 1}
    for reply, body in zip(replies, bodies, strict=True):
        status = 200 if reply.status == 200 else 401
        if status == 200:
            log_in(api, customer.email, body["new_password"], status)


def test_several_reset_links_of_one_user(fleet: Fleet, api: Api) -> None:
    """They spend each other: one wins, and none waits for another for ever."""
    customer = make_customer()
    tokens = []
    for _ in range(4):
        api.post("/api/auth/forgot-password", {"email": customer.email}, status=202)
        tokens.append(mailed_token(customer.email))
    bodies = [{"token": token, "new_password": "Narmada-Tapi-9"} for token in tokens]

    replies = strangers(fleet, "/api/auth/reset-password", bodies)

    assert outcomes(replies) == {(200, ""): 1, (422, "invalid_link"): 3}


def test_many_guesses_at_once_are_all_counted(fleet: Fleet, api: Api) -> None:
    customer = make_customer()
    bodies = [{"email": customer.email, "password": f"guess-{number}"} for number in range(MANY)]

    replies = strangers(fleet, "/api/auth/login", bodies)

    assert outcomes(replies) == {(401, "invalid_credentials"): MANY}
    log_in(api, customer.email, PASSWORD, 401)
    with session():
        user = User[customer.user_id]
        assert user.locked_until is not None
        assert user.failed_login_count == 0
    assert len(letters(customer.email)) == 1
    assert Policy().login_max_failures < MANY


def test_one_address_invited_by_many_builders(fleet: Fleet) -> None:
    """One of them makes the account; to the others it is known by then."""
    builders = [make_builder() for _ in range(4)]
    body = {"email": "walk.in@example.com", "first_name": "Ravi", "last_name": "Iyer"}

    replies = rush(
        fleet,
        "/api/customers/invitations",
        [body] * len(builders),
        [builder.token for builder in builders],
    )

    assert outcomes(replies) == {(201, ""): 4}
    statuses = Counter(reply.data["invitation"]["status"] for reply in replies)
    assert statuses == {"joined": 1, "requested": 3}
    with session():
        assert User.select(lambda u: u.email == "walk.in@example.com").count() == 1
        assert Invitation.select(lambda i: i.customer is not None).count() == 1


def test_one_invitation_accepted_by_many(fleet: Fleet, api: Api) -> None:
    builder = make_builder()
    body = {"email": "walk.in@example.com", "first_name": "Ravi", "last_name": "Iyer"}
    api.as_(builder).post("/api/customers/invitations", body, status=201)
    (letter,) = letters("walk.in@example.com")
    bodies = [
        {"token": token_in(letter), "password": f"Password-{number}"} for number in range(MANY)
    ]

    replies = strangers(fleet, "/api/invitations/accept", bodies)

    assert Counter(reply.status for reply in replies) == {200: 1, 422: MANY - 1}
    accepted = next(b for r, b in zip(replies, bodies, strict=True) if r.status == 200)
    log_in(api, "walk.in@example.com", accepted["password"])
