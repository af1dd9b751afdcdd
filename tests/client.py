"""A caller of the API for tests, who holds every answer against the contract once more.

The check is made over `openapi.yaml` as it is written, not with the validators that the application
itself was given; that those agree with plain `jsonschema` is shown by `contract/test_differential`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import yaml
from jsonschema_rs import Draft202012, Draft202012Validator, Registry
from pony.orm import core
from webtest import TestApp, TestResponse

from tests.uploads import Upload

CONTRACT = Path(__file__).parent.parent / "openapi.yaml"
DOCUMENT = "urn:contract"
# Headers that an operation documents and sends only where they apply.
OCCASIONAL_HEADERS = {"idempotent-replayed"}


class Caller(Protocol):
    """Whoever has an access token: an account of `tests.factories`."""

    @property
    def token(self) -> str: ...


@dataclass(frozen=True)
class Answer:
    """An answer that fits the contract."""

    response: TestResponse

    @property
    def status(self) -> int:
        """The status code."""
        status: int = self.response.status_int
        return status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, whatever the case of their names."""
        headers: Mapping[str, str] = self.response.headers
        return headers

    @property
    def body(self) -> bytes:
        """The bytes."""
        body: bytes = self.response.body
        return body

    @cached_property
    def json(self) -> Any:
        """The whole JSON body."""
        return json.loads(self.response.body)

    @property
    def data(self) -> Any:
        """`data` of a success."""
        return self.json["data"]

    @property
    def error(self) -> Any:
        """`error` of a failure: code, message, details, request_id."""
        return self.json["error"]

    @property
    def code(self) -> str:
        """The code of the error."""
        code: str = self.error["code"]
        return code


class Api:
    """Calls with JSON in and out; each names the status that it expects, or else means any 2xx."""

    def __init__(self, app: Any, token: str | None = None) -> None:
        self._app = app
        self._token = token

    def as_(self, caller: Caller | str | None) -> Api:
        """The same API, called by an account, with a token, or by a stranger."""
        return Api(self._app, getattr(caller, "token", caller))

    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Answer:
        """GET with query parameters."""
        return self.request("GET", path, params=params, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        """POST a JSON body, or none."""
        return self.request("POST", path, body=body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Answer:
        """PUT a JSON body, or none."""
        return self.request("PUT", path, body=body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Answer:
        """PATCH with a JSON body."""
        return self.request("PATCH", path, body=body, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        """DELETE."""
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> Answer:
        """Send a request; `body` is JSON data, an `Upload`, or `bytes` to be sent as they are.

        Fails when the status is another than expected, or the answer breaks the contract.
        """
        assert not core.local.db_context_counter, "the application would join this session"
        sent = {"Accept": "application/json", **(headers or {})}
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        if body is not None:
            kind = body.content_type if isinstance(body, Upload) else "application/json"
            sent.setdefault("Content-Type", kind)
        payload = _encoded(body)
        # A client of its own: WebTest's would carry cookies from call to call.
        response = TestApp(self._app, cookiejar=None).request(
            _with_query(path, params),
            method=method,
            body=payload,
            headers=sent,
            expect_errors=True,
        )
        expected = response.status_int == status if status else 200 <= response.status_int < 300
        assert expected, (
            f"{method} {path} answered {response.status}, expected {status or '2xx'}:"
            f" {response.text[:2000]}"
        )
        check_answer(method, path.partition("?")[0], response)
        return Answer(response)


def _encoded(body: Any) -> bytes:
    if isinstance(body, Upload):
        return body.body
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


def _with_query(path: str, params: Mapping[str, Any] | None) -> str:
    if not params:
        return path
    values = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in params.items()
    }
    return f"{path}{'&' if '?' in path else '?'}{urlencode(values)}"


def check_answer(method: str, path: str, response: TestResponse) -> None:
    """Fail unless the answer is one that the contract allows to this request."""
    assert response.headers.get("X-Request-ID"), "no X-Request-ID"
    status = response.status_int
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    if status in {429, 503}:
        assert int(response.headers["Retry-After"]) >= 0
    template = find_template(path)
    if template is None or status == 405 or method in {"HEAD", "OPTIONS"}:
        _check_undocumented(method, response)
        return
    answer = documented_answer(template, method.lower(), status)
    for name in answer.headers:
        assert name in response.headers, f"{method} {path} {status} lacks the header {name}"
    if answer.validators:
        validator = answer.validators.get(response.content_type)
        assert validator, f"{response.content_type} is not documented for {method} {path} {status}"
        if response.content_type == "application/json":
            _check_json(validator, response)
    else:
        assert not response.body, f"{method} {path} {status} has a body and may have none"


def _check_undocumented(method: str, response: TestResponse) -> None:
    if method == "HEAD":
        assert not response.body
    elif response.status_int >= 400:
        _check_json(_validator("#/components/schemas/ErrorResponse"), response)
    if response.status_int == 405:
        assert response.headers["Allow"]


def _check_json(validator: Draft202012Validator, response: TestResponse) -> None:
    body = json.loads(response.body)
    problems = [
        f"{'/'.join(map(str, problem.instance_path))}: {problem.message[:300]}"
        for problem in validator.iter_errors(body)
    ]
    assert not problems, f"{response.status} breaks the contract: {problems[:5]}"
    if isinstance(body, dict) and "success" in body:
        assert body["success"] is (response.status_int < 400)
        if "error" in body:
            assert body["error"]["request_id"] == response.headers["X-Request-ID"]


@dataclass(frozen=True)
class Documented:
    """What the contract says of one status of one operation."""

    headers: tuple[str, ...]
    validators: Mapping[str, Draft202012Validator]


@cache
def contract() -> dict[str, Any]:
    """The contract as plain data."""
    with CONTRACT.open("rb") as file:
        document: dict[str, Any] = yaml.load(file, Loader=yaml.CSafeLoader)
    return document


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Path templates and what they match, literal paths before those with parameters."""
    templates = sorted(contract()["paths"], key=lambda template: template.count("{"))
    return [
        (template, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))))
        for template in templates
    ]


def find_template(path: str) -> str | None:
    """The path of the contract that a request goes to."""
    return next((template for template, known in _patterns() if known.fullmatch(path)), None)


@cache
def _registry() -> Registry:
    return Registry([(DOCUMENT, contract())], draft=Draft202012)


@cache
def _validator(pointer: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"{DOCUMENT}{pointer}"},
        registry=_registry(),
        validate_formats=True,
    )


@cache
def documented_answer(template: str, method: str, status: int) -> Documented:
    """The answer that the contract describes; fails when it describes none."""
    operation = contract()["paths"][template].get(method)
    assert operation, f"{method.upper()} {template} is not in the contract"
    responses = {str(key): value for key, value in operation["responses"].items()}
    assert str(status) in responses, f"{method.upper()} {template} does not document {status}"
    place = f"#/paths/{_escape(template)}/{method}/responses/{status}"
    response = responses[str(status)]
    if "$ref" in response:
        place = response["$ref"]
        response = contract()["components"]["responses"][place.rpartition("/")[2]]
    validators = {
        kind: _validator(f"{place}/content/{_escape(kind)}/schema")
        for kind in response.get("content", {})
    }
    headers = [
        name for name in response.get("headers", {}) if name.lower() not in OCCASIONAL_HEADERS
    ]
    return Documented(tuple(headers), validators)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
