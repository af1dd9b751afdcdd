"""What a list, a count or a public page tells about the rows of somebody else: nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.contract import Operation
from realty.db import Unit
from realty.db.session import session
from tests.client import Answer, Api
from tests.contract.document import OPERATIONS, is_secured
from tests.deployment import Clock
from tests.world import World

READS = [op for op in OPERATIONS if op.method == "GET" and not op.served_by]
# The number of a builder's projects is public, as `total_projects`, and so are the places left.
# Metrics count requests, those of this test too, and nothing that is stored.
TELLING = {"listBuilders", "listAppointmentSlots", "getMetrics"}
LISTS = [op for op in READS if "{" not in op.path and op.id not in TELLING]
OTHERS = {"customer": "other customer", "builder": "other builder"}
NOTE = "Mr Iyer decides on Friday"


def onlookers(op: Operation) -> list[str | None]:
    """Who may call the operation and has no business with the world's rows."""
    if not is_secured(op):
        return [None, *OTHERS.values()]
    return [other for role, other in OTHERS.items() if role in op.roles]


def seen(answer: Answer) -> Any:
    """All that a caller can compare."""
    headers = {name: text for name, text in answer.headers.items() if name != "X-Request-ID"}
    return answer.json, headers


@pytest.mark.parametrize("op", LISTS, ids=lambda op: op.id)
def test_no_list_or_count_moves_with_foreign_rows(api: Api, clock: Clock, op: Operation) -> None:
    """Rows, `totalItems`, `stats`, badges and ETag are the same before and after."""
    world = World("publishProject")  # its project is not published
    world.builder, world.customer  # noqa: B018 - their accounts are there from the start
    callers = [api.as_(name and world.account(name)) for name in onlookers(op)]
    before = [seen(caller.get(op.path)) for caller in callers]
    world.booking, world.unit, world.conversation, world.appointment  # noqa: B018 - made now
    world.notification_of(world.customer)
    assert [seen(caller.get(op.path)) for caller in callers] == before


@pytest.mark.parametrize("op", READS, ids=lambda op: op.id)
def test_a_note_of_the_builder_stays_with_the_builder(
    api: Api, clock: Clock, op: Operation
) -> None:
    """Whom a unit is reserved for is told to nobody else, on whatever page the unit stands."""
    world = World(op.id)
    path = world.path(op, world.customer)
    with session():
        until = clock.now() + timedelta(days=2)
        Unit[world.unit.id].set(status="reserved", reserved_until=until, reserved_note=NOTE)
    for name in (None, "customer", *OTHERS.values(), "admin"):
        if may(op, name):
            caller = api.as_(name and world.account(name))
            assert NOTE.encode() not in caller.get(path, status=op.success_status).body
    shown = api.as_(world.builder).get(f"/api/units/{world.unit.id}")
    assert shown.data["unit"]["reserved_note"] == NOTE


def may(op: Operation, name: str | None) -> bool:
    """Whether a caller may read what this world's path names."""
    if op.roles == ("public",):
        return True
    role = (name or "").removeprefix("other ")
    return role in op.roles and ("{" not in op.path or name == "customer")
