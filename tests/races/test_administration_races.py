"""Settings, accounts and deletions against several processes: at once, and one order of two."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from realty.commands.audit import verify
from realty.db import AuditLog, Booking, Customer, Invitation, SystemSetting, User, utcnow
from realty.db.session import session
from tests.client import Api
from tests.factories import (
    PASSWORD,
    Account,
    make_admin,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.functional.auth.people import log_in
from tests.races.buyers import together
from tests.races.conftest import Launch
from tests.server_processes import Fleet, Reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROUNDS = 5
MANY = 9


def set_(fleet: Fleet, server: int, admin: Account, key: str, value: Any) -> Reply:
    body = {"setting_value": value}
    return fleet.request("PUT", server, f"/api/settings/{key}", body, token=admin.token)


def delete(fleet: Fleet, server: int, account: Account) -> Reply:
    body = {"password": PASSWORD}
    return fleet.request("DELETE", server, "/api/auth/me", body, token=account.token)


def test_a_setting_counts_at_once_in_every_process(fleet: Fleet, database: str) -> None:
    """The process that was not told answers its very next request by the new figure."""
    admin, sale = make_admin(), make_project(make_builder())
    units = [make_unit(sale) for _ in range(4)]
    customer = make_customer()
    for server in range(len(fleet)):
        assert fleet.answers(server)
    order = {"payment_plan": "installments"}
    for writer, most in enumerate((1, 2, 3)):
        assert set_(fleet, writer, admin, "booking.max_pending_per_customer", most).status == 200
        for reader in range(len(fleet)):
            public = fleet.request("GET", reader, "/api/settings/public").data["settings"]
            shown = {each["setting_key"]: each["setting_value"] for each in public}
            assert shown["booking.max_pending_per_customer"] == most
        other = (writer + 1) % len(fleet)
        first = {**order, "unit_id": units[most - 1].id}
        assert fleet.post(other, "/api/bookings", first, token=customer.token).status == 201
        second = {**order, "unit_id": units[most].id}
        refused = fleet.post(other, "/api/bookings", second, token=customer.token)
        assert refused.code == "pending_limit"
    assert set_(fleet, 0, admin, "booking.max_pending_per_customer", None).status == 200
    assert set_(fleet, 1, admin, "pagination.max_offset", 100).status == 200
    deep = "/api/projects?page=3&limit=100"
    for reader in range(len(fleet)):
        assert fleet.request("GET", reader, deep).status == 422
    assert set_(fleet, 2, admin, "pagination.max_offset", None).status == 200
    for reader in range(len(fleet)):
        assert fleet.request("GET", reader, deep).status == 200


def test_administrators_who_set_the_same_at_once(fleet: Fleet, database: str) -> None:
    """The log is a chain from the default to what stands there, whoever was first."""
    admins = [make_admin() for _ in range(3)]
    values: list[int | None] = [*range(10, 10 + MANY - 3), None, None, None]
    calls = [
        partial(set_, fleet, n, admins[n % 3], "refund.days", value)
        for n, value in enumerate(values)
    ]

    replies = together(calls)

    assert [reply.status for reply in replies] == [200] * MANY
    with session():
        row = SystemSetting.get(setting_key="refund.days")
        now = row.setting_value if row else 45
        assert SystemSetting.select().count() == (row is not None)
        before = 45
        for fact in AuditLog.select(lambda f: f.entity == "setting").order_by(AuditLog.id):
            assert fact.details["setting_value_before"] == before
            before = fact.details["setting_value"]
    assert before == now
    assert verify(database, None)


def test_two_administrators_who_deactivate_each_other(fleet: Fleet, database: str) -> None:
    """One of them is left, whatever happens."""
    for turn in range(ROUNDS):
        one, other = make_admin(), make_admin()
        body = {"is_active": False}

        replies = together(
            [
                partial(
                    fleet.request,
                    *("PATCH", turn + n, f"/api/admin/users/{target.user_id}", body),
                    token=actor.token,
                )
                for n, (actor, target) in enumerate(((one, other), (other, one)))
            ]
        )

        statuses = sorted(reply.status or 0 for reply in replies)
        assert statuses in ([200, 401], [200, 409]), [reply.body for reply in replies]
        with session():
            left = User.select(lambda u: u.user_type == "admin" and u.is_active)
            assert left.count() == 1
            left.first().set(user_type="customer")


def test_whoever_signs_in_while_being_deactivated_is_out(fleet: Fleet, api: Api) -> None:
    admin = make_admin()
    for turn in range(ROUNDS):
        customer = make_customer()
        spent = log_in(api, customer.email, PASSWORD).data["refresh_token"]
        login = {"email": customer.email, "password": PASSWORD}

        logged, refreshed, ended = together(
            [
                partial(fleet.request, "POST", turn, "/api/auth/login", login),
                partial(
                    fleet.request, "POST", turn + 1, "/api/auth/refresh", {"refresh_token": spent}
                ),
                partial(
                    fleet.request,
                    *("PATCH", turn + 2, f"/api/admin/users/{customer.user_id}"),
                    {"is_active": False},
                    token=admin.token,
                ),
            ]
        )

        assert ended.status == 200
        for reply in (logged, refreshed):
            assert reply.status in {200, 401}
            if reply.status == 200:
                api.as_(reply.data["access_token"]).get("/api/auth/me", status=401)
                body = {"refresh_token": reply.data["refresh_token"]}
                api.post("/api/auth/refresh", body, status=401)


@pytest.mark.parametrize("by", ["customer", "builder"])
def test_a_deletion_and_a_booking_at_once(
    fleet: Fleet, launch: Any, database: str, by: str
) -> None:
    """Either the account is gone and has no booking, or it has one and stays."""
    sale: Launch = launch(ROUNDS, ROUNDS)
    for turn, (unit, customer) in enumerate(zip(sale.units, sale.customers, strict=True)):
        order = {"unit_id": unit.id, "payment_plan": "installments"}
        token = customer.token
        if by == "builder":
            with session():
                Invitation(
                    builder=sale.builder.builder_id,
                    customer=customer.customer_id,
                    email=customer.email,
                    token_hash=f"{turn:064}",
                    expires_at=utcnow(),
                )
            order["customer_id"] = customer.customer_id
            token = sale.builder.token

        booked, deleted = together(
            [
                partial(fleet.post, turn, "/api/bookings", order, token=token),
                partial(delete, fleet, turn + 1, customer),
            ]
        )

        outcome = (booked.status, deleted.status)
        assert outcome in {(201, 409), (404, 204), (401, 204)}, (booked.body, deleted.body)
        with session():
            gone = User[customer.user_id].deleted_at is not None
            held = Booking.select(customer=customer.customer_id).count()
            assert (gone, held) == ((True, 0) if deleted.status == 204 else (False, 1))
    assert verify(database, None)


def test_a_builder_s_deletion_and_a_booking_at_once(fleet: Fleet, database: str) -> None:
    """A buyer who saw the project in time keeps the builder; one who did not, gets nothing."""
    for turn in range(ROUNDS):
        builder, customer = make_builder(), make_customer()
        project = make_project(builder)
        unit = make_unit(project)
        order = {"unit_id": unit.id, "payment_plan": "installments"}

        def leave(account: Account = builder, place: int = project.id, n: int = turn) -> Reply:
            fleet.post(n, f"/api/projects/{place}/unpublish", {}, token=account.token)
            return delete(fleet, n, account)

        booked, left = together(
            [partial(fleet.post, turn + 1, "/api/bookings", order, token=customer.token), leave]
        )

        assert (booked.status, left.status) in {(201, 409), (404, 204), (409, 204)}, (
            booked.body,
            left.body,
        )
    assert verify(database, None)


def test_a_deletion_and_a_change_of_the_profile_at_once(fleet: Fleet, database: str) -> None:
    """Whatever was being written about the person is not there afterwards."""
    for turn in range(ROUNDS):
        customer = make_customer()
        changes = {"first_name": "Ashalata", "address": "12 Residency Road"}
        me = {"full_name": "Ashalata Raorane", "phone": "+919845012345"}

        *written, deleted = together(
            [
                partial(
                    fleet.request,
                    *("PATCH", turn, "/api/customers/me", changes),
                    token=customer.token,
                ),
                partial(
                    fleet.request, *("PATCH", turn + 1, "/api/auth/me", me), token=customer.token
                ),
                partial(delete, fleet, turn + 2, customer),
            ]
        )

        assert deleted.status == 204
        assert {reply.status for reply in written} <= {200, 401}
        with session():
            row, user = Customer[customer.customer_id], User[customer.user_id]
            assert (row.first_name, row.address) == ("Deleted", None)
            assert (user.full_name, user.phone) == ("Deleted customer", None)


def test_two_deletions_of_one_account(fleet: Fleet, database: str) -> None:
    customer = make_customer()
    replies = together([partial(delete, fleet, n, customer) for n in range(4)])
    assert sorted(reply.status or 0 for reply in replies) == [204, 401, 401, 401]
    with session():
        assert AuditLog.select(lambda f: f.action == "user.deleted").count() == 1


def test_two_administrators_who_delete_themselves(fleet: Fleet, database: str) -> None:
    for turn in range(ROUNDS):
        admins = [make_admin(), make_admin()]
        replies = together([partial(delete, fleet, turn + n, a) for n, a in enumerate(admins)])
        assert sorted(reply.status or 0 for reply in replies) == [204, 409]
        with session():
            left = User.select(lambda u: u.user_type == "admin" and u.is_active)
            assert left.count() == 1
            left.first().set(user_type="customer")
