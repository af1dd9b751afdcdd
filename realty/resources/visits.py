"""Visits, the times that are offered for them, and the calendar feed that tells of them."""

from __future__ import annotations

import re

from pony.orm import select
from pyramid.authorization import Allow, Everyone
from pyramid.request import Request

from realty.db import scopes
from realty.errors import NotFound
from realty.permissions import P
from realty.resources.base import Acl, first_or_404, path_id
from realty.resources.people import AccountResource
from realty.security import require_identity, viewer

_SECRET = re.compile("[A-Za-z0-9_-]{43}")


class SlotCollection:
    """The times at projects that the caller may see. Which project is for the service."""

    __acl__: Acl = [(Allow, Everyone, P.SLOT_READ)]

    def __init__(self, request: Request) -> None:
        self.identity = viewer(request)


class AppointmentCollection:
    """The visits that the caller may see. In whose project a new one is for the service."""

    __acl__: Acl = [
        (Allow, "role:customer", (P.APPOINTMENT_LIST, P.APPOINTMENT_CREATE)),
        (Allow, "role:builder", (P.APPOINTMENT_LIST, P.APPOINTMENT_CREATE)),
        (Allow, "role:admin", P.APPOINTMENT_LIST),
    ]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class AppointmentResource:
    """One visit of the caller, by the ids that never change."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.appointment_id = path_id(request, "appointment_id")
        appointment_id = self.appointment_id
        visible = scopes.visible_appointments(self.identity).filter(
            lambda a: a.id == appointment_id
        )
        self.project_id, self.builder_id, self.customer_id = first_or_404(
            select((a.project.id, a.project.builder.id, a.customer.id) for a in visible)
        )

    def __acl__(self) -> Acl:
        both = (P.APPOINTMENT_READ, P.APPOINTMENT_MOVE)
        return [
            (Allow, f"customer:{self.customer_id}", both),
            (Allow, f"builder:{self.builder_id}", (*both, P.APPOINTMENT_EDIT)),
            (Allow, "role:admin", P.APPOINTMENT_READ),
        ]


class CalendarLinkResource(AccountResource):
    """The link to the caller's calendar feed."""

    __acl__: Acl = [(Allow, "account", P.CALENDAR_WRITE)]


class CalendarFeedResource:
    """The feed that a secret opens, if it is one: whose it is is for the service. The token of a
    login counts for nothing here."""

    def __init__(self, request: Request) -> None:
        self.secret: str = request.matchdict["token"]
        if not _SECRET.fullmatch(self.secret):
            raise NotFound
