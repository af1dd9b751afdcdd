"""What went on around the bookings of the portal's volume: visits, talk, news, models, wishes.

Each part reads what it is about once, and writes all of its rows together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from pony.orm import select

from realty.db import (
    Appointment,
    Booking,
    ChangeRequest,
    ConstructionUpdate,
    Conversation,
    File,
    Message,
    Model3D,
    Notification,
    Project,
    Review,
    db,
)
from realty.db.bulk import insert_many
from realty.rules.identifiers import tracking_number

NUMBERED = "PORTAL/"
"""How the RERA numbers of these projects begin."""
FIRST_NAMES = ("Ananya", "Rohan", "Kavya", "Imran", "Meera", "Arjun", "Zoya", "Harish")
VISIT_EVERY = 3
TALK_EVERY = 5
WISH_EVERY = 20
LINES = (
    "When will the next slab be cast?",
    "In the first week of the month, if the rain allows.",
    "Thank you. धन्यवाद!",
)
VISITS = (
    ("completed", None), ("completed", None), ("scheduled", "builder"), ("no_show", None),
    ("confirmed", None), ("cancelled", None), ("scheduled", "customer"), ("confirmed", None),
)  # fmt: skip
TO_COME = frozenset({"scheduled", "confirmed"})
WISHES = ("submitted", "under_review", "quoted", "rejected", "withdrawn", "submitted")
NEWS = (
    ("Fourth slab cast", "milestone", "public", "published"),
    ("Rain delays the brickwork", "delay", "customers", "published"),
    ("Safety week on site", "safety", "public", "published"),
    ("Tiles chosen", "general", "public", "draft"),
)
MODELS = (
    ("The whole site", "project_overview", "public"),
    ("Sample flat", "unit_interior", "booked_customers"),
)


class Sold(NamedTuple):
    """A booking with the accounts on both sides."""

    id: int
    customer: int
    customer_user: int
    builder: int
    builder_user: int
    project: int
    unit: int
    status: str
    placed: datetime


def _sold() -> list[Sold]:
    rows = select(
        (
            b.id,
            b.customer.id,
            b.customer.user.id,
            b.builder.id,
            b.builder.user.id,
            b.project.id,
            b.unit.id,
            b.status,
            b.created_at,
        )
        for b in Booking
        if b.project.rera_number.startswith(NUMBERED)
    )
    return [Sold(*row) for row in sorted(rows.without_distinct())]


def _projects() -> list[tuple[int, int]]:
    """The projects, each with the account of its builder."""
    rows = select((p.id, p.builder.user.id) for p in Project if p.rera_number.startswith(NUMBERED))
    return sorted(rows.without_distinct())


def visits(now: datetime) -> None:
    """A visit on every third booking, from half a year ago until in two weeks."""
    insert_many(Appointment, [*_visits(_sold()[::VISIT_EVERY], now)])


def _visits(sold: Sequence[Sold], now: datetime) -> Iterator[dict[str, Any]]:
    noon = now.replace(hour=6, minute=30, second=0, microsecond=0)
    for position, booking in enumerate(sold):
        status, awaiting = VISITS[position % len(VISITS)]
        days = 1 + position % 14 if status in TO_COME else -(1 + position % 180)
        at = noon + timedelta(days=days, minutes=30 * (position % 9))
        asked = min(at, now) - timedelta(days=2, minutes=position % 977)
        yield {
            "customer": booking.customer,
            "project": booking.project,
            "unit": booking.unit,
            "booking": booking.id,
            "appointment_type": "site_visit",
            "appointment_date": at,
            "duration_minutes": 60,
            "status": status,
            "meeting_location": "site",
            "attendees": [],
            "reschedule_count": 0,
            "created_by": "customer" if awaiting != "customer" else "builder",
            "awaiting": awaiting,
            "cancelled_by": "customer" if status == "cancelled" else None,
            "cancellation_reason": "It rained." if status == "cancelled" else None,
            "version": 1,
            "created_at": asked,
            "updated_at": asked,
        }


def talk(now: datetime) -> None:
    """A conversation of three lines on every fifth booking; every fourth is unread at its end."""
    threads: dict[tuple[int, int], Sold] = {}
    for booking in _sold()[::TALK_EVERY]:
        threads.setdefault((booking.customer, booking.project), booking)
    begun = {key: now - timedelta(minutes=61 * n) for n, key in enumerate(threads, start=1)}
    insert_many(
        Conversation,
        [
            {
                "customer": booking.customer,
                "builder": booking.builder,
                "project": booking.project,
                "last_message_time": begun[key] + timedelta(minutes=2),
                "archived_by_customer": False,
                "archived_by_builder": False,
                "created_at": begun[key],
                "updated_at": begun[key],
            }
            for key, booking in threads.items()
        ],
    )
    rows = select((t.id, t.customer.id, t.project.id) for t in Conversation)
    ids = {(customer, project): row_id for row_id, customer, project in rows}
    insert_many(
        Message,
        [
            line
            for key, booking in threads.items()
            for line in _lines(ids[key], booking, begun[key])
        ],
    )


def _lines(thread: int, booking: Sold, begun: datetime) -> Iterator[dict[str, Any]]:
    sides = (booking.customer_user, booking.builder_user)
    for turn, words in enumerate(LINES):
        at = begun + timedelta(minutes=turn)
        is_read = turn < len(LINES) - 1 or thread % 4 != 0
        yield {
            "conversation": thread,
            "sender": sides[turn % 2],
            "recipient": sides[1 - turn % 2],
            "project": booking.project,
            "booking": booking.id,
            "subject": "Progress" if turn == 0 else None,
            "message_content": words,
            "message_type": "inquiry" if turn == 0 else "general",
            "priority": "medium",
            "attachments": [],
            "is_read": is_read,
            "read_at": at + timedelta(minutes=1) if is_read else None,
            "created_at": at,
        }


def news(now: datetime) -> None:
    """News of every project, one of them not published."""
    insert_many(
        ConstructionUpdate,
        [
            {
                "project": project_id,
                "update_title": title,
                "update_content": f"{title}. Photographs follow.",
                "update_type": kind,
                "priority": "medium",
                "audience": audience,
                "images": [],
                "videos": [],
                "weather_impact": kind == "delay",
                "tags": [],
                "posted_by": user_id,
                "status": status,
                "published_at": now - timedelta(days=10 * n + 3) if status == "published" else None,
                "created_at": now - timedelta(days=10 * n + 3),
                "updated_at": now - timedelta(days=10 * n + 3),
            }
            for project_id, user_id in _projects()
            for n, (title, kind, audience, status) in enumerate(NEWS)
        ],
    )


def models(now: datetime) -> None:
    """Two models of every project; their bytes are nowhere."""
    owners = _projects()
    keys = {
        (project_id, n): sha256(f"model {project_id} {n}".encode()).hexdigest()
        for project_id, _ in owners
        for n in range(len(MODELS))
    }
    insert_many(
        File,
        [
            {
                "owner": user_id,
                "purpose": "model",
                "filename": "model.glb",
                "content_type": "model/gltf-binary",
                "size": 1024,
                "sha256": keys[project_id, n],
                "storage_key": keys[project_id, n],
                "attached_to_type": "model",
                "created_at": now,
            }
            for project_id, user_id in owners
            for n in range(len(MODELS))
        ],
    )
    files = dict(select((f.storage_key, f.id) for f in File if f.purpose == "model"))
    insert_many(
        Model3D,
        [
            {
                "project": project_id,
                "model_name": name,
                "model_type": kind,
                "file": files[keys[project_id, n]],
                "file_format": "glb",
                "access_level": access,
                "version": 1,
                "status": "current",
                "is_interactive": True,
                "view_count": 0,
                "download_count": 0,
                "created_at": now,
                "updated_at": now,
            }
            for project_id, _ in owners
            for n, (name, kind, access) in enumerate(MODELS)
        ],
    )
    db.execute(
        "UPDATE files SET attached_to_id = (SELECT id FROM models_3d WHERE file_id = files.id)"
        " WHERE purpose = 'model' AND attached_to_id IS NULL"
    )


def wishes(now: datetime) -> None:
    """A change request on every twentieth booking that may have one; none is priced and taken."""
    open_to = [each for each in _sold() if each.status in {"confirmed", "agreement_registered"}]
    insert_many(ChangeRequest, [*_wishes(open_to[::WISH_EVERY], now)])


def _wishes(sold: Sequence[Sold], now: datetime) -> Iterator[dict[str, Any]]:
    for position, booking in enumerate(sold):
        status = WISHES[position % len(WISHES)]
        at = max(booking.placed, now - timedelta(minutes=53 * position))
        yield {
            "booking": booking.id,
            "tracking_number": tracking_number(at.year, 700_000 + position),
            "request_type": "layout",
            "request_title": "Open kitchen",
            "priority": "medium",
            "is_structural": False,
            "status": status,
            "estimated_cost": Decimal("185000.00") if status == "quoted" else None,
            "estimated_timeline_days": 21 if status == "quoted" else None,
            "quote_valid_until": now + timedelta(days=14) if status == "quoted" else None,
            "rejection_reason": "The wall carries the slab." if status == "rejected" else None,
            "attachments": [],
            "version": 1,
            "created_at": at,
            "updated_at": at,
        }


def reviews(now: datetime) -> None:
    """What those who have moved in think of their builders, who are rated by it."""
    done = [each for each in _sold() if each.status == "handed_over"]
    insert_many(
        Review,
        [
            {
                "builder": booking.builder,
                "customer": booking.customer,
                "booking": booking.id,
                "rating": 3 + booking.id % 3,
                "title": "Handed over",
                "comment": "As promised.",
                "created_at": now - timedelta(minutes=position),
                "updated_at": now - timedelta(minutes=position),
            }
            for position, booking in enumerate(done)
        ],
    )
    db.execute(
        "UPDATE builders SET (review_count, rating) = (SELECT count(*),"
        " ROUND(CAST(AVG(rating) AS NUMERIC), 2) FROM reviews WHERE builder_id = builders.id)"
        " WHERE EXISTS (SELECT 1 FROM reviews WHERE builder_id = builders.id)"
    )


def told(now: datetime) -> None:
    """Both sides were told of every booking; the customers have read every other of it."""
    insert_many(Notification, [row for booking in _sold() for row in _told(booking, now)])


def _told(booking: Sold, now: datetime) -> Iterator[dict[str, Any]]:
    at = min(booking.placed + timedelta(minutes=1), now)
    readers = ((booking.customer_user, booking.id % 2 == 0), (booking.builder_user, True))
    for user_id, is_read in readers:
        yield {
            "user": user_id,
            "notification_type": "booking",
            "title": "A home was booked",
            "message": "The token is to be paid within three days.",
            "related_entity_type": "booking",
            "related_entity_id": booking.id,
            "priority": "medium",
            "is_read": is_read,
            "read_at": at if is_read else None,
            "action_url": f"/bookings/{booking.id}",
            "dedupe_key": f"booking:{booking.id}:placed",
            "channels": ["in_app"],
            "created_at": at,
        }


PARTS = (visits, talk, news, models, wishes, reviews, told)
