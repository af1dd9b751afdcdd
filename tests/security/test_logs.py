"""What is logged: who asked for what path and what came of it; never a secret, never a query."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from unittest.mock import patch

import pytest

from realty.adapters.mail import FolderMail, compose
from realty.services import accounts
from tests.client import Api
from tests.deployment import CLOCK, SETTINGS
from tests.factories import make_builder, make_customer
from tests.functional.auth.people import customer_body
from tests.mailbox import letters, token_in

PASSWORD, NEW = "Kaveri-Krishna-7", "Narmada-Tapi-9"
PAN = "ABCDE1234F"


def walk_through(api: Api, folder: Path) -> set[str]:
    """Every operation of identity, well and badly called; return each secret that it met."""
    secrets = {PASSWORD, NEW, PAN, SETTINGS.token_keys[0].secret}

    def follow(recipient: str) -> str:
        mail = FolderMail(folder)
        (letter,) = letters(recipient)
        message = compose(
            sender=SETTINGS.mail_from,
            recipient=letter.recipient,
            subject=letter.subject,
            text=letter.text,
            key="first",
            now=CLOCK.now(),
        )
        mail.send(message)
        secrets.add(token_in(letter))
        return token_in(letter)

    def keep(tokens: dict[str, str]) -> dict[str, str]:
        secrets.update((tokens["access_token"], tokens["refresh_token"]))
        return tokens

    email = customer_body()["email"]
    profile = {"first_name": "Asha", "last_name": "Rao", "pan": PAN}
    body = customer_body(password=PASSWORD, customer_data=profile)
    tokens = keep(api.post("/api/auth/register", body, status=201).data)
    api.post("/api/auth/register", body, status=409)
    api.post("/api/auth/register", {**body, "password": [PASSWORD]}, status=422)
    api.post("/api/auth/register", {**body, PASSWORD: 1}, status=422)
    api.post("/api/auth/register", b'{"password": "' + PASSWORD.encode(), status=400)
    verify = follow(email)
    api.post("/api/auth/verify-email", {"token": verify})
    api.post("/api/auth/verify-email", {"token": verify}, status=422)
    for wrong in (f"x{PASSWORD}", PASSWORD * 9):
        api.post("/api/auth/login", {"email": email, "password": wrong}, status=401)
    keep(api.post("/api/auth/login", {"email": email, "password": PASSWORD}).data)
    spent = tokens["refresh_token"]
    tokens = keep(api.post("/api/auth/refresh", {"refresh_token": spent}).data)
    api.post("/api/auth/refresh", {"refresh_token": f"{spent}x"}, status=401)
    tokens = keep(api.post("/api/auth/login", {"email": email, "password": PASSWORD}).data)
    mine = api.as_(tokens["access_token"])
    mine.patch("/api/customers/me", {"pan": PAN})
    mine.patch("/api/customers/me", {"pan": f"{PAN}x"}, status=422)
    mine.get(f"/api/auth/sessions?access_token={tokens['access_token']}", status=422)
    mine.delete(f"/api/auth/sessions/{tokens['refresh_token']}", status=404)
    change = {"current_password": PASSWORD, "new_password": NEW}
    keep(mine.post("/api/auth/change-password", change).data)
    mine.get("/api/auth/me", status=401)
    api.post("/api/auth/forgot-password", {"email": email}, status=202)
    reset = {"token": follow(email), "new_password": PASSWORD}
    api.post("/api/auth/reset-password", {**reset, "new_password": PASSWORD[:5]}, status=422)
    api.post("/api/auth/reset-password", reset)
    api.post("/api/auth/reset-password", reset, status=422)
    walk_in = {"email": "walk.in@example.com", "first_name": "A", "last_name": "B"}
    api.as_(make_builder()).post("/api/customers/invitations", walk_in, status=201)
    invited = {"token": follow("walk.in@example.com"), "password": PASSWORD}
    api.post("/api/invitations/accept", invited)
    for _ in range(6):
        api.post("/api/auth/login", {"email": email, "password": f"{NEW}!"}, status=401)
    with patch.object(accounts, "own_user", side_effect=RuntimeError("a defect")):
        api.as_(make_customer()).get(f"/api/auth/me?x={NEW}", status=422)
        api.as_(make_customer()).get("/api/auth/me", status=500)
    return secrets


def test_no_secret_is_ever_logged(
    api: Api, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """At every level and of every logger, the libraries' too."""
    caplog.set_level(logging.DEBUG)

    secrets = walk_through(api, tmp_path)

    formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")
    lines = [formatter.format(record) for record in caplog.records]
    assert len(secrets) > 15
    for secret in secrets:
        assert [line for line in lines if secret in line] == []
    assert any("/api/auth/sessions/*** 404" in line for line in lines)
    assert any("is locked" in line for line in lines)
    assert any("known address" in line for line in lines)
    assert any("spent refresh token" in line for line in lines)


def test_the_access_log_has_one_line_for_a_request(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    customer = make_customer()
    caplog.set_level(logging.INFO, "realty.access")

    sent = {"X-Request-ID": "request-0001"}
    api.as_(customer).get("/api/auth/sessions?page=1&limit=7", headers=sent)
    api.get("/api/nowhere/%0a2026-01-01%20GET%20/forged%1b%5b31m", status=404)
    api.as_(customer.token[:-1]).get("/api/auth/me", status=401)

    lines = [record.getMessage() for record in caplog.records if record.name == "realty.access"]
    assert len(lines) == 3
    assert re.fullmatch(
        rf"GET /api/auth/sessions 200 [\d.]+ms request-0001 user={customer.user_id} ip=\S+",
        lines[0],
    )
    assert "limit" not in lines[0]
    assert all("\n" not in line and line.isprintable() for line in lines)
    assert "%0A2026-01-01%20GET" in lines[1]
    assert "user=-" in lines[2]
