"""Answers that everybody may read, kept ready as bytes with their ETag.

A stranger's answer is kept under its address and the stamps of what it shows (`realty.db.stamps`).
The stamps are read from the database with each request, in one statement and before anything else:
so no process gives a stale byte, however the writer ended. Whoever is signed in, and every error,
passes by. Besides it holds until the links in it move on and until a day may begin somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

from pony.orm import OrmError
from pyramid.config import Configurator
from pyramid.interfaces import IRoutesMapper
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from realty.adapters.cache import Cache, cache_of
from realty.db.session import stamps_now
from realty.db.stamps import CATALOGUE
from realty.rules.file_links import seconds
from realty.settings import Settings

Handler = Callable[[Request], Response]

LISTS = {"/api/projects": "projects", "/api/units": "units"}
"""Addresses that show something of all projects, with the names of their routes."""
PAGES = {
    "": "project",
    "/units": "project_units",
    "/availability": "project_availability",
    "/progress": "project_progress",
}
"""What follows on `/api/projects/{project_id}` and shows that project alone."""
_PROJECT = re.compile(r"/api/projects/([1-9][0-9]{0,8})(/[a-z]+)?")
QUARTER_HOUR = 900
"""Every time zone is so many seconds off, or a multiple: no day begins in between."""
LONGEST_QUERY = 1000


def public_cache_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Give a kept answer, or keep the answer that is given."""
    cache: Cache = registry.public_cache
    routes = registry.getUtility(IRoutesMapper)

    def answer(request: Request) -> Response:
        subject = _subject(request)
        if subject is None:
            return handler(request)
        route_name, shown = subject
        try:
            stamps = stamps_now(shown)
        except OrmError:  # the request itself says that the database does not answer
            return handler(request)
        key = f"{shown}:{stamps[0]}:{request.environ['PATH_INFO']}?{request.query_string}"
        kept = cache.get(key)
        if kept is not None:
            holds_until, etag, body = kept.split(b"\n", 2)
            if int(holds_until) > seconds(request.now):
                request.matched_route = routes.get_route(route_name)
                return _again(etag.decode(), body)
        response = handler(request)
        if response.status_code == HTTPStatus.OK and response.etag:
            until, etag = _moves_at(request), response.etag.encode()
            cache.put(key, b"%d\n%b\n%b" % (until, etag, response.body))
        return response

    return answer


def _subject(request: Request) -> tuple[str, int] | None:
    """The route of an address that is kept, and the project whose stamp counts for it."""
    environ = request.environ
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or "HTTP_AUTHORIZATION" in environ:
        return None
    if len(environ.get("QUERY_STRING", "")) > LONGEST_QUERY:
        return None
    path = environ.get("PATH_INFO", "")
    if path in LISTS:
        return LISTS[path], CATALOGUE
    found = _PROJECT.fullmatch(path)
    if found is None or (found[2] or "") not in PAGES:
        return None
    return PAGES[found[2] or ""], int(found[1])


def _again(etag: str, body: bytes) -> Response:
    response = Response(body)
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.etag = etag
    response.conditional_response = True
    return response


def _moves_at(request: Request) -> int:
    """When the same answer would be another although nothing was changed."""
    next_quarter = (seconds(request.now) // QUARTER_HOUR + 1) * QUARTER_HOUR
    links_move_at: int = getattr(request, "links_move_at", next_quarter)
    return min(next_quarter, links_move_at)


def includeme(config: Configurator) -> None:
    """Stand outside of the session: a kept answer needs none."""
    settings: Settings = config.registry.settings["realty"]
    if settings.cache_backend == "none":
        return
    config.registry.public_cache = cache_of(settings.cache_backend, settings.cache_mb)
    config.add_tween(
        "realty.public_cache.public_cache_tween_factory",
        over="realty.db.session.session_tween_factory",
    )
