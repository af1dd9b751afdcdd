"""What a request asked of the database, told in its answer: for development and measurement."""

from __future__ import annotations

from collections.abc import Callable

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from realty.db.database import db


def timing_tween_factory(
    handler: Callable[[Request], Response], _registry: Registry
) -> Callable[[Request], Response]:
    """Add `Server-Timing: db;desc=11;dur=8.2` to each answer: the number of statements and the
    milliseconds that they took. The session clears the statistics of its thread as it begins."""

    def tell(request: Request) -> Response:
        response = handler(request)
        # Pony keeps what all statements make together under no statement's text.
        sent = db.local_stats.get(None)
        statements, seconds = (sent.db_count, sent.sum_time) if sent else (0, 0.0)
        response.headers["Server-Timing"] = f"db;desc={statements};dur={seconds * 1000:.1f}"
        return response

    return tell


def includeme(config: Configurator) -> None:
    """Stand around the session, where `realty.server_timing` asks for it."""
    if config.registry.settings["realty"].server_timing:
        config.add_tween(
            "realty.db.timing.timing_tween_factory",
            over="realty.db.session.session_tween_factory",
        )
