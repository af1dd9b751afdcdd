"""`realty tick`: late phases, demands, overdue rows and reminders, each of them once."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pony.orm import select

from realty.adapters.mail import FolderMail
from realty.commands.tick import tick
from realty.db import (
    Booking,
    Installment,
    Notification,
    NotificationPreference,
    StatusHistory,
    SystemSetting,
    utcnow,
)
from realty.db.session import session
from realty.rules.clock import local_date
from realty.rules.identifiers import financial_year
from realty.services import allocation, demands, reminders
from realty.services.booking_events import lock_booking
from tests.cli.running import SECONDS, running
from tests.client import Api
from tests.database import at_once
from tests.deployment import CLOCK, SETTINGS
from tests.factories import (
    ZONE,
    BookingRow,
    make_booking,
    make_charge,
    make_payment,
    make_phase,
)
from tests.functional.bookings.common import Sale, act, make_sale, moves, register, told
from tests.functional.queries import queries

pytestmark = pytest.mark.usefixtures("database", "clock")

WORK = ("phases_delayed", "rows_demanded", "rows_overdue", "payments_reminded", "errors")


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """One tick now, or so many days later; what it did of `WORK`."""

    def ticked(days: int = 0) -> Counter[str]:
        now = CLOCK.advance(days=days)
        done = tick(now=now, settings=SETTINGS, sender=FolderMail(tmp_path))
        return Counter({name: done[name] for name in WORK if done[name]})

    return ticked


def today() -> date:
    return local_date(CLOCK.now(), ZONE)


def sold(sale: Sale, unit: int = 0, **over: Any) -> BookingRow:
    """A booking after the agreement, its token paid, by the plan that has no phases."""
    over = {"payment_plan": "installments", **over}
    booking = make_booking(sale.units[unit], sale.customer, status="agreement_registered", **over)
    make_payment(booking, booking.token_amount, payment_type="token")
    return booking


def row(booking: BookingRow, label: str) -> dict[str, Any]:
    with session():
        columns: dict[str, Any] = Installment.get(booking=booking.id, label=label).to_dict()
        return columns


def change(booking: BookingRow, label: str, **columns: Any) -> None:
    with session():
        Installment.get(booking=booking.id, label=label).set(**columns)


def demanded(booking: BookingRow) -> list[str]:
    """The labels of the demanded rows, by their numbers."""
    booking_id = booking.id
    with session():
        rows = Installment.select(
            lambda i: i.booking.id == booking_id and i.demanded_at is not None
        )
        return [each.label for each in rows.order_by(lambda i: i.demand_number)]


def number(n: int) -> str:
    return f"DN/{financial_year(today())}/{n:06d}"


def test_a_phase_past_its_expected_end_is_delayed_once(run: Any) -> None:
    sale = make_sale()
    yesterday = today() - timedelta(days=1)
    late = make_phase(sale.project, expected_end_date=yesterday)
    working = make_phase(sale.project, expected_end_date=yesterday, status="in_progress")
    others = [
        make_phase(sale.project, expected_end_date=today()),
        make_phase(sale.project, expected_end_date=yesterday, status="on_hold"),
        make_phase(sale.project, expected_end_date=yesterday, status="completed"),
        make_phase(sale.project),
    ]
    assert run() == {"phases_delayed": 2}
    assert moves("phase", late) == [("not_started", "delayed")]
    assert moves("phase", working) == [("in_progress", "delayed")]
    assert [moves("phase", each) for each in others] == [[]] * 4
    assert run() == {}
    assert run(days=1) == {"phases_delayed": 1}


def test_the_day_of_the_site_decides(run: Any) -> None:
    CLOCK.set(CLOCK.now().replace(hour=12))
    east, west = (make_sale(timezone=zone) for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"))
    phases = [make_phase(s.project, expected_end_date=CLOCK.now().date()) for s in (east, west)]
    assert run() == {"phases_delayed": 1}
    assert [len(moves("phase", each)) for each in phases] == [1, 0]


def test_rows_are_demanded_so_many_days_before_their_date(run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    change(booking, "Agreement", due_date=today() + timedelta(days=16))
    assert run() == {}
    assert run(days=1) == {"rows_demanded": 1}
    found = row(booking, "Agreement")
    assert (found["status"], found["demand_number"]) == ("demanded", number(1))
    assert found["due_date"] == today() + timedelta(days=15)
    assert moves("installment", found["id"]) == [("scheduled", "demanded")]
    assert told(sale.customer) == ["Payment demanded"]
    assert run() == {}


def test_what_is_due_already_is_given_time(run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    change(booking, "Agreement", due_date=today() - timedelta(days=100))
    assert run() == {"rows_demanded": 1}
    assert row(booking, "Agreement")["due_date"] == today() + timedelta(days=15)


def test_rows_of_a_complete_phase_are_demanded(api: Api, run: Any) -> None:
    sale = make_sale()
    booking = sold(sale, payment_plan="construction_linked")
    other = make_sale()
    elsewhere = sold(other, payment_plan="construction_linked")
    change(booking, "Agreement", due_date=today() + timedelta(days=90))
    change(elsewhere, "Agreement", due_date=today() + timedelta(days=90))
    phase = make_phase(sale.project, milestone_code="foundation", status="in_progress")
    make_phase(sale.project, milestone_code=None, status="completed")
    assert run() == {}
    api.as_(sale.builder).patch(f"/api/progress/{phase}", {"status": "completed"})
    assert run() == {"rows_demanded": 1}
    found = row(booking, "Foundation")
    assert found["due_date"] == today() + timedelta(days=15)
    assert (demanded(booking), demanded(elsewhere)) == (["Foundation"], [])
    # The phase is reopened: the demand stands, and completing it again asks for nothing twice.
    lower = {"progress_percentage": "50.00", "reason": "It leaks."}
    api.as_(sale.builder).patch(f"/api/progress/{phase}", lower)
    assert run() == {}
    api.as_(sale.builder).patch(f"/api/progress/{phase}", {"status": "completed"})
    assert run() == {}
    assert row(booking, "Foundation") == found


def test_phases_complete_before_the_agreement_are_caught_up_with(api: Api, run: Any) -> None:
    sale = make_sale()
    booking = sale.booked("confirmed", payment_plan="construction_linked")
    for code in ("foundation", "slab_1"):
        make_phase(sale.project, milestone_code=code, status="completed")
    assert run() == {}
    agreement = register(today().isoformat())
    act(api, sale.builder, booking, "register-agreement", agreement)
    # Agreement by its date, the others by their phases; one number each, in their order.
    assert run() == {"rows_demanded": 3}
    assert demanded(booking) == ["Agreement", "Foundation", "Slab 1"]
    assert run() == {}


@pytest.mark.parametrize("status", ["pending", "token_paid", "confirmed", "cancelled", "expired"])
def test_nothing_is_demanded_before_the_agreement_or_after_the_end(run: Any, status: str) -> None:
    sale = make_sale()
    make_phase(sale.project, milestone_code="foundation", status="completed")
    booking = sale.booked(status, expires_at=None)
    with session():
        for each in Booking[booking.id].installments:
            each.set(due_date=today() - timedelta(days=30), status="scheduled")
    make_charge(booking, due_date=today())
    assert run() == {}
    assert demanded(booking) == []


def test_charges_are_demanded_by_their_date_and_paid_rows_never(run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    change(booking, "Agreement", due_date=today() + timedelta(days=90))
    make_charge(booking, due_date=today() + timedelta(days=15))
    make_charge(booking, due_date=today() + timedelta(days=16), label="Later")
    make_charge(booking, due_date=today(), label="Voided", status="void")
    assert run() == {"rows_demanded": 1}
    # The booking row is due since today and paid by the token.
    assert demanded(booking) == ["Parking"]


def test_what_is_paid_in_part_is_demanded_for_the_rest(run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    make_payment(booking, "1000.00")
    assert run() == {"rows_demanded": 1}
    assert row(booking, "Agreement")["status"] == "partially_paid"
    with session():
        message = Notification.select().first().message
    assert "₹6,32,150.00 for Agreement" in message
    assert run() == {}


def test_a_demanded_row_is_overdue_after_its_grace_once(run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    run()
    due = row(booking, "Agreement")["due_date"]
    assert due == today()  # the day of the agreement, which was today
    assert run(days=7)["rows_overdue"] == 0
    assert run(days=1) == {"rows_overdue": 1}
    assert row(booking, "Agreement")["status"] == "overdue"
    assert moves("installment", row(booking, "Agreement")["id"])[-1] == ("demanded", "overdue")
    assert run() == {}


def test_a_row_paid_in_part_turns_overdue_and_a_paid_one_never(run: Any) -> None:
    sale = make_sale()
    first, second = sold(sale), sold(sale, 1)
    run()
    for booking, amount in ((first, "1000.00"), (second, "633150.00")):
        make_payment(booking, amount)
        with session():
            allocation.settle(lock_booking(booking.id), actor=None, now=CLOCK.now())
    assert run(days=8) == {"rows_overdue": 1}
    assert [row(each, "Agreement")["status"] for each in (first, second)] == ["overdue", "paid"]


def test_reminders_come_on_their_days_and_once(run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    due = today() + timedelta(days=15)
    change(booking, "Agreement", due_date=due)
    assert run() == {"rows_demanded": 1}
    reminded = []
    for _ in range(30):
        happened = run(days=1)["payments_reminded"]
        reminded += [(today() - due).days] * happened
        assert run()["payments_reminded"] == 0
    assert reminded == [-7, -1, 0, 3, 7]
    titles = Counter(told(sale.customer))
    assert (titles["Payment reminder"], titles["Payment overdue"]) == (3, 2)
    with session():
        last = Notification.select(lambda n: n.title == "Payment overdue").first()
        assert last.message.startswith("₹6,33,150.00 for Agreement, A-101 in ")


def test_a_fresh_demand_is_no_occasion_for_a_reminder(run: Any) -> None:
    sale = make_sale()
    sold(sale)
    # It was due on the day of the agreement, today.
    assert run() == {"rows_demanded": 1}
    assert run() == {}
    assert run(days=3) == {"payments_reminded": 1}


@pytest.mark.parametrize("why", ["paid", "scheduled", "cancelled", "void"])
def test_nobody_is_reminded_of_what_is_not_owed(run: Any, why: str) -> None:
    sale = make_sale()
    booking = sold(sale)
    run()
    if why == "paid":
        make_payment(booking, "633150.00")
        change(booking, "Agreement", status="paid")
    elif why == "cancelled":
        with session():
            Booking[booking.id].status = "cancelled"
    else:
        change(booking, "Agreement", status=why, demanded_at=None if why == "scheduled" else NOON)
    with session():
        assert reminders.due_reminders(CLOCK.now() + timedelta(days=3)) == []


NOON = utcnow().replace(hour=12, microsecond=0)


def test_a_reminder_looks_again_under_the_lock(run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    run()
    later = CLOCK.now() + timedelta(days=3)
    with session():
        (row_id,) = reminders.due_reminders(later)
    make_payment(booking, "633150.00")
    change(booking, "Agreement", status="paid")
    with session():
        assert reminders.remind(row_id, later) is False
    assert told(sale.customer) == ["Payment demanded"]


def test_the_days_of_the_reminders_are_a_setting(run: Any) -> None:
    with session():
        SystemSetting(
            setting_key="reminder.payment_days",
            setting_value=[2],
            setting_type="json",
            category="reminder",
            is_public=False,
        )
    sale = make_sale()
    sold(sale)
    assert run() == {"rows_demanded": 1}
    assert run(days=1) == {}
    assert run(days=1) == {"payments_reminded": 1}


def test_a_customer_who_wants_no_word_of_payments_gets_none(run: Any) -> None:
    sale = make_sale()
    sold(sale)
    with session():
        for channel in ("in_app", "email"):
            NotificationPreference(
                user=sale.customer.user_id,
                notification_type="payment",
                channel=channel,
                enabled=False,
            )
    assert run()["rows_demanded"] == 1
    assert "payments_reminded" not in run(days=15)
    assert told(sale.customer) == []


def test_one_booking_that_fails_does_not_stop_the_others(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = make_sale()
    broken, sound = sold(sale), sold(sale, 1)
    settle = allocation.settle

    def failing(booking: Any, **options: Any) -> None:
        if booking.id == broken.id:
            raise RuntimeError("the disk is full")
        settle(booking, **options)

    monkeypatch.setattr(allocation, "settle", failing)
    done = run()
    assert (done["rows_demanded"], done["errors"]) == (1, 1)
    # Nothing of the failed one is left, and its number is given to the next.
    assert (demanded(broken), row(sound, "Agreement")["demand_number"]) == ([], number(1))
    monkeypatch.setattr(allocation, "settle", settle)
    assert run()["rows_demanded"] == 1
    assert row(broken, "Agreement")["demand_number"] == number(2)


def test_ticks_at_once_have_each_effect_once(tmp_path: Path, run: Any) -> None:
    sale = make_sale(6)
    yesterday = today() - timedelta(days=1)
    phase = make_phase(sale.project, milestone_code="foundation", status="completed")
    late = make_phase(sale.project, expected_end_date=yesterday)
    bookings = [sold(sale, n, payment_plan="construction_linked") for n in range(6)]
    now = CLOCK.now()

    def one() -> Counter[str]:
        return tick(now=now, settings=SETTINGS, sender=FolderMail(tmp_path))

    totals: Counter[str] = sum(at_once([one] * 4), Counter())
    assert (totals["rows_demanded"], totals["phases_delayed"]) == (12, 1)
    assert [demanded(each) for each in bookings] == [["Agreement", "Foundation"]] * 6
    with session():
        numbers = sorted(select(i.demand_number for i in Installment if i.demand_number))
        assert numbers == [number(n) for n in range(1, 13)]
        assert StatusHistory.select(lambda h: h.entity == "installment").count() == 12
    assert moves("phase", late) == [("not_started", "delayed")]
    assert moves("phase", phase) == []
    assert told(sale.customer) == ["Payment demanded"] * 12
    assert run() == {}


def test_ticks_of_several_processes_have_each_effect_once(database: str, tmp_path: Path) -> None:
    sale = make_sale(6)
    make_phase(sale.project, milestone_code="foundation", status="completed")
    bookings = [sold(sale, n, payment_plan="construction_linked") for n in range(6)]
    with ExitStack() as stack:
        ticking = [
            stack.enter_context(running("tick", folder=tmp_path, DATABASE_URL=database))
            for _ in range(3)
        ]
        outputs = [process.communicate(timeout=SECONDS) for process in ticking]
    assert [process.returncode for process in ticking] == [0, 0, 0], outputs
    assert [demanded(each) for each in bookings] == [["Agreement", "Foundation"]] * 6
    with session():
        numbers = sorted(select(i.demand_number for i in Installment if i.demand_number))
    assert numbers == [number(n) for n in range(1, 13)]
    assert told(sale.customer) == ["Payment demanded"] * 12


def test_what_is_looked_for_costs_the_same_for_any_number_of_rows(run: Any) -> None:
    sale = make_sale(8)
    sold(sale)
    counts = []
    for more in (0, 7):
        for n in range(more):
            sold(sale, n + 1)
        with session(), queries() as sent:
            demands.due_bookings(CLOCK.now())
            demands.late_bookings(CLOCK.now())
            reminders.due_reminders(CLOCK.now())
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_demand_and_payment_at_once_agree(api: Api, run: Any) -> None:
    sale = make_sale()
    booking = sold(sale)
    body = {
        "booking_id": booking.id,
        "payment_type": "installment",
        "amount": "633150.00",
        "payment_method": "bank_transfer",
        "transaction_id": "UTR0001",
        "payment_date": today().isoformat(),
    }

    def pay() -> str:
        return str(api.as_(sale.builder).post("/api/payments", body, status=201).status)

    at_once([lambda: str(run()), pay])
    found = row(booking, "Agreement")
    assert (found["status"], found["paid_amount"]) == ("paid", Decimal("633150.00"))
    assert run()["rows_demanded"] == 0
