"""The letter that asks for one demanded row, with the tax to deduct and what being late costs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from realty.errors import Conflict, Detail, NotFound
from realty.rules.clock import local_date
from realty.rules.documents import (
    Column,
    Document,
    Fact,
    Row,
    Section,
    Table,
    date_value,
    fact,
    label_value,
    money_value,
    text_value,
)
from realty.rules.lifecycles import AFTER_AGREEMENT
from realty.rules.money import ZERO, paisa, percent_of
from realty.rules.words import date_in_words
from realty.services.booking_queries import Due
from realty.services.document_parts import AMOUNT, Case, unit_section


def demand_letter(case: Case, installment_id: int) -> Document:
    """The letter of one row of the booking.

    Raises `NotFound` for a row of another booking, `Conflict` for one that is not demanded or is
    void, and while or once the booking's state lets nothing be demanded.
    """
    due = _demanded(case, installment_id)
    row = due.row
    demanded_on = local_date(row.demanded_at, case.booking.project.timezone)
    return case.document(
        "demand_letter",
        "Demand letter",
        row.demand_number,
        issued_on=demanded_on,
        notices=list(_notices(case, due)),
        with_builder_pan=_tds_rate(case) > 0,
        facts=[fact("demand_number", "Demand number", text_value(row.demand_number))],
        sections=[
            Section("What is asked for", facts=list(_asked(case, due))),
            unit_section(case),
            _others(case, due),
            Section("How to pay, and by when", _terms(case, due)),
        ],
    )


def _demanded(case: Case, installment_id: int) -> Due:
    due = next((each for each in case.schedule.rows if each.row.id == installment_id), None)
    if due is None:
        raise NotFound
    case.require_status("a demand letter", sorted(AFTER_AGREEMENT))
    if due.status == "void" or due.row.demanded_at is None:
        message = "There is a demand letter only of an installment that is demanded and not void."
        allowed = ("demanded", "partially_paid", "paid", "overdue")
        raise Conflict(message, details=[Detail("installment_id", message, due.status, allowed)])
    return due


def _tds_rate(case: Case) -> Decimal:
    sold = case.booking.price_snapshot
    return Decimal(sold["tds_rate"]) if sold["tds_applies"] else ZERO


def _tds(case: Case, due: Due) -> Decimal:
    """What to deduct from the rest of the row that is still to be paid."""
    return percent_of(due.pending_amount, _tds_rate(case))


def _asked(case: Case, due: Due) -> Iterator[Fact]:
    row, booking = due.row, case.booking
    yield fact("label", "Installment", text_value(f"{row.sequence}. {row.label}"))
    yield fact("due_date", "Due on", date_value(row.due_date))
    yield fact("status", "Status", label_value(due.status))
    yield case.money_fact("amount", "Amount of the installment", row.amount)
    if row.kind == "plan" and booking.gst_amount:
        tax = paisa(row.amount * booking.gst_amount / booking.total_amount)
        yield case.money_fact("gst_amount", "including GST", tax)
    yield case.money_fact("paid_amount", "Already received", row.paid_amount)
    yield case.money_fact("pending_amount", "To be paid", due.pending_amount, is_total=True)
    yield case.words_fact("pending_amount_in_words", "In words", due.pending_amount)
    if _tds_rate(case) and due.pending_amount:
        tds = _tds(case, due)
        yield case.money_fact("tds_amount", "Tax to deduct (TDS)", tds)
        yield case.money_fact("net_amount", "To transfer", due.pending_amount - tds)


def _notices(case: Case, due: Due) -> Iterator[str]:
    if due.status == "paid":
        yield "This demand is paid. Nothing more is asked for by it."
    if due.status == "overdue":
        interest = case.money(due.interest_amount)
        yield (
            f"This demand is overdue since {date_in_words(due.row.due_date)}."
            f" Interest until today comes to {interest}."
        )


def _others(case: Case, asked: Due) -> Section:
    """The account of the booking, and the other rows that are demanded and not wholly paid."""
    booking, position = case.booking, case.schedule.position
    demanded = [due for due in case.schedule.rows if due.row.demanded_at and due.status != "void"]
    rows = [
        Row(
            [
                text_value(due.row.demand_number),
                text_value(due.row.label),
                date_value(due.row.due_date),
                money_value(due.pending_amount, booking.project.currency),
            ]
        )
        for due in demanded
        if due.pending_amount and due is not asked
    ]
    columns = [
        Column("demand_number", "Also open"),
        Column("label", "Installment"),
        Column("due_date", "Due on"),
        AMOUNT,
    ]
    asked_for = sum((due.row.amount for due in demanded), ZERO)
    return Section(
        "Your account",
        facts=[
            case.money_fact("payable_amount", "Payable in all", position.payable_amount),
            case.money_fact("demanded_amount", "Demanded so far", asked_for),
            case.money_fact("received_amount", "Received so far", booking.paid_amount),
            case.money_fact("outstanding_amount", "Still payable in all", position.pending_amount),
        ],
        table=Table(columns, rows) if rows else None,
    )


def _terms(case: Case, due: Due) -> list[str]:
    policy = case.policy
    terms = [
        (
            "Pay into the account that the builder has given you in writing for this project; this"
            " letter names none, and no message that names another should be trusted unasked. Quote"
            f" {due.row.demand_number} and {case.booking.booking_number} with the payment."
        ),
    ]
    if _tds_rate(case):
        terms.append(
            f"The buyer deducts {_tds_rate(case)} % tax at source from what is paid, pays it to the"
            " income-tax department under the builder's PAN (Income-tax Act, 1961, section"
            " 194-IA), and hands the certificate to the builder. The amount deducted counts as"
            " paid."
        )
    terms.append(
        f"What is unpaid more than {policy.demand_grace_days} days after the due date is overdue."
        f" Simple interest of {policy.interest_annual_percent} % a year then counts from the due"
        " date, day by day, and is payable once the builder asks for it as a charge; the builder"
        " bears the same rate on what it owes."
    )
    return terms
