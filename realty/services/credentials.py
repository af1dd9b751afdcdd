"""Passwords, compared: by a login, and again before a password or an address is changed.

Comparing costs a bcrypt hash and comes before any row is locked; judging comes after, under the
user's lock. A failure is counted wherever it happens, so that a stolen access token does not let
anybody guess on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pony.orm import OptimisticCheckError, select

from realty.db import User
from realty.db.locks import lock
from realty.errors import InvalidCredentials
from realty.passwords import PasswordHasher
from realty.rules.policy import Policy
from realty.services import mail

log = logging.getLogger("realty.identity")


class FailedLogin(InvalidCredentials):
    """A refused password, whose counting must survive the refusal."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing came to; `fits` is false while the account is locked."""

    user_id: int | None
    password_hash: str | None
    fits: bool


def compare(users: Any, password: str, *, hasher: PasswordHasher, now: datetime) -> Comparison:
    """Compare a password with the hash of the one user in the query `users`.

    It takes as long for nobody, for a user without a password and for a locked one.
    """
    rows = select((u.id, u.password_hash, u.locked_until) for u in users).without_distinct()[:]
    user_id, password_hash, locked_until = rows[0] if rows else (None, None, None)
    matches = hasher.verify(password, password_hash)
    return Comparison(user_id, password_hash, matches and not _is_locked(locked_until, now))


def confirm(compared: Comparison, *, policy: Policy, now: datetime) -> Any:
    """The user, locked, if the password fitted; else count the failure and raise `FailedLogin`."""
    user = lock(User, compared.user_id) if compared.user_id is not None else None
    if user is None or not user.is_active or _is_locked(user.locked_until, now):
        raise FailedLogin
    if user.password_hash != compared.password_hash:
        # Another request gave the user a new hash meanwhile: this one is run again from its start.
        raise OptimisticCheckError("the password was changed while it was compared")
    if not compared.fits:
        _count_failure(user, policy, now)
        raise FailedLogin
    return user


def _is_locked(locked_until: datetime | None, now: datetime) -> bool:
    return locked_until is not None and locked_until > now


def _count_failure(user: Any, policy: Policy, now: datetime) -> None:
    user.failed_login_count += 1
    if user.failed_login_count < policy.login_max_failures:
        return
    user.set(
        failed_login_count=0,
        locked_until=now + timedelta(minutes=policy.login_lock_minutes),
    )
    log.warning("user %d is locked after %d failures", user.id, policy.login_max_failures)
    mail.queue(
        user.email,
        subject="Your account is locked for a while",
        text=(
            f"After {policy.login_max_failures} failed logins your account is locked for "
            f"{policy.login_lock_minutes} minutes. If that was not you, set a new password."
        ),
        link="/forgot-password",
        now=now,
    )
