"""Tokens with our keys and claims, checked on each request, and the user behind them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Annotated, Any

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from benchmarks.peer_fastapi.models import LoginSession, User
from realty.settings import Settings

ALGORITHM = "HS256"
CLAIMS = ["exp", "iat", "iss", "aud", "sub", "jti", "sid", "tv", "typ"]

settings = Settings.load({}, os.environ)
_key = settings.token_keys[0]
_bearer = HTTPBearer(auto_error=False)


def issue_token(user: User, session_id: int) -> str:
    """An access token of this user and session."""
    now = datetime.now(UTC)
    claims = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": str(user.id),
        "sid": session_id,
        "tv": user.token_version,
        "typ": "access",
        "jti": token_hex(16),
        "iat": now,
        "exp": now + timedelta(minutes=settings.access_token_minutes),
    }
    return jwt.encode(claims, _key.secret, algorithm=ALGORITHM, headers={"kid": _key.kid})


def claims_of(credentials: HTTPAuthorizationCredentials | None) -> dict[str, Any]:
    """The verified claims of a bearer token; 401 without one that counts."""
    if credentials is None:
        raise HTTPException(401, "authentication_required")
    try:
        claims: dict[str, Any] = jwt.decode(
            credentials.credentials,
            _key.secret,
            algorithms=[ALGORITHM],
            audience=settings.token_audience,
            issuer=settings.token_issuer,
            options={"require": CLAIMS},
        )
    except jwt.PyJWTError as unusable:
        raise HTTPException(401, "invalid_token") from unusable
    if claims["typ"] != "access":
        raise HTTPException(401, "invalid_token")
    return claims


def load_user(db: Session, claims: dict[str, Any]) -> User:
    """The customer's user with the profile; 401 once the session or the version is another."""
    user = db.scalars(
        select(User)
        .join(User.sessions)
        .where(
            LoginSession.id == claims["sid"],
            LoginSession.revoked_at.is_(None),
            User.id == int(claims["sub"]),
            User.token_version == claims["tv"],
            User.is_active,
        )
        .options(joinedload(User.customer), joinedload(User.builder))
    ).one_or_none()
    if user is None:
        raise HTTPException(401, "invalid_token")
    if user.customer is None:
        raise HTTPException(403, "forbidden")
    return user


async def bearer_claims(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> dict[str, Any]:
    """The claims of the request's token; `async`, so that it takes no thread."""
    return claims_of(credentials)
