"""Logins: opening, refreshing with rotation and reuse detection (RFC 9700, 4.14), ending.

A refresh token is `<family>.<secret>`; the session keeps only its hash. Its successor is derived
from it with a key of the service, so that two browser tabs that refresh at once get the same one.
"""

from __future__ import annotations

import hmac
import logging
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from pony.orm import desc, select

from realty.db import Session, User, db
from realty.db.locks import lock
from realty.errors import InvalidToken, NotFound
from realty.passwords import PasswordHasher
from realty.rules.policy import Policy
from realty.security import Identity, issue_access_token
from realty.services import audit, credentials
from realty.services.credentials import FailedLogin
from realty.services.links import fingerprint
from realty.services.paging import Page, page_of
from realty.settings import Settings, TokenKey

log = logging.getLogger("realty.identity")


@dataclass(frozen=True, slots=True)
class Client:
    """Where a login comes from, as the session list shows it."""

    user_agent: str | None
    ip: str | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """A fresh pair; `expires_in` counts the access token's seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


def log_in(
    *,
    email: str,
    password: str,
    user_type: str | None,
    client: Client,
    hasher: PasswordHasher,
    settings: Settings,
    policy: Policy,
    now: datetime,
) -> tuple[Any, Tokens]:
    """The user and a new session; one and the same refusal, in the same time, for every reason.

    Raises `FailedLogin`. The password is hashed before any row is locked.
    """
    compared = credentials.compare(
        User.select(lambda u: u.email == email), password, hasher=hasher, now=now
    )
    renewed = (
        hasher.hash(password)
        if compared.fits and hasher.needs_rehash(str(compared.password_hash))
        else None
    )
    user = credentials.confirm(compared, policy=policy, now=now)
    if user_type is not None and user_type != user.user_type:
        raise FailedLogin
    user.set(failed_login_count=0, locked_until=None, last_login=now)
    if renewed is not None:
        user.password_hash = renewed
    return user, open_session(user, client=client, settings=settings, now=now)


def open_session(user: Any, *, client: Client, settings: Settings, now: datetime) -> Tokens:
    """A new login of a user; the oldest ones end when there are more than one user may have."""
    family = token_urlsafe(24)
    refresh_token = f"{family}.{token_urlsafe(32)}"
    _end_surplus(user.id, settings.sessions_per_user - 1, now)
    session = Session(
        user=user,
        family=family,
        token_hash=fingerprint(refresh_token),
        user_agent=client.user_agent,
        ip=client.ip,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=settings.refresh_token_days),
    )
    session.flush()
    _note("session.opened", session.id, actor=user.id, now=now)
    return _pair(session.id, user.id, user.token_version, refresh_token, settings, now)


def _pair(
    session_id: int,
    user_id: int,
    token_version: int,
    refresh_token: str,
    settings: Settings,
    now: datetime,
) -> Tokens:
    access_token = issue_access_token(
        settings, user_id=user_id, session_id=session_id, token_version=token_version, now=now
    )
    return Tokens(access_token, refresh_token, settings.access_token_minutes * 60)


def _note(action: str, session_id: int, *, actor: Identity | int | None, now: datetime) -> None:
    audit.note(action, "session", session_id, builder_id=None, actor=actor, now=now)


def _end_surplus(user_id: int, kept: int, now: datetime) -> None:
    ended = db.execute(
        "UPDATE sessions SET revoked_at = $now WHERE revoked_at IS NULL AND id IN"
        " (SELECT id FROM sessions WHERE user_id = $user_id AND revoked_at IS NULL"
        " AND expires_at > $now ORDER BY id DESC LIMIT 1000000 OFFSET $kept) RETURNING id"
    )
    for (session_id,) in sorted(ended.fetchall()):
        _note("session.ended", session_id, actor=None, now=now)


def refresh(*, refresh_token: str, settings: Settings, now: datetime) -> Tokens:
    """The successor of a refresh token with a new access token.

    Raises `InvalidToken`. A token that was spent before the grace period ends the whole session:
    either its owner or a thief holds a copy, and the write must outlive the refusal.
    """
    family = refresh_token.partition(".")[0]
    session_id = select(s.id for s in Session if s.family == family).first()
    session = lock(Session, session_id) if session_id is not None else None
    if session is None or session.revoked_at is not None or session.expires_at <= now:
        raise InvalidToken
    user = session.user
    if not user.is_active:
        raise InvalidToken
    digest = fingerprint(refresh_token)
    successors = [_successor(refresh_token, key) for key in settings.token_keys]
    if hmac.compare_digest(digest, session.token_hash):
        successor = successors[0]
        session.set(
            token_hash=fingerprint(successor),
            previous_token_hash=digest,
            rotated_at=now,
            last_used_at=now,
        )
    elif _in_grace(session, digest, settings, now):
        # Whichever key made it: the keys may have been rotated between the two tabs.
        made = {fingerprint(candidate): candidate for candidate in successors}
        if session.token_hash not in made:
            raise InvalidToken
        successor = made[session.token_hash]
    else:
        session.revoked_at = now
        _note("session.revoked", session.id, actor=None, now=now)
        log.warning("a spent refresh token ended session %d of user %d", session.id, user.id)
        raise InvalidToken
    return _pair(session.id, user.id, user.token_version, successor, settings, now)


def _successor(refresh_token: str, key: TokenKey) -> str:
    family = refresh_token.partition(".")[0]
    digest = hmac.digest(key.secret.encode(), b"refresh:" + refresh_token.encode(), "sha256")
    return f"{family}.{urlsafe_b64encode(digest).decode().rstrip('=')}"


def _in_grace(session: Any, digest: str, settings: Settings, now: datetime) -> bool:
    return (
        session.rotated_at is not None
        and session.previous_token_hash is not None
        and hmac.compare_digest(digest, session.previous_token_hash)
        and now - session.rotated_at <= timedelta(seconds=settings.refresh_grace_seconds)
    )


def living(identity: Identity, *, page: int, limit: int, now: datetime) -> Page:
    """The caller's sessions that still live, the last used first."""
    user_id = identity.user_id
    query = Session.select(
        lambda s: s.user.id == user_id and s.revoked_at is None and s.expires_at > now
    ).order_by(lambda s: (desc(s.last_used_at), desc(s.id)))
    return page_of(query, page=page, limit=limit)


def end(identity: Identity, session_id: int, *, now: datetime) -> None:
    """End one session of the caller; 404 when it has ended already."""
    cursor = db.execute(
        "UPDATE sessions SET revoked_at = $now"
        " WHERE id = $session_id AND user_id = $(identity.user_id) AND revoked_at IS NULL"
    )
    if cursor.rowcount == 0:
        raise NotFound
    _note("session.ended", session_id, actor=identity, now=now)


def end_all(user: Any, *, now: datetime) -> None:
    """End every session of a locked user, and with the version every access token at once."""
    user.token_version += 1
    user.flush()
    db.execute(
        "UPDATE sessions SET revoked_at = $now WHERE user_id = $(user.id) AND revoked_at IS NULL"
    )
