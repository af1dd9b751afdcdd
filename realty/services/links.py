"""Links that work once: made as a random secret, kept as its hash, spent under the user's lock."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import NamedTuple

from pony.orm import select

from realty.db import OneTimeToken, db
from realty.errors import InvalidLink


def fingerprint(secret: str) -> str:
    """The SHA-256 by which a random secret is known; it needs no salt, for it cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(
    user_id: int,
    purpose: str,
    *,
    lifetime: timedelta | None,
    now: datetime,
    email: str | None = None,
) -> str:
    """A new secret of 256 bits for one user and purpose, which works until it is revoked when it
    has no `lifetime`; `email` is the address that it proves."""
    secret = token_urlsafe(32)
    OneTimeToken(
        user=user_id,
        purpose=purpose,
        token_hash=fingerprint(secret),
        email=email,
        expires_at=None if lifetime is None else now + lifetime,
        created_at=now,
    )
    return secret


class Link(NamedTuple):
    """An open link; `email` is the address that it was mailed to."""

    id: int
    user_id: int
    email: str


def find(secret: str, purpose: str, *, now: datetime) -> Link:
    """The open link with this secret; 422 `invalid_link` when it is unknown, spent or too old."""
    digest = fingerprint(secret)
    found = select(
        (t.id, t.user.id, t.email)
        for t in OneTimeToken
        if t.token_hash == digest
        and t.purpose == purpose
        and t.used_at is None
        and t.expires_at > now
    ).without_distinct()[:]
    if not found:
        raise InvalidLink
    return Link(*found[0])


def owner_of(secret: str, purpose: str) -> int | None:
    """The user whose secret without an end this is; None when it is unknown or revoked."""
    digest = fingerprint(secret)
    owner: int | None = select(
        t.user.id
        for t in OneTimeToken
        if t.token_hash == digest
        and t.purpose == purpose
        and t.used_at is None
        and t.expires_at is None
    ).first()
    return owner


def redeem(link: Link, *, now: datetime) -> None:
    """Spend a link whose user the caller has locked; 422 `invalid_link` when another was faster."""
    cursor = db.execute(
        "UPDATE one_time_tokens SET used_at = $now WHERE id = $(link.id) AND used_at IS NULL"
    )
    if cursor.rowcount == 0:
        raise InvalidLink


def revoke(user_id: int, purpose: str, *, now: datetime) -> None:
    """Spend every open link of one user and purpose."""
    db.execute(
        "UPDATE one_time_tokens SET used_at = $now"
        " WHERE user_id = $user_id AND purpose = $purpose AND used_at IS NULL"
    )


def revoke_address_changes(user_id: int, email: str, *, now: datetime) -> None:
    """Spend every open link that would give a user another address than `email`."""
    db.execute(
        "UPDATE one_time_tokens SET used_at = $now"
        " WHERE user_id = $user_id AND purpose = 'verify_email' AND email <> $email"
        " AND used_at IS NULL"
    )
