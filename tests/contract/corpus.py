"""Requests and responses generated from the contract: sound ones, and ones with a known change.

Everything comes from a seeded `random.Random`, so a corpus is the same on every run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from re import _parser  # type: ignore[attr-defined]
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import Contract, Operation
from realty.contract.document import FORM

JSON = "application/json"
LETTERS = "abcXYZ 019-.é₹न😀"


def to_bytes(value: Any) -> bytes:
    """JSON; unlike orjson it takes integers beyond 64 bits."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass
class Site:
    """A place in a generated value: `holder[key]` was made from `schema`."""

    holder: Any
    key: Any
    schema: dict[str, Any]
    required: bool

    @property
    def value(self) -> Any:
        return self.holder[self.key]

    @value.setter
    def value(self, value: Any) -> None:
        self.holder[self.key] = value


class Values:
    """Valid values of schemas; `sites` lists every place in the last value made."""

    def __init__(self, contract: Contract, random: Random) -> None:
        self.contract = contract
        self.random = random
        self.sites: list[Site] = []

    def make(self, schema: dict[str, Any]) -> list[Any]:
        """A list of one: the new value, so that a change may replace it whole."""
        holder: list[Any] = [None]
        self.sites = []
        self._fill(holder, 0, schema, required=True)
        return holder

    def _fill(self, holder: Any, key: Any, schema: dict[str, Any], *, required: bool) -> None:
        schema = self.contract.resolve(schema)
        if "anyOf" in schema:
            branch = self.random.choice(schema["anyOf"])
            nullable = {"type": "null"} in schema["anyOf"]
            self._fill(holder, key, branch, required=required)
            # Whatever replaces the value here, null stays allowed.
            self.sites[-1].schema = {**self.sites[-1].schema, "x-nullable": nullable}
            return
        site = Site(holder, key, schema, required)
        kind = schema.get("type", "string")
        if isinstance(kind, list):
            kind = self.random.choice(kind)
        if kind == "object":
            site.value = {}
            wanted = set(schema.get("required", ()))
            for name, each in schema.get("properties", {}).items():
                if name in wanted or self.random.random() < 0.5:
                    self._fill(site.value, name, each, required=name in wanted)
            if not site.value and schema.get("minProperties"):
                name, each = self.random.choice(list(schema["properties"].items()))
                self._fill(site.value, name, each, required=False)
        elif kind == "array":
            least = schema.get("minItems", 0)
            most = min(schema.get("maxItems", 2), max(2, least))
            site.value = [None] * self.random.randint(least, most)
            for index in range(len(site.value)):
                self._fill(site.value, index, schema["items"], required=True)
            if schema.get("uniqueItems"):
                unique: list[Any] = []
                unique += (each for each in site.value if each not in unique)
                site.value[:] = unique
                self.sites = [
                    each
                    for each in self.sites
                    if each.holder is not site.value or each.key < len(unique)
                ]
        else:
            site.value = self._scalar(kind, schema)
        self.sites.append(site)

    def _scalar(self, kind: str, schema: dict[str, Any]) -> Any:
        random = self.random
        if "enum" in schema:
            return random.choice([each for each in schema["enum"] if each is not None])
        if kind == "null":
            return None
        if kind == "boolean":
            return random.random() < 0.5
        if kind == "integer":
            low, high = schema.get("minimum", -10), schema.get("maximum", 10**9)
            return random.choice([low, high, random.randint(low, high), float(low)])
        if kind == "number":
            return round(random.uniform(schema.get("minimum", -9), schema.get("maximum", 9)), 5)
        return self.text(schema)

    def text(self, schema: dict[str, Any]) -> str:
        """A string that a string schema allows."""
        low, high = schema.get("minLength", 0), schema.get("maxLength", 30)
        random = self.random
        match schema.get("format"):
            case "date":
                return f"20{random.randint(10, 40)}-{random.randint(1, 12):02}-28"
            case "date-time":
                seconds = random.choice(["07", "07.5", "07.123456"])
                zone = random.choice(["Z", "+05:30", "-11:00"])
                year, minute = random.randint(2010, 2040), random.randint(10, 59)
                return f"{year}-02-28T23:{minute}:{seconds}{zone}"
            case "email":
                name = random.choice(["asha", "r.rao", "x+y"])
                return f"{name}@mail{random.randint(0, 99)}.example.com"
            case "uri":
                return f"https://example.com/{random.randint(0, 99)}"
        if "pattern" in schema:
            for _ in range(200):
                text = "".join(self._matching(_parser.parse(schema["pattern"])))
                if low <= len(text) <= high:
                    return text
            return str(schema["example"])
        length = random.choice([low, high, random.randint(low, high)])
        return "".join(random.choices(LETTERS, k=min(length, 300)))

    def _matching(self, pattern: Any) -> Iterator[str]:
        """The parts of a string that the parsed regular expression matches."""
        random = self.random
        for opcode, argument in pattern:
            match str(opcode):
                case "LITERAL":
                    yield chr(argument)
                case "ANY":
                    yield random.choice("abc/")
                case "IN":
                    yield random.choice(_choices(argument))
                case "BRANCH":
                    yield from self._matching(random.choice(argument[1]))
                case "SUBPATTERN":
                    yield from self._matching(argument[3])
                case "MAX_REPEAT":
                    least, most, repeated = argument
                    for _ in range(random.randint(least, min(most, least + 12))):
                        yield from self._matching(repeated)
                case "AT":
                    pass
                case other:
                    raise NotImplementedError(other)


def _choices(members: list[Any]) -> list[str]:
    """ASCII characters of a class such as `[A-Z0-9-]` or `[^<>]`."""
    pattern = re.compile("[" + "".join(map(_member, members)) + "]")
    return [chr(code) for code in range(127) if pattern.match(chr(code))]


def _member(member: Any) -> str:
    opcode, argument = member
    match str(opcode):
        case "NEGATE":
            return "^"
        case "RANGE":
            return f"\\x{argument[0]:02x}-\\x{argument[1]:02x}"
        case "LITERAL":
            return f"\\x{argument:02x}"
        case _:
            return {"CATEGORY_SPACE": "\\s", "CATEGORY_DIGIT": "0-9"}[str(argument)]


@dataclass
class Draft:
    """A request before it is sent: what a change works on."""

    operation: Operation
    path: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: list[Any] | None
    sites: list[Site]
    parameters: list[dict[str, Any]]
    raw: bytes | None = None

    def of(self, place: str, kind: str | None = None) -> list[dict[str, Any]]:
        """The declared parameters in one place, of one type."""
        return [
            each
            for each in self.parameters
            if each["in"] == place and kind in (None, each["schema"].get("type"))
        ]

    def set_query(self, name: str, text: str) -> None:
        self.query = [pair for pair in self.query if pair[0] != name] + [(name, text)]

    def request(self) -> Request:
        """The Pyramid request as the router would have left it."""
        path = self.operation.path
        for name, text in self.path.items():
            path = path.replace(f"{{{name}}}", quote(text, safe=""))
        raw = self.raw
        if raw is None:
            raw = to_bytes(self.body[0]) if self.body is not None else b""
        request = Request.blank(path, method=self.operation.method, body=raw)
        request.query_string = urlencode(self.query)
        for name in ("Content-Type", *self.headers):
            request.headers.pop(name, None)
        request.headers.update(self.headers)
        request.matched_route = SimpleNamespace(
            name=self.operation.route_name, pattern=self.operation.path
        )
        request.matchdict = dict(self.path)
        return request


class Corpus:
    """Makes drafts of requests, and responses, for the operations of one contract."""

    def __init__(self, contract: Contract, random: Random) -> None:
        self.contract = contract
        self.random = random
        self.values = Values(contract, random)
        self.items = dict(contract.path_items())

    def operations(self) -> list[Operation]:
        """Those that our own views answer and that take JSON or nothing: of a form the compiled
        validators judge the media type alone, and the stock ones are not asked at all."""
        return [
            each
            for each in self.contract.operations.values()
            if not each.served_by and FORM not in self._bodies(each)
        ]

    def _bodies(self, operation: Operation) -> dict[str, Any]:
        body: dict[str, Any] = self.node(operation).get("requestBody", {}).get("content", {})
        return body

    def node(self, operation: Operation) -> dict[str, Any]:
        node: dict[str, Any] = self.items[operation.path][operation.method.lower()]
        return node

    def draft(self, operation: Operation) -> Draft:
        """A sound request."""
        parameters = [
            {**each, "schema": self.contract.resolve(each["schema"])}
            for each in self.contract.parameters(
                self.items[operation.path], operation.method.lower()
            )
        ]
        texts = {
            (each["in"], each["name"]): self._text(each["schema"])
            for each in parameters
            if each.get("required") or self.random.random() < 0.4
        }
        draft = Draft(
            operation=operation,
            path={name: text for (place, name), text in texts.items() if place == "path"},
            query=[(name, text) for (place, name), text in texts.items() if place == "query"],
            headers={name: text for (place, name), text in texts.items() if place == "header"},
            body=None,
            sites=[],
            parameters=parameters,
        )
        draft.headers["Authorization"] = "Bearer token"
        body = self.node(operation).get("requestBody")
        if body and (body.get("required") or self.random.random() < 0.8):
            draft.body = self.values.make(body["content"][JSON]["schema"])
            draft.sites = self.values.sites
            draft.headers["Content-Type"] = JSON
        return draft

    def _text(self, schema: dict[str, Any]) -> str:
        value = self.values.make(schema)[0]
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float):
            return str(int(value))
        # The stock validators refuse an empty query parameter whatever its schema says.
        return str(value) or "x"

    def response(
        self, operation: Operation, change: Callable[[Random, list[Site]], bool] | None
    ) -> Response | None:
        """An answer with one of the declared statuses; None where the change does not apply."""
        answers: dict[str, Any] = self.node(operation)["responses"]
        chosen = operation.success_status if self.random.random() < 0.5 else None
        status = str(chosen or self.random.choice(list(answers)))
        node = answers[status]
        answer = self.contract.resolve(node)
        response = Response(status=int(status))
        for name, header in answer.get("headers", {}).items():
            resolved = self.contract.resolve(header)
            if resolved.get("required") or self.random.random() < 0.5:
                response.headers[name] = self._text(self.contract.resolve(resolved["schema"]))
        content = answer.get("content", {})
        if JSON not in content:
            response.content_type = next(iter(content), None)
            response.body = b"x" if content else b""
            return None if change else response
        body = self.values.make(content[JSON]["schema"])
        if change and not change(self.random, self.values.sites):
            return None
        response.content_type = JSON
        response.body = to_bytes(body[0])
        return response
