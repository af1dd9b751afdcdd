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
from realty.db import Appointment, Installment, Invitation, Notification
from realty.db import Session as Login
from realty.db.session import session
from realty.rules.clock import local_date
from realty.rules.file_links import LinkSigner, expiry
from realty.services import links
from tests.client import Api
from tests.contract.document import body_of, examples_of
from tests.deployment import CLOCK, SETTINGS
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
    make_appointment,
    make_booking,
    make_builder,
    make_change_request,
    make_charge,
    make_conversation,
    make_customer,
    make_file,
    make_message,
    make_model,
    make_payment,
    make_phase,
    make_project,
    make_review,
    make_unit,
    make_update,
    slot_at,
)
from tests.uploads import ONE_UNIT, PDF, picture, sheet_upload, upload

# What a caller does with a booking needs it in a state that allows it.
BOOKING_STATUS = {
    "confirmBooking": "token_paid",
    "registerBookingAgreement": "confirmed",
    "handOverBooking": "agreement_registered",
    "getBookingDocument": "token_paid",
    "reversePayment": "token_paid",
    # What was received on it is to be given back.
    "refundPayment": "rejected",
    "demandInstallments": "agreement_registered",
    "raiseCharge": "confirmed",
    "voidCharge": "confirmed",
    "reviewBooking": "agreement_registered",
}
# The same for change requests; other operations ask for one.
CHANGE_REQUEST_STATUS = {
    "startChangeRequest": "approved",
    "voidChangeRequest": "approved",
    "completeChangeRequest": "in_progress",
    "acceptChangeRequest": "quoted",
    "declineChangeRequest": "quoted",
}
UNPUBLISHED = {"publishProject", "deleteProject"}
DRAFTS = {"editUpdate", "deleteUpdate"}
"""They are about an update that nobody has read; others ask for a published one."""
PROJECT_STATUS = {
    "setProjectStatus": "planning",
    "updateProject": "planning",
    "handOverBooking": "completed",
}
PRICE = Decimal("11550000.00")
LINKS = LinkSigner([key.secret for key in SETTINGS.token_keys])
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
        project = make_project(
            self.builder,
            published=self.operation_id not in UNPUBLISHED,
            status=PROJECT_STATUS.get(self.operation_id, "construction"),
        )
        if self.operation_id == "getProgressReport":
            make_phase(project)
        return project

    @cached_property
    def unit(self) -> UnitRow:
        """An available unit of the project, dear enough for the loans of the examples."""
        return make_unit(self.project, unit_number="A-1", price=PRICE)

    @cached_property
    def booking(self) -> BookingRow:
        """A booking of the customer in the builder's project; its token is paid, if it must be."""
        priced = "confirmed" if self.operation_id.endswith("ChangeRequest") else "pending"
        status = BOOKING_STATUS.get(self.operation_id, priced)
        booking = make_booking(
            make_unit(self.project, unit_number="A-2", price=PRICE), self.customer, status=status
        )
        if self.operation_id == "handOverBooking":
            make_payment(booking, booking.total_amount)
        elif status != "pending":
            make_payment(booking, booking.token_amount, payment_type="token")
        return booking

    @cached_property
    def phase(self) -> int:
        """The id of a phase of the project, on which work goes on."""
        return make_phase(self.project, progress_percentage=Decimal(30), status="in_progress")

    @cached_property
    def file(self) -> int:
        """The id of a picture of the project, kept for as long as the project is."""
        attached = {"attached_to_type": "project", "attached_to_id": self.project.id}
        return make_file(
            self.builder, "project_image", picture(), content_type="image/png", **attached
        )

    @cached_property
    def change_request(self) -> int:
        """The id of a change request on the booking."""
        status = CHANGE_REQUEST_STATUS.get(self.operation_id, "submitted")
        return make_change_request(self.booking, status)

    @cached_property
    def appointment(self) -> int:
        """The id of a visit of the customer, which waits for the side that is to confirm it."""
        status = "confirmed" if self.operation_id == "getAppointment" else "scheduled"
        return make_appointment(self.project, self.customer, status=status)

    @cached_property
    def calendar_secret(self) -> str:
        """The secret of the customer's calendar feed."""
        with session():
            return links.issue(self.customer.user_id, "calendar", lifetime=None, now=CLOCK.now())

    @cached_property
    def conversation(self) -> int:
        """The id of a conversation of the customer with the builder about the project."""
        conversation_id = make_conversation(self.customer, self.builder, self.project)
        make_message(conversation_id)
        return conversation_id

    @cached_property
    def update(self) -> int:
        """The id of an update of the project, for everybody."""
        return make_update(self.project, "draft" if self.operation_id in DRAFTS else "published")

    @cached_property
    def model(self) -> int:
        """The id of a 3D model of the project, for everybody."""
        return make_model(self.project, self.builder)

    @cached_property
    def review(self) -> int:
        """The id of what the customer thinks of the builder."""
        return make_review(self.booking)

    @cached_property
    def payment(self) -> int:
        """The id of a receipt on the booking, or of the customer's report of one."""
        status = "reported" if self.operation_id == "movePayment" else "completed"
        return make_payment(self.booking, "500000.00", payment_type="token", status=status)

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
        makers: dict[str, Callable[[], int | str]] = {
            "builder_id": lambda: self.builder.builder_id,
            "customer_id": lambda: self.booking.customer_id,
            "project_id": lambda: self.project.id,
            "unit_id": lambda: self.unit.id,
            "booking_id": lambda: self.booking.id,
            "kind": lambda: "allotment-letter",
            "change_request_id": lambda: self.change_request,
            "appointment_id": lambda: self.appointment,
            "token": lambda: self.calendar_secret,
            "conversation_id": lambda: self.conversation,
            "payment_id": lambda: self.payment,
            "phase_id": lambda: self.phase,
            "update_id": lambda: self.update,
            "model_id": lambda: self.model,
            "review_id": lambda: self.review,
            "installment_id": lambda: make_charge(self.booking),
            "file_id": lambda: self.file,
            "notification_id": lambda: self.notification_of(caller or self.customer),
            "session_id": lambda: self.session_of(caller or self.customer),
            "setting_key": lambda: "booking.hold_hours",
            "user_id": lambda: self.account("other customer").user_id,
        }
        path = op.path
        for name, make in makers.items():
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", str(make()))
        if op.id == "listAppointmentSlots":
            path = f"{path}?project_id={self.project.id}"
        if op.id == "downloadFile":
            path = LINKS.url(self.file, reader_id=None, expires=expiry(CLOCK.now(), 10))
        return path

    def body(self, op: Operation, role: str, api: Api) -> Any:
        """The contract's example for the role, else its first, as true of this world."""
        if op.id == "uploadFile":
            return upload("payment_proof", PDF)
        if op.id == "importUnits":
            return sheet_upload(ONE_UNIT, dry_run=False)
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


def _delete_account(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    world.account("other admin")  # the last one stays
    return {"password": PASSWORD}


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


def _pay(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    unknown = ("installment_id", "proof_file_id")
    known = {name: value for name, value in body.items() if name not in unknown}
    return {**known, "booking_id": world.booking.id, "payment_date": _day(0)}


def _demand(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    with session():
        row = Installment.get(booking=world.booking.id, label="Agreement")
        return {"installment_ids": [row.id]}


def _create_unit(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "project_id": world.project.id}


def _add_model(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    kind = {"content_type": "model/gltf-binary"}
    return {**body, "file_id": make_file(world.builder, "model", **kind)}


def _reserve(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "reserved_until": f"{_day(3)}T12:00:00Z"}


def _ask_for_a_change(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "booking_id": world.booking.id}


def _visit(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    visit = {**body, "project_id": world.project.id, "appointment_date": _slot(world, 3)}
    if role == "builder":
        # A builder invites a customer that it knows.
        return {**visit, "customer_id": world.booking.customer_id}
    return {**visit, "unit_id": world.unit.id}


def _answer_visit(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    # The contract's example for a builder is about a visit that has begun; both may confirm.
    with session():
        Appointment[world.appointment].awaiting = "customer" if role == "customer" else "builder"
    return {"action": "confirm"}


def _move_visit(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "appointment_date": _slot(world, 4)}


def _slot(world: World, days: int) -> str:
    return f"{slot_at(world.project, days).isoformat()}Z"


def _write(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    if role == "builder":
        # A builder writes to a customer that it knows.
        named = {"customer_id": world.booking.customer_id, "booking_id": world.booking.id}
    else:
        named = {"builder_id": world.builder.builder_id, "project_id": world.project.id}
    return {**body, **named}


def _quote(world: World, role: str, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "quote_valid_until": f"{_day(30)}T12:00:00Z"}


ADAPTED: dict[str, Adapt] = {
    "login": _login,
    "refreshTokens": _refresh,
    "changePassword": _change_password,
    "deleteMyAccount": _delete_account,
    "changeEmail": _change_email,
    "resetPassword": _one_time_token("reset_password"),
    "verifyEmail": _one_time_token("verify_email"),
    "acceptInvitation": _accept,
    "createBooking": _book,
    "cancelBooking": _cancel,
    "registerBookingAgreement": _today("actual_registration_date"),
    "handOverBooking": _today("handover_date"),
    "createChangeRequest": _ask_for_a_change,
    "quoteChangeRequest": _quote,
    "createAppointment": _visit,
    "setAppointmentStatus": _answer_visit,
    "rescheduleAppointment": _move_visit,
    "sendMessage": _write,
    "recordPayment": _pay,
    "refundPayment": _today("payment_date"),
    "demandInstallments": _demand,
    "createModel": _add_model,
    "createUnit": _create_unit,
    "setUnitStatus": _reserve,
}
