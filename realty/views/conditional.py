"""ETags: `"<version>.<hash>"` on single things, `"<hash>"` on lists, and what `If-Match` asks."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

from realty.errors import MalformedRequest
from realty.services.versions import version_of

_TAG = re.compile(r'(?:W/)?"(?:(\d{1,20})\.)?[0-9a-f]{16}"')


def tagged(request: Request, data: dict[str, Any], row: Any = None) -> Response:
    """The success envelope with its ETag; WebOb answers 304 when `If-None-Match` names it.

    `row` is the entity whose version the tag carries for `If-Match`; a list has none.
    """
    body = orjson.dumps({"success": True, "data": data})
    # A JSON column gives its keys back in another order than they were written in.
    ordered = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.blake2b(ordered, digest_size=8).hexdigest()
    response = request.response
    response.content_type, response.charset = "application/json", "utf-8"
    response.body = body
    response.etag = digest if row is None else f"{version_of(row)}.{digest}"
    response.conditional_response = request.method in {"GET", "HEAD"}
    return response


def if_match(request: Request) -> frozenset[int] | None:
    """The versions that the caller's `If-Match` accepts; None where any will do.

    A weak tag counts like a strong one: proxies that compress weaken them (RFC 9110, 13.1.1), and
    the version inside is compared under the row's lock anyway.
    """
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    versions = set()
    for part in header.split(","):
        match = _TAG.fullmatch(part.strip())
        if match is None:
            raise MalformedRequest("If-Match must hold the ETag of what you read.")
        if match[1]:
            versions.add(int(match[1]))
    return frozenset(versions)
