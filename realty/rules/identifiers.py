"""Numbers that people read: of bookings, and of a taxpayer's card."""

from __future__ import annotations

_PAN_LETTERS = 5


def booking_number(year: int, number: int) -> str:
    """`BK-2026-000123`: the `number`-th booking of `year`, six digits or more."""
    return f"BK-{year}-{number:06d}"


def masked_pan(pan: str | None) -> str | None:
    """A PAN as anyone but its owner sees it: `ABCDE1234F` becomes `ABCDE****F`."""
    return None if pan is None else f"{pan[:_PAN_LETTERS]}****{pan[-1:]}"
