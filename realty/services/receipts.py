"""The receipt of one payment: what was received, where it went, and what was given back of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from realty.db import Payment
from realty.errors import Conflict, Detail
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
from realty.rules.money import ZERO
from realty.security import Identity
from realty.services import ledger
from realty.services.allocation import allocation_of
from realty.services.document_parts import AMOUNT, Case, case_of, unit_section
from realty.services.ledger import GivenBack

_BACK = frozenset({"completed", "pending"})


def receipt(payment_id: int, *, viewer: Identity, now: datetime) -> Document:
    """The receipt of a completed payment of the customer.

    Raises `Conflict` for a payment that is not completed, and for one that is no receipt: money
    that was given back, a reversal, a compensation.
    """
    payment = Payment.get(id=payment_id)
    if not ledger.is_receipt(payment) or payment.status != "completed":
        message = "There is a receipt only of a completed payment of the customer."
        shown = f"{payment.payment_type} {payment.status}"
        raise Conflict(message, details=[Detail("status", message, shown, ("completed",))])
    case = case_of(payment.booking.id, viewer=viewer, now=now)
    payments = ledger.payments_of(payment.booking.id)
    back = ledger.given_back(payments)[payment.id]
    return case.document(
        "receipt",
        "Receipt",
        payment.receipt_number,
        issued_on=local_date(payment.cleared_at, case.booking.project.timezone),
        notices=list(_notices(case, payment, back)),
        with_builder_pan=payment.tds_amount > 0,
        facts=[
            fact("receipt_number", "Receipt number", text_value(payment.receipt_number)),
            fact("financial_year", "Financial year", text_value(payment.financial_year)),
        ],
        sections=[
            Section("Received with thanks", facts=list(_received(case, payment))),
            unit_section(case),
            _allocated(case, payment),
            *_given_back(case, payment, payments),
            Section("Your account", facts=_account(case)),
        ],
    )


def _received(case: Case, payment: Any) -> Iterator[Fact]:
    yield case.money_fact("amount", "Amount", payment.amount, is_total=True)
    yield case.words_fact("amount_in_words", "In words", payment.amount)
    if payment.tds_amount:
        net = payment.amount - payment.tds_amount
        yield case.money_fact("tds_amount", "Deducted as tax (TDS)", payment.tds_amount)
        yield case.money_fact("net_amount", "Received as money", net)
    yield fact("payment_method", "Method", label_value(payment.payment_method))
    yield fact("transaction_id", "Transaction", text_value(payment.transaction_id))
    yield fact("payment_date", "Paid on", date_value(payment.payment_date))


def _notices(case: Case, payment: Any, back: GivenBack) -> Iterator[str]:
    if back.reversed == payment.amount:
        yield (
            "Reversed in full: this payment did not stand. This receipt proves nothing any more and"
            " is kept for its number."
        )
    elif back.total == payment.amount:
        yield "Refunded in full: everything that this receipt states was given back."
    elif back.total:
        kept = case.money(payment.amount - back.total)
        yield f"Of this payment {case.money(back.total)} was given back; {kept} stands."


def _allocated(case: Case, payment: Any) -> Section:
    """The rows that the payment pays, net of what was given back, as the allocation is today."""
    currency, booking = case.booking.project.currency, case.booking
    labels = {due.row.id: due.row for due in case.schedule.rows}
    allocation = allocation_of(booking)
    shares = allocation.of_receipt(payment.id)
    rows = [
        Row(
            [
                text_value(str(labels[share.row_id].sequence)),
                text_value(labels[share.row_id].label),
                money_value(share.amount, currency),
            ]
        )
        for share in shares
    ]
    back = ledger.given_back(ledger.payments_of(booking.id))[payment.id]
    rest = payment.amount - back.total - sum((share.amount for share in shares), ZERO)
    if rest:
        label = text_value("Not allocated to an installment")
        rows.append(Row([text_value(None), label, money_value(rest, currency)]))
    columns = [
        Column("sequence", "No.", numeric=True),
        Column("label", "Paid on this installment"),
        AMOUNT,
    ]
    return Section("Where it was booked", table=Table(columns, rows) if rows else None)


def _given_back(case: Case, payment: Any, payments: Sequence[Any]) -> Iterator[Section]:
    """Refunds and reversals of the payment, with a refund that failed and was itself reversed."""
    named = {payment.id}
    rows = []
    for each in payments:
        about = each.reverses_payment
        if about is None or about.id not in named or each.status not in _BACK:
            continue
        if each.payment_type == "refund":
            named.add(each.id)
        undone = each.payment_type == "reversal" and about.id != payment.id
        kind = text_value("Refund that failed") if undone else label_value(each.payment_type)
        amount = -each.amount if undone else each.amount
        rows.append(
            Row(
                [
                    date_value(each.payment_date),
                    kind,
                    text_value(each.transaction_id or each.failure_reason),
                    label_value(each.status),
                    money_value(amount, case.booking.project.currency),
                ]
            )
        )
    columns = [
        Column("payment_date", "On"),
        Column("payment_type", "What"),
        Column("transaction_id", "Transaction or reason"),
        Column("status", "Status"),
        AMOUNT,
    ]
    if rows:
        yield Section("Given back", table=Table(columns, rows))


def _account(case: Case) -> list[Fact]:
    position = case.schedule.position
    return [
        case.money_fact("payable_amount", "Payable in all", position.payable_amount),
        case.money_fact("received_amount", "Received so far", case.booking.paid_amount),
        case.money_fact("outstanding_amount", "Still payable in all", position.pending_amount),
    ]
