"""Error codes and enums: the contract, the program and the database list the same."""

from __future__ import annotations

import re

from realty import errors
from realty.contract import Operation
from realty.db import enums
from realty.rules.change_requests import CHANGE_TRANSITIONS
from realty.rules.lifecycles import BOOKING_TRANSITIONS
from tests.client import Api
from tests.contract.document import (
    CONTRACT,
    DOCUMENT,
    OPERATIONS,
    SCHEMAS,
    each_operation,
    examples_of,
    json_of,
    node_of,
    nodes,
    parameters_of,
    snake_case,
)

# What the contract calls otherwise than the database.
RENAMED = {
    "preferred_contact_method": enums.CONTACT_METHODS,
    "cancelled_by": enums.ENDING_PARTIES,
    "message_priority": enums.PRIORITIES,
    "conversation_side": enums.PARTIES,
    "notification_priority": enums.PRIORITIES,
    "change_request_priority": enums.PRIORITIES,
    "model_file_format": enums.MODEL_FORMATS,
    # A refunded payment stays `completed` in its row.
    "payment_status": (*enums.PAYMENT_STATUSES, "refunded"),
}
# Values that are derived for an answer and stored nowhere.
DERIVED = {
    "booking_state",
    "booking_payment_status",
    "booking_action",
    "booking_event",
    "change_request_action",
    "invitation_status",
    "schedule_state",
    "gst_reason",
    "document_kind",
    "payment_action",
    "due_state",
    "ledger_entry_kind",
    "component_state",
    "activity_kind",
    "appointment_action",
    "appointment_status_action",
    "slot_state",
}

# What is new about a row, where it is not that it was made.
NEWEST_FIRST = {"listConversations": "-last_message_time"}


def codes_of_contract() -> set[tuple[int, str]]:
    """(status, code) of the table in the introduction."""
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", DOCUMENT["info"]["description"], re.MULTILINE)
    return {(int(status), code) for status, code in rows}


def codes_of_program() -> set[tuple[int, str]]:
    """(status, code) of every error that the program can raise."""
    classes = [errors.RealtyError]
    for each in classes:
        classes += each.__subclasses__()
    return {(each.status, each.code) for each in classes}


def test_error_codes_of_contract_and_program_are_the_same() -> None:
    assert codes_of_contract() == codes_of_program()
    listed = re.findall(r"`(\w+)`", SCHEMAS["Error"]["properties"]["code"]["description"])
    assert sorted(listed) == sorted(code for _, code in codes_of_program())


@each_operation
def test_descriptions_name_real_errors_that_are_declared(op: Operation) -> None:
    responses = node_of(op)["responses"]
    for status, code in re.findall(r"\b([45]\d\d) `(\w+)`", node_of(op)["description"]):
        assert (int(status), code) in codes_of_program()
        assert status in responses
    for status in re.findall(r"^- ([45]\d\d)\b", node_of(op)["description"], re.MULTILINE):
        assert status in responses


@each_operation
def test_example_errors_carry_the_code_of_their_status(op: Operation) -> None:
    for status, media in json_of(op):
        for value in examples_of(media).values():
            if "error" in value:
                assert (int(status), value["error"]["code"]) in codes_of_program()


def stored_values(name: str) -> tuple[str, ...]:
    """The enum of the database that the contract knows by this name in snake case."""
    if name in RENAMED:
        return RENAMED[name]
    stem = name.upper()
    plurals = (f"{stem}S", f"{stem}ES", f"{stem[:-1]}IES")
    found: tuple[str, ...] = next(
        getattr(enums, plural) for plural in plurals if hasattr(enums, plural)
    )
    return found


def named_enums() -> dict[str, tuple[str, ...]]:
    """The enum schemas of the contract by their name in snake case."""
    return {
        snake_case(name): tuple(schema["enum"])
        for name, schema in SCHEMAS.items()
        if "enum" in schema
    }


def test_enums_of_the_contract_are_those_of_the_database() -> None:
    named = named_enums()
    assert set(named) >= DERIVED
    for name in set(named) - DERIVED:
        assert named[name] == stored_values(name), name


def test_booking_actions_are_the_moves_that_a_person_makes() -> None:
    moves = [name for name, move in BOOKING_TRANSITIONS.items() if "system" not in move.roles]
    assert named_enums()["booking_action"] == ("update", *moves)


def test_change_request_actions_are_the_moves_that_a_person_makes() -> None:
    moves = [name for name, move in CHANGE_TRANSITIONS.items() if move.role != "system"]
    assert named_enums()["change_request_action"] == tuple(moves)


def test_enums_of_fields_are_parts_of_named_ones() -> None:
    """A parameter or a field may offer fewer values than there are, never others."""
    own_words = re.compile(r"/(Health|Readiness)/properties/status|/parameters/")
    for where, node in nodes(DOCUMENT):
        named = re.fullmatch(r"/components/schemas/\w+", where)
        if "enum" in node and not named and not own_words.search(where):
            assert any(set(node["enum"]) <= set(known) for known in named_enums().values()), where


def test_enums_of_parameters_are_orders_or_named_ones() -> None:
    for op in OPERATIONS:
        for name, parameter in parameters_of(op, "query").items():
            values = CONTRACT.resolve(parameter["schema"]).get("enum")
            if name == "sort":
                assert values[0] == NEWEST_FIRST.get(op.id, "-created_at")
            elif values:
                assert tuple(values) in named_enums().values(), f"{op.id} {name}"


def test_get_enums_answers_the_values_of_the_database(api: Api) -> None:
    answered: dict[str, list[str]] = api.get("/api/meta/enums").data["enums"]
    for name, values in answered.items():
        known = named_enums()[name] if name in DERIVED else stored_values(name)
        assert tuple(values) == known, name
    media = dict(json_of(CONTRACT.operations["getEnums"]))["200"]
    assert examples_of(media)["enums"]["data"]["enums"] == answered
