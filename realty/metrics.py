"""What Prometheus scrapes: requests by operation and status, how long they took, the process.

Labels are bounded: a path is counted by the name of its route and an unknown one as `none`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS

__all__ = ["CONTENT_TYPE", "exposition", "includeme"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. A read takes some milliseconds, a login a quarter of a second."""

BUILD = Info("realty_build", "The version that answers.")
REQUESTS = Counter(
    "realty_http_requests", "Requests that were answered.", ("method", "route", "status")
)
SECONDS = Histogram(
    "realty_http_request_seconds",
    "Time from the first look at a request to its answer.",
    ("method", "route"),
    buckets=BUCKETS,
)
IN_PROGRESS = Gauge("realty_http_requests_in_progress", "Requests that are being answered.")


def metrics_tween_factory(handler: Callable[[Request], Response], registry: Registry) -> object:
    """Count and time every request, whatever becomes of it."""

    def measure(request: Request) -> Response:
        started = time.perf_counter()
        with IN_PROGRESS.track_inprogress():
            response = handler(request)
        seconds = time.perf_counter() - started
        route = getattr(request, "matched_route", None)
        name = route.name if route is not None else "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, name, str(response.status_code)).inc()
        SECONDS.labels(method, name).observe(seconds)
        return response

    return measure


def exposition() -> bytes:
    """Everything measured so far in the text format of Prometheus, 0.0.4."""
    return generate_latest()


def includeme(config: Configurator) -> None:
    """Stand outside the guard, whose refusals are counted too."""
    BUILD.info({"version": version("realty")})
    config.add_tween("realty.metrics.metrics_tween_factory", under=INGRESS)
