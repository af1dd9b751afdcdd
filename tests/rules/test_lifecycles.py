"""State machines: every triple, not only the legal ones."""

from datetime import date

import pytest

from realty.errors import Conflict, HasBookings, InvalidTransition, ValidationFailed
from realty.rules import lifecycles as life

BOOKING_STATUSES = sorted(life.OCCUPYING | life.DEAD)
ROLES = ("customer", "builder", "admin", "system")
LEGAL_BOOKING = {
    ("confirm", "token_paid", "builder"): "confirmed",
    ("reject", "pending", "builder"): "rejected",
    ("reject", "token_paid", "builder"): "rejected",
    ("register_agreement", "confirmed", "builder"): "agreement_registered",
    ("hand_over", "agreement_registered", "builder"): "handed_over",
    ("reach_token", "pending", "system"): "token_paid",
    ("lose_token", "token_paid", "system"): "pending",
    ("expire", "pending", "system"): "expired",
} | {
    ("cancel", status, role): "cancelled"
    for status in ("pending", "token_paid", "confirmed", "agreement_registered")
    for role in ("customer", "builder")
}


@pytest.mark.parametrize("action", sorted(life.BOOKING_TRANSITIONS))
@pytest.mark.parametrize("status", BOOKING_STATUSES)
@pytest.mark.parametrize("role", ROLES)
def test_each_booking_triple(action: str, status: str, role: str) -> None:
    if (action, status, role) in LEGAL_BOOKING:
        target = LEGAL_BOOKING[action, status, role]
        assert life.check_booking(action, status, role) == target
        return
    with pytest.raises(InvalidTransition) as refusal:
        life.check_booking(action, status, role)
    allowed = refusal.value.details[0].allowed
    targets = [
        to for (_, source, who), to in LEGAL_BOOKING.items() if (source, who) == (status, role)
    ]
    assert sorted(allowed) == sorted(targets)


def test_the_sets_of_statuses() -> None:
    assert {"pending", "token_paid", "confirmed", "agreement_registered"} == life.CANCELLABLE
    assert not life.OCCUPYING & life.DEAD


def test_the_buttons_of_each_side() -> None:
    actions = life.allowed_booking_actions
    assert actions("pending", "customer") == ("update", "cancel")
    assert actions("token_paid", "builder") == ("update", "confirm", "reject", "cancel")
    assert actions("confirmed", "builder") == ("update", "register_agreement", "cancel")
    assert actions("agreement_registered", "builder") == ("update", "hand_over", "cancel")
    assert actions("pending", "admin") == ()


def test_the_dead_have_no_future() -> None:
    for status in (*life.DEAD, "handed_over"):
        assert not any(life.allowed_booking_actions(status, role) for role in ROLES)


UNIT_STATUSES = ("available", "booked", "sold", "reserved", "blocked")


@pytest.mark.parametrize("status", UNIT_STATUSES)
@pytest.mark.parametrize("target", UNIT_STATUSES)
@pytest.mark.parametrize("mover", ["builder", "booking", "system"])
def test_each_unit_triple(status: str, target: str, mover: str) -> None:
    hand = {("available", "reserved"), ("available", "blocked"), ("blocked", "available")}
    legal = {
        "builder": {*hand, ("reserved", "available")},
        "system": {("reserved", "available")},
        "booking": {
            *(("available", "booked"), ("reserved", "booked"), ("booked", "sold")),
            *(("booked", "available"), ("sold", "available")),
        },
    }
    if (status, target) in legal[mover]:
        life.check_unit(status, target, mover)
        return
    with pytest.raises(InvalidTransition) as refusal:
        life.check_unit(status, target, mover)
    assert refusal.value.details[0].allowed == life.allowed_unit_statuses(status, mover)


PROJECT_STATUSES = ("planning", "construction", "completed", "delivered", "on_hold", "cancelled")


@pytest.mark.parametrize("previous", [None, "planning", "construction"])
@pytest.mark.parametrize("status", PROJECT_STATUSES)
@pytest.mark.parametrize("target", PROJECT_STATUSES)
def test_each_project_triple(status: str, target: str, previous: str | None) -> None:
    legal = {
        ("planning", "construction"),
        ("construction", "completed"),
        ("completed", "delivered"),
        ("planning", "on_hold"),
        ("construction", "on_hold"),
        ("on_hold", previous),
        *((source, "cancelled") for source in ("planning", "construction", "on_hold")),
    }
    if (status, target) in legal:
        life.check_project(status, target, previous)
        return
    with pytest.raises(InvalidTransition) as refusal:
        life.check_project(status, target, previous)
    assert target not in refusal.value.details[0].allowed


def ready(target: str, **changes) -> None:
    facts = {
        "start_date": date(2026, 1, 1),
        "occupancy_certificate_date": date(2026, 1, 1),
        "occupying_bookings": 0,
        "sold_not_handed_over": 0,
    }
    life.check_project_ready(target, **{**facts, **changes})


def test_what_a_status_demands() -> None:
    for target in PROJECT_STATUSES:
        ready(target)
    with pytest.raises(ValidationFailed) as no_start:
        ready("construction", start_date=None)
    assert no_start.value.details[0].field == "start_date"
    for target in ("completed", "delivered"):
        with pytest.raises(ValidationFailed) as no_certificate:
            ready(target, occupancy_certificate_date=None)
        assert no_certificate.value.details[0].field == "occupancy_certificate_date"
    with pytest.raises(HasBookings):
        ready("cancelled", occupying_bookings=1)
    with pytest.raises(Conflict):
        ready("delivered", sold_not_handed_over=1)
