"""Is the contract file sound? A passed check is recorded, so that start-up can skip it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from realty.contract.compiled import JSON
from realty.contract.document import FORM, METHODS, Contract, Schema
from realty.contract.values import CASTS

ROLES = {"public", "customer", "builder", "admin"}
FORMATS = {"date", "date-time", "email", "uri", "binary"}


class ContractError(ValueError):
    """The contract file breaks a rule; one problem per line."""


def check(path: Path) -> None:
    """Validate the file as OpenAPI 3.1 and by our own rules; raises `ContractError` with all."""
    check_contract(Contract.read(path))


def check_contract(contract: Contract) -> None:
    """The same for a contract that is already parsed."""
    validator = OpenAPIV31SpecValidator(contract.document)
    broken = [
        f"{'/'.join(map(str, e.path))}: {e.message.splitlines()[0]}"
        for e in validator.iter_errors()
    ]
    # Our rules presume a well-formed document.
    broken = broken or [*_routing(contract), *_operations(contract), *_schemas(contract.document)]
    if broken:
        raise ContractError("\n".join(broken))


def record(path: Path) -> None:
    """Remember the checksum of a checked file, in the format of `sha256sum`."""
    _stamp(path).write_text(f"{_digest(path)}  {path.name}\n", encoding="ascii")


def is_recorded(path: Path) -> bool:
    """Whether exactly these bytes have passed the check."""
    stamp = _stamp(path)
    return stamp.is_file() and stamp.read_text(encoding="ascii").split()[:1] == [_digest(path)]


def _stamp(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _routing(contract: Contract) -> Iterator[str]:
    """Routes are registered in the order of the file and the first match wins."""
    names: set[str] = set()
    earlier: list[tuple[str, re.Pattern[str]]] = []
    for path, item in contract.path_items():
        name = item.get("x-pyramid-route-name")
        if not name:
            yield f"{path}: has no x-pyramid-route-name"
        elif name in names:
            yield f"{path}: the route name {name} is taken"
        else:
            names.add(name)
        for template, pattern in earlier:
            if pattern.fullmatch(path):
                yield f"{path}: is never reached, {template} stands before it"
        earlier.append((path, re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))))


def _operations(contract: Contract) -> Iterator[str]:
    for path, item in contract.path_items():
        for method in (method for method in METHODS if method in item):
            for problem in chain(
                _declaration(item[method]),
                _parameters(contract, path, item, method),
                _answers(contract, item, method),
            ):
                yield f"{method.upper()} {path}: {problem}"


def _declaration(operation: Schema) -> Iterator[str]:
    if not operation.get("operationId"):
        yield "has no operationId"
    if len(operation.get("tags", ())) != 1:
        yield "needs exactly one tag"
    if not operation.get("x-roles") or not ROLES.issuperset(operation["x-roles"]):
        yield f"x-roles must name some of {', '.join(sorted(ROLES))}"


def _parameters(contract: Contract, path: str, item: Schema, method: str) -> Iterator[str]:
    parameters = contract.parameters(item, method)
    named = {each["name"] for each in parameters if each["in"] == "path"}
    if named != set(re.findall(r"{(\w+)}", path)):
        yield "its path parameters are not those of the path"
    for each in parameters:
        if each["in"] == "cookie":
            yield f"{each['name']} is a cookie, which nothing reads"
        if contract.resolve(each["schema"]).get("type") not in CASTS:
            yield f"{each['name']} is neither string, integer nor boolean"
    body = contract.resolve(item[method].get("requestBody", {}))
    if body and list(body["content"]) not in ([JSON], [FORM]):
        yield f"its body must be {JSON} or {FORM} and nothing else"


def _answers(contract: Contract, item: Schema, method: str) -> Iterator[str]:
    declared = set(item[method]["responses"])
    if not any(status.startswith(("2", "30")) for status in declared):
        yield "has no 2xx response, nor one that leads elsewhere"
    if not all(status.isdecimal() for status in declared):
        yield "every response needs a status of three digits"
    own = _own_statuses(contract, item, method)
    if "x-served-by" not in item and not own <= declared:
        yield f"validation answers {', '.join(sorted(own - declared))} too"


def _own_statuses(contract: Contract, item: Schema, method: str) -> set[str]:
    """The statuses with which validation itself answers; an unknown query parameter is 422."""
    operation = item[method]
    statuses = {"422"}
    if any(each["in"] == "header" for each in contract.parameters(item, method)):
        statuses |= {"400"}
    if "requestBody" in operation:
        statuses |= {"400", "415"}
    if operation.get("security", contract.document.get("security")):
        statuses |= {"401"}
    return statuses


def _schemas(node: Any, where: str = "") -> Iterator[str]:
    """What the compiled form or the generators of clients cannot take, anywhere in the file."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _schemas(item, f"{where}/{index}")
    elif isinstance(node, dict):
        yield from _schema(node, where)
        for key, value in node.items():
            if key not in ("example", "examples", "default", "enum"):
                yield from _schemas(value, f"{where}/{key}")


def _schema(node: Schema, where: str) -> Iterator[str]:
    if where.endswith("/properties"):
        return
    if isinstance(node.get("format"), str) and node["format"] not in FORMATS:
        yield f"{where}: the format {node['format']} is not one of {', '.join(sorted(FORMATS))}"
    if node.get("type") == "object" and node.get("additionalProperties") is not False:
        yield f"{where}: an object schema must say additionalProperties: false"
    for word in ("allOf", "oneOf", "discriminator"):
        if word in node:
            yield f"{where}: {word} is not used in this contract"
