"""Operations of the tag `change_requests`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.change_requests import (
    change_request_detail_json,
    change_request_json,
    counts_json,
)
from realty.resources import ChangeRequestCollection, ChangeRequestResource
from realty.rules.money import money
from realty.services import change_request_queries, change_requests
from realty.services.change_request_queries import Filter
from realty.services.change_requests import Wish
from realty.views.conditional import tagged

Json = dict[str, Any]


@operation("listChangeRequests", permission=P.CHANGE_REQUEST_LIST)
def list_change_requests(context: ChangeRequestCollection, request: Request) -> Json:
    """The caller's change requests, with the counts for the tabs above them."""
    query = dict(request.openapi_validated.parameters.query)
    page, limit = query.pop("page"), query.pop("limit")
    found, counts = change_request_queries.listed(
        context.identity, Filter(**query), page=page, limit=limit
    )
    return {
        "change_requests": [
            change_request_json(row, context.identity, now=request.now) for row in found.rows
        ],
        "stats": counts_json(counts),
        "pagination": found.as_json(),
    }


@operation("createChangeRequest", permission=P.CHANGE_REQUEST_CREATE)
def create_change_request(context: ChangeRequestCollection, request: Request) -> Response:
    """Ask for a change."""
    wish = Wish(**request.openapi_validated.body)
    made = change_requests.submit(wish, actor=context.identity, now=request.now)
    request.response.location = request.route_path("change_request", change_request_id=made.id)
    return _shown(context, request, made.id)


@operation("getChangeRequest", permission=P.CHANGE_REQUEST_READ)
def get_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """One change request."""
    return _shown(context, request, context.change_request_id)


@operation("reviewChangeRequest", permission=P.CHANGE_REQUEST_ANSWER)
def review_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Take it up."""
    change_requests.review(**_whose(context, request))
    return _shown(context, request, context.change_request_id)


@operation("quoteChangeRequest", permission=P.CHANGE_REQUEST_ANSWER)
def quote_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Say what it costs."""
    body = request.openapi_validated.body
    change_requests.quote(
        **_whose(context, request),
        cost=money(body["estimated_cost"], "estimated_cost"),
        timeline_days=body["estimated_timeline_days"],
        response=body.get("builder_response"),
        valid_until=body.get("quote_valid_until"),
    )
    return _shown(context, request, context.change_request_id)


@operation("rejectChangeRequest", permission=P.CHANGE_REQUEST_ANSWER)
def reject_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Refuse it."""
    reason = request.openapi_validated.body["reason"]
    change_requests.reject(**_whose(context, request), reason=reason)
    return _shown(context, request, context.change_request_id)


@operation("startChangeRequest", permission=P.CHANGE_REQUEST_ANSWER)
def start_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Begin the work."""
    change_requests.start(**_whose(context, request))
    return _shown(context, request, context.change_request_id)


@operation("completeChangeRequest", permission=P.CHANGE_REQUEST_ANSWER)
def complete_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Finish the work."""
    change_requests.complete(**_whose(context, request))
    return _shown(context, request, context.change_request_id)


@operation("voidChangeRequest", permission=P.CHANGE_REQUEST_ANSWER)
def void_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Take back what was approved."""
    reason = request.openapi_validated.body["reason"]
    change_requests.void(**_whose(context, request), reason=reason)
    return _shown(context, request, context.change_request_id)


@operation("acceptChangeRequest", permission=P.CHANGE_REQUEST_DECIDE)
def accept_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Take the quote."""
    expected = _sent(request).get("expected_cost")
    change_requests.accept(
        **_whose(context, request),
        expected_cost=None if expected is None else money(expected, "expected_cost"),
    )
    return _shown(context, request, context.change_request_id)


@operation("declineChangeRequest", permission=P.CHANGE_REQUEST_DECIDE)
def decline_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Refuse the quote."""
    change_requests.decline(**_whose(context, request), reason=_sent(request).get("reason"))
    return _shown(context, request, context.change_request_id)


@operation("withdrawChangeRequest", permission=P.CHANGE_REQUEST_DECIDE)
def withdraw_change_request(context: ChangeRequestResource, request: Request) -> Response:
    """Give the request up."""
    change_requests.withdraw(**_whose(context, request), reason=_sent(request).get("reason"))
    return _shown(context, request, context.change_request_id)


def _whose(context: ChangeRequestResource, request: Request) -> Json:
    """What every move is told: which request, on which booking, by whom, when."""
    return {
        "request_id": context.change_request_id,
        "booking_id": context.booking_id,
        "actor": context.identity,
        "now": request.now,
    }


def _sent(request: Request) -> Json:
    """A body that may be left out."""
    return request.openapi_validated.body or {}


def _shown(
    context: ChangeRequestCollection | ChangeRequestResource, request: Request, request_id: int
) -> Response:
    """The change request as it is now, with its ETag."""
    whole = change_request_queries.whole(request_id, now=request.now)
    shown = change_request_detail_json(whole, context.identity, now=request.now)
    return tagged(request, {"change_request": shown}, whole.request)
