"""The outermost layer: request ids, hostile bytes, body size, hosts, CORS, headers, access log."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, ip_address, ip_network
from secrets import token_hex
from urllib.parse import quote

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pyramid.config import Configurator
from pyramid.events import ContextFound
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS

from realty.errors import (
    MalformedRequest,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    RealtyError,
    ValidationFailed,
)
from realty.settings import Settings
from realty.views.errors import error_response, unexpected

access_log = logging.getLogger("realty.access")

Handler = Callable[[Request], Response]

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
SECRET_LENGTH = re.compile(r"[^/]{33,}")
CORS_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
CORS_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range,"
    " X-Request-ID"
)
CORS_EXPOSED = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, Idempotent-Replayed,"
    " Retry-After, X-Request-ID, WWW-Authenticate"
)
LIMITED_BY_ADDRESS = frozenset(
    {
        "auth_register",
        "auth_login",
        "auth_refresh",
        "auth_forgot_password",
        "auth_reset_password",
        "auth_verify_email",
        "invitation_accept",
    }
)
LIMITED_BY_ACCOUNT = frozenset(
    {"auth_change_password", "auth_change_email", "customer_invitations"}
)
LIMITED_BESIDE_POST = frozenset({("DELETE", "auth_me"), ("GET", "auth_export")})
"""What is limited by account too: it asks for the password again, or is much work."""
ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
)
HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"
"""JSON has nothing to load; a browser that is made to show it as a page loads nothing."""
DOCS_ALLOWED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The documentation page loads from this host only, and nothing inline runs; its icons are data."""


def guard_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Judge what no view should ever see, and give every answer its id, headers and log line."""
    settings: Settings = registry.settings["realty"]

    def guard(request: Request) -> Response:
        started = time.perf_counter()
        request.id = request.environ.setdefault("realty.request_id", _request_id(request))
        try:
            _refuse_hostile(request, settings)
        except RealtyError as error:
            response = error_response(request, error)
        else:
            response = _answer(request, handler)
        _add_headers(request, response, settings)
        access_log.info(
            "%s %s %d %.1fms %s user=%s ip=%s",
            quote(request.method[:20]),
            _logged_path(request),
            response.status_code,
            (time.perf_counter() - started) * 1000,
            request.id,
            request.environ.get("realty.user_id", "-"),
            request.remote_addr,
        )
        return response

    return guard


def _answer(request: Request, handler: Handler) -> Response:
    if _is_preflight(request):
        return Response(status=204)
    try:
        return handler(request)
    except Exception as error:  # noqa: BLE001 - what even the error views could not answer
        return unexpected(error, request)


def _logged_path(request: Request) -> str:
    """The path without its query; what is as long as a secret, and no part of ours, is masked."""
    path = SECRET_LENGTH.sub("***", request.environ.get("PATH_INFO", ""))
    return quote(path.encode("latin-1")[:500], safe="/*")


def _request_id(request: Request) -> str:
    offered = request.headers.get("X-Request-ID", "")
    return offered if WELL_FORMED_ID.fullmatch(offered) else token_hex(8)


def _refuse_hostile(request: Request, settings: Settings) -> None:
    try:
        path = request.path_info
        request.GET.items()
        request.cookies.items()
    except UnicodeDecodeError as error:
        raise MalformedRequest("The path or the query is not valid UTF-8.") from error
    if "\0" in path:
        raise NotFound
    if settings.allowed_hosts and request.domain.lower() not in settings.allowed_hosts:
        raise MalformedRequest("This host is not served here.")


def refuse_large_body(request: Request, most: int) -> None:
    """413 for a body of more than `most` bytes, before anything reads it.

    Asked once the operation is known: one that takes no body says so instead, as its contract
    does, and GET and DELETE ignore whatever is sent along.
    """
    operation = request.operation
    if operation is None or (request.content_length or 0) <= most:
        return
    if operation.takes_body:
        raise PayloadTooLarge
    if operation.method not in {"GET", "DELETE"}:
        raise ValidationFailed.at("body", "must be left out, this operation takes none")


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _add_headers(request: Request, response: Response, settings: Settings) -> None:
    route = getattr(request, "matched_route", None)
    on_docs = route is not None and route.name == "docs"
    # No view sets these; the list is written to, because WebOb looks through it for each that is
    # set by name.
    headers = response.headerlist
    headers += ALWAYS
    headers.append(("X-Request-ID", request.id))
    headers.append(("Content-Security-Policy", DOCS_ALLOWED if on_docs else NOTHING_ALLOWED))
    if settings.is_production:
        headers.append(HTTPS_ONLY)
    if response.headers.get("Cache-Control") is None:
        private = "Authorization" in request.headers or request.method not in {"GET", "HEAD"}
        headers.append(("Cache-Control", "no-store" if private else "no-cache"))
    response.vary = _joined(response.vary or (), ("Origin", "Authorization"))
    origin = request.headers.get("Origin")
    if origin in settings.cors_origins:
        headers.append(("Access-Control-Allow-Origin", origin))
        headers.append(("Access-Control-Allow-Credentials", "true"))
        headers.append(("Access-Control-Expose-Headers", CORS_EXPOSED))
        if _is_preflight(request):
            headers.append(("Access-Control-Allow-Methods", CORS_METHODS))
            headers.append(("Access-Control-Allow-Headers", CORS_HEADERS))
            headers.append(("Access-Control-Max-Age", "600"))


def _joined(present: Iterable[str], added: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*present, *added)))


class CallLimit:
    """How often one address, or one account, may call the operations of identity.

    Counted in this process. Between them they bound every guess at a password or a link, and every
    answer that tells whether an e-mail address is known.
    """

    def __init__(self, limit: str) -> None:
        self._item: RateLimitItem | None = parse(limit) if limit else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def check(self, request: Request) -> None:
        """Count one call of a limited route; 429 with `Retry-After` above the limit."""
        route = request.matched_route
        if self._item is None or route is None:
            return
        posted = request.method == "POST"
        if posted and route.name in LIMITED_BY_ADDRESS:
            key = (route.name, _network(request.remote_addr or ""))
        elif (posted and route.name in LIMITED_BY_ACCOUNT) or (
            (request.method, route.name) in LIMITED_BESIDE_POST
        ):
            key = (route.name, request.authenticated_userid or "")
        else:
            return
        if not self._limiter.hit(self._item, *key):
            reset = self._limiter.get_window_stats(self._item, *key).reset_time
            raise RateLimited(max(1, round(reset - time.time())))


def _network(address: str) -> str:
    """What one caller has for himself: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv4Address):
        return address
    return str(ip_network((known, 64), strict=False))


def includeme(config: Configurator) -> None:
    """The guard stands outside every other tween; the bounds ask once the route is known."""
    config.add_tween("realty.tweens.guard_tween_factory", under=INGRESS)
    settings: Settings = config.registry.settings["realty"]
    limit = CallLimit(settings.auth_limit)

    def check_bounds(event: ContextFound) -> None:
        limit.check(event.request)
        operation = event.request.operation
        own = operation.max_body_bytes if operation else None
        refuse_large_body(event.request, own or settings.max_body_bytes)

    config.add_subscriber(check_bounds, ContextFound)
