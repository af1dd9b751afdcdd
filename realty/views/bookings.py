"""Operations of the tag `bookings`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.bookings import (
    booking_detail_json,
    booking_json,
    entry_json,
    installment_json,
    quote_json,
    schedule_json,
    stats_json,
)
from realty.resources import BookingCollection, BookingResource, ChargeResource
from realty.rules.money import money
from realty.services import (
    booking_changes,
    booking_moves,
    booking_queries,
    bookings,
    cancellations,
    charges,
    demands,
    schedule_changes,
)
from realty.services.booking_queries import Filter
from realty.services.bookings import Order
from realty.services.schedule_changes import PlannedRow
from realty.views.conditional import if_match, tagged
from realty.views.idempotency import replayable

Json = dict[str, Any]

AMOUNTS = frozenset({"discount_amount", "expected_total", "loan_amount", "token_amount"})


@operation("listBookings", permission=P.BOOKING_LIST)
def list_bookings(context: BookingCollection, request: Request) -> Json:
    """The caller's bookings, with the counts for the tabs above them."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    found, stats = booking_queries.listed(context.identity, Filter(**query), page=page, limit=limit)
    return {
        "bookings": [booking_json(row, context.identity) for row in found.rows],
        "stats": stats_json(stats),
        "pagination": found.as_json(),
    }


@operation("createBooking", permission=P.BOOKING_CREATE, idempotent=True)
@replayable
def create_booking(context: BookingCollection, request: Request) -> Response:
    """Hold a unit."""
    order = Order(**_typed(request.openapi_validated.body))
    booking = bookings.place(order, actor=context.identity, now=request.now)
    request.response.location = request.route_path("booking", booking_id=booking.id)
    return _shown(context, request, booking.id)


@operation("getBooking", permission=P.BOOKING_READ)
def get_booking(context: BookingResource, request: Request) -> Response:
    """One booking."""
    return _shown(context, request, context.booking_id)


@operation("updateBooking", permission=P.BOOKING_EDIT)
def update_booking(context: BookingResource, request: Request) -> Response:
    """Change wishes or, for its builder, the price."""
    booking_changes.change(
        context.booking_id,
        _typed(request.openapi_validated.body),
        actor=context.identity,
        expected=if_match(request),
        now=request.now,
    )
    return _shown(context, request, context.booking_id)


@operation("confirmBooking", permission=P.BOOKING_CONFIRM)
def confirm_booking(context: BookingResource, request: Request) -> Response:
    """Accept a booking whose token is paid."""
    booking_moves.confirm(context.booking_id, actor=context.identity, now=request.now)
    return _shown(context, request, context.booking_id)


@operation("rejectBooking", permission=P.BOOKING_REJECT)
def reject_booking(context: BookingResource, request: Request) -> Response:
    """Decline a booking that is not confirmed."""
    cancellations.reject(
        context.booking_id,
        unit_id=context.unit_id,
        actor=context.identity,
        reason=request.openapi_validated.body["reason"],
        now=request.now,
    )
    return _shown(context, request, context.booking_id)


@operation("registerBookingAgreement", permission=P.BOOKING_REGISTER)
def register_booking_agreement(context: BookingResource, request: Request) -> Response:
    """Record the registered agreement."""
    body = request.openapi_validated.body
    booking_moves.register_agreement(
        context.booking_id,
        unit_id=context.unit_id,
        actor=context.identity,
        agreement_number=body["agreement_number"],
        registered_on=body["actual_registration_date"],
        now=request.now,
    )
    return _shown(context, request, context.booking_id)


@operation("handOverBooking", permission=P.BOOKING_HAND_OVER)
def hand_over_booking(context: BookingResource, request: Request) -> Response:
    """Give the unit to the customer."""
    booking_moves.hand_over(
        context.booking_id,
        actor=context.identity,
        handed_over_on=request.openapi_validated.body.get("handover_date"),
        now=request.now,
    )
    return _shown(context, request, context.booking_id)


@operation("getCancellationQuote", permission=P.BOOKING_QUOTE)
def get_cancellation_quote(context: BookingResource, request: Request) -> Json:
    """What cancelling now would cost the caller."""
    quote = cancellations.quote(context.booking_id, actor=context.identity, now=request.now)
    return {"quote": quote_json(context.booking_id, quote, now=request.now)}


@operation("cancelBooking", permission=P.BOOKING_CANCEL)
def cancel_booking(context: BookingResource, request: Request) -> Response:
    """End a booking as quoted."""
    body = request.openapi_validated.body
    cancellations.cancel(
        context.booking_id,
        unit_id=context.unit_id,
        actor=context.identity,
        reason=body["reason"],
        expected_refund=money(body["expected_refund"], "expected_refund"),
        now=request.now,
    )
    return _shown(context, request, context.booking_id)


@operation("getBookingSchedule", permission=P.BOOKING_READ)
def get_booking_schedule(context: BookingResource, request: Request) -> Json:
    """What is payable, row by row."""
    return schedule_json(booking_queries.schedule(context.booking_id, now=request.now))


@operation("replaceBookingSchedule", permission=P.BOOKING_RESCHEDULE)
def replace_booking_schedule(context: BookingResource, request: Request) -> Response:
    """Give a booking other plan rows; the tag carries the booking's version."""
    rows = request.openapi_validated.body["rows"]
    schedule_changes.replace_schedule(
        context.booking_id,
        [PlannedRow(**row | {"percent": Decimal(row["percent"])}) for row in rows],
        actor=context.identity,
        expected=if_match(request),
        now=request.now,
    )
    schedule = booking_queries.schedule(context.booking_id, now=request.now)
    return tagged(request, schedule_json(schedule), schedule.booking)


@operation("demandInstallments", permission=P.BOOKING_DEMAND)
def demand_installments(context: BookingResource, request: Request) -> Json:
    """Ask for rows of the schedule now."""
    demands.demand(
        context.booking_id,
        request.openapi_validated.body["installment_ids"],
        actor=context.identity,
        now=request.now,
    )
    return schedule_json(booking_queries.schedule(context.booking_id, now=request.now))


@operation("raiseCharge", permission=P.BOOKING_CHARGE)
def raise_charge(context: BookingResource, request: Request) -> Json:
    """Ask for something beside the price."""
    body = request.openapi_validated.body
    row_id = charges.raise_charge(
        context.booking_id,
        charge_code=body["charge_code"],
        label=body["label"],
        amount=money(body["amount"]),
        due_date=body.get("due_date"),
        actor=context.identity,
        now=request.now,
    )
    request.response.location = request.route_path(
        "booking_schedule", booking_id=context.booking_id
    )
    return _charge(context.booking_id, row_id, request)


@operation("voidCharge", permission=P.BOOKING_CHARGE)
def void_charge(context: ChargeResource, request: Request) -> Json:
    """Take a charge back."""
    charges.void_charge(
        context.booking_id,
        context.installment_id,
        reason=request.openapi_validated.body["reason"],
        actor=context.identity,
        now=request.now,
    )
    return _charge(context.booking_id, context.installment_id, request)


@operation("getBookingTimeline", permission=P.BOOKING_READ)
def get_booking_timeline(context: BookingResource, request: Request) -> Json:
    """Every change of status, oldest first."""
    return {"timeline": [entry_json(e) for e in booking_queries.timeline(context.booking_id)]}


def _typed(body: Mapping[str, Any]) -> Json:
    """The body with its amounts as Decimals."""
    return {
        name: money(value, name) if name in AMOUNTS and value is not None else value
        for name, value in body.items()
    }


def _charge(booking_id: int, row_id: int, request: Request) -> Json:
    """`InstallmentData`: one row as it stands today."""
    schedule = booking_queries.schedule(booking_id, now=request.now)
    due = next(each for each in schedule.rows if each.row.id == row_id)
    return {"installment": installment_json(due, booking_id)}


def _shown(
    context: BookingCollection | BookingResource, request: Request, booking_id: int
) -> Response:
    """The booking as it is now, with its ETag."""
    booking = booking_queries.shown(booking_id)
    return tagged(request, {"booking": booking_detail_json(booking, context.identity)}, booking)
