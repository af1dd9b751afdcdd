"""The state machine of visits: every status, role, action, and side of the start."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from realty.db.enums import APPOINTMENT_STATUSES
from realty.errors import InvalidTransition, RescheduleLimit
from realty.rules.appointments import (
    APPOINTMENT_TRANSITIONS,
    Standing,
    allowed_appointment_actions,
    check_appointment,
)

NOW = datetime.fromisoformat("2026-11-23T09:30")
START = NOW + timedelta(hours=3)
# Status, whose answer is awaited, who asks, whether it has begun: what is allowed.
ALLOWED = {
    ("scheduled", "builder", "builder", False): {"confirm", "reschedule", "cancel"},
    ("scheduled", "builder", "customer", False): {"reschedule", "cancel"},
    ("scheduled", "customer", "customer", False): {"confirm", "reschedule", "cancel"},
    ("scheduled", "customer", "builder", False): {"reschedule", "cancel"},
    ("scheduled", "builder", "system", True): {"lapse"},
    ("scheduled", "customer", "system", True): {"lapse"},
    ("confirmed", None, "builder", False): {"reschedule", "cancel"},
    ("confirmed", None, "customer", False): {"reschedule", "cancel"},
    ("confirmed", None, "builder", True): {"complete", "no_show"},
}
CASES = [
    (status, awaiting, role, begun)
    for status, role, begun in product(
        APPOINTMENT_STATUSES, ("customer", "builder", "admin", "system"), (False, True)
    )
    for awaiting in (("customer", "builder") if status == "scheduled" else (None,))
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_every_triple(case: tuple[str, Any, Any, bool]) -> None:
    status, awaiting, role, begun = case
    standing = Standing(status, awaiting, START, 3)
    now = START if begun else START - timedelta(microseconds=1)
    expected = ALLOWED.get(case, set())
    assert set(allowed_appointment_actions(standing, role, now=now)) == expected
    for action, move in APPOINTMENT_TRANSITIONS.items():
        if action in expected:
            assert check_appointment(action, standing, role, now=now) == move.target
            continue
        with pytest.raises(InvalidTransition) as refused:
            check_appointment(action, standing, role, now=now)
        first = refused.value.details[0]
        targets = {APPOINTMENT_TRANSITIONS[each].target for each in expected}
        assert (first.field, first.value) == ("status", status)
        assert set(first.allowed or ()) == targets


def test_a_refusal_tells_what_else_is_wrong() -> None:
    standing = Standing("scheduled", "builder", START, 3)
    with pytest.raises(InvalidTransition) as refused:
        check_appointment("confirm", standing, "customer", now=NOW)
    assert refused.value.details[1].field == "awaiting"
    with pytest.raises(InvalidTransition) as refused:
        check_appointment("complete", Standing("confirmed", None, START, 3), "builder", now=NOW)
    assert refused.value.details[1].message == "The visit has not begun yet."


def test_a_visit_is_moved_so_often_and_no_more() -> None:
    standing = Standing("confirmed", None, START, 0)
    assert allowed_appointment_actions(standing, "customer", now=NOW) == ("cancel",)
    with pytest.raises(RescheduleLimit):
        check_appointment("reschedule", standing, "customer", now=NOW)
