"""Everything that time can bring about, due at one moment, and what a tick made of it.

`due_everywhere` makes so many of each; `state` reads what there is, in a form in which one run can
be compared to another.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from realty.adapters.storage import FolderStorage
from realty.db import IdempotencyKey, Installment, OneTimeToken, Project, Session, Unit, db
from realty.db.session import session
from realty.services import mail
from tests.deployment import CLOCK, STORAGE
from tests.factories import (
    ProjectRow,
    UnitRow,
    make_appointment,
    make_booking,
    make_builder,
    make_change_request,
    make_customer,
    make_file,
    make_payment,
    make_phase,
    make_project,
    make_units,
)
from tests.factories.people import Account

EACH = {
    "bookings_expired": 1,
    "reservations_released": 1,
    "phases_delayed": 1,
    "rows_demanded": 2,
    "rows_overdue": 1,
    "payments_reminded": 1,
    "quotes_expired": 1,
    "visits_lapsed": 1,
    "visits_reminded": 2,
    # One letter to the builder, one to each of seven customers, and the one with a link; a row
    # that is overdue is reminded of on its own days.
    "mails_sent": 9,
    "mails_dropped": 1,
    "answers_forgotten": 1,
    "links_forgotten": 1,
    "sessions_forgotten": 1,
    "files_removed": 1,
    "strays_removed": 1,
    "heads_exported": 1,
}
"""What one tick does of each kind, for one of each kind that is due."""


HALF = Decimal("50.00")


def due_everywhere(number: int) -> None:
    """`number` of everything that is due now, by the application's clock, at noon of the sites."""
    for place in range(number):
        _due(place)


def _due(place: int) -> None:
    now = CLOCK.now()
    builder = make_builder()
    project = make_project(builder)
    units = make_units(project, 7)
    _sales(project, units, now)
    _visits(project, now)
    make_phase(
        project, expected_end_date=now.date() - timedelta(days=1), weight_percent=Decimal("50.00")
    )
    _forgettable(builder, f"{place}", now)
    with session():
        Unit[units[6].id].set(status="reserved", reserved_until=now)
        Project[project.id].available_units -= 1
        mail.queue(f"link-{place}@example.in", subject="Link", text="Follow", link="/x", now=now)
        mail.queue_password_reset(f"nobody-{place}@example.in", now=now)


def _sales(project: ProjectRow, units: list[UnitRow], now: datetime) -> None:
    """A hold that ran out, a quote that did, rows to demand, an overdue one, one to remind of."""
    today = now.date()
    make_phase(
        project, milestone_code="foundation", status="completed", weight_percent=Decimal("50.00")
    )
    make_booking(units[0], make_customer(), expires_at=now)
    quoted = make_booking(units[1], make_customer(), status="confirmed")
    make_payment(quoted, quoted.token_amount, payment_type="token")
    make_change_request(quoted, "quoted", quote_valid_until=now)
    for unit, due in zip(units[2:5], (None, -8, 1), strict=True):
        plan = "installments" if due else "construction_linked"
        booking = make_booking(
            unit,
            make_customer(),
            status="agreement_registered",
            payment_plan=plan,
            booking_date=today - timedelta(days=60),
        )
        make_payment(booking, booking.token_amount, payment_type="token")
        if due is not None:
            with session():
                row = Installment.get(booking=booking.id, label="Agreement")
                row.set(
                    status="demanded",
                    due_date=today + timedelta(days=due),
                    demanded_at=now - timedelta(days=30),
                    demand_number=f"DN/{booking.id}",
                )


def _visits(project: ProjectRow, now: datetime) -> None:
    """One that nobody confirmed by its start, and two of which both sides are reminded."""
    before = now - timedelta(days=3)
    make_appointment(project, make_customer(), now, created_at=before)
    for hours in (1, 20):
        start = now + timedelta(hours=hours)
        make_appointment(project, make_customer(), start, "confirmed", created_at=before)


def _forgettable(owner: Account, key: str, now: datetime) -> None:
    long_ago = now - timedelta(days=31)
    make_file(owner, "attachment", b"%PDF-", created_at=now - timedelta(hours=25))
    stray = f"{now - timedelta(hours=2):%Y%m%d/%H}/{key}"
    FolderStorage(STORAGE).put(stray, BytesIO(b"lost"), size=4, content_type="text/plain")
    with session():
        IdempotencyKey(
            user=owner.user_id,
            operation="createBooking",
            key="old",
            body_hash="0" * 64,
            status_code=201,
            body="{}",
            created_at=now - timedelta(hours=25),
        )
        OneTimeToken(
            user=owner.user_id,
            purpose="verify_email",
            token_hash=f"old {key}",
            expires_at=long_ago,
        )
        Session(
            user=owner.user_id,
            family=f"old {key}",
            token_hash=f"old {key}",
            expires_at=long_ago,
            last_used_at=long_ago,
        )


def state() -> dict[str, Counter[Any]]:
    """The rows of each table without what differs from run to run: ids, moments, names, hashes."""
    with session():
        found = {
            entity._table_: Counter(_told(entity, row) for row in entity.select())
            for entity in db.entities.values()
        }
    found["stored files"] = Counter(path.is_file() for path in STORAGE.rglob("*"))
    return found


TEXTS = {
    "audit_log": {"action", "entity"},
    "installments": {"label"},
    "notifications": {"title"},
    "status_history": {"entity", "from_status", "to_status"},
}

_DIFFERENT = {"attempts", "related_entity_id", "entity_id", "actor_id", "stamp"}


def _told(entity: Any, row: Any) -> tuple[Any, ...]:
    """Statuses and figures of a row; a mail may have needed more than one attempt, and a stamp
    moves once for all that one transaction did."""
    texts = TEXTS.get(entity._table_, set())
    return tuple(
        getattr(row, attribute.name)
        for attribute in entity._attrs_
        if attribute.name in texts
        or attribute.py_check is not None
        or (
            attribute.py_type in {bool, int, Decimal}
            and attribute.name not in _DIFFERENT
            and not attribute.is_pk
        )
    )
