"""Administrators, who are made by the command line only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.db import User
from realty.errors import EmailTaken, ValidationFailed
from realty.passwords import PasswordHasher
from realty.rules import passwords
from realty.rules.contact import normalise_email
from realty.services import audit


def create(
    *, email: str, full_name: str, password: str, hasher: PasswordHasher, now: datetime
) -> Any:
    """A new administrator. Raises `ValidationFailed`, `WeakPassword`, `EmailTaken`."""
    address = normalise_email(email)
    name = " ".join(full_name.split())
    if not name:
        raise ValidationFailed.at("full_name", "The name must not be blank.")
    passwords.check(password, address)
    if User.exists(email=address):
        raise EmailTaken
    user = User(
        email=address,
        full_name=name,
        password_hash=hasher.hash(password),
        user_type="admin",
        is_verified=True,
        created_at=now,
        updated_at=now,
    )
    user.flush()
    audit.note(
        "user.registered",
        "user",
        user.id,
        builder_id=None,
        actor=None,
        now=now,
        details={"user_type": "admin"},
    )
    return user
