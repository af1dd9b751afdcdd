"""Every statement of `openapi.yaml` that can be verified, verified without a request being sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request

from realty.contract import Contract, Operation
from realty.contract.document import METHODS
from realty.db import enums
from tests.contract.document import (
    CONTRACT,
    DOCUMENT,
    OPERATIONS,
    PROBE,
    SCHEMAS,
    body_of,
    concrete,
    each_operation,
    examples_of,
    is_secured,
    json_of,
    node_of,
    nodes,
    parameters_of,
    problems,
    responses_of,
    security_of,
    snake_case,
)

TESTS = Path(__file__).parent.parent

SHARED_RESPONSES = {
    "206": "FilePart",
    "302": "FoundElsewhere",
    "304": "NotModified",
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "409": "Conflict",
    "412": "PreconditionFailed",
    "413": "PayloadTooLarge",
    "415": "UnsupportedMediaType",
    "416": "RangeNotSatisfiable",
    "422": "UnprocessableContent",
    "429": "TooManyRequests",
    "500": "InternalError",
    "503": "ServiceUnavailable",
}
# Public, and yet they judge a credential in the body.
CREDENTIAL_OPERATIONS = {"login", "getMetrics", "refreshTokens"}
# Public, with filters (`mine`, `saved`) that only one role has.
ROLE_FILTERS = {"listProjects", "listUnits", "listBuilderReviews"}
# It reads and may still be refused: an expired booking has no quote.
REFUSING_READS = {
    *("exportMyData", "getBookingDocument", "getCancellationQuote"),
    *("getPaymentReceipt", "getProgressReport"),
}


def test_paths_and_operations_are_many() -> None:
    assert len(OPERATIONS) > 50
    assert len({op.route_name for op in OPERATIONS}) == len(DOCUMENT["paths"])


@each_operation
def test_an_operation_describes_itself(op: Operation) -> None:
    node = node_of(op)
    assert re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)+|login|logout", node["operationId"])
    known_tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert len(node["tags"]) == 1
    assert node["tags"][0] in known_tags
    assert node["summary"].strip()
    assert len(node["description"].split()) >= 8, "a front-end developer needs more than that"
    assert node["x-roles"]
    assert len(set(node["x-roles"])) == len(node["x-roles"])
    assert set(node["x-roles"]) <= {"public", *enums.USER_TYPES}


def test_operation_ids_are_unique() -> None:
    ids = [
        item[method]["operationId"]
        for item in DOCUMENT["paths"].values()
        for method in METHODS
        if method in item
    ]
    assert len(ids) == len(set(ids))


@each_operation
def test_security_agrees_with_the_roles(op: Operation) -> None:
    bearer: dict[str, Any] = {"bearerAuth": []}
    if op.roles == ("public",):
        assert security_of(op) in ([], [{}, bearer])
    else:
        assert "public" not in op.roles
        assert security_of(op) == [bearer]


def certain_statuses(op: Operation) -> set[str]:
    """The statuses that an operation can give for what it takes alone."""
    statuses = {"400", "429", "500", "503"}
    if op.served_by is None:
        statuses.add("422")  # an unknown query parameter, if nothing else
    if security_of(op):
        statuses.add("401")
    if is_secured(op):
        statuses.add("403")
    if parameters_of(op, "path"):
        statuses.add("404")
    if op.takes_body:
        statuses |= {"413", "415"}
    headers = parameters_of(op, "header")
    if "Range" in headers:
        statuses |= {"206", "416"}
    if "If-Match" in headers:
        statuses.add("412")
    if "If-None-Match" in headers:
        statuses.add("304")
    if "Idempotency-Key" in headers:
        statuses.add("409")
    return statuses


def possible_statuses(op: Operation) -> set[str]:
    """Those that what the operation is about may add."""
    statuses = {str(op.success_status)}
    if op.id in CREDENTIAL_OPERATIONS:
        statuses.add("401")
    if op.id in ROLE_FILTERS:
        statuses.add("403")
    if op.method != "GET" or op.id in REFUSING_READS:
        statuses.add("409")
    body = body_of(op)
    fields = set(CONTRACT.resolve(body["schema"]).get("properties", ())) if body else set()
    named = fields | set(parameters_of(op, "query"))
    if op.served_by or any(name.endswith("_id") for name in named):
        statuses.add("404")
    return statuses


@each_operation
def test_every_status_is_declared_and_none_without_reason(op: Operation) -> None:
    declared = set(node_of(op)["responses"])
    assert certain_statuses(op) <= declared
    assert declared <= certain_statuses(op) | possible_statuses(op)


@each_operation
def test_errors_are_the_shared_responses(op: Operation) -> None:
    for status, node in node_of(op)["responses"].items():
        if (op.id, status) != (PROBE, "503") and status not in {"200", "201", "202", "204"}:
            assert node == {"$ref": f"#/components/responses/{SHARED_RESPONSES[status]}"}, status


@each_operation
def test_success_has_the_headers_of_its_kind(op: Operation) -> None:
    responses = responses_of(op)
    partial_or_elsewhere = {"206", str(op.success_status)}
    successes = {status for status in responses if status.startswith("2")}
    assert successes <= partial_or_elsewhere
    success = responses[str(op.success_status)]
    headers = success.get("headers", {})
    assert "X-Request-ID" in headers
    assert ("Location" in headers) == (op.success_status in {201, 302})
    if op.method == "GET":
        assert ("ETag" in headers) == ("If-None-Match" in parameters_of(op, "header"))
    assert ("Idempotent-Replayed" in headers) == op.idempotent
    assert (op.success_status in {204, 302}) == ("content" not in success)
    if op.method == "DELETE":
        assert op.success_status == 204


@each_operation
def test_if_match_comes_with_an_etag_to_send(op: Operation) -> None:
    if "If-Match" in parameters_of(op, "header"):
        assert op.method in {"PATCH", "PUT"}
        assert "ETag" in responses_of(op)[str(op.success_status)]["headers"]


@each_operation
def test_bodies_have_examples_that_fit(op: Operation) -> None:
    media = {f"answer {status}": each for status, each in json_of(op)}
    if body := body_of(op):
        media["request"] = body
    for place, each in media.items():
        examples = examples_of(each)
        assert examples, f"{place} has no example"
        for name, value in examples.items():
            assert problems(each["schema"], value) == [], f"{place}, {name}"


@each_operation
def test_answers_have_the_envelope(op: Operation) -> None:
    for status, media in json_of(op):
        schema = CONTRACT.resolve(media["schema"])
        body = "data" if int(status) < 400 or (op.id, status) == (PROBE, "503") else "error"
        assert set(schema["properties"]) == set(schema["required"]) == {"success", body}
        for value in examples_of(media).values():
            assert value["success"] is (int(status) < 400)


def test_examples_of_parameters_headers_and_schemas_fit() -> None:
    found = []
    for where, node in nodes(DOCUMENT):
        holder = node if "schema" in node else {"schema": node, **node}
        if where.endswith(("/properties", "/schemas")) or "type" not in {
            **node,
            **holder["schema"],
        }:
            continue
        for name, value in examples_of(holder).items():
            found += [f"{where} {name}: {each}" for each in problems(holder["schema"], value)]
    assert found == []


def object_schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    for where, node in nodes(DOCUMENT):
        if not where.endswith("/properties") and "object" in _types(node):
            yield where, node


def _types(node: Mapping[str, Any]) -> tuple[str, ...]:
    kind = node.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def test_objects_are_closed_and_named() -> None:
    assert len(dict(object_schemas())) > 80
    open_objects = [
        w for w, node in object_schemas() if node.get("additionalProperties") is not False
    ]
    assert open_objects == []
    nameless = [w for w, _ in object_schemas() if not re.fullmatch(r"/components/schemas/\w+", w)]
    assert nameless == []


def test_answers_say_everything() -> None:
    """A nullable field is present with null: only the extras of an error detail may be absent."""
    optional = [
        f"{name}.{field}"
        for name in reachable_from_answers()
        for field in SCHEMAS[name].get("properties", {})
        if field not in SCHEMAS[name].get("required", ())
    ]
    assert sorted(optional) == ["ErrorDetail.allowed", "ErrorDetail.value"]


def reachable_from_answers() -> set[str]:
    """The names of the schemas that answers are made of."""
    waiting = [media["schema"] for op in OPERATIONS for _, media in json_of(op)]
    names: set[str] = set()
    while waiting:
        for _, node in nodes(waiting.pop()):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in names:
                names.add(name)
                waiting.append(SCHEMAS[name])
    return names


def test_scalars_are_bounded() -> None:
    """An unbounded string, number or list would reach the database before anybody judges it."""
    unbounded = []
    for where, node in nodes(DOCUMENT):
        if where.endswith("/properties"):
            continue
        bounds = {"string": {"maxLength"}, "integer": {"minimum", "maximum"}, "array": {"maxItems"}}
        for kind in _types(node):
            missing = bounds.get(kind, set()) - set(node)
            if missing and "enum" not in node and node.get("format") != "binary":
                unbounded.append(f"{where}: {', '.join(sorted(missing))}")
    documents = ("/content/text~1html/schema", "/content/text/html/schema", "yaml/schema")
    assert [each for each in unbounded if not each.partition(":")[0].endswith(documents)] == []


def test_literal_paths_are_not_swallowed_by_templates(app: Any) -> None:
    mapper = app.registry.getUtility(IRoutesMapper)
    for path, item in CONTRACT.path_items():
        found = mapper(Request.blank(concrete(path)))["route"]
        assert found is not None, path
        assert found.name == item["x-pyramid-route-name"], path


def test_every_operation_is_named_in_a_test() -> None:
    """In its name or the name of its file, `test_cancel_booking.py`; `getPaymentReceipt` does not
    name `getPayment` as well."""
    files = list((TESTS / "functional").rglob("*.py"))
    text = "\n".join([each for path in files for each in (path.stem, path.read_text("utf-8"))])
    unnamed = []
    for name in sorted((snake_case(op.id) for op in OPERATIONS), key=len, reverse=True):
        if name not in text:
            unnamed.append(name)
        text = text.replace(name, "")
    assert unnamed == []


def test_words_go_and_names_and_values_stay() -> None:
    schema = {
        "description": "A thing.",
        "properties": {
            "description": {"type": "string", "description": "What it is.", "example": "blue"},
            "default": {"default": {"summary": "none"}, "summary": "What it begins with."},
        },
    }
    header = {"description": "How many.", "schema": {"enum": ["example"]}}
    document = {
        "components": {"schemas": {"example": schema}, "headers": {"summary": header}},
        "paths": {},
    }
    bare = Contract(document).without_words().document
    properties = {
        "description": {"type": "string"},
        "default": {"default": {"summary": "none"}},
    }
    assert bare["components"] == {
        "schemas": {"example": {"properties": properties}},
        "headers": {"summary": {"schema": {"enum": ["example"]}}},
    }
