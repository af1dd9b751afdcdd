"""What is audited, on whose chain, and what never stands in the log. What follows the bookings
(payments, demands, changes) is tested where it is done."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from realty.commands.audit import verify
from realty.db import AuditLog, Customer, OneTimeToken, Session, User
from realty.db.session import session
from realty.passwords import PasswordHasher
from realty.rules.clock import local_date
from realty.services import admins
from tests.client import Api
from tests.deployment import CLOCK, SETTINGS, Clock, deploy
from tests.factories import (
    PASSWORD,
    ZONE,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.auth.people import builder_body, customer_body, log_in, refresh
from tests.functional.bookings.common import act, book, cancellation, make_sale
from tests.functional.bookings.common import register as agreement
from tests.mailbox import mailed_token

NEW_PASSWORD = "Narmada-Tapti-88"


class Noted(NamedTuple):
    """A fact without its place in the chain."""

    action: str
    entity: str
    entity_id: int | None
    builder_id: int | None
    actor_id: int | None
    details: dict[str, Any]


def noted() -> list[Noted]:
    """Every fact in the order in which it was written."""
    with session():
        return [
            Noted(
                *(row.action, row.entity, row.entity_id),
                row.builder and row.builder.id,
                row.actor and row.actor.id,
                dict(row.details or {}),
            )
            for row in AuditLog.select().order_by(AuditLog.id)
        ]


def actions() -> list[str]:
    """The actions, in their order."""
    return [fact.action for fact in noted()]


@pytest.mark.parametrize("body", [customer_body(), builder_body()], ids=["customer", "builder"])
def test_a_registration_grants_a_role_and_opens_a_session(api: Api, body: dict[str, Any]) -> None:
    user_id = api.post("/api/auth/register", body, status=201).data["user"]["id"]
    registered, opened = noted()
    details = {"user_type": body["user_type"]}
    assert registered == ("user.registered", "user", user_id, None, user_id, details)
    assert (opened.action, opened.actor_id) == ("session.opened", user_id)


def test_an_administrator_is_made_by_the_system(database: str) -> None:
    hasher = PasswordHasher(cost=4, concurrency=1)
    with session():
        user = admins.create(
            email="a@example.in",
            full_name="Asha",
            password=PASSWORD,
            hasher=hasher,
            now=CLOCK.now(),
        )
        user_id = user.id
    (fact,) = noted()
    assert fact == ("user.registered", "user", user_id, None, None, {"user_type": "admin"})


def test_logging_in_and_out(api: Api) -> None:
    account = make_customer()
    log_in(api, account.email, "wrong", 401)
    assert noted() == []
    tokens = log_in(api, account.email, account.password).data
    api.as_(tokens["access_token"]).post("/api/auth/logout")
    opened, ended = noted()
    with session():
        session_id = max(row.id for row in Session.select())
    whose = ("session", session_id, None, account.user_id, {})
    assert (opened, ended) == (("session.opened", *whose), ("session.ended", *whose))


def test_a_spent_refresh_token_is_noted_although_it_is_refused(api: Api, clock: Clock) -> None:
    first = log_in(api, make_customer().email, PASSWORD).data["refresh_token"]
    refresh(api, first)
    clock.advance(seconds=SETTINGS.refresh_grace_seconds + 1)
    refresh(api, first, 401)
    refresh(api, first, 401)
    assert actions() == ["session.opened", "session.revoked"]
    assert noted()[1].actor_id is None


def test_the_oldest_session_ends_when_there_are_too_many(app: Any, database: str) -> None:
    account = make_customer()
    few = Api(deploy(database, sessions_per_user="1"))
    log_in(few, account.email, account.password)
    assert sorted(actions()) == ["session.ended", "session.opened"]


def test_a_changed_and_a_reset_password(api: Api) -> None:
    account = make_customer()
    body = {"current_password": account.password, "new_password": NEW_PASSWORD}
    api.as_(account).post("/api/auth/change-password", body)
    api.post("/api/auth/forgot-password", {"email": account.email}, status=202)
    reset = {"token": mailed_token(account.email), "new_password": PASSWORD}
    api.post("/api/auth/reset-password", reset)
    whose = ("user", account.user_id, None, account.user_id, {})
    assert [fact for fact in noted() if fact.entity == "user"] == [
        ("user.password_changed", *whose),
        ("user.password_reset", *whose),
    ]


def test_a_changed_address_is_noted_without_the_address(api: Api) -> None:
    account = make_customer(is_verified=False)
    body = {"new_email": "new@example.in", "password": account.password}
    api.as_(account).post("/api/auth/change-email", body, status=202)
    assert noted() == []
    api.post("/api/auth/verify-email", {"token": mailed_token("new@example.in")})
    whose = ("user", account.user_id, None, account.user_id, {})
    assert noted() == [("user.email_changed", *whose), ("user.verified", *whose)]


def test_an_invitation_makes_an_account_and_its_acceptance_gives_access(api: Api) -> None:
    builder = make_builder()
    body = {"email": "ravi@example.in", "first_name": "Ravi", "last_name": "Iyer"}
    api.as_(builder).post("/api/customers/invitations", body, status=201)
    token = mailed_token("ravi@example.in")
    api.post("/api/invitations/accept", {"token": token, "password": NEW_PASSWORD})
    with session():
        user = User.get(email="ravi@example.in")
        user_id, customer_id = user.id, Customer.get(user=user).id
    registered, accepted = noted()[:2]
    details = {"user_type": "customer", "invited": True}
    assert registered == ("user.registered", "user", user_id, None, builder.user_id, details)
    assert (accepted.action, accepted.actor_id) == ("invitation.accepted", user_id)
    assert accepted.details == {
        "by_builder_id": builder.builder_id,
        "customer_id": customer_id,
        "password_set": True,
    }


def test_a_verification_is_noted_once(api: Api) -> None:
    builder, admin = make_builder(), make_admin()
    path = f"/api/builders/{builder.builder_id}/verification"
    for verified in (True, True, False):
        api.as_(admin).patch(path, {"verified": verified})
    whose = ("builder", builder.builder_id, None, admin.user_id, {})
    assert noted() == [("builder.verified", *whose), ("builder.unverified", *whose)]


def test_prices_of_units(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    flat = make_unit(project)
    path = f"/api/units/{flat.id}"
    api.as_(builder).patch(path, {"bedrooms": 3})
    api.as_(builder).patch(path, {"price": "6000000.00"})
    assert noted() == []
    charge = {"code": "view", "label": "Lake view", "amount": "1000.00"}
    changes = {"price": "6100000.00", "preferential_charges": [charge]}
    api.as_(builder).patch(path, changes)
    new = {
        "project_id": project.id,
        "unit_number": "B-1",
        "unit_type": "2bhk",
        "floor_number": 1,
        "area_sqft": "1000.00",
        "carpet_area_sqft": "800.00",
        "price": "5000000.00",
    }
    made = api.as_(builder).post("/api/units", new, status=201).data["unit"]["id"]
    repriced, created = noted()
    whose = (builder.builder_id, builder.user_id)
    assert repriced == (
        *("unit.repriced", "unit", flat.id, *whose),
        {
            "price": "6100000.00",
            "price_before": "6000000.00",
            "preferential_charges": '[{"amount":"1000.00","code":"view","label":"Lake view"}]',
            "preferential_charges_before": "[]",
        },
    )
    details = {"project_id": project.id, "price": "5000000.00"}
    assert created == ("unit.created", "unit", made, *whose, details)


def test_what_costs_depend_on_in_a_project(api: Api) -> None:
    builder = make_builder()
    project = make_project(builder)
    path = f"/api/projects/{project.id}"
    api.as_(builder).patch(path, {"description": "Three towers."})
    assert noted() == []
    api.as_(builder).patch(path, {"project_type": "commercial", "description": "Offices."})
    details = {"project_type": "commercial", "project_type_before": "residential"}
    whose = ("project", project.id, builder.builder_id, builder.user_id)
    assert noted() == [("project.repriced", *whose, details)]


def test_a_booking_from_its_beginning_to_its_end(api: Api) -> None:
    sale = make_sale()
    booking = book(api, sale, special_requests="Door to 12 Residency Road")
    path = f"/api/bookings/{booking['id']}"
    api.as_(sale.builder).patch(path, {"discount_amount": "1000.00", "discount_reason": "Diwali"})
    api.as_(sale.customer).patch(path, {"special_requests": "ABCDE1234F is my PAN"})
    act(api, sale.customer, booking["id"], "cancel", cancellation())
    created, repriced, wished, cancelled = noted()
    whose = ("booking", booking["id"], sale.builder.builder_id)
    assert created == (
        *("booking.created", *whose, sale.customer.user_id),
        {
            "customer_id": sale.customer.customer_id,
            "unit_id": sale.unit.id,
            "total_amount": "6331500.00",
            "token_amount": "633150.00",
            "discount_amount": "0.00",
        },
    )
    assert repriced[:5] == ("booking.changed", *whose, sale.builder.user_id)
    assert repriced.details["discount_amount"] == "1000.00"
    assert repriced.details["total_amount_before"] == "6331500.00"
    assert repriced.details["discount_reason"] == "changed"
    assert wished.details == {"special_requests": "changed"}
    assert cancelled[:5] == ("booking.cancelled", *whose, sale.customer.user_id)
    assert cancelled.details == {
        "status_before": "pending",
        "paid_amount": "0.00",
        "deduction_amount": "0.00",
        "refund_amount": "0.00",
        "compensation_amount": "0.00",
    }


def test_the_builder_s_moves(api: Api) -> None:
    sale = make_sale()
    booking = sale.booked("token_paid")
    today = local_date(CLOCK.now(), ZONE).isoformat()
    act(api, sale.builder, booking, "confirm")
    act(api, sale.builder, booking, "register-agreement", agreement(today))
    assert [(fact.action, fact.details) for fact in noted() if fact.entity == "booking"] == [
        ("booking.confirmed", {"status_before": "token_paid"}),
        (
            "booking.agreement_registered",
            {
                "status_before": "confirmed",
                "agreement_number": "BLR-2026-118734",
                "registered_on": today,
            },
        ),
    ]


def test_a_refused_request_leaves_no_fact(api: Api) -> None:
    sale = make_sale()
    booking = make_booking(sale.unit, sale.customer)
    act(api, sale.builder, booking, "confirm", status=409)
    act(api, sale.customer, booking, "cancel", cancellation("5.00"), status=409)
    assert noted() == []


def test_a_repeated_request_is_noted_once(api: Api) -> None:
    sale = make_sale()
    key = {"Idempotency-Key": "the-same-key-0001"}
    body = {"unit_id": sale.unit.id, "payment_plan": "construction_linked"}
    for _ in range(2):
        api.as_(sale.customer).post("/api/bookings", body, headers=key, status=201)
    assert actions() == ["booking.created"]


def test_no_secret_and_no_address_is_in_the_log(api: Api, database: str) -> None:
    data = api.post("/api/auth/register", customer_body(), status=201).data
    api.post("/api/auth/verify-email", {"token": mailed_token("asha.rao@example.com")})
    api.as_(data["access_token"]).post("/api/auth/logout")
    with session():
        told = " ".join(str(row.to_dict()) for row in AuditLog.select())
        secrets = [row.token_hash for row in OneTimeToken.select()]
        secrets += [value for row in Session.select() for value in (row.family, row.token_hash)]
        secrets += [row.password_hash for row in User.select()]
    assert "session.ended" in told
    assert not [secret for secret in [*secrets, "asha.rao", "Rao", "98450"] if secret in told]
    assert verify(database, None)
