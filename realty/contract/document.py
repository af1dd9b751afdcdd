"""The contract as a document: where `openapi.yaml` is, and the operations that it declares."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from openapi_spec_validator.readers import read_from_filename
from pyramid.exceptions import ConfigurationError

METHODS = ("get", "put", "post", "delete", "patch")
IDEMPOTENCY_HEADER = "Idempotency-Key"
FORM = "multipart/form-data"
WORDS = frozenset({"summary", "description", "example", "examples"})
NAMES = frozenset({"properties", "patternProperties", "$defs", "schemas", "parameters", "headers"})
"""Below these the keys are names that we chose."""
VALUES = frozenset({"default", "const", "enum"})

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What the contract says about one operation.

    `roles` is `x-roles`; `success_status` is its first 2xx or 3xx status; `idempotent` tells that
    it takes an Idempotency-Key, `takes_body` that it declares a body, `max_body_bytes` how large
    one (`x-max-body-bytes`, None for as large as any); `served_by` names who answers when it is
    not one of our views.
    """

    id: str
    route_name: str
    method: str
    path: str
    tag: str
    roles: tuple[str, ...]
    success_status: int
    idempotent: bool
    takes_body: bool
    max_body_bytes: int | None
    served_by: str | None


def locate(setting: str) -> Path:
    """The file that the setting names, else the one that an installation put beside its Python."""
    candidates = (Path(setting), Path(sys.prefix) / "share" / "realty" / "openapi.yaml")
    for candidate in candidates:
        if candidate.is_file():
            return candidate.absolute()
    looked = " nor ".join(map(str, candidates))
    raise ConfigurationError(f"There is no contract at {looked}: set REALTY_CONTRACT to its path.")


class Contract:
    """The parsed `openapi.yaml` with a look-up of its operations by id and by route."""

    def __init__(self, document: Schema) -> None:
        self.document = document

    @classmethod
    def read(cls, path: Path) -> Contract:
        """Parse the file; dates and status codes stay strings."""
        document, _ = read_from_filename(str(path))
        return cls(dict(document))

    def without_words(self) -> Contract:
        """The same without what only people read: the half of it, ten mebibytes in a process."""
        return Contract(_without_words(self.document))

    def resolve(self, node: Schema) -> Schema:
        """The target of a local `$ref`, or the node itself."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def path_items(self) -> Iterator[tuple[str, Schema]]:
        """Each path with its item, in the order of the file, which is the order of the routes."""
        yield from self.document["paths"].items()

    def parameters(self, item: Schema, method: str) -> list[Schema]:
        """The parameters of one operation; its own override those of its path."""
        found: dict[tuple[str, str], Schema] = {}
        for node in [*item.get("parameters", ()), *item[method].get("parameters", ())]:
            parameter = self.resolve(node)
            found[parameter["in"], parameter["name"]] = parameter
        return list(found.values())

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by its operationId."""
        return {
            item[method]["operationId"]: Operation(
                id=item[method]["operationId"],
                route_name=item["x-pyramid-route-name"],
                method=method.upper(),
                path=path,
                tag=item[method]["tags"][0],
                roles=tuple(item[method]["x-roles"]),
                success_status=next(
                    int(status)
                    for status in item[method]["responses"]
                    if status.startswith(("2", "3"))
                ),
                idempotent=any(
                    parameter["name"] == IDEMPOTENCY_HEADER
                    for parameter in self.parameters(item, method)
                ),
                takes_body="requestBody" in item[method],
                max_body_bytes=item[method].get("x-max-body-bytes"),
                served_by=item[method].get("x-served-by", item.get("x-served-by")),
            )
            for path, item in self.path_items()
            for method in METHODS
            if method in item
        }

    @cached_property
    def by_route(self) -> Mapping[tuple[str, str], Operation]:
        """Every operation by its route's name and HTTP method; HEAD is served as GET."""
        table = {(op.route_name, op.method): op for op in self.operations.values()}
        heads = {(route, "HEAD"): op for (route, method), op in table.items() if method == "GET"}
        return table | heads

    def allowed_methods(self, route_name: str) -> list[str]:
        """The methods of a route for the `Allow` header, sorted; none for an unknown route."""
        return sorted(method for route, method in self.by_route if route == route_name)

    def served_here(self) -> Schema:
        """The document without the paths that `x-served-by` gives to somebody else."""
        elsewhere = {op.path for op in self.operations.values() if op.served_by}
        paths = {path: item for path, item in self.path_items() if path not in elsewhere}
        return {**self.document, "paths": paths}

    def held_whole(self) -> Schema:
        """`served_here` without the forms, which validators would first take into memory."""
        document = self.served_here()
        paths = {
            path: {key: _without_form(each) for key, each in item.items()}
            for path, item in document["paths"].items()
        }
        return {**document, "paths": paths}


def _without_form(part: Any) -> Any:
    """A part of a path item, without its body if that is an operation that takes a form."""
    if isinstance(part, dict) and FORM in part.get("requestBody", {}).get("content", ()):
        return {key: value for key, value in part.items() if key != "requestBody"}
    return part


def _without_words(part: Any, *, named: bool = False) -> Any:
    """A part of the document; the keys of one that is `named` are no words of OpenAPI."""
    if isinstance(part, dict):
        return {
            key: each
            if key in VALUES and not named
            else _without_words(each, named=key in NAMES and not named)
            for key, each in part.items()
            if named or key not in WORDS
        }
    return [_without_words(each) for each in part] if isinstance(part, list) else part
