"""Who may review a builder, and by which name the public knows the reviewer."""

from __future__ import annotations

import unicodedata

from realty.errors import Conflict, Detail
from realty.rules.deleted import NAMES
from realty.rules.lifecycles import AFTER_AGREEMENT

STARS = (5, 4, 3, 2, 1)
"""Every rating, the best first, as a histogram shows them."""


def require_reviewable(booking_status: str) -> None:
    """Raises `Conflict` unless the agreement is registered and the booking stands (domain, 2)."""
    if booking_status not in AFTER_AGREEMENT:
        raise Conflict(
            "A builder is reviewed once the agreement is registered.",
            details=[
                Detail(
                    "status",
                    f"The booking is {booking_status}.",
                    booking_status,
                    sorted(AFTER_AGREEMENT),
                )
            ],
        )


def public_name(first_name: str, last_name: str) -> str:
    """`Asha R.`: enough to speak of somebody, too little to find them.

    Some write their whole name as the first, so only its first word is told. Whoever is nobody any
    more is called so.
    """
    if f"{first_name} {last_name}" == NAMES["customer"]:
        return NAMES["customer"]
    given = first_name.split(maxsplit=1)[0]
    family = unicodedata.normalize("NFC", last_name).strip()
    return f"{given} {family[0].upper()}." if family[:1].isalpha() else given
