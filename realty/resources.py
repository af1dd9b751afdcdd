"""Root factories: what each family of paths acts on, already scoped, with its `__acl__`.

A factory runs before validation, so the raw text of the path is its to judge: an id that is no
id is 404. Private resources ask for the identity before they touch a row, so that a stranger
learns nothing. They read ids that never change and never the row itself: a writing service locks
first and reads second.
"""

from __future__ import annotations

import re
from typing import Any

from pony.orm import exists, select
from pyramid.authorization import Allow, Everyone
from pyramid.request import Request

from realty.db import Builder, Session, scopes
from realty.errors import NotFound
from realty.security import Identity, P, require_identity, viewer

LARGEST_ID = 2_147_483_647
_ID = re.compile(r"[1-9][0-9]{0,9}")
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_READ_CATALOGUE = (P.PROJECT_READ, P.UNIT_READ)

Acl = list[tuple[str, str, Any]]


def path_id(request: Request, name: str) -> int:
    """The id in the path; whatever is not a positive int4 names nothing and is 404."""
    raw: str = request.matchdict[name]
    if not _ID.fullmatch(raw) or int(raw) > LARGEST_ID:
        raise NotFound
    return int(raw)


class PublicResource:
    """Operations that belong to nobody."""

    __acl__: Acl = [(Allow, Everyone, P.INVITATION_ACCEPT)]

    def __init__(self, request: Request) -> None:
        pass


class AccountResource:
    """The caller's own account."""

    __acl__: Acl = [(Allow, "account", (P.ACCOUNT_READ, P.ACCOUNT_WRITE))]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class SessionResource(AccountResource):
    """One session of the caller."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.session_id = path_id(request, "session_id")
        session_id, user_id = self.session_id, self.identity.user_id
        if not exists(s for s in Session if s.id == session_id and s.user.id == user_id):
            raise NotFound


class BuilderCollection:
    """All builders, the same for everybody: who asks is not asked."""

    def __init__(self, request: Request) -> None:
        pass


class BuilderResource:
    """One builder, public while its account is active, the same for everybody who reads it."""

    __acl__: Acl = [(Allow, "role:admin", P.BUILDER_VERIFY)]

    def __init__(self, request: Request) -> None:
        self.identity = None if request.method in _SAFE_METHODS else require_identity(request)
        self.builder_id = path_id(request, "builder_id")
        builder_id = self.builder_id
        rows = select((b.id, b.user.is_active) for b in Builder if b.id == builder_id)[:]
        if not rows or not (rows[0][1] or _is_admin(self.identity)):
            raise NotFound


class OwnBuilderResource:
    """The calling builder."""

    __acl__: Acl = [(Allow, "role:builder", P.BUILDER_EDIT)]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class CustomerCollection:
    """The customers that the caller may see."""

    __acl__: Acl = [
        (Allow, "role:builder", P.CUSTOMER_LIST),
        (Allow, "role:admin", P.CUSTOMER_LIST),
    ]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class CustomerResource:
    """One customer: oneself, one joined to the calling builder, or any for an admin."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.customer_id = path_id(request, "customer_id")
        customer_id = self.customer_id
        visible = scopes.visible_customers(self.identity).filter(lambda c: c.id == customer_id)
        _first(select(c.id for c in visible))

    def __acl__(self) -> Acl:
        return [
            (Allow, "role:builder", P.CUSTOMER_READ),
            (Allow, "role:admin", P.CUSTOMER_READ),
            (Allow, f"customer:{self.customer_id}", P.CUSTOMER_READ),
        ]


class OwnCustomerResource:
    """The calling customer."""

    __acl__: Acl = [(Allow, "role:customer", P.CUSTOMER_EDIT)]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class InvitationCollection:
    """The invitations of the calling builder."""

    __acl__: Acl = [(Allow, "role:builder", P.CUSTOMER_INVITE)]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class ProjectCollection:
    """The projects that the caller may see."""

    __acl__: Acl = [(Allow, Everyone, P.PROJECT_READ), (Allow, "role:builder", P.PROJECT_CREATE)]

    def __init__(self, request: Request) -> None:
        self.identity = _viewer_or_required(request)


class ProjectResource:
    """One project that the caller may see, with everything below it."""

    def __init__(self, request: Request) -> None:
        self.identity = _viewer_or_required(request)
        self.project_id = path_id(request, "project_id")
        project_id = self.project_id
        visible = scopes.visible_projects(self.identity).filter(lambda p: p.id == project_id)
        self.builder_id: int = _first(select(p.builder.id for p in visible))

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, _READ_CATALOGUE),
            (
                Allow,
                f"builder:{self.builder_id}",
                (P.PROJECT_EDIT, P.PROJECT_DELETE, P.PROJECT_PUBLISH, P.UNIT_CREATE),
            ),
            (Allow, "role:customer", P.PROJECT_SAVE),
            (Allow, "role:admin", P.PROJECT_FEATURE),
        ]


class UnitCollection:
    """The units that the caller may see. Whose project a new unit goes to is for the service."""

    __acl__: Acl = [(Allow, Everyone, P.UNIT_READ), (Allow, "role:builder", P.UNIT_CREATE)]

    def __init__(self, request: Request) -> None:
        self.identity = _viewer_or_required(request)


class UnitResource:
    """One unit of a project that the caller may see."""

    def __init__(self, request: Request) -> None:
        self.identity = _viewer_or_required(request)
        self.unit_id = path_id(request, "unit_id")
        unit_id = self.unit_id
        visible = scopes.visible_units(self.identity).filter(lambda u: u.id == unit_id)
        self.project_id, self.builder_id = _first(
            select((u.project.id, u.project.builder.id) for u in visible)
        )

    def __acl__(self) -> Acl:
        return [
            (Allow, Everyone, P.UNIT_READ),
            (Allow, f"builder:{self.builder_id}", (P.UNIT_EDIT, P.UNIT_DELETE)),
        ]


class BookingCollection:
    """The bookings that the caller may see."""

    __acl__: Acl = [
        (Allow, "role:customer", (P.BOOKING_LIST, P.BOOKING_CREATE)),
        (Allow, "role:builder", (P.BOOKING_LIST, P.BOOKING_CREATE)),
        (Allow, "role:admin", P.BOOKING_LIST),
    ]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class BookingResource:
    """One booking of the caller, by the ids that never change."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.booking_id = path_id(request, "booking_id")
        booking_id = self.booking_id
        visible = scopes.visible_bookings(self.identity).filter(lambda b: b.id == booking_id)
        self.unit_id, self.project_id, self.builder_id, self.customer_id = _first(
            select((b.unit.id, b.project.id, b.builder.id, b.customer.id) for b in visible)
        )

    def __acl__(self) -> Acl:
        both = (P.BOOKING_READ, P.BOOKING_EDIT, P.BOOKING_QUOTE, P.BOOKING_CANCEL)
        builder_only = (
            P.BOOKING_CONFIRM,
            P.BOOKING_REJECT,
            P.BOOKING_REGISTER,
            P.BOOKING_HAND_OVER,
        )
        return [
            (Allow, f"customer:{self.customer_id}", both),
            (Allow, f"builder:{self.builder_id}", both + builder_only),
            (Allow, "role:admin", P.BOOKING_READ),
        ]


class NotificationCollection:
    """What the caller was told."""

    __acl__: Acl = [(Allow, "account", (P.NOTIFICATION_READ, P.NOTIFICATION_WRITE))]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class NotificationResource(NotificationCollection):
    """One notification of the caller."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.notification_id = path_id(request, "notification_id")
        notification_id = self.notification_id
        mine = scopes.own_notifications(self.identity).filter(lambda n: n.id == notification_id)
        _first(select(n.id for n in mine))


def _viewer_or_required(request: Request) -> Identity | None:
    """A stranger may read what is public, and is asked to sign in before any other method."""
    return viewer(request) if request.method in _SAFE_METHODS else require_identity(request)


def _is_admin(identity: Identity | None) -> bool:
    return identity is not None and identity.role == "admin"


def _first(query: Any) -> Any:
    rows = query.without_distinct()[:1]
    if not rows:
        raise NotFound
    return rows[0]
