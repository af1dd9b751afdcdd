"""Operations of the tag `calendar`."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from realty.contract import operation
from realty.permissions import P
from realty.resources import CalendarFeedResource, CalendarLinkResource
from realty.services import calendars
from realty.views.conditional import tagged_calendar

Json = dict[str, Any]


@operation("issueCalendarToken", permission=P.CALENDAR_WRITE)
def issue_calendar_token(context: CalendarLinkResource, request: Request) -> Json:
    """A link to the caller's feed, shown this once."""
    secret = calendars.issue(context.identity, now=request.now)
    path = request.route_path("calendar_feed", token=secret)
    request.response.location = path
    return {"calendar": {"token": secret, "feed_path": path}}


@operation("revokeCalendarToken", permission=P.CALENDAR_WRITE)
def revoke_calendar_token(context: CalendarLinkResource, request: Request) -> None:
    """The link works no more."""
    calendars.revoke(context.identity, now=request.now)


@operation("getCalendar", permission=NO_PERMISSION_REQUIRED)
def get_calendar(context: CalendarFeedResource, request: Request) -> Response:
    """The feed, for calendar programs."""
    portal_url = request.registry.settings["realty"].portal_url
    body = calendars.feed(context.secret, portal_url=portal_url, now=request.now)
    return tagged_calendar(request, body)
