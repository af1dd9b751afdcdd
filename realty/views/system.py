"""Operations of the tag `system`."""

from __future__ import annotations

from hmac import compare_digest
from importlib.metadata import version
from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from realty import metrics
from realty.contract import operation, to_json
from realty.db import readiness
from realty.errors import AuthenticationRequired
from realty.presenters.system import enums_json, public_settings_json
from realty.resources import PublicResource
from realty.services.policy import current_policy
from realty.settings import Settings
from realty.views.conditional import tagged

VERSION = version("realty")
PROBE_SECONDS = 2.0
RETRY_SECONDS = 5


@operation("getPublicSettings", permission=NO_PERMISSION_REQUIRED)
def get_public_settings(context: PublicResource, request: Request) -> Response:
    """The settings that anybody may read."""
    return tagged(request, public_settings_json(current_policy()))


@operation("getEnums", permission=NO_PERMISSION_REQUIRED)
def get_enums(context: PublicResource, request: Request) -> Response:
    """The values of every enum."""
    return tagged(request, enums_json())


@operation("getHealth", permission=NO_PERMISSION_REQUIRED)
def get_health(context: PublicResource, request: Request) -> dict[str, Any]:
    """The process lives; nothing else is asked."""
    return {"status": "ok", "version": VERSION}


@operation("getReadiness", permission=NO_PERMISSION_REQUIRED)
def get_readiness(context: PublicResource, request: Request) -> Response:
    """Whether this process can serve now. There is no shared cache yet, so none is asked."""
    up = readiness.answers(within_seconds=PROBE_SECONDS)
    response = request.response
    response.content_type = "application/json"
    response.body = to_json(
        {
            "success": up,
            "data": {
                "status": "ready" if up else "unavailable",
                "checks": {"database": "up" if up else "down", "cache": "unused"},
            },
        }
    )
    if not up:
        response.status_int = 503
        response.retry_after = RETRY_SECONDS
    return response


@operation("getMetrics", permission=NO_PERMISSION_REQUIRED)
def get_metrics(context: PublicResource, request: Request) -> Response:
    """What Prometheus scrapes, for whoever knows the token."""
    settings: Settings = request.registry.settings["realty"]
    if not settings.metrics_are_open:
        given = request.headers.get("Authorization", "").encode()
        known = compare_digest(given, f"Bearer {settings.metrics_token}".encode())
        if not (settings.metrics_token and known):
            raise AuthenticationRequired
    return Response(metrics.exposition(), headerlist=[("Content-Type", metrics.CONTENT_TYPE)])
