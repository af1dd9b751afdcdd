"""Telling a customer what is to be paid."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realty.services.booking_events import LONGEST_MESSAGE, Subject
from realty.services.notifications import notify


def words_for(booking: Any, subject: Subject) -> str:
    """What a booking is about: `A-101 in Lakefront (BK-2026-000123)`."""
    return f"{subject.unit_number} in {subject.project_name} ({booking.booking_number})"


def tell_customer(
    booking: Any, subject: Subject, *, title: str, message: str, dedupe_key: str, now: datetime
) -> None:
    """Notify the customer of a booking about its payments, once for each `dedupe_key`."""
    notify(
        subject.customer,
        "payment",
        title=title,
        message=message[:LONGEST_MESSAGE],
        entity="booking",
        entity_id=booking.id,
        action_url=f"/bookings/{booking.id}",
        dedupe_key=dedupe_key,
        now=now,
    )
