"""`Idempotency-Key`: a retry of a request gets the first answer instead of a second effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

from realty.contract.document import IDEMPOTENCY_HEADER
from realty.services import idempotency
from realty.services.idempotency import Answer, Intention
from realty.services.policy import current_policy

REPLAYED_HEADERS = ("Location", "ETag")


def replayable(view: Callable[[Any, Request], Response]) -> Callable[[Any, Request], Response]:
    """Give a view that returns its whole Response the meaning of the key.

    It stands under `@operation(…, idempotent=True)`. Whatever raises in the view rolls the key
    back with everything else, so a refusal is never replayed.
    """

    @wraps(view)
    def once(context: Any, request: Request) -> Response:
        key = request.openapi_validated.parameters.header.get(IDEMPOTENCY_HEADER)
        if key is None:
            return view(context, request)
        intention = Intention(
            request.identity.user_id, request.operation.id, key, _fingerprint(request)
        )
        hours = current_policy().idempotency_hours
        found = idempotency.claim(intention, now=request.now, hours=hours)
        if found is not None:
            return _replay(request, found)
        response = view(context, request)
        headers = {
            name: response.headers[name] for name in REPLAYED_HEADERS if name in response.headers
        }
        idempotency.keep(intention, Answer(response.status_code, headers, response.text))
        return response

    return once


def _replay(request: Request, answer: Answer) -> Response:
    response = request.response
    response.status_int = answer.status
    response.content_type, response.charset = "application/json", "utf-8"
    response.text = answer.body
    response.headers.update(answer.headers)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _fingerprint(request: Request) -> str:
    """A hash of path and body; neither the order of keys nor white space makes another body."""
    body = orjson.dumps(orjson.loads(request.body), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(request.path_info.encode() + b"\n" + body).hexdigest()
