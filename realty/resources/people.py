"""Accounts, builders and customers, and what they were told."""

from __future__ import annotations

from pony.orm import exists, select
from pyramid.authorization import Allow, Everyone
from pyramid.request import Request

from realty.db import Builder, Session, scopes
from realty.errors import NotFound
from realty.permissions import P
from realty.resources.base import SAFE_METHODS, Acl, first_or_404, is_admin, path_id
from realty.security import require_identity


class PublicResource:
    """Operations that belong to nobody."""

    __acl__: Acl = [(Allow, Everyone, P.INVITATION_ACCEPT)]

    def __init__(self, request: Request) -> None:
        pass


class AccountResource:
    """The caller's own account."""

    __acl__: Acl = [(Allow, "account", (P.ACCOUNT_READ, P.ACCOUNT_WRITE, P.ACCOUNT_DELETE))]

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
        self.identity = None if request.method in SAFE_METHODS else require_identity(request)
        self.builder_id = path_id(request, "builder_id")
        builder_id = self.builder_id
        rows = select((b.id, b.user.is_active) for b in Builder if b.id == builder_id)[:]
        if not rows or not (rows[0][1] or is_admin(self.identity)):
            raise NotFound


class OwnBuilderResource:
    """The calling builder."""

    __acl__: Acl = [(Allow, "role:builder", (P.BUILDER_EDIT, P.BUILDER_DASHBOARD))]

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
        first_or_404(select(c.id for c in visible))

    def __acl__(self) -> Acl:
        return [
            (Allow, "role:builder", P.CUSTOMER_READ),
            (Allow, "role:admin", P.CUSTOMER_READ),
            (Allow, f"customer:{self.customer_id}", P.CUSTOMER_READ),
        ]


class OwnCustomerResource:
    """The calling customer."""

    __acl__: Acl = [(Allow, "role:customer", (P.CUSTOMER_EDIT, P.CUSTOMER_DASHBOARD))]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class InvitationCollection:
    """The invitations of the calling builder."""

    __acl__: Acl = [(Allow, "role:builder", P.CUSTOMER_INVITE)]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


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
        first_or_404(select(n.id for n in mine))
