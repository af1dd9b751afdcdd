"""One of everything, made when it is first asked for, and a call of each operation on it.

The calls come from the contract: its paths and its own example bodies. What an example cannot
know (an id, a token that counts) is filled in here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from realty.contract import Operation
from realty.db import Invitation, Notification
from realty.db import Session as Login
from realty.db.session import session
from realty.rules.clock import local_date
from realty.services import links
from tests.client import Api
from tests.contract.document import body_of, examples_of
from tests.deployment import CLOCK
from tests.factories import (
    PASSWORD,
    ZONE,
    Account,
    BookingRow,
    BuilderAccount,
    CustomerAccount,
    ProjectRow,
    UnitRow,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_unit,
)

# What a caller does with a booking needs it in a state that allows it.
BOOKING_STATUS = {
    "confirmBooking": "token_paid",
    "registerBookingAgreement": "confirmed",
    "handOverBooking": "agreement_registered",
}
UNPUBLISHED = {"publishProject", "deleteProject"}
PROJECT_STATUS = {
    "setProjectStatus": "planning",
    "updateProject": "planning",
    "handOverBooking": "completed",
}
PRICE = Decimal("11550000.00")
INVITATION = "the-secret-of-a-mailed-link"


@dataclass
class World:
    """Two builders, two customers, an admin, and what is theirs.

    `operation_id` decides in which state things are made.
    """

    operation_id: str
    made: dict[str, Account] = field(default_factory=dict)

    def account(self, role: str) -> Account:
        """`builder`, `customer`, `admin`, or the `other builder`, the `other customer`."""
        if role not in self.made:
            make: Callable[[], Account] = {
                "builder": make_builder,
                "customer": make_customer,
                "admin": make_admin,
            }[role.removeprefix("other ")]
            self.made[role] = make()
        return self.made[role]

    @property
    def builder(self) -> BuilderAccount:
        account = self.account("builder")
        assert isinstance(account, BuilderAccount)
        return account

    @property
    def customer(self) -> CustomerAccount:
        account = self.account("customer")
        assert isinstance(account, CustomerAccount)
        return account

    @cached_property
    def project(self) -> ProjectRow:
        """A project of the builder, published unless the operation is about one that is not."""
        return make_project(
            self.builder,
            published=self.operation_id not in UNPUBLISHED,
            status=PROJECT_STATUS.get(self.operation_id, "construction"),
        )

    @cached_property
    def unit(self) -> UnitRow:
        """An available unit of the project, dear enough for the loans of the examples."""
        return make_unit(self.project, unit_number="A-1", price=PRICE)

    @cached_property
    def booking(self) -> BookingRow:
        """A booking of the customer in the builder's project; its token is paid, if it must be."""
        status = BOOKING_STATUS.get(self.operation_id, "pending")
        booking = make_booking(
            make_unit(self.project, unit_number="A-2", price=PRICE), self.customer, status=status
        )
        if status == "agreement_registered":
            make_payment(booking, booking.total_amount)
        elif status != "pending":
            make_payment(booking, booking.token_amount, payment_type="token")
        return booking

    def notification_of(self, account: Account) -> int:
        """The id of an unread notification."""
        with session():
            row = Notification(
                user=account.user_id,
                notification_type="system",
                title="Welcome",
                message="Good to have you here.",
                dedupe_key="welcome",
                created_at=CLOCK.now(),
            )
            row.flush()
            return int(row.id)

    def session_of(self, account: Account) -> int:
        """The id of a session that the account's token belongs to."""
        with session():
            return int(Login.select(lambda s: s.user.id == account.user_id).first().id)

    def path(self, op: Operation, caller: Account | None) -> str:
        """The path of an operation on what the caller owns, or the builder and customer share."""
        makers: dict[str, Callable[[], int]] = {
            "builder_id": lambda: self.builder.builder_id,
            "customer_id": lambda: self.booking.customer_id,
            "project_id": lambda: self.project.id,
            "unit_id": lambda: self.unit.id,
            "booking_id": lambda: self.booking.id,
            "notification_id": lambda: self.notification_of(caller or self.customer),
            "session_id": lambda: self.session_of(caller or self.customer),
        }
        path = op.path
        for name, make in makers.items():
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", str(make()))
        return path

    def body(self, op: Operation, role: str, api: Api) -> Any:
        """The contract's example for the role, else its first, as true of this world."""
        media = body_of(op)
        if media is None:
            return None
        examples = examples_of(media)
        body = dict(examples.get(role) or next(iter(examples.values())))
        adapt = ADAPTED.get(op.id)
        return adapt(self, role, api, body) if adapt else body


Adapt = Callable[[World, str, Api, dict[str, Any]], dict[str, Any]]


def _login(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    account = world.account("customer")
    return {"email": account.email, "password": account.password}


def _refresh(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    account = world.account("customer")
    answer = api.as_(None).post(
        "/api/auth/login", {"email": account.email, "password": account.password}
    )
    return {"refresh_token": answer.data["refresh_token"]}


def _change_password(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "current_password": PASSWORD}


def _change_email(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "password": PASSWORD}


def _one_time_token(purpose: str) -> Adapt:
    def adapt(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
        account = world.account("customer")
        hour = timedelta(hours=1)
        with session():
            secret = links.issue(
                account.user_id, purpose, lifetime=hour, now=CLOCK.now(), email=account.email
            )
        return {**body, "token": secret}

    return adapt


def _accept(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    invited = world.account(role if role == "customer" else "other customer")
    with session():
        Invitation(
            builder=world.builder.builder_id,
            email=invited.email,
            token_hash=links.fingerprint(INVITATION),
            expires_at=CLOCK.now() + timedelta(hours=1),
            created_at=CLOCK.now(),
        )
    return {"token": INVITATION}


def _book(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    order = {**body, "unit_id": world.unit.id}
    order.pop("expected_total", None)
    if role == "builder":
        # A builder books for a customer that it knows.
        order["customer_id"] = world.booking.customer_id
    return order


def _cancel(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    path = f"/api/bookings/{world.booking.id}/cancellation-quote"
    quote = api.as_(world.account(role if role == "builder" else "customer")).get(path)
    return {**body, "expected_refund": quote.data["quote"]["refund_amount"]}


def _today(name: str) -> Adapt:
    def adapt(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, name: _day(0)}

    return adapt


def _day(distance: int) -> str:
    return (local_date(CLOCK.now(), ZONE) + timedelta(days=distance)).isoformat()


def _create_unit(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "project_id": world.project.id}


def _reserve(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "reserved_until": f"{_day(3)}T12:00:00Z"}


ADAPTED: dict[str, Adapt] = {
    "login": _login,
    "refreshTokens": _refresh,
    "changePassword": _change_password,
    "changeEmail": _change_email,
    "resetPassword": _one_time_token("reset_password"),
    "verifyEmail": _one_time_token("verify_email"),
    "acceptInvitation": _accept,
    "createBooking": _book,
    "cancelBooking": _cancel,
    "registerBookingAgreement": _today("actual_registration_date"),
    "handOverBooking": _today("handover_date"),
    "createUnit": _create_unit,
    "setUnitStatus": _reserve,
}
