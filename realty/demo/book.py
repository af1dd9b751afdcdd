"""A book of payments for volume: one builder, thousands of sold homes, what was paid for them.

Bookings, rows and payments stand as the services would have left them (sums, statuses, numbers);
histories, notifications and the audit log do not know of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import cycle
from random import Random
from typing import Any

from pony.orm import select
from tqdm import tqdm

from realty.db import Booking, Builder, Customer, Installment, Payment, Project, Unit, User, db
from realty.db.bulk import insert_many
from realty.db.session import session
from realty.demo.book_sales import ZONE, Row, Sale, Seller
from realty.demo.people import DOMAIN
from realty.demo.volume import (
    count_projects,
    project_row,
    unit_rows,
    user_row,
    volume_builders,
)
from realty.rules.clock import local_date
from realty.rules.cost_sheet import ProjectTerms
from realty.rules.identifiers import booking_number, demand_number, financial_year, receipt_number
from realty.rules.money import ZERO, percent_of
from realty.rules.policy import Policy
from realty.rules.position import installment_status
from realty.services.numbering import next_number
from realty.services.policy import current_policy

NUMBERED = "BOOK/"
"""How the RERA numbers of these projects begin."""
CUSTOMERS = 200
BOOKINGS_A_PROJECT = 500
METHODS = ("bank_transfer", "upi", "cheque", "loan", "card")


def load_book(*, payments: int, now: datetime, quiet: bool) -> str:
    """Have that many payments in the book of the first builder of the volume; says how many came.

    A run that was cut short goes on where it stopped: each project with its bookings is one
    transaction.
    """
    builder_id = volume_builders(now)[0]
    with session():
        policy = current_policy()
        present, projects = _present(builder_id)
        user_id = select(b.user.id for b in Builder if b.id == builder_id).first()
        customers = _customers(now)
    wanted = payments - present
    if wanted <= 0:
        return f"There are {present} payments in the book already; nothing was changed."
    with tqdm(total=wanted, unit=" payments", unit_scale=True, disable=quiet) as bar:
        while wanted > 0:
            writer = BookProject(projects, builder_id, int(user_id), customers, policy, now)
            with session():
                written = writer.write(wanted)
            bar.update(written)
            wanted -= written
            projects += 1
    return f"Added {payments - present} payments for volume."


def _present(builder_id: int) -> tuple[int, int]:
    """How many payments and projects the book has."""
    payments = select(
        p
        for p in Payment
        if p.builder.id == builder_id and p.booking.project.rera_number.startswith(NUMBERED)
    )
    projects = select(p for p in Project if p.rera_number.startswith(NUMBERED))
    return payments.count(), projects.count()


def _customers(now: datetime) -> list[int]:
    """The buyers, made at the first run; nobody can sign in as one of them."""
    emails = [f"volume-buyer-{number}@{DOMAIN}" for number in range(1, CUSTOMERS + 1)]
    known = set(select(u.email for u in User if u.email in emails))
    fresh = [email for email in emails if email not in known]
    insert_many(User, [{**user_row(email, now), "user_type": "customer"} for email in fresh])
    users = dict(select((u.email, u.id) for u in User if u.email in emails))
    insert_many(
        Customer,
        [
            {
                "user": users[email],
                "first_name": "Volume",
                "last_name": f"Buyer {emails.index(email) + 1}",
                "preferred_contact_method": "email",
                "phone": f"+9190{emails.index(email):08d}",
                "created_at": now,
                "updated_at": now,
            }
            for email in fresh
        ],
    )
    ids = list(users.values())
    return sorted(select(c.id for c in Customer if c.user.id in ids))


def _mark_sold(project_id: int) -> None:
    """Give each unit with a booking its status, and the project its counter."""
    project = {"project_id": project_id}
    db.execute(
        "UPDATE units SET status = (SELECT CASE"
        " WHEN status IN ('agreement_registered', 'handed_over') THEN 'sold'"
        " WHEN status IN ('pending', 'token_paid', 'confirmed') THEN 'booked'"
        " ELSE 'available' END FROM bookings WHERE unit_id = units.id)"
        " WHERE project_id = $project_id AND EXISTS"
        " (SELECT 1 FROM bookings WHERE unit_id = units.id)",
        project,
        {},
    )
    db.execute(
        "UPDATE projects SET available_units = (SELECT count(*) FROM units"
        " WHERE project_id = projects.id AND status = 'available') WHERE id = $project_id",
        project,
        {},
    )


class BookProject:
    """One project of the book: its homes are sold as long as payments are wanted."""

    def __init__(
        self,
        number: int,
        builder_id: int,
        user_id: int,
        customers: list[int],
        policy: Policy,
        now: datetime,
        *,
        homes: int = BOOKINGS_A_PROJECT,
        statuses: Sequence[str] = ("agreement_registered",),
        halved: bool = True,
        numbered: str = NUMBERED,
    ) -> None:
        """A project with so many homes, whose RERA number begins with `numbered`; the bookings
        have these statuses in turn."""
        self._rera = f"{numbered}{number:07d}"
        self._homes = homes
        self._statuses = statuses
        self._halved = halved
        self._number = number
        self._builder_id = builder_id
        self._user_id = user_id
        self._customers = customers
        self._policy = policy
        self._now = now
        self._today = local_date(now, ZONE)
        self._random = Random(f"book {number}")

    def write(self, most: int) -> int:
        """Write the project with its bookings, and at most `most` payments; says how many."""
        units = [
            {**unit, "status": "available"}
            for unit in unit_rows(self._number, self._homes, self._now)
        ]
        project = project_row(self._number, units, [self._builder_id], self._now)
        rera = self._rera
        insert_many(
            Project,
            [
                {
                    **project,
                    "rera_number": rera,
                    "status": "construction",
                    "project_type": "residential",
                    "is_published": True,
                    "occupancy_certificate_date": None,
                }
            ],
        )
        project_id = select(p.id for p in Project if p.rera_number == rera).first()
        insert_many(Unit, [{**unit, "project": project_id} for unit in units])
        count_projects()
        unit_ids = dict(select((u.unit_number, u.id) for u in Unit if u.project.id == project_id))
        terms = ProjectTerms(
            project_type="residential",
            city=project["location_city"],
            state=project["location_state"],
            occupancy_certificate_date=None,
        )
        seller = Seller(terms, self._random, self._policy, self._now, halved=self._halved)
        sales: dict[int, Sale] = {}
        left = most
        for unit, status in zip(units, cycle(self._statuses), strict=False):
            if not left:
                break
            unit_id = unit_ids[unit["unit_number"]]
            sale = seller.sell(unit, unit_id, int(project_id), most=left, status=status)
            sales[unit_id] = sale
            left -= sum(len(row.paid) for row in sale.rows) + len(sale.extras)
        self._insert(sales, int(project_id))
        _mark_sold(int(project_id))
        return most - left

    def _insert(self, sales: dict[int, Sale], project_id: int) -> None:
        insert_many(
            Booking,
            [
                {
                    **sale.columns,
                    "customer": self._random.choice(self._customers),
                    "builder": self._builder_id,
                }
                for sale in sales.values()
            ],
        )
        bookings = dict(select((b.unit.id, b.id) for b in Booking if b.project.id == project_id))
        for unit_id, booking_id in bookings.items():
            number = booking_number(sales[unit_id].columns["booking_date"].year, booking_id)
            db.execute(
                "UPDATE bookings SET booking_number = $number WHERE id = $booking_id",
                {"number": number, "booking_id": booking_id},
                {},
            )
        self._insert_rows(sales, bookings)
        row_ids = {
            (booking_id, sequence): row_id
            for booking_id, sequence, row_id in select(
                (i.booking.id, i.sequence, i.id)
                for i in Installment
                if i.booking.project.id == project_id
            )
        }
        self._insert_payments(sales, bookings, row_ids)

    def _insert_rows(self, sales: dict[int, Sale], bookings: dict[int, int]) -> None:
        asked = sorted(
            (row.demanded_at, unit_id, row.planned.sequence)
            for unit_id, sale in sales.items()
            for row in sale.rows
            if row.demanded_at is not None
        )
        days = [local_date(at, ZONE) for at, _, _ in asked]
        numbers = self._numbers("demand", days)
        given = {
            (unit_id, sequence): demand_number(financial_year(day), number)
            for (_, unit_id, sequence), day, number in zip(asked, days, numbers, strict=True)
        }
        insert_many(
            Installment,
            [
                self._installment(
                    row, bookings[unit_id], given.get((unit_id, row.planned.sequence))
                )
                for unit_id, sale in sales.items()
                for row in sale.rows
            ],
        )

    def _installment(self, row: Row, booking_id: int, number: str | None) -> dict[str, Any]:
        planned = row.planned
        return {
            "booking": booking_id,
            "sequence": planned.sequence,
            "kind": "plan",
            "label": planned.label,
            "percent": planned.percent,
            "amount": planned.amount,
            "due_rule": planned.due_rule,
            "due_offset": planned.due_offset,
            "due_date": row.due_date,
            "status": installment_status(
                is_void=row.is_void,
                amount=planned.amount,
                paid_amount=row.paid_amount,
                due_date=row.due_date,
                is_demanded=row.demanded_at is not None,
                today=self._today,
                policy=self._policy,
            ),
            "demand_number": number,
            "demanded_at": row.demanded_at,
            "paid_amount": row.paid_amount,
            "created_at": row.demanded_at or self._now,
            "updated_at": row.demanded_at or self._now,
        }

    def _insert_payments(
        self,
        sales: dict[int, Sale],
        bookings: dict[int, int],
        row_ids: Mapping[tuple[int, int], int],
    ) -> None:
        """All payments in the order of their moments, in which the receipts are numbered too."""
        told = [
            (at, unit_id, row.planned.sequence, amount)
            for unit_id, sale in sales.items()
            for row in sale.rows
            for amount, at in row.paid
        ]
        told.sort()
        days = [local_date(at, ZONE) for at, *_ in told]
        numbers = self._numbers("receipt", days)
        paid = []
        for position, (at, unit_id, sequence, amount) in enumerate(told):
            year = financial_year(days[position])
            paid.append(
                {
                    **self._payment(bookings[unit_id], amount, at, position),
                    "installment": row_ids[bookings[unit_id], sequence],
                    "payment_type": "token" if sequence == 1 else "installment",
                    "tds_amount": self._tds(sales[unit_id], amount),
                    "status": "completed",
                    "cleared_at": at,
                    "receipt_number": receipt_number(year, numbers[position]),
                    "financial_year": year,
                }
            )
        extras = [(unit_id, extra) for unit_id, sale in sales.items() for extra in sale.extras]
        for position, (unit_id, extra) in enumerate(extras, start=len(told)):
            amount, at = extra["amount"], extra["created_at"]
            paid.append({**self._payment(bookings[unit_id], amount, at, position), **extra})
        insert_many(Payment, paid)

    def _payment(
        self, booking_id: int, amount: Decimal, at: datetime, position: int
    ) -> dict[str, Any]:
        """Every column of a payment, in one order: what is entered and not completed."""
        return {
            "booking": booking_id,
            "builder": self._builder_id,
            "installment": None,
            "payment_type": "installment",
            "tds_amount": ZERO,
            "status": "pending",
            "cleared_at": None,
            "receipt_number": None,
            "financial_year": None,
            "failure_reason": None,
            "amount": amount,
            "payment_method": METHODS[position % len(METHODS)],
            "transaction_id": f"VOL{self._number:05d}{position:07d}",
            "payment_date": local_date(at, ZONE),
            "recorded_by": self._user_id,
            "reversed_in_full": False,
            "created_at": at,
            "updated_at": at,
        }

    def _tds(self, sale: Sale, amount: Decimal) -> Decimal:
        return percent_of(amount, self._policy.tds_percent) if sale.taxed else ZERO

    def _numbers(self, series: str, days: list[date]) -> list[int]:
        """The next numbers of a series for these days, each in its financial year."""
        wanted: dict[str, int] = defaultdict(int)
        for day in days:
            wanted[financial_year(day)] += 1
        following = {
            year: next_number(series, self._builder_id, year, count=count) - count + 1
            for year, count in wanted.items()
        }
        numbers = []
        for day in days:
            year = financial_year(day)
            numbers.append(following[year])
            following[year] += 1
        return numbers
