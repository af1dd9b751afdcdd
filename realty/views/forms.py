"""Multipart forms with one file, read as they come in: never whole in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import BinaryIO

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from pyramid.request import Request

from realty.errors import (
    Detail,
    MalformedRequest,
    PayloadTooLarge,
    ServiceUnavailable,
    ValidationFailed,
)

FILE = "file"
_LONGEST_VALUE = 200

Limit = Callable[[Mapping[str, str]], int]


@dataclass(slots=True)
class Form:
    """What was sent: the values by name, and the file in a temporary one at its beginning."""

    content: BinaryIO
    values: dict[str, str] = field(default_factory=dict)
    filename: str | None = None
    size: int = 0


@contextmanager
def received(
    request: Request, choices: Mapping[str, tuple[str, ...]], *, most: Limit
) -> Iterator[Form]:
    """The form of a request: each field of `choices`, and a part named `file`.

    `most` tells, from the values so far, how large the file may be. Raises `MalformedRequest` for
    what is no such form, `PayloadTooLarge`, and `ValidationFailed` for a part that is missing,
    unknown or repeated, or a value that is no choice.
    """
    _, options = parse_options_header(request.headers["Content-Type"])
    # Back to its beginning: a request that is run again has read it before.
    request.make_body_seekable()
    with TemporaryFile() as content:
        form = Form(content)
        try:
            parser = PushMultipartParser(
                options.get("boundary", ""),
                content_length=request.content_length or 0,
                max_segment_count=len(choices) + 2,
                strict=True,
            )
            _read(form, parser, request.body_file_raw, choices, most)
        except ParserLimitReached as limit:
            raise ValidationFailed.at("body", "has more or longer parts than this form") from limit
        except MultipartError as broken:
            raise MalformedRequest("The body is not a whole multipart form.") from broken
        except OSError as failure:
            raise ServiceUnavailable from failure
        missing = [name for name in choices if name not in form.values]
        if not form.size:
            missing.append(FILE)
        if missing:
            raise ValidationFailed(details=[Detail(name, "is required") for name in missing])
        # A file that came before its fields was measured by the most that any may have.
        _require_room(form, most)
        content.seek(0)
        yield form


def _read(
    form: Form,
    parser: PushMultipartParser,
    body: BinaryIO,
    choices: Mapping[str, tuple[str, ...]],
    most: Limit,
) -> None:
    name, value, seen = "", b"", set()
    for event in parser.parse_blocking(body.read):
        if isinstance(event, MultipartSegment):
            name, value = event.name or "", b""
            if name != FILE and name not in choices:
                raise ValidationFailed.at(name[:100] or "body", "is not a known field")
            if name in seen:
                raise ValidationFailed.at(name, "is given more than once")
            seen.add(name)
            if name == FILE:
                form.filename = event.filename
        elif event is None and name != FILE:
            form.values[name] = _chosen(name, value, choices[name])
        elif event is not None and name == FILE:
            form.size += len(event)
            _require_room(form, most)
            form.content.write(event)
        elif event is not None:
            # One byte beyond the longest is enough to be no choice.
            value = (value + event)[: _LONGEST_VALUE + 1]


def _chosen(name: str, value: bytes, choices: tuple[str, ...]) -> str:
    text = value.decode("utf-8", "replace")
    if text not in choices:
        raise ValidationFailed(details=[Detail(name, "is not one of the choices", None, choices)])
    return text


def _require_room(form: Form, most: Limit) -> None:
    bound = most(form.values)
    if form.size > bound:
        message = f"A file for this purpose has at most {bound} bytes."
        raise PayloadTooLarge(details=[Detail(FILE, message, str(bound))])
