"""Operations of the tag `appointments`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.appointments import (
    appointment_detail_json,
    appointment_json,
    calendar_json,
    counts_json,
)
from realty.resources import AppointmentCollection, AppointmentResource, SlotCollection
from realty.services import appointment_queries, appointments
from realty.services.appointment_queries import Filter
from realty.services.appointments import Wish
from realty.views.conditional import if_match, tagged

Json = dict[str, Any]


@operation("listAppointmentSlots", permission=P.SLOT_READ)
def list_appointment_slots(context: SlotCollection, request: Request) -> Json:
    """The times that a project offers."""
    query = request.openapi_validated.parameters.query
    calendar = appointment_queries.calendar(
        query["project_id"],
        viewer=context.identity,
        first=query.get("from"),
        last=query.get("to"),
        minutes=query.get("duration_minutes"),
        now=request.now,
    )
    return calendar_json(calendar)


@operation("listAppointments", permission=P.APPOINTMENT_LIST)
def list_appointments(context: AppointmentCollection, request: Request) -> Json:
    """The caller's visits, with the counts for the tabs above them."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    wanted = Filter(
        appointment_type=query.pop("type", None),
        since=query.pop("from", None),
        until=query.pop("to", None),
        **query,
    )
    found, visits, counts = appointment_queries.listed(
        context.identity, wanted, page=page, limit=limit, now=request.now
    )
    return {
        "appointments": [
            appointment_json(visit, context.identity, now=request.now) for visit in visits
        ],
        "stats": counts_json(counts),
        "pagination": found.as_json(),
    }


@operation("createAppointment", permission=P.APPOINTMENT_CREATE)
def create_appointment(context: AppointmentCollection, request: Request) -> Response:
    """Ask for a visit."""
    wish = Wish(**request.openapi_validated.body)
    made = appointments.arrange(wish, actor=context.identity, now=request.now)
    request.response.location = request.route_path("appointment", appointment_id=made.id)
    return _shown(context, request, made.id)


@operation("getAppointment", permission=P.APPOINTMENT_READ)
def get_appointment(context: AppointmentResource, request: Request) -> Response:
    """One visit."""
    return _shown(context, request, context.appointment_id)


@operation("updateAppointment", permission=P.APPOINTMENT_EDIT)
def update_appointment(context: AppointmentResource, request: Request) -> Response:
    """What the builder writes on it."""
    appointments.update(
        context.appointment_id,
        project_id=context.project_id,
        changes=request.openapi_validated.body,
        expected=if_match(request),
        actor=context.identity,
        now=request.now,
    )
    return _shown(context, request, context.appointment_id)


@operation("setAppointmentStatus", permission=P.APPOINTMENT_MOVE)
def set_appointment_status(context: AppointmentResource, request: Request) -> Response:
    """Confirm it, or say whether the customer came."""
    action = request.openapi_validated.body["action"]
    whose: Json = {
        "project_id": context.project_id,
        "expected": if_match(request),
        "actor": context.identity,
        "now": request.now,
    }
    if action == "confirm":
        appointments.confirm(context.appointment_id, customer_id=context.customer_id, **whose)
    else:
        appointments.conclude(context.appointment_id, action, **whose)
    return _shown(context, request, context.appointment_id)


@operation("rescheduleAppointment", permission=P.APPOINTMENT_MOVE)
def reschedule_appointment(context: AppointmentResource, request: Request) -> Response:
    """Another time for it."""
    body = request.openapi_validated.body
    appointments.reschedule(
        context.appointment_id,
        project_id=context.project_id,
        customer_id=context.customer_id,
        appointment_date=body["appointment_date"],
        duration_minutes=body.get("duration_minutes"),
        reason=body.get("reason"),
        expected=if_match(request),
        actor=context.identity,
        now=request.now,
    )
    return _shown(context, request, context.appointment_id)


@operation("cancelAppointment", permission=P.APPOINTMENT_MOVE)
def cancel_appointment(context: AppointmentResource, request: Request) -> Response:
    """Call it off."""
    appointments.cancel(
        context.appointment_id,
        project_id=context.project_id,
        reason=request.openapi_validated.body["reason"],
        actor=context.identity,
        now=request.now,
    )
    return _shown(context, request, context.appointment_id)


def _shown(
    context: AppointmentCollection | AppointmentResource, request: Request, appointment_id: int
) -> Response:
    """The visit as it is now, with its ETag."""
    visit = appointment_queries.whole(appointment_id)
    shown = appointment_detail_json(visit, context.identity, now=request.now)
    return tagged(request, {"appointment": shown}, visit.row)
