"""Letters about a booking from its rows as they are, and how any document is printed.

A document exists only in the states that give it a meaning; before them `Conflict` says what is
wanting. What is built here is the answer in JSON, and from that the PDF is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from realty.adapters import pdf
from realty.errors import ValidationFailed
from realty.rules.documents import Document, Fact, Section
from realty.rules.words import date_in_words
from realty.security import Identity
from realty.services.agreement_draft import agreement_draft
from realty.services.demand_letters import demand_letter
from realty.services.document_parts import (
    Case,
    case_of,
    price_section,
    schedule_section,
    unit_section,
)

ALLOTTED = ("token_paid", "confirmed", "agreement_registered", "handed_over")


def of_booking(
    booking_id: int, kind: str, *, installment_id: int | None, viewer: Identity, now: datetime
) -> Document:
    """The `allotment-letter`, the draft of the `agreement` or, of one installment, the
    `demand-letter` of a booking.

    Raises `ValidationFailed` for an installment where none is asked for or none where one is.
    """
    case = case_of(booking_id, viewer=viewer, now=now)
    if kind == "demand-letter":
        if installment_id is None:
            raise ValidationFailed.at("installment_id", "Name the installment of the letter.")
        return demand_letter(case, installment_id)
    if installment_id is not None:
        raise ValidationFailed.at("installment_id", "Only a demand letter is of an installment.")
    return agreement_draft(case) if kind == "agreement" else _allotment_letter(case)


def printed(content: Mapping[str, Any], *, now: datetime) -> bytes:
    """The PDF of what `presenters.documents.document_json` made of a document."""
    return pdf.draw(content, now=now)


def _allotment_letter(case: Case) -> Document:
    """What the builder holds for the customer once the token is paid."""
    case.require_status("an allotment letter", ALLOTTED)
    booking, policy = case.booking, case.policy
    unit = f"Unit {booking.unit.unit_number} in {booking.project.project_name}"
    promise = (
        f"{unit} is allotted to you on the terms below. The price holds as it stands here but for"
        " what the government adds to taxes and charges, and for changes that you order yourself."
    )
    cap = case.money(booking.advance_cap_amount)
    terms = [
        (
            f"Until the agreement for sale is registered no more than {cap} may be taken from you"
            f" (Real Estate (Regulation and Development) Act, 2016, section 13)."
        ),
        "The agreement for sale is the next step; it takes the place of this letter.",
        (
            "If you cancel before it, a part of the price may be kept back by the number of days"
            f" since {date_in_words(booking.booking_date)}; what is to be returned is returned"
            f" within {policy.refund_days} days."
        ),
    ]
    return case.document(
        "allotment_letter",
        "Allotment letter",
        f"AL/{booking.booking_number}",
        signed_by_customer=True,
        sections=[
            Section(paragraphs=[promise]),
            unit_section(case),
            price_section(case),
            Section("Received", facts=_received(case)),
            schedule_section(case),
            Section("Terms", terms),
        ],
    )


def _received(case: Case) -> list[Fact]:
    paid = case.booking.paid_amount
    return [
        case.money_fact("token_amount", "Token", case.booking.token_amount),
        case.money_fact("paid_amount", "Received until today", paid, is_total=True),
        case.words_fact("paid_amount_in_words", "In words", paid),
    ]
