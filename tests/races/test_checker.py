"""The checker finds what is planted, and nothing in what is whole."""

# ruff: noqa: ARG005 - each fault alters what it needs of both
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.races.checker import BookingFacts, Exchange, Snapshot, problems

HELD, FREE, PROJECT, BUYER = 10, 11, 20, 30


def whole() -> tuple[list[Exchange], Snapshot]:
    """One unit that two wanted and one got, one that is free."""
    booking = BookingFacts(
        id=1,
        number="BK-2026-000001",
        unit_id=HELD,
        project_id=PROJECT,
        customer_id=BUYER,
        status="pending",
        total=Decimal("100.00"),
        rows=2,
        rows_total=Decimal("100.00"),
        moves=((None, "pending"),),
        users_told=frozenset({5, 6}),
        users_concerned=frozenset({5, 6}),
    )
    told = [
        Exchange(BUYER, HELD, 201, booking_id=1, key="key-1"),
        Exchange(31, HELD, 409, code="unit_unavailable"),
    ]
    return told, Snapshot(
        units={HELD: ("booked", PROJECT), FREE: ("available", PROJECT)},
        available={PROJECT: 1},
        bookings={1: booking},
        unit_moves={HELD: (("available", "booked"),)},
    )


def altered(found: Snapshot, **over: object) -> None:
    """Change the one booking."""
    found.bookings[1] = replace(found.bookings[1], **over)  # type: ignore[arg-type]


def second(found: Snapshot, **over: object) -> None:
    """Add another booking, whole but for what is given."""
    found.bookings[2] = replace(found.bookings[1], id=2, number="BK-2026-000002", **over)  # type: ignore[arg-type]


Fault = Callable[[list[Exchange], Snapshot], object]
FAULTS: dict[str, tuple[Fault, str]] = {
    "lost": (lambda told, found: found.bookings.clear(), "not there"),
    "other": (lambda told, found: altered(found, customer_id=31), "another"),
    "unasked": (lambda told, found: second(found, unit_id=FREE, customer_id=77), "nobody asked"),
    "sold twice": (lambda told, found: second(found), "2 live bookings"),
    "one key, two": (
        lambda told, found: (
            second(found, unit_id=FREE),
            told.append(Exchange(BUYER, FREE, 201, booking_id=2, key="key-1")),
        ),
        "made the bookings",
    ),
    "error": (lambda told, found: told.append(Exchange(9, HELD, 500, "internal_error")), "500"),
    "no schedule": (lambda told, found: altered(found, rows=0, rows_total=Decimal(0)), "rows of"),
    "part of it": (lambda told, found: altered(found, rows_total=Decimal("99.99")), "rows of"),
    "one side told": (lambda told, found: altered(found, users_told=frozenset({5})), "both sides"),
    "no history": (lambda told, found: altered(found, moves=()), "history ends"),
    "gap": (lambda told, found: altered(found, moves=(("x", "pending"),)), "moved from x"),
    "no number": (lambda told, found: altered(found, number="a1b2"), "has the number"),
    "same number": (
        lambda told, found: (second(found), altered(found, number="BK-2026-000002")),
        "given twice",
    ),
    "unit free": (
        lambda told, found: found.units.update({HELD: ("available", PROJECT)}),
        "1 live bookings",
    ),
    "unit held": (lambda told, found: found.units.update({FREE: ("booked", PROJECT)}), "0 live"),
    "counter": (lambda told, found: found.available.update({PROJECT: 0}), "available units"),
    "unit history": (
        lambda told, found: found.unit_moves.update({HELD: (("available", "sold"),)}),
        "history ends",
    ),
    "open key": (lambda told, found: setattr(found, "open_keys", 1), "no answer"),
}


def test_what_is_whole_has_no_problem() -> None:
    assert problems(*whole()) == []


def test_a_lost_answer_explains_one_booking() -> None:
    told, found = whole()
    told[0] = Exchange(BUYER, HELD, None, key="key-1")
    assert problems(told, found) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    told, found = whole()
    plant, words = FAULTS[name]
    plant(told, found)
    assert any(words in problem for problem in problems(told, found)), problems(told, found)
