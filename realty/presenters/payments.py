"""Payments, what is due, and statements as the contract shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from realty.presenters.bookings import installment_json
from realty.presenters.cards import booking_card, customer_card
from realty.presenters.files import file_ref
from realty.rules.clock import date_text, rfc3339
from realty.rules.money import ZERO, money_text
from realty.rules.payment_lifecycle import allowed_payment_actions
from realty.security import Identity
from realty.services.dues import Owed, Total
from realty.services.ledger import GivenBack
from realty.services.payment_queries import Shown, Whole, shown_status
from realty.services.statements import Entry, Statement

Json = dict[str, Any]


def payment_json(shown: Shown, viewer: Identity) -> Json:
    """`Payment`; its cards must be loaded."""
    payment = shown.payment
    return {
        "id": payment.id,
        "booking_id": payment.booking.id,
        "builder_id": payment.builder.id,
        "installment_id": payment.installment and payment.installment.id,
        "payment_type": payment.payment_type,
        "amount": money_text(payment.amount),
        "tds_amount": money_text(payment.tds_amount),
        "payment_method": payment.payment_method,
        "status": shown.status,
        "transaction_id": payment.transaction_id,
        "payment_date": date_text(payment.payment_date),
        "cleared_at": rfc3339(payment.cleared_at),
        "receipt_number": payment.receipt_number,
        "financial_year": payment.financial_year,
        "proof_file": file_ref(payment.proof_file),
        "notes": payment.notes,
        "recorded_by": _actor_json(payment),
        "reverses_payment_id": payment.reverses_payment and payment.reverses_payment.id,
        "failure_reason": payment.failure_reason,
        "reversed_in_full": payment.reversed_in_full,
        "refunded_amount": money_text(shown.back.refunded),
        "reversed_amount": money_text(shown.back.reversed),
        "refundable_amount": money_text(shown.refundable),
        "allowed_actions": list(
            allowed_payment_actions(
                payment.status,
                payment.payment_type,
                viewer.role,
                refundable=shown.refundable,
                remaining=shown.remaining,
            )
        ),
        "created_at": rfc3339(payment.created_at),
        "updated_at": rfc3339(payment.updated_at),
        "booking": booking_card(payment.booking),
        "customer": customer_card(payment.booking.customer),
    }


def payment_data_json(whole: Whole, viewer: Identity) -> Json:
    """`PaymentData`: a payment with all that is about it, and what to look at."""
    named = whole.shown.payment.reverses_payment
    detail = payment_json(whole.shown, viewer) | {
        "allocations": [
            {
                "installment_id": row.id,
                "sequence": row.sequence,
                "kind": row.kind,
                "label": row.label,
                "amount": money_text(share.amount),
            }
            for row, share in whole.shares
        ],
        "reverses_payment": named and payment_ref_json(named, whole.back),
        "reversed_by": [payment_ref_json(each, whole.back) for each in whole.reversed_by],
    }
    return {"payment": detail, "warnings": _warnings_json(whole.duplicates)}


def payment_ref_json(payment: Any, back: Mapping[int, GivenBack]) -> Json:
    """`PaymentRef`."""
    return {
        "id": payment.id,
        "payment_type": payment.payment_type,
        "amount": money_text(payment.amount),
        "payment_method": payment.payment_method,
        "status": shown_status(payment, back[payment.id]),
        "transaction_id": payment.transaction_id,
        "payment_date": date_text(payment.payment_date),
        "cleared_at": rfc3339(payment.cleared_at),
        "notes": payment.notes,
        "failure_reason": payment.failure_reason,
        "created_at": rfc3339(payment.created_at),
    }


def due_json(owed: Owed) -> Json:
    """`DuePayment`; the cards of its booking must be loaded."""
    booking = owed.due.row.booking
    return {
        "state": owed.state,
        "days_overdue": owed.days_overdue,
        "installment": installment_json(owed.due, booking.id),
        "booking": booking_card(booking),
        "customer": customer_card(booking.customer),
    }


def due_totals_json(totals: Mapping[str, Total]) -> Json:
    """`DueTotals`."""
    return {
        f"{state}_{name}": value
        for state, total in totals.items()
        for name, value in (("count", total.number), ("amount", money_text(total.amount)))
    }


def ledger_json(statement: Statement) -> Json:
    """`Ledger`."""
    owed = statement.booking.compensation_amount
    return {
        "booking": booking_card(statement.booking),
        "from": date_text(statement.since),
        "to": date_text(statement.until),
        "opening_balance": money_text(statement.opening),
        "entries": [_entry_json(entry, balance) for entry, balance in statement.entries],
        "closing_balance": money_text(statement.closing),
        "totals": _totals_json(statement),
        "compensation": {
            "owed_amount": money_text(owed),
            "paid_amount": money_text(statement.compensated),
            "remaining_amount": money_text(max(ZERO, owed - statement.compensated)),
            "payments": [payment_ref_json(row, statement.back) for row in statement.compensation],
        },
    }


def _actor_json(payment: Any) -> Json | None:
    """`TimelineActor`; the user of the builder goes by the company's name."""
    user, builder = payment.recorded_by, payment.builder
    if user is None:
        return None
    name = builder.company_name if user.id == builder.user.id else user.full_name
    return {"role": user.user_type, "name": name}


def _warnings_json(duplicates: Sequence[int]) -> list[Json]:
    if not duplicates:
        return []
    message = "Other payments have the same method and transaction."
    return [{"code": "duplicate_transaction", "message": message, "payment_ids": list(duplicates)}]


def _entry_json(entry: Entry, balance: Decimal) -> Json:
    return {
        "at": rfc3339(entry.at),
        "date": date_text(entry.day),
        "kind": entry.kind,
        "label": entry.label,
        "reference": entry.reference,
        "installment_id": entry.installment_id,
        "payment_id": entry.payment_id,
        "debit": money_text(max(ZERO, entry.amount)),
        "credit": money_text(max(ZERO, -entry.amount)),
        "balance": money_text(balance),
    }


def _totals_json(statement: Statement) -> Json:
    booking, totals, position = statement.booking, statement.totals, statement.totals.position
    amounts = {
        "debit_amount": totals.debits,
        "credit_amount": totals.credits,
        "payable_amount": position.payable_amount,
        "received_amount": totals.received,
        "refunded_amount": totals.refunded,
        "reversed_amount": totals.reversed,
        "paid_amount": booking.paid_amount,
        "allocated_amount": booking.paid_amount - position.unallocated_amount,
        "unallocated_amount": position.unallocated_amount,
        "pending_amount": position.pending_amount,
        "deduction_amount": booking.deduction_amount,
        "refund_owed": position.refund_owed,
        "clearing_amount": totals.clearing,
        "reported_amount": totals.reported,
    }
    return {name: money_text(amount) for name, amount in amounts.items()}
