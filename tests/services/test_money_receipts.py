"""Money that comes in: what is recorded, what a customer reports, and every guard's figure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from pony.orm import select

from realty.db import AuditLog, Notification, Payment, StatusHistory
from realty.db.session import session
from realty.errors import (
    AdvanceCap,
    BookingClosed,
    CashLimit,
    CompensationExceedsDue,
    DuplicateTransaction,
    NotFound,
    Overpayment,
    RealtyError,
    ReportLimit,
    ValidationFailed,
)
from realty.rules.identifiers import financial_year
from realty.services import payments
from realty.services.allocation import allocation_of
from realty.services.booking_events import lock_booking
from tests.factories import make_admin
from tests.services.cashbook import TOKEN, TOTAL, Case, booked, identity_of

pytestmark = pytest.mark.usefixtures("database")


def figure(error: pytest.ExceptionInfo[RealtyError]) -> str | None:
    """The figure that a refusal gives."""
    return error.value.details[0].value


def test_a_transfer_is_completed_numbered_and_allocated_at_once():
    case = Case()
    paid = case.payment(case.record("40000.00", notes=" First part "))
    year = financial_year(case.today)
    assert (paid["status"], paid["cleared_at"]) == ("completed", case.now)
    assert (paid["receipt_number"], paid["financial_year"]) == (f"RC/{year}/000001", year)
    assert (paid["recorded_by"], paid["notes"]) == (case.builder.user_id, " First part ")
    assert case.columns()["paid_amount"] == Decimal("40000.00")
    assert case.columns()["version"] == 2
    assert case.rows() == [(1, "partially_paid", Decimal("40000.00"))]


def test_a_cheque_counts_once_it_has_cleared():
    case = Case()
    cheque = case.record(TOKEN, "cheque")
    assert case.payment(cheque)["status"] == "pending"
    assert case.payment(cheque)["receipt_number"] is None
    assert (case.columns()["paid_amount"], case.columns()["version"]) == (0, 1)
    case.wait(2)
    case.move(cheque, "clear")
    assert case.payment(cheque)["cleared_at"] == case.now
    assert case.payment(cheque)["receipt_number"].endswith("/000001")
    assert case.rows() == [(1, "paid", TOKEN)]


@pytest.mark.parametrize(("action", "status"), [("bounce", "bounced"), ("fail", "failed")])
def test_a_cheque_that_does_not_clear_leaves_nothing_but_its_row(action, status):
    case = Case()
    cheque = case.record("1000.00", "cheque")
    with pytest.raises(ValidationFailed):
        case.move(cheque, action, "  ")
    case.move(cheque, action, " No funds ")
    row = case.payment(cheque)
    assert (row["status"], row["failure_reason"], row["cleared_at"]) == (status, "No funds", None)
    assert case.columns()["paid_amount"] == 0


def test_the_order_of_completion_decides_not_that_of_recording():
    case = Case()
    first = case.record("60000.00", "cheque")
    second = case.record("30000.00")
    case.wait(1)
    case.move(first, "clear")
    with session():
        shares = allocation_of(lock_booking(case.booking.id)).shares
    assert [share.receipt_id for share in shares] == [second, first]


def test_a_receipt_pays_the_row_that_it_names():
    case = Case()
    case.record("5000.00", installment_id=case.row_id(3))
    assert case.rows() == [(3, "partially_paid", Decimal("5000.00"))]


def test_before_the_agreement_the_cap_holds_and_pending_cheques_count():
    case = Case()
    case.record("40000.00")
    case.record("50000.00", "cheque")
    with pytest.raises(AdvanceCap) as refused:
        case.record("10000.01")
    assert figure(refused) == "10000.00"
    case.record("10000.00")
    with pytest.raises(AdvanceCap) as refused:
        case.record("0.01")
    assert figure(refused) == "0.00"


def test_after_the_agreement_no_more_than_is_payable_is_taken():
    case = Case()
    case.record(TOKEN)
    case.confirm()
    case.register()
    case.record("500000.00", "demand_draft")
    with pytest.raises(Overpayment) as refused:
        case.record("400000.06")
    assert figure(refused) == "400000.05"
    case.add("charge", "10.00")
    case.record("400010.05")
    assert case.columns()["paid_amount"] == TOTAL + 10 - 500000


def test_cash_of_one_customer_for_one_builder_stays_below_the_limit_over_all_bookings():
    case = Case()
    other = Case(case.builder, case.customer)
    first = case.record("12000.00", "cash")
    with pytest.raises(CashLimit) as refused:
        other.record("8000.00", "cash")
    assert figure(refused) == "7999.99"
    other.record("7999.99", "cash")
    with pytest.raises(CashLimit) as refused:
        case.record("0.01", "cash")
    assert figure(refused) == "0.00"
    Case(case.builder).record("19999.99", "cash")
    Case(customer=case.customer).record("19999.99", "cash")
    case.reverse(first, "2000.00")
    with pytest.raises(CashLimit) as refused:
        case.record("2000.01", "cash")
    assert figure(refused) == "2000.00"


def test_an_accepted_report_of_cash_is_under_the_limit_too():
    case = Case()
    told = case.report("15000.00", "cash")
    case.record("10000.00", "cash")
    with pytest.raises(CashLimit) as refused:
        case.move(told, "accept")
    assert figure(refused) == "9999.99"


def test_a_transaction_is_received_once_until_it_is_reversed_whole():
    case = Case()
    other = Case(case.builder)
    first = case.record("100.00", transaction_id="UTR-1")
    for again in (case, other):
        with pytest.raises(DuplicateTransaction) as refused:
            again.record("100.00", transaction_id=" UTR-1 ")
        assert figure(refused) == str(first)
    case.record("100.00", "card", transaction_id="UTR-1")
    Case().record("100.00", transaction_id="UTR-1")
    case.reverse(first, "99.99")
    with pytest.raises(DuplicateTransaction):
        other.record("100.00", transaction_id="UTR-1")
    case.reverse(first)
    other.record("100.00", transaction_id="UTR-1")


def test_the_index_refuses_a_transaction_that_the_check_did_not_see():
    case = Case()
    case.record("100.00", transaction_id="UTR-1")
    with pytest.raises(Exception, match=r"one_receipt_per_transaction|transaction_id"), session():
        Payment(
            booking=case.booking.id,
            builder=case.builder.builder_id,
            payment_type="token",
            amount=Decimal("100.00"),
            payment_method="upi",
            status="pending",
            transaction_id="UTR-1",
            payment_date=case.today,
        )


def test_a_report_counts_nowhere_and_only_warns_of_the_same_transaction():
    case = Case()
    first = case.record("100.00", transaction_id="UTR-1")
    told = case.report(TOTAL, transaction_id="UTR-1")
    again = case.report(TOTAL, transaction_id="UTR-1")
    assert case.payment(told)["status"] == "reported"
    assert case.payment(told)["recorded_by"] == case.customer.user_id
    assert case.columns()["paid_amount"] == Decimal("100.00")
    with session():
        assert payments.duplicates_of(Payment[told]) == [first, again]
        assert payments.duplicates_of(Payment[first]) == [told, again]
    case.record(TOKEN - 100)


def test_so_many_reports_wait_and_no_more():
    case = Case()
    told = [case.report("1.00") for _ in range(5)]
    with pytest.raises(ReportLimit) as refused:
        case.report("1.00")
    assert figure(refused) == "5"
    case.move(told[0], "decline")
    case.report("1.00")


def test_an_accepted_report_is_a_receipt_and_one_by_cheque_must_clear():
    case = Case()
    told, cheque = case.report("100.00"), case.report("200.00", "cheque")
    case.move(told, "accept")
    assert case.payment(told)["receipt_number"].endswith("/000001")
    case.move(cheque, "accept")
    assert case.payment(cheque)["status"] == "pending"
    case.move(cheque, "clear")
    assert case.columns()["paid_amount"] == Decimal("300.00")
    assert case.payment(cheque)["recorded_by"] == case.customer.user_id


def test_an_accepted_report_is_under_every_guard():
    case = Case()
    case.record("60000.00", transaction_id="UTR-1")
    beyond, twice = case.report("40000.01"), case.report("1.00", transaction_id="UTR-1")
    with pytest.raises(AdvanceCap) as refused:
        case.move(beyond, "accept")
    assert figure(refused) == "40000.00"
    with pytest.raises(DuplicateTransaction):
        case.move(twice, "accept")


def test_a_declined_report_says_why():
    case = Case()
    told = case.report("100.00")
    with pytest.raises(ValidationFailed):
        case.move(told, "decline", None)
    case.move(told, "decline", "Never arrived")
    row = case.payment(told)
    assert (row["status"], row["failure_reason"]) == ("failed", "Never arrived")


def test_a_dead_booking_takes_no_new_money():
    case = Case()
    case.reject()
    for attempt in (case.record, case.report):
        with pytest.raises(BookingClosed) as refused:
            attempt("1.00")
        assert figure(refused) == "rejected"


FORMS = [
    ({"payment_type": "refund"}, "payment_type"),
    ({"payment_type": "reversal"}, "payment_type"),
    ({"amount": Decimal("0.00")}, "amount"),
    ({"transaction_id": None}, "transaction_id"),
    ({"transaction_id": " "}, "transaction_id"),
    ({"payment_date": timedelta(days=1)}, "payment_date"),
    ({"tds_amount": Decimal("0.01")}, "tds_amount"),
    ({"installment_id": 2**31 - 1}, "installment_id"),
    ({"proof_file_id": 2**31 - 1}, "proof_file_id"),
]


@pytest.mark.parametrize(("wrong", "field"), FORMS)
def test_what_is_wrong_by_itself_is_named(wrong, field):
    case = Case()
    over = {
        name: case.today + value if isinstance(value, timedelta) else value
        for name, value in wrong.items()
    }
    amount = over.pop("amount", "100.00")
    for attempt in (case.record, case.report):
        with pytest.raises(ValidationFailed) as refused:
            attempt(amount, **over)
        assert refused.value.details[0].field == field


def test_a_customer_reports_no_compensation():
    with pytest.raises(ValidationFailed):
        Case().report("1.00", payment_type="compensation")


def test_a_row_of_another_booking_or_a_void_one_is_not_paid():
    case = Case()
    foreign = Case().row_id(1)
    case.record(TOKEN)
    case.confirm()
    case.register()
    void = case.add("charge", "10.00")
    case.void(void)
    for row_id in (foreign, void):
        with pytest.raises(ValidationFailed):
            case.record("1.00", installment_id=row_id)


def test_tax_at_source_is_part_of_the_amount_and_never_more():
    case = Case()
    case.booking = booked(case.builder, case.customer, taxed=True)
    paid = case.record("100.00", tds_amount=Decimal("1.00"))
    assert case.payment(paid)["tds_amount"] == Decimal("1.00")
    assert case.columns()["paid_amount"] == Decimal("100.00")
    with pytest.raises(ValidationFailed) as refused:
        case.record("100.00", tds_amount=Decimal("100.01"))
    assert figure(refused) == "100.00"


def test_compensation_stands_outside_what_is_paid_and_ends_at_what_is_owed():
    case = Case()
    with pytest.raises(CompensationExceedsDue) as refused:
        case.record("0.01", payment_type="compensation")
    assert figure(refused) == "0.00"
    case.record(TOKEN)
    case.wait(365)
    case.cancel(case.seller)
    owed = case.columns()["compensation_amount"]
    assert owed > 0
    cheque = case.record(owed - 1, "cheque", payment_type="compensation")
    with pytest.raises(CompensationExceedsDue) as refused:
        case.record("1.01", payment_type="compensation")
    assert figure(refused) == "1.00"
    case.move(cheque, "bounce")
    paid = case.record(owed, payment_type="compensation")
    assert case.payment(paid)["receipt_number"] is None
    case.reverse(paid)
    case.record(owed, payment_type="compensation")
    assert case.columns()["paid_amount"] == TOKEN
    with pytest.raises(ValidationFailed):
        case.record("1.00", payment_type="compensation", tds_amount=Decimal("0.01"))
    with pytest.raises(ValidationFailed):
        case.record("1.00", payment_type="compensation", installment_id=case.row_id(1))


def test_a_payment_of_another_booking_is_not_there():
    case, other = Case(), Case()
    foreign = other.record("1.00", "cheque")
    attempts = (
        lambda: case.move(foreign, "clear"),
        lambda: case.move(foreign, "accept"),
        lambda: case.refund(foreign, "1.00"),
        lambda: case.reverse(foreign),
    )
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()


def test_every_step_is_told_audited_and_written_down():
    case = Case()
    told = case.report("100.00", "cheque")
    case.move(told, "accept")
    case.move(told, "clear")
    case.reverse(told)
    new = case.new("50.00", "cheque")
    with session():
        payments.record(new, actor=identity_of(make_admin()), now=case.now)
    with session():
        moves = select(
            (h.id, h.from_status, h.to_status)
            for h in StatusHistory
            if h.entity == "payment" and h.entity_id == told
        )
        assert [move[1:] for move in sorted(moves)] == [
            (None, "reported"),
            ("reported", "pending"),
            ("pending", "completed"),
        ]
        rows = select(
            (h.from_status, h.to_status) for h in StatusHistory if h.entity == "installment"
        )
        assert set(rows) == {("scheduled", "partially_paid"), ("partially_paid", "scheduled")}
        heard = select(
            (n.id, n.user.id, n.title) for n in Notification if n.notification_type == "payment"
        )
        customer, builder = case.customer.user_id, case.builder.user_id
        assert [each[1:] for each in sorted(heard)] == [
            (builder, "Payment reported"),
            (customer, "Payment noted"),
            (customer, "Payment received"),
            (customer, "Payment reversed"),
            (customer, "Payment noted"),
            (builder, "Payment noted"),
        ]
        facts = select((a.id, a.action, a.builder.id) for a in AuditLog if a.entity == "payment")
        done = ["reported", "accepted", "cleared", "reversed", "recorded"]
        assert [fact[1:] for fact in sorted(facts)] == [
            (f"payment.{what}", case.builder.builder_id) for what in done
        ]
