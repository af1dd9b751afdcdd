"""Hostile values in every field, parameter and path of every operation, told by the contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realty.contract import Operation
from realty.contract.problems import field_name
from tests.client import Api
from tests.contract.document import (
    CONTRACT,
    OPERATIONS,
    body_of,
    each_operation,
    parameters_of,
)
from tests.database import content, outside
from tests.factories import make_builder, make_project
from tests.security.hostile import (
    Attack,
    error_of,
    fields_of,
    is_amount,
    known_fields,
    leaves,
    replaced,
    whole_body,
)

pytestmark = pytest.mark.indifferent

WITH_BODY = [op for op in OPERATIONS if body_of(op)]
WITH_ID = [op for op in OPERATIONS if "_id}" in op.path]
WITH_QUERY = [op for op in OPERATIONS if parameters_of(op, "query")]

each_with_body = pytest.mark.parametrize("op", WITH_BODY, ids=lambda op: op.id)
each_with_id = pytest.mark.parametrize("op", WITH_ID, ids=lambda op: op.id)
each_with_query = pytest.mark.parametrize("op", WITH_QUERY, ids=lambda op: op.id)

UNSTORABLE = ["a\0b", "\ud800", "x\udfff", "\udc00\ud800"]
# No decimal string with two places and at most thirteen digits before them.
BROKEN_AMOUNTS: list[Any] = [
    "-1.00",
    "1e2",
    "NaN",
    "Infinity",
    "0.001",
    "1",
    "1.0",
    ".50",
    "01.00",
    "\u0661\u0660\u0660.\u0660\u0660",
    "\uff11.\uff10\uff10",
    " 1.00",
    "1.00 ",
    "1.00\n",
    "+1.00",
    "1,000.00",
    f"{'9' * 30}.00",
    "",
    100,
    1.5,
    True,
    ["1.00"],
]
BROKEN_INTEGERS: list[Any] = ["1", True, 1.5, "1.0", 2**63, 10**30, -(2**63) - 1, [1], {}]
# Where a query takes an integer: one spelling, and none past what a column holds.
BROKEN_NUMBERS = [
    "",
    "%201",
    "1_0",
    "+1",
    "1.0",
    "1e1",
    "01",
    "%D9%A1",
    "NaN",
    "null",
    "1000000000000000000",
    "-1000000000000000000",
    "1" * 20,
]
NO_IDS = [
    "0",
    "-1",
    "1.0",
    "1e3",
    "01",
    "+1",
    "true",
    "null",
    "%221%22",
    "%201",
    "1%20",
    "1%0a",
    "1%00",
    "2147483648",
    "9223372036854775808",
    "%D9%A1",
    "%EF%BC%91",
    "1;2",
    "1'--",
    "..%2f1",
    "9" * 10_240,
]
# What only the server decides.
READ_ONLY = {
    *("id", "user_id", "version", "created_at", "updated_at", "role", "is_verified"),
    *("token_version", "failed_login_count", "password_hash", "review_count"),
    *("verified_at", "booking_number", "paid_amount", "total_amount", "agreement_value"),
    *("sender_id", "recipient_id", "is_read", "read_at"),
    *("price_snapshot", "available_units", "total_projects", "expires_at", "cancelled_by"),
}
# Decided by the server but for the operations that are about just this.
OWNED = {
    "verified": {"setBuilderVerification"},
    "is_featured": {"setProjectFeatured"},
    # Whom a message goes to.
    "builder_id": {"sendMessage"},
    "project_id": {"createAppointment", "createUnit", "sendMessage"},
    "unit_id": {"createAppointment", "createBooking", "createModel"},
    "customer_id": {"createAppointment", "createBooking", "sendMessage"},
    "price": {"createUnit", "updateUnit"},
    "rating": {"reviewBooking"},
    "status": {
        "setProjectStatus",
        "updateProject",
        "setUnitStatus",
        "updatePhaseProgress",
        "editUpdate",
        "createModel",
        "updateModel",
    },
    "is_active": {"setUserActivity"},
    "user_type": {"registerAccount", "login"},
}
MOST_DETAILS = 20


@each_with_body
def test_text_that_cannot_be_stored_is_refused_by_field(app: Any, op: Operation) -> None:
    attack, body = Attack(app, op), whole_body(op)
    for path, leaf in leaves(body):
        for text in UNSTORABLE if isinstance(leaf, str) else ():
            answer = attack.send_json(replaced(body, path, text))
            assert answer.status_int == 422
            assert fields_of(answer) == {field_name(list(path))}
    for text in UNSTORABLE:
        answer = attack.send_json({**body, text: 1})
        assert answer.status_int == 422
        assert not any(each in str(error_of(answer)) for each in text if not each.isalnum())


@each_with_body
def test_raw_control_characters_and_bad_utf8_are_malformed(app: Any, op: Operation) -> None:
    attack = Attack(app, op)
    for bad in (b"\0", b"\n", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"):
        answer = attack.send(body=b'{"a": "' + bad + b'"}')
        assert answer.status_int == 400


@each_operation
def test_parameters_that_cannot_be_stored_are_refused(app: Any, op: Operation) -> None:
    attack = Attack(app, op)
    body = b"{}" if body_of(op) else None
    for name in ["unknown", *parameters_of(op, "query")]:
        # The contract itself and its page are files: whatever is asked of them besides is unread.
        expected = 200 if op.served_by else 422
        assert attack.send(query=f"{name}=a%00b", body=body).status_int == expected
        for bad in ("%ff", "%ed%a0%80", "%c0%80"):
            assert attack.send(query=f"{name}={bad}", body=body).status_int == 400
            assert attack.send(query=f"{bad}={name}", body=body).status_int == 400


@each_with_id
def test_what_is_no_id_names_nothing(app: Any, op: Operation) -> None:
    attack = Attack(app, op)
    body = json.dumps(attack.sound_body()).encode() if body_of(op) else None
    parts = zip(op.path.split("/"), attack.path.split("/"), strict=True)
    template = "/".join("{}" if part.endswith("_id}") else given for part, given in parts)
    for text in NO_IDS:
        answer = attack.send(path=template.replace("{}", text), body=body)
        assert answer.status_int == 404, text[:40]
    for text in ("%ff", "%ed%a0%80"):
        assert attack.send(path=template.replace("{}", text), body=body).status_int == 400


@each_with_body
def test_amounts_are_decimal_strings_with_two_places(app: Any, op: Operation) -> None:
    attack, body = Attack(app, op), whole_body(op)
    for path, leaf in leaves(body):
        for value in BROKEN_AMOUNTS if is_amount(leaf) else ():
            answer = attack.send_json(replaced(body, path, value))
            assert answer.status_int == 422, value
            assert field_name(list(path)) in fields_of(answer)


@each_with_body
def test_integers_are_integers(app: Any, op: Operation) -> None:
    attack, body = Attack(app, op), whole_body(op)
    for path, leaf in leaves(body):
        for value in BROKEN_INTEGERS if type(leaf) is int else ():
            answer = attack.send_json(replaced(body, path, value))
            assert answer.status_int == 422, value
            assert any(field.startswith(field_name(list(path))) for field in fields_of(answer))


@each_with_body
def test_numbers_that_json_does_not_know_are_malformed(app: Any, op: Operation) -> None:
    attack, body = Attack(app, op), whole_body(op)
    (first, *_), _ = next(leaves(body))
    for text in ("NaN", "Infinity", "-Infinity", "1e400", "01", "1.", ".5", "+1", "0x10", "1_0"):
        raw = json.dumps({**body, first: None}).replace(f'"{first}": null', f'"{first}": {text}')
        assert attack.send(body=raw.encode()).status_int == 400, text


@each_with_body
def test_fields_that_nobody_may_set_are_unknown(app: Any, database: str, op: Operation) -> None:
    """Mass assignment: each is named, and nothing of the request happens."""
    attack = Attack(app, op)
    smuggled = READ_ONLY | {name for name, ids in OWNED.items() if op.id not in ids}
    assert smuggled.isdisjoint(known_fields(op))
    body = attack.sound_body()
    before = content(database)
    for names in batched(sorted(smuggled), MOST_DETAILS):
        answer = attack.send_json({**body, **dict.fromkeys(names, 1)})
        assert answer.status_int == 422
        assert fields_of(answer) == set(names)
    assert content(database) == before


def batched(names: list[str], size: int) -> list[list[str]]:
    """The names in lists of at most that size."""
    return [names[start : start + size] for start in range(0, len(names), size)]


@each_with_query
def test_query_values_have_one_spelling(app: Any, op: Operation) -> None:
    attack = Attack(app, op)
    for name, parameter in parameters_of(op, "query").items():
        schema = CONTRACT.resolve(parameter["schema"])
        broken = {
            "integer": BROKEN_NUMBERS,
            "boolean": ["", "1", "yes", "True", "TRUE", "on", "%20true", "null"],
            "string": ["", "x" * 10_240],
        }[schema["type"]]
        if "enum" in schema:
            broken = [
                *broken,
                "password_hash",
                f"{schema['enum'][0]}%20",
                schema["enum"][0].upper(),
            ]
        if "pattern" in schema:
            broken = [*broken, "-1.00", "1e2", "NaN", "Infinity", "%201.00", "%2B1.00", "9" * 30]
        for text in broken:
            answer = attack.send(query=f"{name}={text}")
            assert answer.status_int == 422, f"{name}={text[:40]}"
            assert fields_of(answer) == {name}


@each_with_query
def test_a_query_is_bounded_and_says_nothing_twice(app: Any, op: Operation) -> None:
    attack = Attack(app, op)
    for name in parameters_of(op, "query"):
        answer = attack.send(query=f"{name}=1&{name}=1")
        assert answer.status_int == 422
        assert name in fields_of(answer)
    thousand = "&".join(f"p{number}=1" for number in range(1000))
    answer = attack.send(query=thousand)
    assert answer.status_int == 422
    assert len(answer.body) < 10_000, "an error is no echo"
    for unknown in ("limi=1", "page[]=1", "filter[status]=x", "__proto__=1", "limit%00=1", "=1"):
        assert attack.send(query=unknown).status_int == 422
    if "page" in parameters_of(op, "query"):
        for bound in ("limit=0", "limit=101", "page=0", "page=2147483648"):
            assert attack.send(query=bound).status_int == 422
        far = attack.send(query="page=2147483647&limit=100")
        assert far.status_int == 422
        assert fields_of(far) == {"page"}


def test_a_search_is_literal(api: Api) -> None:
    builder = make_builder()
    names = ["100% Green", "50 Green", "under_score", "underXscore", "O'Hara; --", "back\\slash"]
    for name in names:
        make_project(builder, project_name=name)

    def found(words: str) -> list[str]:
        rows = api.get("/api/projects", {"q": words}).data["projects"]
        return sorted(row["project_name"] for row in rows)

    assert found("%") == ["100% Green"]
    assert found("_") == ["under_score"]
    assert found("'; --") == []
    assert found("o'hara; --") == ["O'Hara; --"]
    assert found("\\") == ["back\\slash"]
    assert found("%%") == found("' OR 1=1 --") == found("$(id)") == []


SCRIPT = "<script>alert('1')</script>\"><img src=x onerror=alert(2)>"
MARKS = "\u202egnp.exe\u200b\u2066"


@pytest.mark.parametrize("text", [SCRIPT, MARKS, "=cmd|' /C calc'!A0", "{{7*7}}", "a\r\nBcc: x"])
def test_markup_comes_back_as_data(api: Api, text: str) -> None:
    builder = api.as_(make_builder())
    changed = builder.patch("/api/builders/me", {"description": text, "address": text})
    assert changed.data["builder"]["description"] == text
    assert changed.headers["Content-Type"].startswith("application/json")
    assert changed.headers["X-Content-Type-Options"] == "nosniff"
    shown = api.get(f"/api/builders/{changed.data['builder']['id']}")
    assert shown.data["builder"]["address"] == text


def test_lengths_are_counted_in_characters(api: Api) -> None:
    builder = api.as_(make_builder())
    longest = "🏗" * 200
    changed = builder.patch("/api/builders/me", {"company_name": longest})
    assert changed.data["builder"]["company_name"] == longest
    refused = builder.patch("/api/builders/me", {"company_name": f"{longest}🏗"}, status=422)
    assert refused.error["details"][0]["field"] == "company_name"


def test_no_booking_is_made_with_an_id_that_is_none(app: Any, database: str) -> None:
    """A number that equals an integer is one in JSON, and names no unit here."""
    attack = Attack(app, next(op for op in OPERATIONS if op.id == "createBooking"))
    unit_id = attack.world.unit.id
    for text in ("1.0", "1e3", "2147483647", "2147483647.0"):
        raw = f'{{"unit_id": {text}, "payment_plan": "full_payment"}}'.encode()
        assert attack.send(body=raw).status_int == 404, text
    for text in (f'"{unit_id}"', "true", "-1", "9223372036854775808", "1e30", "null", "[1]", "1.5"):
        raw = f'{{"unit_id": {text}, "payment_plan": "full_payment"}}'.encode()
        assert attack.send(body=raw).status_int == 422, text
    with outside(database) as cursor:
        cursor.execute("SELECT count(*) FROM bookings")
        assert cursor.fetchone()[0] == 0
        cursor.execute("SELECT status FROM units")
        assert cursor.fetchall() == [("available",)]
