"""What people said, saved and thought of it: conversations, reviews, invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from secrets import token_hex
from typing import Any

from realty.db import Builder, Conversation, Invitation, Message, Review, SavedProject
from realty.demo.people import CUSTOMERS
from realty.security import Identity

SAVED = (
    (0, "seafront"), (0, "riverwalk"), (2, "lakeside"), (3, "lakeside"), (5, "seafront"),
    (8, "sahakar"), (10, "sahakar"), (11, "orchard"), (14, "orchard"), (16, "lakeside"),
    (17, "seafront"), (19, "riverwalk"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: each line is said by the customer (`>`) or the builder (`<`), in turn."""

    customer: int
    place: str
    subject: str
    lines: tuple[str, ...]
    days_ago: float
    read: bool = True


TALKS = (
    Talk(0, "lakeside", "Balcony railing", (
        "> Will the balcony railing of A-903 be glass or steel?",
        "< Toughened glass with a steel handrail, as in the sample flat. Come and see it any day.",
        "> Thank you! धन्यवाद. We will come on Saturday.",
    ), 16),
    Talk(0, "lakeside", "Possession", (
        "< The fourth slab is cast. Your next demand follows within the week.",
    ), 0.7, read=False),
    Talk(8, "seafront", "Instalment of this quarter", (
        "< A reminder: the instalment of this quarter is open.",
        "> My bank needs the demand letter with the stamp. Could you send it again?",
    ), 3, read=False),
    Talk(12, "meridian", "Corpus fund", (
        "> When does the corpus fund go over to the association?",
        "< With the first general meeting, as the deed says. సమావేశం వచ్చే నెల.",
    ), 60),
    Talk(10, "sahakar", "Home loan", (
        "> Is the project approved by the housing finance companies?",
        "< By four of them; the list is at the site office. नक्की या.",
    ), 25),
)  # fmt: skip

REVIEWS = (
    (12, 5, "Handed over on the day", "Nothing was left to chase. The granite floor is a joy."),
    (4, 4, "Solid work", "Parking is tight for two cars; everything else as promised."),
    (1, 5, "ಚೆನ್ನಾಗಿದೆ", "The courtyard is the best room of the house."),
)

INVITED = ((13, "riverwalk", 265, True), (19, "riverwalk", 55, True), (17, "seafront", 2, False))
"""Customer, a place of the builder, days ago, whether it was accepted."""


def save_projects(customers: list[Identity], projects: dict[str, int], now: datetime) -> None:
    """Who keeps an eye on what."""
    for days, (customer, place) in enumerate(SAVED):
        SavedProject(
            customer=customers[customer].customer_id,
            project=projects[place],
            created_at=now - timedelta(days=days * 4 + 1),
        )


def talk(
    customers: list[Identity],
    builders: dict[str, Identity],
    projects: dict[str, int],
    now: datetime,
) -> None:
    """Write the conversations; one customer and project have one, whatever the subject."""
    threads: dict[tuple[int, str], Any] = {}
    for said in TALKS:
        customer, builder = customers[said.customer], builders[said.place]
        thread = threads.get((said.customer, said.place))
        start = now - timedelta(days=said.days_ago)
        if thread is None:
            thread = threads[said.customer, said.place] = Conversation(
                customer=customer.customer_id,
                builder=builder.builder_id,
                project=projects[said.place],
                created_at=start,
                updated_at=start,
            )
        for turn, line in enumerate(said.lines):
            at = start + timedelta(minutes=35 * turn)
            by_customer = line.startswith(">")
            sender, recipient = (customer, builder) if by_customer else (builder, customer)
            is_read = said.read or turn < len(said.lines) - 1
            Message(
                conversation=thread,
                sender=sender.user_id,
                recipient=recipient.user_id,
                project=projects[said.place],
                subject=said.subject,
                message_content=line[2:],
                message_type="inquiry" if turn == 0 and by_customer else "general",
                is_read=is_read,
                read_at=at + timedelta(minutes=20) if is_read else None,
                created_at=at,
            )
            thread.last_message_time = at


def review(handed_over: dict[int, Any], now: datetime) -> None:
    """Verdicts on bookings that were handed over, by the buyer's number; ratings move with them."""
    for buyer, rating, title, comment in REVIEWS:
        booking = handed_over[buyer]
        at = now - timedelta(days=20 + buyer)
        Review(
            builder=booking.builder,
            customer=booking.customer,
            booking=booking,
            rating=rating,
            title=title,
            comment=comment,
            created_at=at,
            updated_at=at,
        )
    for builder in Builder.select():
        ratings = [row.rating for row in builder.reviews]
        if ratings:
            mean = Decimal(sum(ratings)) / len(ratings)
            builder.set(rating=mean.quantize(Decimal("0.01")), review_count=len(ratings))


def invite(customers: list[Identity], builders: dict[str, Identity], now: datetime) -> None:
    """Who was invited by a builder; the secrets of the links are known to nobody."""
    for customer, place, days_ago, accepted in INVITED:
        made = now - timedelta(days=days_ago)
        email = CUSTOMERS[customer].email
        Invitation(
            builder=builders[place].builder_id,
            email=email,
            token_hash=sha256(f"{place} {email} {token_hex()}".encode()).hexdigest(),
            customer=customers[customer].customer_id if accepted else None,
            expires_at=made + timedelta(days=14),
            accepted_at=made + timedelta(days=1) if accepted else None,
            created_at=made,
            updated_at=made,
        )
