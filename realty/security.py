"""Who calls, and what that allows: identity, permissions, access tokens, the security policy.

Two gates stand before a view. `realty.permissions` says what a role may ever do (failing it is
403); the `__acl__` of the resource says on which rows (failing it is 404, as for an absent row).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from secrets import token_hex
from typing import Any

import jwt
from pyramid.authorization import ACLHelper, Everyone
from pyramid.config import Configurator
from pyramid.request import Request, RequestLocalCache

from realty.db import rows, utcnow
from realty.errors import AuthenticationRequired, InvalidToken
from realty.passwords import PasswordHasher
from realty.permissions import ROLE_PERMISSIONS, P
from realty.services.policy import remember_policy, settings_column
from realty.settings import Settings, TokenKey

ALGORITHM = "HS256"
REQUIRED_CLAIMS = ["exp", "iat", "iss", "aud", "sub", "jti", "sid", "tv", "typ"]
LONGEST_TOKEN = 4096
KEPT_TOKENS = 2048
LEEWAY_SECONDS = 10
LARGEST_CLAIM = 2**53
"""JSON numbers are exact below it (RFC 8259, 6), and every database takes them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller as plain values, detached from the database session."""

    user_id: int
    role: str
    session_id: int
    builder_id: int | None = None
    customer_id: int | None = None

    def principals(self) -> list[str]:
        """What an `__acl__` may name: the role, the user, and the builder or customer."""
        names = [Everyone, "account", f"role:{self.role}", f"user:{self.user_id}"]
        if self.builder_id is not None:
            names.append(f"builder:{self.builder_id}")
        if self.customer_id is not None:
            names.append(f"customer:{self.customer_id}")
        return names


def issue_access_token(
    settings: Settings, *, user_id: int, session_id: int, token_version: int, now: datetime
) -> str:
    """A signed access token (RFC 7519) for one session, dying after `access_token_minutes`.

    `now` is naive UTC. `tv` carries the user's token version, so that a changed password or a
    deactivation ends every token at once.
    """
    key = settings.token_keys[0]
    issued = int((now - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 - naive UTC inside
    claims = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": str(user_id),
        "sid": session_id,
        "tv": token_version,
        "typ": "access",
        "jti": token_hex(16),
        "iat": issued,
        "exp": issued + int(timedelta(minutes=settings.access_token_minutes).total_seconds()),
    }
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.kid})


def _claims(token: str, settings: Settings) -> dict[str, Any] | None:
    """The claims of an access token that counts at this moment, or None."""
    try:
        claims = _verified(
            token, settings.token_keys, settings.token_issuer, settings.token_audience
        )
    except jwt.PyJWTError:
        return None
    return claims if claims["exp"] > time.time() - LEEWAY_SECONDS else None


@lru_cache(maxsize=KEPT_TOKENS)
def _verified(token: str, keys: tuple[TokenKey, ...], issuer: str, audience: str) -> dict[str, Any]:
    """The claims of a token of ours (RFC 8725: pinned algorithm, known key); `PyJWTError` for any
    other.

    Kept, because a signature that held once holds for ever, and because PyJWT takes 0.3 ms for one;
    what a refusal says may change, so it is not kept. Whether the session stands is asked of the
    database with each request.
    """
    if len(token) > LONGEST_TOKEN:
        raise jwt.InvalidTokenError
    kid = jwt.get_unverified_header(token).get("kid")
    secret = next((key.secret for key in keys if key.kid == kid), None)
    if secret is None:
        raise jwt.InvalidKeyError
    claims: dict[str, Any] = jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        audience=audience,
        issuer=issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": REQUIRED_CLAIMS, "strict_aud": True},
    )
    numbers = (claims["sid"], claims["tv"], claims["exp"], claims["iat"])
    whole = all(type(number) is int and 0 <= number < LARGEST_CLAIM for number in numbers)
    if not (
        whole and re.fullmatch(r"[1-9][0-9]{0,9}", claims["sub"]) and claims["typ"] == "access"
    ):
        raise jwt.InvalidTokenError
    return claims


def _identity(claims: dict[str, Any]) -> Identity | None:
    """The caller as the database has it now: a revoked session or a bumped version is nobody."""
    session_id = claims["sid"]
    found = rows.read(
        "SELECT u.id AS user_id, u.user_type, b.id AS builder_id, c.id AS customer_id,"  # noqa: S608 - a column of our own
        f" {settings_column()} AS settings"
        " FROM sessions s JOIN users u ON u.id = s.user_id"
        " LEFT JOIN builders b ON b.user_id = u.id LEFT JOIN customers c ON c.user_id = u.id"
        " WHERE s.id = $session_id AND u.id = $user_id AND u.token_version = $token_version"
        " AND s.revoked_at IS NULL AND u.is_active",
        session_id=session_id,
        user_id=int(claims["sub"]),
        token_version=claims["tv"],
    )
    if not found:
        return None
    user_id, role, builder_id, customer_id, settings = found[0]
    remember_policy(settings)
    return Identity(user_id, role, session_id, builder_id, customer_id)


class TokenPolicy:
    """Pyramid's security policy over bearer tokens; the session row is asked on each request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._acl = ACLHelper()
        self._cache = RequestLocalCache(self._load)

    def _load(self, request: Request) -> Identity | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        claims = _claims(token, self._settings)
        identity = _identity(claims) if claims else None
        if identity is not None:
            request.environ["realty.user_id"] = identity.user_id  # for the access log
        return identity

    def identity(self, request: Request) -> Identity | None:
        """The caller, or None without a token that counts."""
        found: Identity | None = self._cache.get_or_create(request)
        return found

    def authenticated_userid(self, request: Request) -> str | None:
        """The caller's user id as text."""
        identity = self.identity(request)
        return str(identity.user_id) if identity else None

    def permits(self, request: Request, context: Any, permission: str) -> Any:
        """Both gates; a token that was sent and does not count is an error, never a stranger."""
        identity = viewer(request)
        principals = identity.principals() if identity else [Everyone]
        return self._acl.permits(context, principals, permission)

    def remember(self, request: Request, userid: str, **kw: Any) -> list[tuple[str, str]]:
        """Nothing: tokens travel in bodies."""
        return []

    def forget(self, request: Request, **kw: Any) -> list[tuple[str, str]]:
        """Nothing: tokens travel in bodies."""
        return []


def viewer(request: Request) -> Identity | None:
    """The caller, or None for a stranger; 401 when a token was sent that does not count."""
    identity: Identity | None = request.identity
    if identity is None and "Authorization" in request.headers:
        raise InvalidToken
    return identity


def require_identity(request: Request) -> Identity:
    """The caller; 401 for a stranger. Resources ask this before they touch any row."""
    identity = viewer(request)
    if identity is None:
        raise AuthenticationRequired
    return identity


def role_may(identity: Identity, permission: str) -> bool:
    """Whether the caller's role holds a permission on any row at all."""
    return permission in ROLE_PERMISSIONS[identity.role]


def includeme(config: Configurator) -> None:
    """Install the policy; a view that names no permission is open to nobody."""
    settings: Settings = config.registry.settings["realty"]
    config.set_security_policy(TokenPolicy(settings))
    config.registry.hasher = PasswordHasher(
        cost=settings.bcrypt_cost, concurrency=settings.bcrypt_concurrency
    )
    config.set_default_permission(P.NOBODY)
    clock = config.registry.settings.get("realty.clock", utcnow)
    config.add_request_method(lambda _request: clock(), "now", reify=True)
