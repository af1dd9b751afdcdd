"""No sale before registration: Real Estate (Regulation and Development) Act, 2016, section 3."""

from __future__ import annotations

from datetime import date

from realty.errors import Detail, ReraRegistrationRequired


def registration_gate(
    *,
    rera_number: str | None,
    valid_until: date | None,
    exempt_reason: str | None,
    today: date,
) -> None:
    """Lets a project be published or booked: registered and still valid today, or exempt.

    Raises `ReraRegistrationRequired` whose detail names the field that is wanting.
    """
    if exempt_reason:
        return
    if not rera_number:
        lacking = Detail("rera_number", "Give the RERA number, or the reason for an exemption.")
    elif valid_until is None:
        lacking = Detail("rera_valid_until", "Give the day until which the registration is valid.")
    elif valid_until < today:
        lacking = Detail(
            "rera_valid_until", "The registration has expired.", valid_until.isoformat()
        )
    else:
        return
    raise ReraRegistrationRequired(details=[lacking])
