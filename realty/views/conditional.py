"""ETags: `"<version>.<hash>"` on single things, `"<hash>"` on lists, and what `If-Match` asks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

from realty.contract import to_json
from realty.errors import MalformedRequest
from realty.presenters.tables import csv_bytes
from realty.services.versions import version_of
from realty.views.negotiation import CALENDAR, CSV, JSON, XLSX

_TAG = re.compile(r'(?:W/)?"(?:(\d{1,20})\.)?[0-9a-f]{16}"')


def tagged(request: Request, data: dict[str, Any], row: Any = None) -> Response:
    """The success envelope with its ETag; WebOb answers 304 when `If-None-Match` names it.

    `row` is the entity whose version the tag carries for `If-Match`; a list has none.
    """
    digest = _digest(request, data)
    tag = digest if row is None else f"{version_of(row)}.{digest}"
    return _answer(request, JSON, _envelope(request, data), tag)


def tagged_as_of(request: Request, data: dict[str, Any]) -> Response:
    """The success envelope of figures that are worked out anew for each answer.

    When they were is told by each `as_of`, which alone makes no other tag; two answers of one tag
    are therefore not the same to the byte, and the tag is a weak one (RFC 9110, 8.8.1).
    """
    digest = _digest(request, _apart_from_as_of(data))
    return _answer(request, JSON, _envelope(request, data), (digest, False))


def tagged_csv(
    request: Request, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, file: str
) -> Response:
    """The same figures as a table, to be saved as `file`; its tag is not that of the JSON."""
    shown = [column for column in columns if column != "as_of"]
    figures = [shown, *([row[column] for column in shown] for row in rows)]
    return _tagged_file(request, CSV, figures, csv_bytes(columns, rows), file)


def tagged_workbook(request: Request, figures: object, body: bytes, *, file: str) -> Response:
    """A workbook of these figures, whose bytes tell when it was written: a weak tag, as above."""
    response = _tagged_file(request, XLSX, [XLSX, figures], body, file)
    response.charset = None
    return response


def _tagged_file(
    request: Request, media_type: str, figures: object, body: bytes, file: str
) -> Response:
    response = _answer(request, media_type, body, (_digest(request, figures), False))
    response.content_disposition = f'attachment; filename="{file}"'
    return response


def tagged_calendar(request: Request, body: bytes) -> Response:
    """A calendar, which programs ask for again and again and nobody else is to keep."""
    response = _answer(request, CALENDAR, body, _digest(request, body.decode()))
    response.headers["Cache-Control"] = "no-store"
    return response


def _apart_from_as_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _apart_from_as_of(each) for key, each in value.items() if key != "as_of"}
    return [_apart_from_as_of(each) for each in value] if isinstance(value, list) else value


def _envelope(request: Request, data: dict[str, Any]) -> bytes:
    return to_json({"success": True, "data": data}, request.sign_links)


def _digest(request: Request, content: Any) -> str:
    # A JSON column gives its keys back in another order than they were written in.
    passed = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    ordered = orjson.dumps(content, request.sign_links, passed)
    return hashlib.blake2b(ordered, digest_size=8).hexdigest()


def _answer(
    request: Request, media_type: str, body: bytes, tag: str | tuple[str, bool]
) -> Response:
    """An answer that WebOb turns into a 304 when `If-None-Match` names its tag; a tag that is
    weak comes with False."""
    response = request.response
    response.content_type, response.charset = media_type, "utf-8"
    response.body = body
    response.etag = tag
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
