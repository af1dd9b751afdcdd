"""What the compiled validators refuse, and how they say it, over the small contract `tiny.yaml`."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyramid.request import Request
from pyramid.response import Response
from pyramid.router import Router

from realty.contract import problems, to_json
from tests.contract.tiny import CONTRACT, tiny_app

DEEP = 100_000
TENANT = {"X-Tenant": "a"}
JSON = {"Content-Type": "application/json", **TENANT}


@pytest.fixture(scope="module")
def app() -> Router:
    return tiny_app()


@pytest.fixture(scope="module")
def stock_app() -> Router:
    return tiny_app(validators="stock")


def send(
    app: Router, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Response:
    """The answer of the application to exactly this request: no header is added."""
    request = Request.blank(url, method=method, body=body)
    request.headers.update(headers or {})
    return request.get_response(app)


def refusal(response: Response) -> tuple[int, str, dict[str, str]]:
    """Status, code and messages by field."""
    error = response.json_body
    return response.status_int, error["code"], {d["field"]: d["message"] for d in error["details"]}


UNSTORABLE = "must not contain the character U+0000 or half of a surrogate pair"
NOT_WHOLE = "must be a whole number"

QUERIES = [
    ("unknown=1", "unknown", "is not a known parameter"),
    ("Page=1", "Page", "is not a known parameter"),
    ("page=1&page=2", "page", "is given more than once"),
    ("page=1&page=1", "page", "is given more than once"),
    ("page=%201", "page", NOT_WHOLE),
    ("page=1_0", "page", NOT_WHOLE),
    ("page=%2B1", "page", NOT_WHOLE),
    ("page=01", "page", NOT_WHOLE),
    ("page=1.0", "page", NOT_WHOLE),
    ("page=1e1", "page", NOT_WHOLE),
    ("page=%D9%A3", "page", NOT_WHOLE),
    ("page=1%0A", "page", NOT_WHOLE),
    ("page=", "page", NOT_WHOLE),
    ("page=NaN", "page", NOT_WHOLE),
    ("page=" + "9" * 5000, "page", NOT_WHOLE),
    ("page=0", "page", "must be at least 1"),
    ("page=-5", "page", "must be at least 1"),
    ("page=99999999999999999", "page", "must be at most 1000000"),
    ("mine=yes", "mine", "must be true or false"),
    ("mine=1", "mine", "must be true or false"),
    ("mine=True", "mine", "must be true or false"),
    ("mine=", "mine", "must be true or false"),
    ("city=" + "a" * 21, "city", "must be at most 20 characters"),
    ("q=", "q", "must not be empty"),
    ("q=a%00b", "q", UNSTORABLE),
    ("city=%00", "city", UNSTORABLE),
    ("sort=size", "sort", "is not one of: name, -name"),
    ("since=2024-02-30", "since", "must be a date, YYYY-MM-DD"),
    ("since=20240201", "since", "must be a date, YYYY-MM-DD"),
    ("since=2024-W05-1", "since", "must be a date, YYYY-MM-DD"),
    ("since=0000-01-01", "since", "must be a date, YYYY-MM-DD"),
]


@pytest.mark.parametrize(("query", "field", "message"), QUERIES)
def test_a_bad_query_is_422_and_names_the_parameter(
    app: Router, query: str, field: str, message: str
) -> None:
    response = send(app, "GET", f"/things?{query}")
    assert refusal(response) == (422, "validation_error", {field: message})


def test_a_query_gives_cast_values_and_defaults(app: Router) -> None:
    response = send(app, "GET", "/things?mine=true&city=&page=3&since=2024-02-29")
    assert "'page': 3" in response.text
    assert "'mine': True" in response.text
    assert "'city': ''" in response.text
    assert "datetime.date(2024, 2, 29)" in response.text
    assert "{'page': 1, 'mine': False}" in send(app, "GET", "/things").text


def test_everything_that_is_wrong_is_told_at_once(app: Router) -> None:
    response = send(app, "GET", "/things?page=0&mine=x&typo=1")
    assert set(refusal(response)[2]) == {"page", "mine", "typo"}


def test_path_parameters_have_the_same_rules(app: Router) -> None:
    for text in ("0", "01", "abc", "2147483648", "1.0", "%D9%A3"):
        status, _, fields = refusal(send(app, "DELETE", f"/things/{text}"))
        assert (status, set(fields)) == (422, {"thing_id"}), text


BODIES = [
    (b"", 400, "body", "must not be empty"),
    (b"{", 400, "body", "is not valid JSON"),
    (b"\xef\xbb\xbf{}", 400, "body", "is not valid JSON"),
    (b'{"name": "\xff"}', 400, "body", "is not valid JSON"),
    ('{"name": "a"}'.encode("utf-16"), 400, "body", "is not valid JSON"),
    (b"[" * DEEP, 400, "body", "is not valid JSON"),
    (b'{"name":' * DEEP, 400, "body", "is not valid JSON"),
    (b"[" * 1000 + b"]" * 1000, 400, "body", "is not valid JSON"),
    (b"[" * 33 + b"]" * 33, 400, "body", "is not valid JSON"),
    (b"[" * 32 + b"]" * 32, 422, "body", "must be an object"),
    (b'{"name": "a", "latitude": NaN}', 400, "body", "is not valid JSON"),
    (b'{"name": "a", "latitude": -Infinity}', 400, "body", "is not valid JSON"),
    (b'{"name": "a", "latitude": 1e400}', 400, "body", "is not valid JSON"),
    (b'{"name": "a", "name": "b"}', 400, "body", "has an object with the same key twice"),
    (
        b'{"name": "a", "owner": {"company_name": "ab", "c\\u006fmpany_name": "cd"}}',
        400,
        "body",
        "has an object with the same key twice",
    ),
    (b"null", 422, "body", "must be an object"),
    (b"[]", 422, "body", "must be an object"),
    (b'"name"', 422, "body", "must be an object"),
    (b"{}", 422, "name", "is required"),
    (b'{"name": ""}', 422, "name", "must not be empty"),
    (b'{"name": null}', 422, "name", "must be a string"),
    (b'{"name": "a", "id": 5}', 422, "id", "is not a known field"),
    (b'{"name": "a\\u0000b"}', 422, "name", UNSTORABLE),
    (b'{"name": "a", "k\\u0000": 1}', 422, "k\N{REPLACEMENT CHARACTER}", UNSTORABLE),
    (b'{"name": "\\ud800"}', 422, "name", UNSTORABLE),
    (b'{"name": "\\udc00\\ud800"}', 422, "name", UNSTORABLE),
    (b'{"name": "a", "tags": ["b", "\\udfff"]}', 422, "tags[1]", UNSTORABLE),
    (b'{"name": "a", "password": "short"}', 422, "password", "must be at least 8 characters"),
    (b'{"name": "a", "floors": 1.5}', 422, "floors", NOT_WHOLE),
    (b'{"name": "a", "floors": true}', 422, "floors", NOT_WHOLE),
    (b'{"name": "a", "floors": "1"}', 422, "floors", NOT_WHOLE),
    (b'{"name": "a", "floors": 1e99}', 422, "floors", "must be at most 200"),
    (b'{"name": "a", "floors": 123456789012345678901}', 422, "floors", "must be at most 200"),
    (b'{"name": "a", "email": "asha"}', 422, "email", "must be an e-mail address"),
    (b'{"name": "a", "site": "home page"}', 422, "site", "must be a full URL"),
    (b'{"name": "a", "kind": "hut"}', 422, "kind", "is not one of: flat, villa"),
    (b'{"name": "a", "opens_on": "2024-02-30"}', 422, "opens_on", "must be a date, YYYY-MM-DD"),
    (b'{"name": "a", "owner": 5}', 422, "owner", "must be an object or null"),
    (
        b'{"name": "a", "owner": {"company_name": "x"}}',
        422,
        "owner.company_name",
        "must be at least 2 characters",
    ),
    (b'{"name": "a", "owner": {}}', 422, "owner.company_name", "is required"),
    (
        b'{"name": "a", "stack": [{"price": "1.00"}, {"price": "2.00"}, {"price": 1}]}',
        422,
        "stack[2].price",
        "must be a string",
    ),
    (
        b'{"name": "a", "stack": [{"price": "1.00\\n"}]}',
        422,
        "stack[0].price",
        "does not have the right form",
    ),
    (b'{"name": "a", "tags": []}', 422, "tags", "must not be empty"),
    (
        b'{"name": "a", "stack": [{"price": "1.00"}, {"price": "1.00"}]}',
        422,
        "stack",
        "must not have the same item twice",
    ),
]


@pytest.mark.parametrize(("body", "status", "field", "message"), BODIES)
def test_a_bad_body_is_400_or_422_and_names_the_field(
    app: Router, body: bytes, status: int, field: str, message: str
) -> None:
    code = "malformed_request" if status == 400 else "validation_error"
    assert refusal(send(app, "POST", "/things", body, JSON)) == (status, code, {field: message})


@pytest.mark.parametrize(
    "text",
    ["2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "0001-01-01T00:00:00+23:00"],
)
def test_a_time_needs_its_offset_and_a_place_in_the_calendar(app: Router, text: str) -> None:
    body = json.dumps({"name": "a", "starts_at": text}).encode()
    status, _, fields = refusal(send(app, "POST", "/things", body, JSON))
    assert (status, set(fields)) == (422, {"starts_at"})


def test_a_body_gives_defaults_dates_and_whole_numbers(app: Router) -> None:
    body = {
        "name": "प्र😀",
        "floors": 2.0,
        "opens_on": "2024-02-29",
        "starts_at": "2024-01-01T02:00:00.5+05:30",
        "owner": {"company_name": "ab"},
        "stack": [{"price": "1.00", "number": 3.0}],
    }
    seen = send(app, "POST", "/things", json.dumps(body).encode(), JSON).json_body["data"]["seen"]
    assert "'name': 'प्र😀', 'floors': 2," in seen
    assert "'opens_on': datetime.date(2024, 2, 29)" in seen
    assert "'starts_at': datetime.datetime(2023, 12, 31, 20, 30, 0, 500000)" in seen
    assert "{'company_name': 'ab', 'city': 'Pune'}" in seen
    assert "'stack': [{'price': '1.00', 'number': 3}]" in seen
    assert "'kind': 'flat', 'tags': ['new']" in seen


def test_null_stays_null_and_a_default_is_not_shared(app: Router) -> None:
    body = b'{"name": "a", "site": null, "opens_on": null, "owner": null}'
    seen = send(app, "POST", "/things", body, JSON).text
    assert "'site': None, 'opens_on': None, 'owner': None" in seen


TYPES = [
    ({}, "Content-Type"),
    ({"Content-Type": "text/plain"}, "Content-Type"),
    ({"Content-Type": "application/x-www-form-urlencoded"}, "Content-Type"),
    ({"Content-Type": "application/jsonp"}, "Content-Type"),
    ({"Content-Type": "application/json; charset=latin-1"}, "Content-Type"),
    ({"Content-Type": 'application/json; charset="utf-16"'}, "Content-Type"),
    ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "Content-Encoding"),
    ({"Content-Type": "application/json", "Content-Encoding": "br"}, "Content-Encoding"),
]


@pytest.mark.parametrize(("headers", "field"), TYPES)
def test_a_body_that_is_not_plain_json_is_415(
    app: Router, headers: dict[str, str], field: str
) -> None:
    status, code, fields = refusal(
        send(app, "POST", "/things", b'{"name": "a"}', {**TENANT, **headers})
    )
    assert (status, code, set(fields)) == (415, "unsupported_media_type", {field})


@pytest.mark.parametrize(
    "declared",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=UTF-8",
        'application/json ; charset="utf-8"',
        "application/json; profile=x",
    ],
)
def test_spellings_of_json_in_utf8_are_taken(app: Router, declared: str) -> None:
    headers = {**TENANT, "Content-Type": declared, "Content-Encoding": "identity"}
    assert send(app, "POST", "/things", b'{"name": "a"}', headers).status_int == 201


def test_a_bad_header_is_400_and_a_missing_one_422(app: Router) -> None:
    short = send(app, "POST", "/things", b'{"name": "a"}', {**JSON, "Idempotency-Key": "short"})
    assert refusal(short) == (
        400,
        "malformed_request",
        {"Idempotency-Key": "must be at least 8 characters"},
    )
    spaced = send(
        app, "POST", "/things", b'{"name": "a"}', {**JSON, "Idempotency-Key": "a b c d e"}
    )
    assert refusal(spaced)[2] == {"Idempotency-Key": "does not have the right form"}
    missing = send(app, "POST", "/things", b'{"name": "a"}', {"Content-Type": "application/json"})
    assert refusal(missing) == (422, "validation_error", {"X-Tenant": "is required"})


def test_an_optional_body_may_be_absent(app: Router) -> None:
    assert "'body': None" in send(app, "PUT", "/things/1/confirm").text
    empty = send(app, "PUT", "/things/1/confirm", b"{}", JSON)
    assert refusal(empty)[2] == {"body": "must have at least 1 field(s)"}


def test_an_operation_without_a_body_takes_none_but_an_empty_object(app: Router) -> None:
    for body in (b"", b"{}", b" {} "):
        assert send(app, "POST", "/things/1/confirm", body, JSON).status_int == 200
    refused = send(app, "POST", "/things/1/confirm", b'{"status": "sold"}', JSON)
    assert refusal(refused)[0] == 422
    assert send(app, "DELETE", "/things/1", b'{"why": 1}', JSON).status_int == 204


def test_security_of_the_contract_asks_for_a_token(app: Router) -> None:
    for headers in ({}, {"Authorization": "Basic dTpw"}, {"Authorization": "Bearer"}):
        status, code, _ = refusal(send(app, "GET", "/things/1?typo=1", headers=headers))
        assert (status, code) == (401, "authentication_required")
    assert send(app, "GET", "/things/1", headers={"Authorization": "bearer x"}).status_int == 200


def test_what_is_wrong_is_said_without_the_value(
    app: Router, stock_app: Router, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "S3cret"
    bodies: list[Any] = [
        {"name": "a", "password": secret},
        {"name": "a", "password": {secret: 1}},
        {"name": "a", "kind": secret},
        {"name": "a", "email": secret},
        {"name": "a", "opens_on": secret},
        {"name": "a", "owner": secret},
    ]
    raws = [json.dumps(body).encode() for body in bodies] + [f'{{"p": "{secret}'.encode()]
    for each in (app, stock_app):
        for raw in raws:
            response = send(each, "POST", "/things", raw, JSON)
            assert response.status_int in (400, 422)
            assert secret not in response.text
        response = send(each, "GET", f"/things?page={secret}&mine={secret}&sort={secret}")
        assert response.status_int == 422
        assert secret not in response.text
    assert secret not in caplog.text


def test_what_the_caller_names_is_bounded_and_printable(app: Router) -> None:
    body = json.dumps({"name": "a", **{f"\n{i}" + "x" * 400: 1 for i in range(100)}}).encode()
    _, _, fields = refusal(send(app, "POST", "/things", body, JSON))
    assert len(fields) == 20
    assert all(len(field) == 200 and field.isprintable() for field in fields)


@pytest.mark.parametrize(
    "wanted", ["undeclared status", "missing body", "wrong body", "wrong type", "not json"]
)
def test_an_answer_that_breaks_the_contract_is_500(
    app: Router, stock_app: Router, wanted: str
) -> None:
    for each in (app, stock_app):
        response = send(each, "GET", "/things", headers={"X-Answer": wanted})
        assert refusal(response) == (500, "internal_error", {})


def test_headers_of_an_answer_are_held_to_the_contract(app: Router) -> None:
    for location in ("", "/things/" + "1" * 30):
        headers = {**JSON, "X-Location": location}
        assert send(app, "POST", "/things", b'{"name": "a"}', headers).status_int == 500


def test_a_view_may_choose_another_declared_status(app: Router) -> None:
    assert send(app, "GET", "/things", headers={"X-Answer": "own status"}).status_int == 404


def test_an_empty_answer_has_neither_body_nor_type(app: Router) -> None:
    response = send(app, "DELETE", "/things/1")
    assert (response.status_int, response.body, response.content_type) == (204, b"", None)


def test_head_is_served_as_get(app: Router, stock_app: Router) -> None:
    for each in (app, stock_app):
        response = send(each, "HEAD", "/things?page=2")
        assert (response.status_int, response.body) == (200, b"")
        assert send(each, "HEAD", "/things?page=x").status_int == 422


def test_a_wrong_method_is_405_with_what_the_contract_allows(app: Router) -> None:
    response = send(app, "PATCH", "/things/1")
    assert (response.status_int, response.headers["Allow"]) == (405, "DELETE, GET, HEAD")
    assert send(app, "POST", "/openapi.yaml").status_int != 200
    assert send(app, "GET", "/nowhere").status_int == 404


def test_the_contract_is_served_byte_for_byte(app: Router) -> None:
    response = send(app, "GET", "/openapi.yaml")
    assert response.body == CONTRACT.read_bytes()
    assert response.content_type == "text/yaml"


def test_bytes_that_are_not_utf8_are_malformed() -> None:
    with pytest.raises(UnicodeDecodeError) as raised:
        b"\xff".decode()
    status, code, details = problems(raised.value)
    assert (status, code, [each.field for each in details]) == (400, "malformed_request", ["url"])
    with pytest.raises(TypeError):
        problems(KeyError("x"))


@pytest.mark.parametrize("value", [Decimal("1.50"), datetime(2026, 1, 1, tzinfo=UTC), {1, 2}])
def test_only_what_a_presenter_wrote_becomes_json(value: Any) -> None:
    with pytest.raises(TypeError):
        to_json({"value": value})
