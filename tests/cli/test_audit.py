"""`realty audit verify`: whatever is changed behind the application's back is named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from realty.adapters.mail import mail_sender
from realty.audit import SECTIONS
from realty.commands.audit import verify
from realty.commands.tick import tick
from realty.db import AuditLog, Booking, Builder, Installment, Review
from realty.db.database import is_postgres
from realty.db.session import session
from realty.security import Identity
from realty.services import audit, cancellations, payable_rows, refunds
from realty.services.allocation import settle
from realty.services.booking_events import lock_booking
from realty.services.payments import NewPayment, record
from tests.cli.running import realty
from tests.cli.spoiled import SPOILED
from tests.database import outside, without_triggers
from tests.deployment import CLOCK, SETTINGS
from tests.factories import (
    BookingRow,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_units,
)
from tests.postgres_server import free_port

DONE, FAILED, WRONG_USE, NO_DATABASE = range(4)
TABLES = ("audit_log", "payments", "bookings", "installments", "units", "projects", "builders")


@dataclass(frozen=True)
class Books:
    """Ids of what was built and paid by the services, so that all of it is true."""

    database: str
    ids: dict[str, int]

    def spoil(self, *statements: str) -> None:
        """Run SQL over the rows, their ids put in by name, as a database's owner could."""
        with outside(self.database) as cursor, without_triggers(cursor, TABLES):
            checks = _rules_of_payments(cursor) if is_postgres() else []
            for name, _ in checks:
                cursor.execute(f"ALTER TABLE payments DROP CONSTRAINT {name}")
            for statement in statements:
                cursor.execute(statement.format_map(self.ids))
            for name, rule in checks:
                cursor.execute(f"ALTER TABLE payments ADD CONSTRAINT {name} {rule} NOT VALID")


def _rules_of_payments(cursor: Any) -> list[tuple[str, str]]:
    """The CHECKs that a wrong row must pass first."""
    cursor.execute(
        "SELECT conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '') FROM pg_constraint"
        " WHERE contype = 'c' AND conrelid = 'payments'::regclass"
    )
    rules: list[tuple[str, str]] = cursor.fetchall()
    return rules


def receive(booking: BookingRow, amount: Decimal | str, actor: Identity, **over: Any) -> int:
    """A receipt; over the network unless `over` says otherwise."""
    columns = {"payment_method": "upi", "transaction_id": f"UTR{booking.id}-{amount}", **over}
    with session():
        new = NewPayment(
            booking_id=booking.id,
            payment_type=columns.pop("payment_type", "installment"),
            amount=Decimal(amount),
            payment_date=CLOCK.now().date() - timedelta(days=1),
            **columns,
        )
        return int(record(new, actor=actor, now=CLOCK.now()).id)


def refund(booking: BookingRow, payment: int, amount: str, actor: Identity) -> int:
    """Money given back of a receipt."""
    with session():
        return int(
            refunds.refund(
                payment,
                booking_id=booking.id,
                amount=Decimal(amount),
                payment_method="upi",
                transaction_id=f"REF{payment}-{amount}",
                payment_date=CLOCK.now().date() - timedelta(days=1),
                notes=None,
                actor=actor,
                now=CLOCK.now(),
            ).id
        )


def reverse(booking: BookingRow, payment: int, actor: Identity, amount: str | None = None) -> int:
    """An entry taken back."""
    with session():
        taken = None if amount is None else Decimal(amount)
        row = refunds.reverse(
            payment,
            booking_id=booking.id,
            amount=taken,
            reason="A mistake",
            actor=actor,
            now=CLOCK.now(),
        )
        return int(row.id)


@pytest.fixture
def books(database: str) -> Books:
    """One booking in each kind of life, with everything that may happen to its money."""
    builder, customer = make_builder(), make_customer()
    actor = Identity(builder.user_id, "builder", 1, builder_id=builder.builder_id)
    project = make_project(builder)
    units = make_units(project, 6)
    held, living, ended, lapsed = (
        make_booking(unit, customer, status=status)
        for unit, status in zip(
            units, ("pending", "agreement_registered", "confirmed", "confirmed"), strict=False
        )
    )
    token = receive(held, held.token_amount, actor)
    first = receive(living, living.token_amount, actor)
    whole = receive(living, "1000.00", actor)
    reverse(living, whole, actor)
    part = receive(living, "2000.00", actor)
    partial = reverse(living, part, actor, "500.00")
    receive(living, "300.00", actor, payment_method="cheque")
    with session():
        booking = lock_booking(living.id)
        charge = payable_rows.add_row(
            booking,
            kind="charge",
            label="Parking",
            amount=Decimal("700.00"),
            due_date=None,
            charge_code="parking",
            now=CLOCK.now(),
        ).id
        variation = payable_rows.add_row(
            booking,
            kind="variation",
            label="Marble",
            amount=Decimal("900.00"),
            due_date=None,
            now=CLOCK.now(),
        ).id
        settle(booking, actor=actor, now=CLOCK.now())
    dead = receive(ended, ended.token_amount, actor)
    with session():
        cancellations.cancel(
            ended.id,
            unit_id=ended.unit_id,
            actor=actor,
            reason="No land",
            expected_refund=ended.token_amount,
            now=CLOCK.now(),
        )
    refund_id = refund(ended, dead, "1000.00", actor)
    failed = refund(ended, dead, "50.00", actor)
    reverse(ended, failed, actor)
    with session():
        Booking[ended.id].compensation_amount = Decimal("25.00")
    receive(ended, "25.00", actor, payment_type="compensation")
    with session():
        Review(
            builder=builder.builder_id, customer=customer.customer_id, booking=living.id, rating=4
        )
        Builder[builder.builder_id].set(rating=Decimal("4.00"), review_count=1)
        rows = Installment.select(lambda i: i.booking.id == living.id).order_by(Installment.id)
        row = rows.first().id
    bare, rival = make_project(builder, total_units=0), make_builder()
    assert verify(database, None)
    return Books(
        database,
        {
            "bare": bare.id,
            "rival": rival.builder_id,
            "builder": builder.builder_id,
            "project": project.id,
            "free": units[5].id,
            "held": held.id,
            "living": living.id,
            "ended": ended.id,
            "lapsed": lapsed.id,
            "held_unit": held.unit_id,
            "token": token,
            "first": first,
            "whole": whole,
            "part": part,
            "partial": partial,
            "charge": charge,
            "variation": variation,
            "dead": dead,
            "refund": refund_id,
            "row": row,
        },
    )


def findings(books: Books, capsys: pytest.CaptureFixture[str], heads: Path | None = None) -> str:
    """What verifying finds, which must be something."""
    capsys.readouterr()
    assert not verify(books.database, heads)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("rule", "statement", "named"),
    [(rule, *each) for rule, planted in SPOILED.items() for each in planted],
)
def test_what_is_changed_is_named(
    books: Books, capsys: pytest.CaptureFixture[str], rule: str, statement: str, named: str
) -> None:
    books.spoil(statement)
    for name, id_ in books.ids.items():
        named = named.replace(f"{{{name}}}", str(id_))
    said = findings(books, capsys)
    (line,) = [
        line for line in said.splitlines() if f": {rule}: " in line and not line.endswith(" more")
    ]
    assert re.search(named, line)


def test_every_check_is_able_to_fail() -> None:
    """Something is planted for each."""
    assert SPOILED.keys() == {check.rule for held in SECTIONS.values() for check in held}


def test_a_second_booking_of_a_unit_is_named(
    books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    """The index that forbids it would have to go first."""
    index = "one_occupying_booking_per_unit"
    with outside(books.database) as cursor:
        if is_postgres():
            cursor.execute(f"SELECT indexdef FROM pg_indexes WHERE indexname = '{index}'")
        else:
            cursor.execute(f"SELECT sql FROM sqlite_master WHERE name = '{index}'")
        ((made,),) = cursor.fetchall()
        cursor.execute(f"DROP INDEX {index}")
        try:
            books.spoil("UPDATE bookings SET unit_id = {held_unit} WHERE id = {living}")
            said = findings(books, capsys)
            books.spoil("UPDATE bookings SET unit_id = {free} WHERE id = {living}")
        finally:
            cursor.execute(made)
    assert f"unit {books.ids['held_unit']}: expected one booking, found 2 bookings" in said


def test_more_bad_rows_are_counted(books: Books, capsys: pytest.CaptureFixture[str]) -> None:
    books.spoil("UPDATE payments SET receipt_number = NULL")
    said = findings(books, capsys)
    assert "money: completed receipts are numbered: 4 more" in said
    assert re.search(r"audit: 2 of \d+ checks failed", said)


def export(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The heads that a tick writes to the log."""
    caplog.clear()
    with caplog.at_level("INFO", "realty.audit"):
        tick(now=CLOCK.now(), settings=SETTINGS, sender=mail_sender(SETTINGS))
    return [record.getMessage() for record in caplog.records if record.name == "realty.audit"]


def shorten(books: Books) -> None:
    """Cut the builder's last fact off, so that nothing in the database tells of it."""
    chain = "COALESCE(builder_id, 0) = {builder}"
    books.spoil(
        f"DELETE FROM audit_log WHERE {chain} AND position ="
        f" (SELECT max(position) FROM audit_log WHERE {chain})",
        "UPDATE audit_heads SET count = count - 1, exported_count = 0, hash = (SELECT hash FROM"
        f" audit_log WHERE {chain} AND position = audit_heads.count - 1) WHERE {chain}",
    )


def test_a_shortened_chain_with_a_new_head_is_told_by_an_exported_head(
    books: Books,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    log = tmp_path / "tick.log"
    (line,) = export(caplog)
    log.write_text(f"noise\n2026-11-23 09:30:00,000 INFO    realty.audit: {line}\n")
    assert verify(books.database, log)
    shorten(books)
    assert verify(books.database, None)
    said = findings(books, capsys, log)
    assert re.search(
        rf"chains: each exported head .*: fact \d+ of the builder {books.ids['builder']} chain:"
        " expected hash [0-9a-f]{64}, as exported, found no row",
        said,
    )


def test_a_chain_that_was_written_anew_is_told_by_an_exported_head(
    books: Books,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    log = tmp_path / "tick.log"
    log.write_text("\n".join(export(caplog)))
    shorten(books)
    with session():
        audit.note(
            "payment.recorded",
            "payment",
            1,
            builder_id=books.ids["builder"],
            actor=None,
            now=CLOCK.now(),
        )
    assert verify(books.database, None)
    assert re.search(
        r"expected hash (\w+), as exported, found (?!\1)\w{64}", findings(books, capsys, log)
    )


def test_a_tick_exports_what_moved_and_nothing_else(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    (line,) = export(caplog)
    chain = f"chain builder {books.ids['builder']}"
    assert re.fullmatch(rf"{chain} count \d+ hash [0-9a-f]{{64}}", line)
    assert export(caplog) == []
    with session():
        audit.note("a.b", "a", 1, builder_id=None, actor=None, now=CLOCK.now())
    (line,) = export(caplog)
    assert line.startswith("chain system count 1 hash ")


def test_a_log_without_heads_proves_nothing(
    books: Books, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "other.log"
    log.write_text("nothing of the kind\n")
    assert f"{log}: expected heads that `realty tick` exported, found none" in findings(
        books, capsys, log
    )


def test_the_command_line_tells_by_its_status(books: Books, tmp_path: Path) -> None:
    clean = realty("audit", "verify", folder=tmp_path, DATABASE_URL=books.database)
    assert (clean.status, clean.errors) == (DONE, "")
    assert re.fullmatch(
        r"audit: \d+ checks hold \(\d+ facts in 1 chains, 4 bookings, 12 payments\)\.\n",
        clean.output,
    )
    books.spoil("UPDATE builders SET total_projects = 0")
    bad = realty("audit", "verify", folder=tmp_path, DATABASE_URL=books.database)
    assert (bad.status, bad.errors) == (FAILED, "")
    assert "counters: total_projects" in bad.output


def test_a_database_that_does_not_answer_is_no_verdict(tmp_path: Path, database: str) -> None:
    for url in (f"sqlite:///{tmp_path}/none.sqlite", f"postgresql://a:b@127.0.0.1:{free_port()}/c"):
        gone = realty("audit", "verify", folder=tmp_path, DATABASE_URL=url)
        assert (gone.status, gone.output) == (NO_DATABASE, "")
        assert gone.complaint
    absent = realty("audit", "verify", "--heads", "no.log", folder=tmp_path, DATABASE_URL=database)
    assert (absent.status, absent.complaint) == (WRONG_USE, "There is no file no.log.")


def test_verifying_waits_for_nobody_and_sees_one_moment(database: str) -> None:
    """A writer in the middle of its transaction is neither waited for nor seen."""
    make_project(make_builder())
    with outside(database) as cursor:
        cursor.execute("BEGIN" if is_postgres() else "BEGIN IMMEDIATE")
        cursor.execute("UPDATE builders SET total_projects = 5")
        assert verify(database, None)
        cursor.execute("ROLLBACK")


def test_the_demo_data_is_true(database: str, tmp_path: Path) -> None:
    loaded = realty("seed-demo", folder=tmp_path, DATABASE_URL=database)
    assert loaded.status == DONE, loaded.errors
    assert verify(database, None)
    with session():
        assert AuditLog.select().count() > 0
