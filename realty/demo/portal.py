"""A country's worth of business: what the portals are walked through with.

As in the book, sums, statuses and numbers stand as the services would have left them; histories
and the audit log do not know of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pony.orm import select
from tqdm import tqdm

from realty.db import Booking, Builder, Customer, Project, ProjectPhase, User, db
from realty.db.bulk import insert_many
from realty.db.session import session
from realty.demo import copies, portal_life
from realty.demo.book import BookProject
from realty.demo.book_sales import ZONE
from realty.demo.people import DOMAIN, PASSWORD
from realty.demo.volume import count_projects, user_row, volume_builders
from realty.errors import Conflict
from realty.passwords import PasswordHasher
from realty.rules.clock import local_date
from realty.services.policy import current_policy

BUILDER = f"volume-1@{DOMAIN}"
BUYER = f"portal-buyer-1@{DOMAIN}"
"""Who can sign in: the builder of every fifth home, and a customer with a home in each project."""

HOMES = 250
REGULAR_SHARE = 5
BUYERS_FOR = 5
"""So many bookings a customer has, as a rule."""
STATUSES = (
    *("agreement_registered",) * 6, "handed_over", "confirmed", "agreement_registered", "expired",
    *("agreement_registered",) * 4, "token_paid", "cancelled", "confirmed", "handed_over",
    "agreement_registered", "pending",
)  # fmt: skip
PHASES = (
    ("Foundation", "foundation", 20, 100, "completed"),
    ("Structure", "slab_1", 40, 65, "in_progress"),
    ("Brickwork", "brickwork", 15, 0, "not_started"),
    ("Finishing", "finishing", 15, 0, "not_started"),
    ("Handing over", "possession", 10, 0, "not_started"),
)


def load_portal(
    *, bookings: int, now: datetime, quiet: bool, bcrypt_cost: int, homes: int = HOMES
) -> str:
    """Have that many bookings, or up to a project of `homes` more, with visits, conversations,
    news, models and wishes on them; says how many came.

    It is loaded once, into a database without a book: ids and numbers are counted on from there.
    Raises `Conflict` where a load was cut short.
    """
    with session():
        present = select(b for b in Booking).count()
        buyer = User.get(email=BUYER)
        if buyer is not None and buyer.password_hash is None:
            raise Conflict("The load was cut short here; load into a database without it.")
        if buyer is not None:
            return f"There are {present} bookings already; nothing was changed."
    wanted = -(-bookings // homes)
    shares = _shares(wanted, volume_builders(now))
    with session():
        buyers = _buyers(max(1, bookings // BUYERS_FOR), now)
    with tqdm(total=wanted, unit=" projects", disable=quiet) as bar:
        originals = {}
        for number, builder_id in enumerate(shares):
            with session():
                originals[builder_id] = _original(number, builder_id, buyers, homes, now)
            bar.update()
        with session():
            step = copies.steps()
            copies.take_stock()
        for builder_id, share in shares.items():
            if share > 1:
                with session():
                    copies.copy_project(
                        originals[builder_id],
                        builder_id,
                        copies=share - 1,
                        step=step,
                        buyers=buyers,
                    )
            bar.update(share - 1)
    with session():
        copies.count_on()
        count_projects()
    for tell in portal_life.PARTS:
        with session():
            tell(now)
    with session():
        _let_in(PasswordHasher(cost=bcrypt_cost, concurrency=1), now)
        total = select(b for b in Booking).count() - present
    return f"Added {total} bookings. Sign in as {BUILDER} or {BUYER} with {PASSWORD}"


def _shares(projects: int, builders: list[int]) -> dict[int, int]:
    """How many projects each builder has: the first every fifth, the others the rest."""
    first = -(-projects // REGULAR_SHARE)
    others = builders[1:]
    rest = projects - first
    found = {builders[0]: first}
    for position, builder_id in enumerate(others):
        if share := rest // len(others) + (position < rest % len(others)):
            found[builder_id] = share
    return found


def _buyers(number: int, now: datetime) -> tuple[int, int]:
    """New customers: the first id, and how many there are; their ids follow each other."""
    emails = [f"portal-buyer-{position}@{DOMAIN}" for position in range(1, number + 1)]
    insert_many(User, [{**user_row(email, now), "user_type": "customer"} for email in emails])
    users = dict(select((u.email, u.id) for u in User if u.email.startswith("portal-buyer-")))
    insert_many(
        Customer,
        [
            {
                "user": users[email],
                "first_name": portal_life.FIRST_NAMES[position % len(portal_life.FIRST_NAMES)],
                "last_name": f"Buyer {position + 1}",
                "preferred_contact_method": "email",
                "phone": f"+9191{position:08d}",
                "created_at": now,
                "updated_at": now,
            }
            for position, email in enumerate(emails)
        ],
    )
    first = select(c.id for c in Customer if c.user.email == BUYER).first()
    return int(first), number


def _let_in(hasher: PasswordHasher, now: datetime) -> None:
    """Give the two who can sign in the password of the demo."""
    password_hash = hasher.hash(PASSWORD)
    for email in (BUILDER, BUYER):
        User.get(email=email).set(password_hash=password_hash, updated_at=now)


def _original(
    number: int, builder_id: int, buyers: tuple[int, int], homes: int, now: datetime
) -> int:
    """The first project of a builder, with its phases; its id."""
    first, count = buyers
    user_id = select(b.user.id for b in Builder if b.id == builder_id).first()
    project = BookProject(
        number,
        builder_id,
        int(user_id),
        list(range(first + 1, first + count)) or [first],
        current_policy(),
        now,
        homes=homes,
        statuses=STATUSES,
        halved=False,
        numbered=portal_life.NUMBERED,
    )
    project.write(homes * 100)
    project_id = int(max(select(p.id for p in Project if p.builder.id == builder_id)))
    regular = min(select(b.id for b in Booking if b.project.id == project_id))
    db.execute(
        "UPDATE bookings SET customer_id = $first WHERE id = $regular",
        {"first": first, "regular": regular},
        {},
    )
    insert_many(ProjectPhase, [*_phases(project_id, now)])
    return project_id


def _phases(project_id: int, now: datetime) -> Iterator[dict[str, Any]]:
    today = local_date(now, ZONE)
    for position, (name, code, weight, done, status) in enumerate(PHASES):
        yield {
            "project": project_id,
            "sequence": position + 1,
            "phase_name": name,
            "milestone_code": code,
            "weight_percent": Decimal(weight),
            "start_date": today + timedelta(days=200 * position - 300),
            "expected_end_date": today + timedelta(days=200 * position - 100),
            "actual_end_date": today - timedelta(days=110) if status == "completed" else None,
            "progress_percentage": Decimal(done),
            "status": status,
            "milestone_images": [],
            "customer_visible": True,
            "created_at": now,
            "updated_at": now,
        }
