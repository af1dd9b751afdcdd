"""Signing in: bcrypt before any lock, then a new session and its pair of tokens."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

import bcrypt
from fastapi import HTTPException
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from benchmarks.peer_fastapi.audit import Noted, append
from benchmarks.peer_fastapi.crud import utcnow
from benchmarks.peer_fastapi.models import Builder, Customer, LoginSession, User
from benchmarks.peer_fastapi.schemas_auth import Credentials
from benchmarks.peer_fastapi.security import issue_token, settings
from realty.rules.policy import Policy

_DECOY = bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(settings.bcrypt_cost))


def log_in(
    db: Session,
    credentials: Credentials,
    *,
    agent: str | None,
    ip: str | None,
    policy: Policy,
) -> dict[str, Any]:
    """The user with a fresh pair of tokens; 401 with one and the same refusal otherwise."""
    now = utcnow()
    found = select(User).where(User.email == credentials.email.strip().lower())
    user = db.scalars(
        found.options(
            joinedload(User.builder).joinedload(Builder.user),
            joinedload(User.customer).joinedload(Customer.user),
        )
    ).one_or_none()
    stored = user.password_hash.encode() if user and user.password_hash else _DECOY
    fits = bcrypt.checkpw(credentials.password.encode()[:72], stored)
    if user is None or not user.password_hash:
        raise HTTPException(401, "invalid_credentials")
    locked = select(User).where(User.id == user.id).with_for_update(key_share=True)
    user = db.scalars(locked.execution_options(populate_existing=True)).one()
    if not user.is_active or (user.locked_until is not None and user.locked_until > now):
        raise HTTPException(401, "invalid_credentials")
    if not fits:
        _count_failure(db, user, policy)
        raise HTTPException(401, "invalid_credentials")
    user.failed_login_count, user.locked_until = 0, None
    user.last_login = user.updated_at = now
    _end_surplus(db, user)
    refresh_token = f"{token_urlsafe(24)}.{token_urlsafe(32)}"
    session = LoginSession(
        user_id=user.id,
        family=refresh_token.partition(".")[0],
        token_hash=hashlib.sha256(refresh_token.encode()).hexdigest(),
        user_agent=agent,
        ip=ip,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=settings.refresh_token_days),
    )
    db.add(session)
    db.flush()
    opened = Noted(
        builder_id=None,
        at=now,
        actor_id=user.id,
        action="session.opened",
        entity="session",
        entity_id=session.id,
        details=None,
    )
    append(db, opened, now)
    db.commit()
    return {
        "user": user,
        "profile": user.customer,
        "access_token": issue_token(user, session.id),
        "refresh_token": refresh_token,
        "expires_in": settings.access_token_minutes * 60,
    }


def _count_failure(db: Session, user: User, policy: Policy) -> None:
    user.failed_login_count += 1
    if user.failed_login_count >= policy.login_max_failures:
        user.failed_login_count = 0
        user.locked_until = utcnow() + timedelta(minutes=policy.login_lock_minutes)
    db.commit()


def _end_surplus(db: Session, user: User) -> None:
    """The oldest logins end when there are more than one user may have."""
    living = (
        select(LoginSession.id)
        .where(
            LoginSession.user_id == user.id,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > utcnow(),
        )
        .order_by(LoginSession.id.desc())
        .offset(settings.sessions_per_user - 1)
    )
    db.execute(
        update(LoginSession)
        .where(LoginSession.id.in_(living.scalar_subquery()), LoginSession.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .execution_options(synchronize_session=False)
    )
