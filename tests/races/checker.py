"""Holds what clients were told against what the database holds, knowing nothing of the program.

It reads the tables with plain SQL and shares no code with what it judges. `problems` returns one
sentence for each fact that does not fit; an empty list is the proof.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

OCCUPYING = {"pending", "token_paid", "confirmed", "agreement_registered", "handed_over"}
HELD = {"booked", "sold"}
REFUSALS = {
    "unit_unavailable",
    "idempotency_in_progress",
    "pending_limit",
    "not_bookable",
    "not_found",
    "service_unavailable",
}


@dataclass(frozen=True)
class Exchange:
    """One createBooking as its caller saw it; `status` is None where no answer came."""

    customer_id: int
    unit_id: int
    status: int | None
    code: str = ""
    booking_id: int | None = None
    key: str | None = None


@dataclass(frozen=True)
class BookingFacts:
    """A booking with what a whole one leaves behind."""

    id: int
    number: str
    unit_id: int
    project_id: int
    customer_id: int
    status: str
    total: Decimal
    rows: int
    rows_total: Decimal
    moves: tuple[tuple[str | None, str], ...]
    users_told: frozenset[int]
    users_concerned: frozenset[int]


@dataclass
class Snapshot:
    """The database at rest."""

    units: dict[int, tuple[str, int]] = field(default_factory=dict)
    available: dict[int, int] = field(default_factory=dict)
    bookings: dict[int, BookingFacts] = field(default_factory=dict)
    unit_moves: dict[int, tuple[tuple[str | None, str], ...]] = field(default_factory=dict)
    open_keys: int = 0


def read(cursor: Any) -> Snapshot:
    """Everything that `problems` looks at, through a cursor of the driver's own."""
    booking_moves, unit_moves = _moves(cursor, "booking"), _moves(cursor, "unit")
    told: defaultdict[int, set[int]] = defaultdict(set)
    for booking_id, user_id in _rows(
        cursor,
        "SELECT related_entity_id, user_id FROM notifications"
        " WHERE related_entity_type = 'booking' AND dedupe_key LIKE '%:created'",
    ):
        told[booking_id].add(user_id)
    schedules = {
        booking_id: (count, _money(total))
        for booking_id, count, total in _rows(
            cursor,
            "SELECT booking_id, count(*), sum(amount) FROM installments"
            " WHERE kind = 'plan' GROUP BY booking_id",
        )
    }
    bookings = {}
    for row in _rows(
        cursor,
        "SELECT b.id, b.booking_number, b.unit_id, b.project_id, b.customer_id, b.status,"
        " b.total_amount, c.user_id, s.user_id FROM bookings b"
        " JOIN customers c ON c.id = b.customer_id JOIN builders s ON s.id = b.builder_id",
    ):
        booking_id = row[0]
        count, total = schedules.get(booking_id, (0, Decimal(0)))
        bookings[booking_id] = BookingFacts(
            *row[:6],
            total=_money(row[6]),
            rows=count,
            rows_total=total,
            moves=booking_moves.get(booking_id, ()),
            users_told=frozenset(told[booking_id]),
            users_concerned=frozenset(row[7:]),
        )
    return Snapshot(
        units={
            unit_id: (status, project_id)
            for unit_id, status, project_id in _rows(
                cursor, "SELECT id, status, project_id FROM units"
            )
        },
        available=dict(_rows(cursor, "SELECT id, available_units FROM projects")),
        bookings=bookings,
        unit_moves=unit_moves,
        open_keys=_rows(cursor, "SELECT count(*) FROM idempotency_keys WHERE status_code IS NULL")[
            0
        ][0],
    )


def problems(told: Iterable[Exchange], found: Snapshot) -> list[str]:
    """What does not fit: an answer without its row, a row without its request, half a booking."""
    exchanges = list(told)
    return [
        *_answers(exchanges, found),
        *_unasked(exchanges, found),
        *_halves(found),
        *_units(found),
        *_counters(found),
    ]


def _answers(told: list[Exchange], found: Snapshot) -> Iterator[str]:
    by_key: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for each in told:
        if each.status == 201:
            booking = found.bookings.get(each.booking_id or 0)
            if booking is None:
                yield f"booking {each.booking_id} was answered 201 and is not there"
            elif (booking.customer_id, booking.unit_id) != (each.customer_id, each.unit_id):
                yield f"booking {each.booking_id} is another than the one that was asked for"
            if each.key is not None and each.booking_id is not None:
                by_key[each.customer_id, each.key].add(each.booking_id)
        elif each.status is not None and each.code not in REFUSALS:
            yield f"unit {each.unit_id} was refused with {each.status} {each.code}"
    for (_, key), ids in by_key.items():
        if len(ids) > 1:
            yield f"the key {key} made the bookings {sorted(ids)}"


def _unasked(told: list[Exchange], found: Snapshot) -> Iterator[str]:
    """A booking exists because it was answered, or because the answer was lost on its way."""
    answered = {each.booking_id for each in told if each.status == 201}
    lost = Counter((each.customer_id, each.unit_id) for each in told if each.status is None)
    for booking in found.bookings.values():
        if booking.id in answered:
            continue
        lost[booking.customer_id, booking.unit_id] -= 1
        if lost[booking.customer_id, booking.unit_id] < 0:
            yield f"booking {booking.id} is there and nobody asked for it"


def _halves(found: Snapshot) -> Iterator[str]:
    numbers = Counter(booking.number for booking in found.bookings.values())
    yield from (f"the number {number} was given twice" for number, n in numbers.items() if n > 1)
    if found.open_keys:
        yield f"{found.open_keys} idempotency keys have no answer"
    for booking in found.bookings.values():
        name = f"booking {booking.id}"
        if not booking.number.endswith(f"-{booking.id:06d}"):
            yield f"{name} has the number {booking.number}"
        if not booking.rows or booking.rows_total != booking.total:
            yield f"{name} has rows of {booking.rows_total} for a total of {booking.total}"
        if booking.users_told != booking.users_concerned:
            yield f"{name} was not told to both sides"
        yield from _chain(name, booking.moves, None, booking.status)


def _units(found: Snapshot) -> Iterator[str]:
    holders = Counter(
        booking.unit_id for booking in found.bookings.values() if booking.status in OCCUPYING
    )
    for unit_id, (status, _) in found.units.items():
        expected = 1 if status in HELD else 0
        if holders[unit_id] != expected:
            yield f"unit {unit_id} is {status} and has {holders[unit_id]} live bookings"
        moves = found.unit_moves.get(unit_id, ())
        if moves:
            yield from _chain(f"unit {unit_id}", moves, moves[0][0], status)


def _counters(found: Snapshot) -> Iterator[str]:
    counted = Counter(project for status, project in found.units.values() if status == "available")
    for project_id, available in found.available.items():
        if available != counted[project_id]:
            yield (
                f"project {project_id} says {available} available units"
                f" and has {counted[project_id]}"
            )


def _chain(
    name: str, moves: tuple[tuple[str | None, str], ...], first: str | None, last: str
) -> Iterator[str]:
    """Each move begins where the one before it ended, and the last one is where things stand."""
    status = first
    for before, after in moves:
        if before != status:
            yield f"{name} moved from {before} when it was {status}"
        status = after
    if status != last:
        yield f"{name} is {last} and its history ends at {status}"


def _moves(cursor: Any, entity: str) -> dict[int, tuple[tuple[str | None, str], ...]]:
    moves: defaultdict[int, list[tuple[str | None, str]]] = defaultdict(list)
    for entity_id, before, after in _rows(
        cursor,
        "SELECT entity_id, from_status, to_status FROM status_history"
        f" WHERE entity = '{entity}' ORDER BY id",
    ):
        moves[entity_id].append((before, after))
    return {entity_id: tuple(each) for entity_id, each in moves.items()}


def _rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


def _money(value: Any) -> Decimal:
    """SQLite has numbers of its own kind."""
    return Decimal(str(value)).quantize(Decimal("0.01"))
