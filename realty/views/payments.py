"""Operations of the tag `payments`, and the money of one booking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.payments import (
    due_json,
    due_totals_json,
    ledger_json,
    payment_data_json,
    payment_json,
)
from realty.resources import BookingResource, PaymentCollection, PaymentResource
from realty.rules.money import money
from realty.services import dues, payment_moves, payment_queries, payments, refunds, statements
from realty.services.dues import DueFilter
from realty.services.payment_queries import Filter
from realty.services.payments import NewPayment
from realty.views.conditional import if_match, tagged
from realty.views.idempotency import replayable

Json = dict[str, Any]

AMOUNTS = frozenset({"amount", "tds_amount"})


@operation("listPayments", permission=P.PAYMENT_LIST)
def list_payments(context: PaymentCollection, request: Request) -> Json:
    """The caller's payments."""
    return _page(context, request)


@operation("listBookingPayments", permission=P.BOOKING_READ)
def list_booking_payments(context: BookingResource, request: Request) -> Json:
    """The payments on one booking."""
    return _page(context, request, booking_id=context.booking_id)


@operation("recordPayment", permission=P.PAYMENT_CREATE, idempotent=True)
@replayable
def record_payment(context: PaymentCollection, request: Request) -> Response:
    """A customer reports what he paid; a builder or an admin records what came in."""
    new = NewPayment(**{"transaction_id": None, **_typed(request.openapi_validated.body)})
    enter = payments.report if context.identity.role == "customer" else payments.record
    payment = enter(new, actor=context.identity, now=request.now)
    return _made(context, request, payment)


@operation("listDuePayments", permission=P.PAYMENT_LIST)
def list_due_payments(context: PaymentCollection, request: Request) -> Json:
    """What is still to be paid and has a due date."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    found, rows, totals = dues.listed(
        context.identity, DueFilter(**query), page=page, limit=limit, now=request.now
    )
    return {
        "dues": [due_json(owed) for owed in rows],
        "totals": due_totals_json(totals),
        "pagination": found.as_json(),
    }


@operation("getPayment", permission=P.PAYMENT_READ)
def get_payment(context: PaymentResource, request: Request) -> Response:
    """One payment."""
    return _shown(context, request, context.payment_id, context.booking_id)


@operation("movePayment", permission=P.PAYMENT_MOVE)
def move_payment(context: PaymentResource, request: Request) -> Response:
    """Say what became of a report, or of money in the bank."""
    body = request.openapi_validated.body
    payment_moves.move(
        context.payment_id,
        booking_id=context.booking_id,
        action=body["action"],
        reason=body.get("reason"),
        actor=context.identity,
        now=request.now,
        expected=if_match(request),
    )
    return _shown(context, request, context.payment_id, context.booking_id)


@operation("refundPayment", permission=P.PAYMENT_GIVE_BACK, idempotent=True)
@replayable
def refund_payment(context: PaymentResource, request: Request) -> Response:
    """Give money of a receipt back."""
    body = _typed(request.openapi_validated.body)
    refund = refunds.refund(
        context.payment_id,
        booking_id=context.booking_id,
        actor=context.identity,
        now=request.now,
        **{"transaction_id": None, "notes": None, **body},
    )
    return _made(context, request, refund)


@operation("reversePayment", permission=P.PAYMENT_GIVE_BACK, idempotent=True)
@replayable
def reverse_payment(context: PaymentResource, request: Request) -> Response:
    """Undo a completed payment."""
    body = _typed(request.openapi_validated.body)
    reversal = refunds.reverse(
        context.payment_id,
        booking_id=context.booking_id,
        amount=body.get("amount"),
        reason=body["reason"],
        actor=context.identity,
        now=request.now,
    )
    return _made(context, request, reversal)


@operation("getBookingLedger", permission=P.BOOKING_READ)
def get_booking_ledger(context: BookingResource, request: Request) -> Json:
    """The running statement of a booking."""
    query = request.openapi_validated.parameters.query
    statement = statements.statement(
        context.booking_id, since=query.get("from"), until=query.get("to")
    )
    return {"ledger": ledger_json(statement)}


def _page(context: PaymentCollection | BookingResource, request: Request, **fixed: Any) -> Json:
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    wanted = Filter(since=query.pop("from", None), until=query.pop("to", None), **query, **fixed)
    found, rows = payment_queries.listed(context.identity, wanted, page=page, limit=limit)
    return {
        "payments": [payment_json(shown, context.identity) for shown in rows],
        "pagination": found.as_json(),
    }


def _typed(body: Mapping[str, Any]) -> Json:
    """The body with its amounts as Decimals."""
    return {
        name: money(value, name) if name in AMOUNTS and value is not None else value
        for name, value in body.items()
    }


def _made(context: PaymentCollection | PaymentResource, request: Request, payment: Any) -> Response:
    request.response.location = request.route_path("payment", payment_id=payment.id)
    return _shown(context, request, payment.id, payment.booking.id)


def _shown(
    context: PaymentCollection | PaymentResource,
    request: Request,
    payment_id: int,
    booking_id: int,
) -> Response:
    """The payment as it is now, with its ETag."""
    whole = payment_queries.whole(payment_id, booking_id, context.identity)
    return tagged(request, payment_data_json(whole, context.identity), whole.shown.payment)
