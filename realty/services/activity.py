"""What happened lately to a builder's business, whichever table tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from realty.db import db
from realty.rules.money import paisa
from realty.security import Identity

# Each branch walks an index backwards and stops early, whatever there is behind.
_BRANCHES = {
    "project": """
        SELECT 'project' AS kind, id AS entity_id, created_at AS at, id AS project_id,
        CAST(NULL AS INTEGER) AS customer_id, project_name AS reference, status AS detail,
        price_range_min AS amount
        FROM projects WHERE builder_id = $builder_id""",
    "booking_placed": """
        SELECT 'booking_placed', id, created_at, project_id, customer_id, booking_number, status,
        total_amount
        FROM bookings WHERE builder_id = $builder_id""",
    "booking_ended": """
        SELECT 'booking_ended', id, cancelled_at, project_id, customer_id, booking_number, status,
        refund_amount
        FROM bookings WHERE builder_id = $builder_id AND cancelled_at IS NOT NULL""",
    "payment_received": """
        SELECT 'payment_received', p.id, p.cleared_at, b.project_id, b.customer_id,
        p.receipt_number, p.payment_method, p.amount
        FROM payments p JOIN bookings b ON b.id = p.booking_id
        WHERE p.builder_id = $builder_id AND p.receipt_number IS NOT NULL""",
    "payment_reported": """
        SELECT 'payment_reported', p.id, p.created_at, b.project_id, b.customer_id,
        b.booking_number, p.payment_method, p.amount
        FROM payments p JOIN bookings b ON b.id = p.booking_id
        WHERE p.builder_id = $builder_id AND p.status = 'reported'""",
    "change_requested": """
        SELECT 'change_requested', c.id, c.created_at, b.project_id, b.customer_id,
        c.tracking_number, c.request_title, c.estimated_cost
        FROM change_requests c JOIN bookings b ON b.id = c.booking_id
        WHERE b.builder_id = $builder_id""",
    "visit_requested": """
        SELECT 'visit_requested', a.id, a.created_at, a.project_id, a.customer_id,
        p.project_name, a.appointment_type, CAST(NULL AS NUMERIC)
        FROM appointments a JOIN projects p ON p.id = a.project_id
        WHERE p.builder_id = $builder_id AND a.created_by = 'customer'""",
    "review_written": """
        SELECT 'review_written', r.id, r.created_at, b.project_id, r.customer_id,
        b.booking_number, CAST(r.rating AS TEXT), CAST(NULL AS NUMERIC)
        FROM reviews r JOIN bookings b ON b.id = r.booking_id
        WHERE r.builder_id = $builder_id""",
}  # fmt: skip
_LATEST = " UNION ALL ".join(
    f"SELECT * FROM ({branch} ORDER BY 3 DESC, 2 DESC LIMIT"  # noqa: S608 - words of our own
    f" {'$projects' if kind == 'project' else '$entries'}) AS {kind}"
    for kind, branch in _BRANCHES.items()
)
_NEWS = f"""SELECT n.kind, n.entity_id, n.at, n.project_id, n.reference, n.detail, n.amount,
    c.id, c.user_id, c.first_name, c.last_name, c.phone, u.email
    FROM ({_LATEST}) AS n
    LEFT JOIN customers c ON c.id = n.customer_id LEFT JOIN users u ON u.id = c.user_id
    ORDER BY n.at DESC, n.entity_id DESC
"""  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Person:
    """A customer in short, under the names of the contract's `CustomerCard`."""

    id: int
    user_id: int
    first_name: str
    last_name: str
    phone: str | None
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened. `reference` is a number or name to call it by; `detail` is the
    status of a booking, the method of a payment, the title of a request, the type of a visit or
    the rating of a review."""

    kind: str
    entity_id: int
    at: datetime
    project_id: int
    customer: Person
    reference: str
    detail: str
    amount: Decimal | None


def recent(
    actor: Identity, *, projects: int, entries: int
) -> tuple[Sequence[int], Sequence[Happening]]:
    """The ids of the builder's newest projects, and what others did lately, the latest first; at
    most that many of each, in one statement."""
    wanted = {"builder_id": actor.builder_id, "projects": projects, "entries": entries}
    newest: list[int] = []
    happened: list[Happening] = []
    for kind, entity_id, at, project_id, reference, detail, amount, *person in db.select(
        _NEWS, wanted
    ):
        if kind == "project":
            newest.append(entity_id)
            continue
        happened.append(
            Happening(
                kind=kind,
                entity_id=entity_id,
                at=_moment(at),
                project_id=project_id,
                customer=Person(*person),
                reference=reference,
                detail=detail,
                amount=None if amount is None else paisa(Decimal(amount)),
            )
        )
    return newest, happened[:entries]


def _moment(value: Any) -> datetime:
    """SQLite tells no moment from a text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
