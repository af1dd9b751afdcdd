"""What administrators keep: settings, accounts, the audit log (of which a builder has its own)."""

from __future__ import annotations

from pony.orm import select
from pyramid.authorization import Allow
from pyramid.request import Request

from realty.db import User
from realty.permissions import P
from realty.resources.base import Acl, first_or_404, path_id
from realty.security import require_identity


class SettingCollection:
    """Every setting, by its key."""

    __acl__: Acl = [(Allow, "role:admin", (P.SETTING_READ, P.SETTING_WRITE))]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class UserCollection:
    """Every account."""

    __acl__: Acl = [(Allow, "role:admin", (P.USER_LIST, P.USER_EDIT))]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class UserResource(UserCollection):
    """One account."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.user_id = path_id(request, "user_id")
        user_id = self.user_id
        first_or_404(select(u.id for u in User if u.id == user_id))


class AuditCollection:
    """The audited facts that the caller may read."""

    __acl__: Acl = [
        (Allow, "role:builder", P.AUDIT_READ),
        (Allow, "role:admin", P.AUDIT_READ),
    ]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
