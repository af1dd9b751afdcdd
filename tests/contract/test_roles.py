"""`x-roles` of the contract against what the live application really allows.

Each operation is called by everybody: with the contract's own example body, on rows that are the
caller's own, somebody else's, or nobody's.
"""

from __future__ import annotations

from typing import Any

import pytest

from realty.contract import Operation
from tests.client import Answer, Api
from tests.contract.document import OPERATIONS, each_operation, is_secured, security_of
from tests.database import content
from tests.deployment import Clock
from tests.world import World

ROLES = ("customer", "builder", "admin")
STRANGER = "anonymous"
ABSENT = 2_147_483_647


def may(op: Operation, role: str) -> bool:
    """Whether `x-roles` lets a caller of this role in; what is public is open to everybody."""
    return "public" in op.roles or role in op.roles


# Public, but for whoever has the secret.
SECRET = {"getCalendar"}
# Public, but the link of an invitation is not for somebody else who is signed in.
REFUSED_BY_RULE = {("acceptInvitation", "builder"): 422, ("acceptInvitation", "admin"): 422}

CALLS = [(op, role) for op in OPERATIONS for role in (STRANGER, *ROLES)]
ALLOWED = [pytest.param(*call, id="-".join((call[0].id, call[1]))) for call in CALLS if may(*call)]


def send(
    api: Api, op: Operation, path: str, body: Any, status: int | None = None, **headers: str
) -> Answer:
    """Call an operation, with what it needs and nothing else."""
    if op.idempotent:
        headers["Idempotency-Key"] = "one-key-for-this-test"
    return api.request(op.method, path, body=body, headers=headers, status=status)


def caller(api: Api, world: World, role: str) -> Api:
    return api.as_(None if role == STRANGER else world.account(role))


@pytest.mark.parametrize(("op", "role"), ALLOWED)
def test_a_role_of_the_contract_is_served(api: Api, clock: Clock, op: Operation, role: str) -> None:
    """Not merely let in: with the contract's example it succeeds on the caller's own rows."""
    world = World(op.id)
    account = None if role == STRANGER else world.account(role)
    path = world.path(op, account)
    body = world.body(op, role, api)
    status = REFUSED_BY_RULE.get((op.id, role), op.success_status)
    answer = send(caller(api, world, role), op, path, body, status)
    # What is personal is kept by nobody on its way, and a shared cache tells callers apart.
    stored = role == STRANGER and op.method == "GET" and op.id not in SECRET
    assert answer.headers["Cache-Control"] == ("no-cache" if stored else "no-store")
    assert "Authorization" in answer.headers["Vary"]


@pytest.mark.indifferent
@each_operation
def test_other_roles_are_refused(api: Api, clock: Clock, database: str, op: Operation) -> None:
    """A stranger by 401, a role that never may by 403, and nothing is written."""
    refused = [role for role in ROLES if not may(op, role)]
    if may(op, STRANGER):
        assert refused == []
        return
    world = World("")  # all is published, so that everybody sees what the operation is about
    path, body = world.path(op, None), world.body(op, op.roles[0], api)
    callers = {role: caller(api, world, role) for role in refused}
    before = content(database)
    answer = send(api.as_(None), op, path, body, 401)
    assert answer.code == "authentication_required"
    for role in refused:
        assert send(callers[role], op, path, body, 403).code == "forbidden"
    # A stranger learns nothing about bodies, nor which rows there are.
    send(api.as_(None), op, path, b"{", 401)
    send(api.as_(None), op, absent(path, op), body, 401)
    assert content(database) == before


@pytest.mark.indifferent
@each_operation
def test_a_token_that_does_not_count_is_refused(api: Api, clock: Clock, op: Operation) -> None:
    """Unless the operation ignores tokens; one that may be sent is judged as well."""
    world = World(op.id)
    path, body = world.path(op, None), world.body(op, STRANGER, api)
    forger = api.as_("eyJhbGciOiJub25lIn0.e30.")
    if security_of(op):
        assert send(forger, op, path, body, 401).code == "invalid_token"
    else:
        send(forger, op, path, body, op.success_status)


def foreign_callers(op: Operation) -> list[str]:
    """Who has the role for an operation and no business with another's rows."""
    others = {"builder": "other builder", "customer": "other customer"}
    if op.path.endswith(("{session_id}", "{notification_id}/read")):
        others["admin"] = "other admin"
    return [other for role, other in others.items() if may(op, role)]


OF_NOBODY = {"getBuilder", "setBuilderVerification", "listBuilderReviews", *SECRET}
WITH_ID = [op for op in OPERATIONS if "{" in op.path and op.id not in OF_NOBODY]


@pytest.mark.parametrize("op", WITH_ID, ids=lambda op: op.id)
def test_what_is_foreign_is_answered_like_what_is_absent(
    api: Api, clock: Clock, database: str, op: Operation
) -> None:
    world = World("publishProject")  # its project is not published
    path, body = world.path(op, world.customer), world.body(op, "customer", api)
    nowhere = absent(path, op)
    callers = [caller(api, world, role) for role in foreign_callers(op)]
    if not is_secured(op):
        callers.append(api.as_(None))
    before = content(database)
    for each in callers:
        foreign = send(each, op, path, body, 404)
        assert same(foreign) == same(send(each, op, nowhere, body, 404))
    assert content(database) == before


PUBLISHED = (
    *("/api/projects/{project_id}", "/api/units/{unit_id}", "/api/progress/{phase_id}"),
    *("/api/updates/{update_id}", "/api/reviews/{review_id}", "/api/models/{model_id}"),
)
CATALOGUE_WRITES = [op for op in WITH_ID if "builder" in op.roles and op.path.startswith(PUBLISHED)]


@pytest.mark.parametrize("op", CATALOGUE_WRITES, ids=lambda op: op.id)
def test_a_builder_changes_nothing_that_others_published(
    api: Api, clock: Clock, database: str, op: Operation
) -> None:
    world = World("")
    path, body = world.path(op, world.customer), world.body(op, "builder", api)
    stranger = caller(api, world, "other builder")
    before = content(database)
    foreign = send(stranger, op, path, body, 404)
    assert same(foreign) == same(send(stranger, op, absent(path, op), body, 404))
    assert content(database) == before


def absent(path: str, op: Operation) -> str:
    """The path with an id that no row has."""
    parts = zip(path.split("/"), op.path.split("/"), strict=True)
    return "/".join(str(ABSENT) if part.startswith("{") else given for given, part in parts)


def same(answer: Answer) -> Any:
    """What two answers to the same question must share."""
    error = {**answer.error, "request_id": None}
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in {"X-Request-ID", "Content-Length"}
    }
    return answer.status, error, headers


# An id within a body or a query: (operation, caller, field, whose row).
REFERENCES = [
    ("createBooking", "customer", "unit_id", "unit"),
    ("createBooking", "other builder", "unit_id", "unit"),
    ("createBooking", "builder", "customer_id", "other customer"),
    ("createChangeRequest", "other customer", "booking_id", "booking"),
    ("createUnit", "other builder", "project_id", "project"),
    ("listCustomers", "other builder", "project_id", "project"),
    ("recordPayment", "other customer", "booking_id", "booking"),
    ("createAppointment", "customer", "project_id", "project"),
    ("createAppointment", "other builder", "project_id", "project"),
    ("createAppointment", "customer", "unit_id", "unit"),
    ("createAppointment", "builder", "customer_id", "other customer"),
    ("createAppointment", "other customer", "booking_id", "booking"),
    ("sendMessage", "customer", "project_id", "project"),
    ("sendMessage", "other customer", "booking_id", "booking"),
    ("sendMessage", "builder", "customer_id", "other customer"),
    ("sendMessage", "other builder", "booking_id", "booking"),
    ("recordPayment", "other builder", "booking_id", "booking"),
]


@pytest.mark.parametrize(("operation_id", "role", "name", "thing"), REFERENCES)
def test_a_foreign_id_in_a_body_or_query_is_answered_like_an_absent_one(
    api: Api, clock: Clock, database: str, operation_id: str, role: str, name: str, thing: str
) -> None:
    world = World("publishProject")
    op = next(op for op in OPERATIONS if op.id == operation_id)
    body = world.body(op, role.removeprefix("other "), api)
    foreign_ids = {
        "unit": lambda: world.unit.id,
        "project": lambda: world.project.id,
        "booking": lambda: world.booking.id,
        "other customer": lambda: vars(world.account("other customer"))["customer_id"],
    }
    foreign_id = foreign_ids[thing]()
    sender = caller(api, world, role)
    before = content(database)
    answers = []
    for value in (foreign_id, ABSENT):
        if body is None:
            answers.append(sender.get(op.path, {name: value}, status=404))
        else:
            answers.append(send(sender, op, op.path, {**body, name: value}, 404))
    assert same(answers[0]) == same(answers[1])
    assert content(database) == before


def test_a_search_for_a_stranger_finds_nobody(api: Api, clock: Clock) -> None:
    """No part of an e-mail, phone or name tells a builder whom it does not know."""
    world = World("")
    stranger = world.account("other customer")
    known = world.booking.customer_id
    builder = caller(api, world, "builder")
    for words in (stranger.email, "+9197", "Ananyā", "example.in"):
        found = builder.get("/api/customers", {"q": words}).data
        assert [each["id"] for each in found["customers"]] in ([], [known])
        assert found["pagination"]["totalItems"] <= 1
