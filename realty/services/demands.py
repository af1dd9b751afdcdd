"""Asking for money: rows are demanded by the clock or by their builder's hand, and turn overdue.

None before the agreement is registered: until then the law lets nothing beyond the token be taken.
A demand has a number without gaps and gives its row a due date, if that has none or one that is
past: nothing is due before it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pony.orm import select

from realty.db import Booking, Installment, ProjectPhase
from realty.db.locks import lock
from realty.errors import Conflict, Detail, InvalidTransition, ValidationFailed
from realty.rules.clock import date_text
from realty.rules.lifecycles import AFTER_AGREEMENT, require_booking_status
from realty.rules.money import money_text
from realty.rules.words import amount_text, date_in_words
from realty.security import Identity
from realty.services import allocation, audit, numbering
from realty.services.booking_events import lock_booking, subject_of
from realty.services.booking_terms import Site, site_of
from realty.services.local_days import local_days
from realty.services.payable_events import tell_customer, words_for
from realty.services.policy import current_policy

UNDEMANDED = ("scheduled", "partially_paid")
"""What a row that nobody has asked for is, as long as something of it is unpaid."""
ASKED = ("demanded", "partially_paid")
"""What a demanded row is until it is paid or overdue."""


def demand(booking_id: int, row_ids: Sequence[int], *, actor: Identity, now: datetime) -> None:
    """Demand rows of a booking by their builder's hand, all or none, whatever their due dates.

    Raises `InvalidTransition` before the agreement or for a row that is demanded, paid or void;
    `Conflict` for a row whose phase is not complete; `ValidationFailed` for what is no row of the
    booking.
    """
    booking = lock_booking(booking_id)
    require_booking_status("a demand", booking.status, AFTER_AGREEMENT)
    site, rows = site_of(booking.project.id), _named(booking_id, row_ids)
    _require_demandable(rows, row_ids, _complete_codes(site.project_id))
    _demand(booking, [rows[id_] for id_ in sorted(rows)], site, actor=actor, now=now)


def due_bookings(now: datetime) -> list[int]:
    """The ids of bookings with a row to demand: its phase is complete, or its date is near."""
    due = set(
        select(
            i.booking.id
            for i in Installment
            for f in ProjectPhase
            if i.milestone_code == f.milestone_code
            and i.booking.project == f.project
            and f.status == "completed"
            and i.demanded_at is None
            and i.status in UNDEMANDED
            and i.booking.status in AFTER_AGREEMENT
        )
    )
    ahead = timedelta(days=current_policy().demand_due_days)
    for zone, today in local_days(now).items():
        latest = today + ahead
        due |= set(
            select(
                i.booking.id
                for i in Installment
                if i.milestone_code is None
                and i.due_date <= latest
                and i.demanded_at is None
                and i.status in UNDEMANDED
                and i.booking.status in AFTER_AGREEMENT
                and i.booking.project.timezone == zone
            )
        )
    return sorted(due)


def demand_due(booking_id: int, now: datetime) -> int:
    """Demand what is due of one of `due_bookings`; says how many rows, which may be none by now."""
    booking = lock(Booking, booking_id)
    if booking is None or booking.status not in AFTER_AGREEMENT:
        return 0
    site = site_of(booking.project.id)
    latest = site.today(now) + timedelta(days=current_policy().demand_due_days)
    complete = _complete_codes(site.project_id)
    rows = [
        row
        for row in allocation.rows_of(booking_id)
        if row.demanded_at is None
        and row.status in UNDEMANDED
        and (
            row.milestone_code in complete
            if row.milestone_code
            else row.due_date is not None and row.due_date <= latest
        )
    ]
    if rows:
        _demand(booking, rows, site, actor=None, now=now)
    return len(rows)


def late_bookings(now: datetime) -> list[int]:
    """The ids of bookings with a demanded row that is past its due date and grace."""
    grace = timedelta(days=current_policy().demand_grace_days)
    late: set[int] = set()
    for zone, today in local_days(now).items():
        latest = today - grace
        late |= set(
            select(
                i.booking.id
                for i in Installment
                if i.status in ASKED
                and i.demanded_at is not None
                and i.due_date < latest
                and i.booking.status in AFTER_AGREEMENT
                and i.booking.project.timezone == zone
            )
        )
    return sorted(late)


def mark_overdue(booking_id: int, now: datetime) -> int:
    """Bring the rows of one of `late_bookings` up to the day; says how many are newly overdue."""
    booking = lock(Booking, booking_id)
    if booking is None or booking.status not in AFTER_AGREEMENT:
        return 0
    asked = [row for row in allocation.rows_of(booking_id) if row.status in ASKED]
    allocation.settle(booking, actor=None, now=now)
    return sum(row.status == "overdue" for row in asked)


def _named(booking_id: int, row_ids: Sequence[int]) -> dict[int, Any]:
    """The rows that the builder names, by id."""
    rows = {row.id: row for row in allocation.rows_of(booking_id) if row.id in row_ids}
    strange = [
        Detail(f"installment_ids[{position}]", "names no row of this booking", str(row_id))
        for position, row_id in enumerate(row_ids)
        if row_id not in rows
    ]
    if strange:
        raise ValidationFailed(details=strange)
    return rows


def _require_demandable(
    rows: dict[int, Any], row_ids: Sequence[int], complete: frozenset[str]
) -> None:
    settled, early = [], []
    for position, row_id in enumerate(row_ids):
        row, field = rows[row_id], f"installment_ids[{position}]"
        if row.demanded_at is not None or row.status not in UNDEMANDED:
            message = f"An installment that is {row.status} is not demanded (again)."
            settled.append(Detail(field, message, row.status, ()))
        elif row.milestone_code and row.milestone_code not in complete:
            message = f"The phase {row.milestone_code} is not complete."
            early.append(Detail(field, message, row.milestone_code, sorted(complete)))
    if settled:
        raise InvalidTransition("Only what was not asked for yet can be demanded.", details=settled)
    if early:
        raise Conflict("A milestone is demanded once its phase is complete.", details=early)


def _complete_codes(project_id: int) -> frozenset[str]:
    """The milestone codes of a project's complete phases.

    Phases are read without their lock: one that is completed a moment later is found by the next
    tick, and one that is reopened leaves demands standing.
    """
    return frozenset(
        select(
            f.milestone_code
            for f in ProjectPhase
            if f.project.id == project_id
            and f.status == "completed"
            and f.milestone_code is not None
        )
    )


def _demand(
    booking: Any, rows: Sequence[Any], site: Site, *, actor: Identity | None, now: datetime
) -> None:
    """Number, date and announce `rows` of a locked booking, by sequence."""
    today = site.today(now)
    for row in rows:
        row.set(
            demand_number=numbering.next_demand(site.builder_id, today),
            demanded_at=now,
            due_date=_due_date(row.due_date, today),
        )
        audit.note(
            "installment.demanded",
            "installment",
            row.id,
            builder_id=site.builder_id,
            actor=actor,
            now=now,
            details={
                "booking_id": booking.id,
                "demand_number": row.demand_number,
                "amount": money_text(row.amount),
                "due_date": date_text(row.due_date),
            },
        )
    allocation.settle(booking, actor=actor, now=now)
    subject = subject_of(booking.id)
    for row in rows:
        amount = amount_text(row.amount - row.paid_amount, site.currency)
        tell_customer(
            booking,
            subject,
            title="Payment demanded",
            message=f"{amount} for {row.label}, {words_for(booking, subject)}, is due by"
            f" {date_in_words(row.due_date)}: demand {row.demand_number}.",
            dedupe_key=f"installment:{row.id}:demanded",
            now=now,
        )


def _due_date(planned: date | None, today: date) -> date:
    """The day by which a row that is demanded today is to be paid."""
    if planned is None or planned < today:
        return today + timedelta(days=current_policy().demand_due_days)
    return planned
