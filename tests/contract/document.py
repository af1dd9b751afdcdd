"""`openapi.yaml` as the tests of this folder read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from realty.contract import Contract, Operation
from tests.client import CONTRACT as CONTRACT_FILE

CONTRACT = Contract.read(CONTRACT_FILE)
DOCUMENT = CONTRACT.document
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = list(CONTRACT.operations.values())
JSON = "application/json"
# Its 503 tells what is down, in the form of its 200.
PROBE = "getReadiness"

each_operation = pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)


def node_of(op: Operation) -> dict[str, Any]:
    """What the contract says of an operation."""
    node: dict[str, Any] = DOCUMENT["paths"][op.path][op.method.lower()]
    return node


def parameters_of(op: Operation, place: str) -> dict[str, dict[str, Any]]:
    """The parameters in one place, by name."""
    found = CONTRACT.parameters(DOCUMENT["paths"][op.path], op.method.lower())
    return {each["name"]: each for each in found if each["in"] == place}


def body_of(op: Operation) -> dict[str, Any] | None:
    """The JSON media type of the request body; a form has none."""
    body = node_of(op).get("requestBody")
    return CONTRACT.resolve(body)["content"].get(JSON) if body else None


def responses_of(op: Operation) -> dict[str, dict[str, Any]]:
    """The responses by status, resolved."""
    return {status: CONTRACT.resolve(each) for status, each in node_of(op)["responses"].items()}


def problems(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What plain jsonschema finds wrong with a value; references lead into the contract."""
    validator = Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in validator.iter_errors(value)
    ]


def examples_of(media: Mapping[str, Any]) -> dict[str, Any]:
    """The examples of a media type, parameter or header, by name."""
    named = {
        name: CONTRACT.resolve(each)["value"] for name, each in media.get("examples", {}).items()
    }
    return {"example": media["example"], **named} if "example" in media else named


def nodes(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of the document with the place where it stands; examples are left out."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from nodes(item, f"{where}/{index}")
    elif isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            if key not in {"example", "examples", "default", "enum"}:
                yield from nodes(value, f"{where}/{key}")


def security_of(op: Operation) -> list[dict[str, Any]]:
    """A token is needed (`[{bearerAuth}]`), may be sent (`[{}, …]`) or is ignored (`[]`)."""
    security: list[dict[str, Any]] = node_of(op).get("security", DOCUMENT["security"])
    return security


def is_secured(op: Operation) -> bool:
    return bool(security_of(op)) and all(security_of(op))


def json_of(op: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON media types of the answers, with their status."""
    for status, response in responses_of(op).items():
        if JSON in response.get("content", {}):
            yield status, response["content"][JSON]


def concrete(path: str) -> str:
    """The path with an id in place of each parameter."""
    return re.sub(r"{\w+}", "7", path)


def snake_case(name: str) -> str:
    """`createBooking` and `UnitStatus` as `create_booking` and `unit_status`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
