"""Change requests: every status, action and role; quotes that hold and quotes that do not."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest

from realty.errors import InvalidTransition, ValidationFailed
from realty.rules.change_requests import (
    CHANGE_TRANSITIONS,
    OPEN,
    allowed_change_actions,
    check_change,
    quote_holds,
    quote_valid_until,
)
from realty.rules.identifiers import tracking_number
from realty.rules.policy import Policy

NOW = datetime.fromisoformat("2026-11-23T09:30")
STATUSES = (
    *("submitted", "under_review", "quoted", "approved", "in_progress"),
    *("completed", "rejected", "withdrawn", "declined", "expired", "void"),
)
# The whole machine, written out from the domain: (status, role) → action → status.
MACHINE = {
    ("submitted", "builder"): {
        "review": "under_review",
        "quote": "quoted",
        "reject": "rejected",
    },
    ("under_review", "builder"): {"quote": "quoted", "reject": "rejected"},
    ("approved", "builder"): {"start": "in_progress", "void": "void"},
    ("in_progress", "builder"): {"complete": "completed"},
    ("submitted", "customer"): {"withdraw": "withdrawn"},
    ("under_review", "customer"): {"withdraw": "withdrawn"},
    ("quoted", "customer"): {
        "accept": "approved",
        "decline": "declined",
        "withdraw": "withdrawn",
    },
    ("submitted", "system"): {"end": "void"},
    ("under_review", "system"): {"end": "void"},
    ("quoted", "system"): {"expire": "expired", "end": "void"},
    ("approved", "system"): {"end": "void"},
    ("in_progress", "system"): {"end": "void"},
}
# What needs a booking on which something may still be priced.
PRICING = {"review", "quote", "accept"}


@pytest.mark.parametrize("role", ["customer", "builder", "admin", "system"])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("booking", ["confirmed", "agreement_registered", "handed_over"])
def test_every_status_action_and_role(booking: str, status: str, role: str) -> None:
    possible = {
        action: target
        for action, target in MACHINE.get((status, role), {}).items()
        if booking != "handed_over" or action not in PRICING
    }
    assert allowed_change_actions(status, booking, role, quote_holds=True) == tuple(possible)
    for action in CHANGE_TRANSITIONS:
        if action in possible:
            assert check_change(action, status, booking, role) == possible[action]
            continue
        with pytest.raises(InvalidTransition) as refused:
            check_change(action, status, booking, role)
        detail = refused.value.details[0]
        assert (detail.field, detail.value) == ("status", status)
        assert set(detail.allowed or ()) == set(possible.values())


def test_the_machine_ends() -> None:
    """No move leads back, so that nothing happens to one request twice."""
    for move, source in product(CHANGE_TRANSITIONS.values(), STATUSES):
        if source in move.sources:
            assert STATUSES.index(move.target) > STATUSES.index(source)
            assert source in OPEN


def test_what_a_booking_no_longer_prices_is_told_apart() -> None:
    with pytest.raises(InvalidTransition) as refused:
        check_change("accept", "quoted", "handed_over", "customer")
    assert [detail.value for detail in refused.value.details] == ["quoted", "handed_over"]
    assert refused.value.details[0].allowed == ("declined", "withdrawn")


def test_an_expired_quote_is_not_offered_for_acceptance() -> None:
    actions = allowed_change_actions("quoted", "confirmed", "customer", quote_holds=False)
    assert actions == ("decline", "withdraw")


@pytest.mark.parametrize(("seconds", "holds"), [(-1, True), (0, False), (1, False)])
def test_a_quote_holds_until_its_time(seconds: int, holds: bool) -> None:
    assert quote_holds(NOW, NOW + timedelta(seconds=seconds)) is holds


def test_no_quote_holds_without_a_time() -> None:
    assert quote_holds(None, NOW) is False


def test_a_quote_holds_for_the_usual_days() -> None:
    assert Policy().change_request_quote_days == 14
    policy = Policy(change_request_quote_days=3)
    assert quote_valid_until(None, now=NOW, policy=policy) == NOW + timedelta(days=3)


@pytest.mark.parametrize("asked", [timedelta(seconds=1), timedelta(days=365)])
def test_a_quote_holds_as_long_as_the_builder_says(asked: timedelta) -> None:
    assert quote_valid_until(NOW + asked, now=NOW, policy=Policy()) == NOW + asked


@pytest.mark.parametrize("asked", [timedelta(0), timedelta(-1), timedelta(days=365, seconds=1)])
def test_a_quote_ends_in_the_near_future(asked: timedelta) -> None:
    with pytest.raises(ValidationFailed) as refused:
        quote_valid_until(NOW + asked, now=NOW, policy=Policy())
    assert refused.value.details[0].field == "quote_valid_until"


def test_a_tracking_number_carries_the_year_and_the_id() -> None:
    assert tracking_number(2026, 123) == "CR-2026-000123"
    assert tracking_number(2026, 1_234_567) == "CR-2026-1234567"
