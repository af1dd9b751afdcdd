"""The only place that writes error JSON: every exception becomes the contract's error envelope."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPException, HTTPForbidden, HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response
from pyramid_openapi3.exceptions import RequestValidationError, ResponseValidationError

from realty.contract import problems
from realty.db.failures import classify
from realty.errors import (
    AuthenticationRequired,
    Forbidden,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RangeNotSatisfiable,
    RealtyError,
    ServiceUnavailable,
)
from realty.permissions import P
from realty.security import role_may

log = logging.getLogger("realty.errors")


def error_response(request: Request, error: RealtyError) -> Response:
    """The envelope of a domain error, with the headers that its status asks for."""
    response = _envelope(
        request,
        error.status,
        error.code,
        error.message,
        [detail.as_json() for detail in error.details],
        error.retry_after,
    )
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, RangeNotSatisfiable):
        response.headers["Content-Range"] = f"bytes */{error.size}"
    return response


def _envelope(
    request: Request,
    status: int,
    code: str,
    message: str,
    details: list[dict[str, object]],
    retry_after: int | None = None,
) -> Response:
    body = {
        "success": False,
        "error": {"code": code, "message": message, "details": details, "request_id": request.id},
    }
    response = Response(
        orjson.dumps(body), status=status, content_type="application/json", charset="utf-8"
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def domain_error(error: RealtyError, request: Request) -> Response:
    """What a rule or a service refused."""
    return error_response(request, error)


def broken_request(error: Exception, request: Request) -> Response:
    """What the contract refused, compiled or stock. Nothing of the body is logged or echoed."""
    status, code, details = problems(error)
    message = details[0].message if len(details) == 1 else "The request is not valid."
    if len(details) == 1:
        message = f"{details[0].field} {message}."
    return _envelope(request, status, code, message, [each.as_json() for each in details])


def broken_response(error: ResponseValidationError, request: Request) -> Response:
    """Our own mistake: an answer that the contract does not allow is never sent nor stored."""
    log.error("response breaks the contract [%s]: %s", request.id, error)
    return error_response(request, RealtyError())


def forbidden(error: HTTPForbidden, request: Request) -> Response:
    """401 for a stranger; 403 where the role never may; 404 where the row is somebody else's."""
    identity = request.identity
    if identity is None:
        return error_response(request, AuthenticationRequired())
    permission = getattr(error.result, "permission", P.NOBODY)
    refused = NotFound() if role_may(identity, permission) else Forbidden()
    return error_response(request, refused)


def not_found(error: HTTPNotFound, request: Request) -> Response:
    """No path of ours."""
    return error_response(request, NotFound())


def http_exception(error: HTTPException, request: Request) -> Response:
    """A redirect or refusal made by the framework itself."""
    if error.status_code < 400:
        return error
    refused = MalformedRequest() if error.status_code < 500 else ServiceUnavailable()
    return error_response(request, refused)


def unexpected(error: Exception, request: Request) -> Response:
    """A database failure in its domain form; anything else is logged whole and told as nothing."""
    known = classify(error)
    if known is not None:
        if known.status >= 500:
            log.warning("dependency failed [%s]: %s", request.id, type(error).__name__)
        return error_response(request, known)
    log.error("unexpected error [%s]", request.id, exc_info=error)
    return error_response(request, RealtyError())


def includeme(config: Configurator) -> None:
    """Error views stand at the application's level, over those of pyramid_openapi3."""
    views: list[tuple[Any, Any]] = [
        (unexpected, Exception),
        (domain_error, RealtyError),
        (broken_request, RequestValidationError),
        (broken_request, UnicodeDecodeError),
        (broken_response, ResponseValidationError),
        (http_exception, HTTPException),
    ]
    for view, context in views:
        config.add_exception_view(view, context=context)
    config.add_forbidden_view(forbidden)
    config.add_notfound_view(not_found)
