"""Bookings, and the charges, payments and change requests on them."""

from __future__ import annotations

from pony.orm import select
from pyramid.authorization import Allow
from pyramid.request import Request

from realty.db import Installment, scopes
from realty.permissions import P
from realty.resources.base import Acl, first_or_404, path_id
from realty.security import require_identity


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
        self.unit_id, self.project_id, self.builder_id, self.customer_id = first_or_404(
            select((b.unit.id, b.project.id, b.builder.id, b.customer.id) for b in visible)
        )

    def __acl__(self) -> Acl:
        both = (
            P.BOOKING_READ,
            P.BOOKING_EDIT,
            P.BOOKING_QUOTE,
            P.BOOKING_CANCEL,
            P.BOOKING_DOCUMENT,
        )
        builder_only = (
            P.BOOKING_CONFIRM,
            P.BOOKING_REJECT,
            P.BOOKING_REGISTER,
            P.BOOKING_HAND_OVER,
            P.BOOKING_CHARGE,
            P.BOOKING_DEMAND,
            P.BOOKING_RESCHEDULE,
        )
        return [
            (Allow, f"customer:{self.customer_id}", both),
            (Allow, f"builder:{self.builder_id}", both + builder_only),
            (Allow, "role:admin", P.BOOKING_READ),
        ]


class ChargeResource(BookingResource):
    """One charge on a booking of the caller."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.installment_id = path_id(request, "installment_id")
        row_id, booking_id = self.installment_id, self.booking_id
        charges = Installment.select(lambda i: i.booking.id == booking_id and i.kind == "charge")
        first_or_404(select(i.id for i in charges if i.id == row_id))


class PaymentCollection:
    """The payments that the caller may see. On which booking a new one is made is for the
    service."""

    __acl__: Acl = [
        (Allow, "role:customer", (P.PAYMENT_LIST, P.PAYMENT_CREATE)),
        (Allow, "role:builder", (P.PAYMENT_LIST, P.PAYMENT_CREATE)),
        (Allow, "role:admin", (P.PAYMENT_LIST, P.PAYMENT_CREATE)),
    ]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class PaymentResource:
    """One payment on a booking of the caller, by the ids that never change."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.payment_id = path_id(request, "payment_id")
        payment_id = self.payment_id
        visible = scopes.visible_payments(self.identity).filter(lambda p: p.id == payment_id)
        self.booking_id, self.builder_id, self.customer_id = first_or_404(
            select((p.booking.id, p.builder.id, p.booking.customer.id) for p in visible)
        )

    def __acl__(self) -> Acl:
        return [
            (Allow, f"customer:{self.customer_id}", P.PAYMENT_READ),
            (
                Allow,
                f"builder:{self.builder_id}",
                (P.PAYMENT_READ, P.PAYMENT_MOVE, P.PAYMENT_GIVE_BACK),
            ),
            (Allow, "role:admin", P.PAYMENT_READ),
        ]


class ChangeRequestCollection:
    """The change requests that the caller may see."""

    __acl__: Acl = [
        (Allow, "role:customer", (P.CHANGE_REQUEST_LIST, P.CHANGE_REQUEST_CREATE)),
        (Allow, "role:builder", P.CHANGE_REQUEST_LIST),
        (Allow, "role:admin", P.CHANGE_REQUEST_LIST),
    ]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class ChangeRequestResource:
    """One change request on a booking of the caller, by the ids that never change."""

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.change_request_id = path_id(request, "change_request_id")
        change_request_id = self.change_request_id
        visible = scopes.visible_change_requests(self.identity).filter(
            lambda c: c.id == change_request_id
        )
        self.booking_id, self.builder_id, self.customer_id = first_or_404(
            select((c.booking.id, c.booking.builder.id, c.booking.customer.id) for c in visible)
        )

    def __acl__(self) -> Acl:
        return [
            (
                Allow,
                f"customer:{self.customer_id}",
                (P.CHANGE_REQUEST_READ, P.CHANGE_REQUEST_DECIDE),
            ),
            (Allow, f"builder:{self.builder_id}", (P.CHANGE_REQUEST_READ, P.CHANGE_REQUEST_ANSWER)),
            (Allow, "role:admin", P.CHANGE_REQUEST_READ),
        ]
