"""Changing a booking that stands: wishes by either side, the price by its builder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pony.orm import flush

from realty.errors import Conflict, Detail
from realty.rules.lifecycles import CANCELLABLE
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import audit, ledger
from realty.services.allocation import settle
from realty.services.booking_events import lock_booking, tell
from realty.services.booking_terms import (
    Concession,
    Site,
    agree,
    check_wishes,
    price_columns,
    require_builder_for,
    site_of,
)
from realty.services.policy import current_policy
from realty.services.schedule_rows import write_schedule
from realty.services.versions import require_version

WISHES = ("special_requests", "loan_amount", "loan_bank", "expected_registration_date")
PRICE_FIELDS = ("discount_amount", "discount_reason", "token_amount")
_WORDS = ("special_requests", "discount_reason")
_SEEN = [*WISHES, *PRICE_FIELDS, "total_amount"]


def change(
    booking_id: int,
    changes: Mapping[str, Any],
    *,
    actor: Identity,
    expected: frozenset[int] | None,
    now: datetime,
) -> Any:
    """Apply `changes`, typed values by column; what is left out stays, None clears.

    Raises `ValidationFailed` for a builder's field from a customer, `StaleVersion`, `Conflict`
    when the booking is final or its price can no longer change, `AdvanceCap`.
    """
    require_builder_for(actor, [field for field in PRICE_FIELDS if field in changes])
    booking = lock_booking(booking_id)
    require_version(booking, expected)
    if booking.status not in CANCELLABLE:
        status = booking.status
        raise Conflict(
            f"A booking that is {status} no longer changes.",
            details=[Detail("status", "It is final.", status)],
        )
    site = site_of(booking.project.id)
    before = booking.to_dict(_SEEN)
    if any(field in changes for field in PRICE_FIELDS):
        _reprice(booking, changes, site, current_policy(), actor=actor, now=now)
    wishes = {field: changes[field] for field in WISHES if field in changes}
    # A discount may bring the total below the loan that stands: both are judged together.
    asked = {"loan_amount": booking.loan_amount, **wishes}
    check_wishes(asked, total=booking.total_amount, today=site.today(now))
    booking.set(**wishes)
    changed = audit.differences(before, booking.to_dict(_SEEN), untold=_WORDS)
    if changed:
        booking.version += 1
        audit.note(
            "booking.changed",
            "booking",
            booking.id,
            builder_id=booking.builder.id,
            actor=actor,
            now=now,
            details=changed,
        )
    flush()
    return booking


def _reprice(
    booking: Any,
    changes: Mapping[str, Any],
    site: Site,
    policy: Policy,
    *,
    actor: Identity,
    now: datetime,
) -> None:
    """Make the cost sheet, the token and the schedule anew, while nothing was received on them.

    The token is the usual part of the new total unless this change names another. A change that
    names neither another discount nor a token leaves the price alone.
    """
    if booking.status != "pending" or ledger.has_receipt(ledger.payments_of(booking.id)):
        raise Conflict("The price changes only while the booking is pending and nothing is paid.")
    discount = changes.get("discount_amount", booking.discount_amount)
    reason = changes.get("discount_reason", booking.discount_reason if discount else None)
    concession = Concession(
        discount_amount=discount,
        discount_reason=reason,
        token_amount=changes.get("token_amount"),
    )
    if concession.token_amount is None and discount == booking.discount_amount:
        concession.check_reason()
        booking.discount_reason = reason
        return
    # A unit's price does not change while it is booked, so its row needs no lock.
    sheet = agree(booking.unit, site, concession, now=now, policy=policy)
    total_before = booking.total_amount
    booking.set(**price_columns(sheet, concession))
    write_schedule(booking, policy=policy, actor=actor, now=now)
    settle(booking, actor=actor, now=now)
    if sheet.total_amount != total_before:
        occasion = f":{booking.version + 1}"
        tell(booking, "repriced", ("customer",), now=now, occasion=occasion)
