"""Operations of the tag `files`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from realty.contract import operation
from realty.errors import NotFound, ServiceUnavailable
from realty.permissions import P
from realty.presenters.files import file_json
from realty.resources import FileCollection, FileContentResource, FileResource
from realty.rules.file_kinds import PURPOSES, download_name
from realty.rules.file_links import FileUrl, seconds
from realty.rules.ranges import span
from realty.services import file_access, files, models
from realty.services.files import Upload
from realty.services.policy import current_policy
from realty.views.forms import received

log = logging.getLogger("realty.files")

Json = dict[str, Any]


@operation("uploadFile", permission=P.FILE_CREATE)
def upload_file(context: FileCollection, request: Request) -> Json:
    """Take a file in; where it belongs is said later."""
    policy = current_policy()

    def most(values: Mapping[str, str]) -> int:
        purposes = [values["purpose"]] if values else list(PURPOSES)
        return max(files.most_bytes(each, policy) for each in purposes)

    with received(request, {"purpose": tuple(PURPOSES)}, most=most) as form:
        file = files.store(
            Upload(
                purpose=form.values["purpose"],
                filename=form.filename,
                content=form.content,
                size=form.size,
            ),
            owner=context.identity,
            storage=request.registry.storage,
            policy=policy,
            now=request.now,
            announce=partial(_discard_unless_committed, request),
        )
    request.response.location = request.route_path("file", file_id=file.id)
    return {"file": file_json(file)}


@operation("getFile", permission=P.FILE_READ)
def get_file(context: FileResource, request: Request) -> None:
    """Lead to the content by a fresh link."""
    file = file_access.readable(context.file_id, context.identity)
    request.response.location = request.sign_links(FileUrl(file.id))


@operation("downloadFile", permission=NO_PERMISSION_REQUIRED)
def download_file(context: FileContentResource, request: Request) -> Response:
    """The content, or a part of it, to the holder of a signed link."""
    query = request.openapi_validated.parameters.query
    reader_id, expires = query.get("reader"), query["expires"]
    good = expires > seconds(request.now) and request.registry.link_signer.fits(
        query["signature"], context.file_id, reader_id=reader_id, expires=expires
    )
    if not good:
        raise NotFound
    reader = None if reader_id is None else file_access.reader_of(reader_id)
    file = file_access.readable(context.file_id, reader)
    response = request.response
    response.etag = file.sha256
    if reader is not None:
        response.headers["Cache-Control"] = "no-store"
    if file.sha256 in request.if_none_match:
        response.status_int = 304
        response.content_type = None
        return response
    response = _with_content(request, file)
    begins = response.content_range is None or response.content_range.start == 0
    if begins and request.method == "GET":
        models.count_download(file, reader)
    return response


def _with_content(request: Request, file: Any) -> Response:
    """The response with a 200 or, for one good `Range`, a 206 (RFC 9110, 14)."""
    response, kind = request.response, files.kind_of(file)
    asked = request.headers.get("Range")
    part = None
    if asked is not None and request.headers.get("If-Range", _quoted(file)) == _quoted(file):
        part = span(asked, file.size)
    start, stop = part or (0, file.size)
    if part is not None:
        response.status_int = 206
        response.content_range = (start, stop, file.size)
    response.headers["Content-Type"] = kind.content_type
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = (
        "inline" if kind.inline else _attachment(download_name(file.filename, kind))
    )
    length = stop - start
    if request.method != "HEAD":
        storage = request.registry.storage
        response.app_iter = files.content_of(file, storage, start=start, length=length)
    response.content_length = length
    return response


def _quoted(file: Any) -> str:
    return f'"{file.sha256}"'


def _attachment(name: str) -> str:
    """RFC 6266: the name in UTF-8, and a plain one for whom cannot read that."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _discard_unless_committed(request: Request, key: str) -> None:
    """Have what is stored under a key forgotten when no committed row tells of it."""

    def discard(done: Request) -> None:
        if not done.committed:
            try:
                files.discard(done.registry.storage, key)
            except ServiceUnavailable:
                log.warning("an upload that failed is left for the next tick [%s]", done.id)

    request.add_finished_callback(discard)
