"""Accounts that are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from secrets import token_hex
from typing import Any

import bcrypt

from realty.db import (
    Builder,
    Customer,
    User,
    utcnow,
)
from realty.db import Session as Login
from realty.db.session import session
from realty.security import issue_access_token
from tests.deployment import CLOCK, SETTINGS
from tests.factories.base import numbers

PASSWORD = "Ganga-Yamuna-42"


@dataclass(frozen=True)
class Account:
    """Somebody who is signed in: `api.as_(account)`."""

    user_id: int
    email: str
    password: str
    token: str


@dataclass(frozen=True)
class BuilderAccount(Account):
    """A builder and its user."""

    builder_id: int


@dataclass(frozen=True)
class CustomerAccount(Account):
    """A customer and its user."""

    customer_id: int


def make_builder(**over: Any) -> BuilderAccount:
    """A builder; `email`, `password` and the columns of `users` that `make_user` knows too."""
    number = next(numbers)
    with session():
        account = _make_user("builder", f"builder{number}@example.in", over)
        row = Builder(
            **{
                "user": account.user_id,
                "company_name": f"Śrī Prithvi Developers {number}",
                "license_number": f"LIC-{token_hex(4).upper()}",
                "phone": f"+9198{number:08d}",
                "address": "12 Residency Road, Bengaluru 560025",
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        return BuilderAccount(**vars(account), builder_id=row.id)


def make_customer(**over: Any) -> CustomerAccount:
    """A customer."""
    number = next(numbers)
    with session():
        account = _make_user("customer", f"customer{number}@example.in", over)
        row = Customer(
            **{
                "user": account.user_id,
                "first_name": "Ananyā",
                "last_name": f"Iyer {number}",
                "phone": f"+9197{number:08d}",
                "created_at": CLOCK.now(),
                "updated_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        return CustomerAccount(**vars(account), customer_id=row.id)


def make_admin(**over: Any) -> Account:
    """An administrator."""
    with session():
        return _make_user("admin", f"admin{next(numbers)}@example.in", over)


def _make_user(user_type: str, email: str, over: dict[str, Any]) -> Account:
    """A user with one login; takes what belongs to the user out of `over`."""
    email = over.pop("email", email)
    password = over.pop("password", PASSWORD)
    columns = {
        "full_name": "Ananyā Iyer",
        "is_verified": True,
        "created_at": CLOCK.now(),
        "updated_at": CLOCK.now(),
    }
    for name in ("full_name", "is_active", "is_verified", "locale", "timezone", "password_hash"):
        if name in over:
            columns[name] = over.pop(name)
    columns.setdefault("password_hash", _hash(password))
    user = User(email=email, user_type=user_type, **columns)
    user.flush()
    return Account(user.id, email, password, _sign_in(user))


def _sign_in(user: Any) -> str:
    """An access token of a new login. It is signed with the real time, for that is what counts."""
    login = Login(
        user=user,
        family=token_hex(16),
        token_hash=token_hex(32),
        user_agent="tests",
        ip="127.0.0.1",
        created_at=CLOCK.now(),
        last_used_at=CLOCK.now(),
        expires_at=CLOCK.now() + timedelta(days=30),
    )
    login.flush()
    return issue_access_token(
        SETTINGS,
        user_id=user.id,
        session_id=login.id,
        token_version=user.token_version,
        now=utcnow(),
    )


@cache
def _hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
