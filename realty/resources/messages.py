"""Conversations and messages."""

from __future__ import annotations

from pony.orm import select
from pyramid.authorization import Allow
from pyramid.request import Request

from realty.db import scopes
from realty.errors import Forbidden
from realty.permissions import P
from realty.resources.base import Acl, first_or_404, path_id
from realty.security import require_identity, role_may


class MessageCollection:
    """The conversations of the caller and their messages. To whom a new one goes is for the
    service."""

    __acl__: Acl = [
        (Allow, "role:customer", (P.MESSAGE_LIST, P.MESSAGE_WRITE)),
        (Allow, "role:builder", (P.MESSAGE_LIST, P.MESSAGE_WRITE)),
    ]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class ConversationResource:
    """One conversation of the caller, by the ids that never change; whoever has none of his own
    (an admin) is told so before any row is looked for."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        if not role_may(self.identity, P.MESSAGE_READ):
            raise Forbidden
        self.conversation_id = path_id(request, "conversation_id")
        conversation_id = self.conversation_id
        visible = scopes.visible_conversations(self.identity).filter(
            lambda t: t.id == conversation_id
        )
        self.builder_id, self.customer_id = first_or_404(
            select((t.builder.id, t.customer.id) for t in visible)
        )

    def __acl__(self) -> Acl:
        both = (P.MESSAGE_READ, P.MESSAGE_WRITE)
        return [
            (Allow, f"customer:{self.customer_id}", both),
            (Allow, f"builder:{self.builder_id}", both),
        ]
