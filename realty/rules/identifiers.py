"""Numbers that people read: of bookings, receipts and demands, and of a taxpayer's card."""

from __future__ import annotations

from datetime import date

_PAN_LETTERS = 5
_APRIL = 4


def booking_number(year: int, number: int) -> str:
    """`BK-2026-000123`: the `number`-th booking of `year`, six digits or more."""
    return f"BK-{year}-{number:06d}"


def tracking_number(year: int, number: int) -> str:
    """`CR-2026-000123`: the change request `number`, made in `year`, six digits or more."""
    return f"CR-{year}-{number:06d}"


def financial_year(day: date) -> str:
    """The Indian financial year of `day`, April to March: `2026-27`."""
    first = day.year if day.month >= _APRIL else day.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


def receipt_number(year: str, number: int) -> str:
    """`RC/2026-27/000001`: a builder's `number`-th receipt of a financial year."""
    return f"RC/{year}/{number:06d}"


def demand_number(year: str, number: int) -> str:
    """`DN/2026-27/000001`: a builder's `number`-th demand of a financial year."""
    return f"DN/{year}/{number:06d}"


def masked_pan(pan: str | None) -> str | None:
    """A PAN as anyone but its owner sees it: `ABCDE1234F` becomes `ABCDE****F`."""
    return None if pan is None else f"{pan[:_PAN_LETTERS]}****{pan[-1:]}"
