"""Requests that no well-meaning client sends, and what every answer to them must be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from random import Random
from typing import Any
from urllib.parse import unquote_to_bytes

from webob import Request, Response

from realty.contract import Operation
from tests.client import Api, check_answer
from tests.contract.corpus import Values
from tests.contract.document import CONTRACT, JSON, body_of
from tests.uploads import Upload
from tests.world import World

Path = tuple[str | int, ...]


class Everything(Random):
    """Chance that takes each optional field, the first choice and the lowest number."""

    def random(self) -> float:
        """The least there is."""
        return 0.0


class WholeValues(Values):
    """Valid values with every field that there can be; only texts are left to chance."""

    def __init__(self) -> None:
        super().__init__(CONTRACT, Everything())
        self._words = Values(CONTRACT, Random(1))

    def text(self, schema: dict[str, Any]) -> str:
        """A string that the schema allows."""
        return self._words.text(schema)


def whole_body(op: Operation) -> Any:
    """A body with every field that the operation takes; None where it takes none."""
    media = body_of(op)
    return WholeValues().make(media["schema"])[0] if media else None


def known_fields(op: Operation) -> set[str]:
    """The fields that some form of the operation's body may have."""
    media = body_of(op)
    schema = CONTRACT.resolve(media["schema"]) if media else {}
    forms = [CONTRACT.resolve(each) for each in schema.get("anyOf", [schema])]
    return {name for form in forms for name in form.get("properties", ())}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar within a JSON value, with the path to it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy of the JSON value with another scalar at the path."""
    copy = deepcopy(value)
    holder = copy
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = new
    return copy


def caller_of(op: Operation, world: World) -> Any:
    """Somebody whom the contract lets call the operation; None is a stranger."""
    return None if "public" in op.roles else world.account(op.roles[0])


class Attack:
    """Sends one operation's requests byte by byte, as a caller whom it lets in."""

    def __init__(self, app: Any, op: Operation) -> None:
        self.op = op
        # What is read may need a state in which there is something to read.
        self.world = World(op.id if op.method == "GET" else "")
        self.caller = caller_of(op, self.world)
        self.path = self.world.path(op, self.caller)
        self._app = app

    def sound_body(self) -> Any:
        """The body of a call that would succeed."""
        role = "anonymous" if self.caller is None else self.op.roles[0]
        return self.world.body(self.op, role, Api(self._app))

    def send(
        self,
        *,
        query: str = "",
        body: bytes | None = None,
        method: str | None = None,
        path: str | None = None,
        **headers: str,
    ) -> Response:
        """The answer to the operation, but for what is given; header names take `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.caller is not None:
            sent.setdefault("Authorization", f"Bearer {self.caller.token}")
        if body is not None:
            sent.setdefault("Content-Type", JSON)
        elif self.op.takes_body:
            sent.setdefault("Content-Type", Upload(()).content_type)
        target = path or self.path
        if query:
            target += f"{'&' if '?' in target else '?'}{query}"
        return ask(self._app, method or self.op.method, target, body or b"", sent)

    def send_json(self, value: Any) -> Response:
        """The answer to a body of JSON, in which a lone surrogate is escaped."""
        return self.send(body=json.dumps(value).encode())


def ask(
    app: Any, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Response:
    """Give the application a request as a server does that judges nothing; check the answer."""
    path, _, query = target.partition("?")
    environ = Request.blank("/").environ
    environ.update(
        REQUEST_METHOD=method,
        PATH_INFO=unquote_to_bytes(path).decode("latin-1"),
        QUERY_STRING=query,
    )
    request = Request(environ)
    request.body = body
    request.headers.update(headers or {})
    if "Content-Type" not in (headers or {}):
        environ.pop("CONTENT_TYPE", None)
    response = request.get_response(app)
    assert response.body is not None, "an answer is read to its end, as a server does"
    check_answer(method, path, response)
    return response


def error_of(response: Response) -> dict[str, Any]:
    """The `error` of the envelope, whose form was checked when the answer came."""
    error: dict[str, Any] = json.loads(response.body)["error"]
    return error


def fields_of(response: Response) -> set[str]:
    """The fields that a refusal names."""
    return {detail["field"] for detail in error_of(response)["details"]}


def is_amount(value: Any) -> bool:
    """Whether a leaf is a decimal string with two places."""
    return isinstance(value, str) and value[-3:-2] == "." and value.replace(".", "", 1).isdecimal()
