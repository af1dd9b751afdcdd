"""getMyCounts: every badge in one call, and in one statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from realty.db import Conversation, Invitation, Message, utcnow
from realty.db.session import session
from tests.client import Api
from tests.factories import (
    Account,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_project,
    make_units,
)
from tests.functional.queries import queries

PATH = "/api/auth/me/counts"
NOTHING = {
    "bookings_to_confirm": 0,
    "payments_to_accept": 0,
    "bookings_to_pay": 0,
    "change_requests_to_answer": 0,
    "change_requests_to_accept": 0,
    "invitations_to_accept": 0,
    "builders_to_verify": 0,
    "appointments_to_confirm": 0,
}


def counts(api: Api, account: Account) -> dict[str, Any]:
    """What the badges of an account show."""
    shown: dict[str, Any] = api.as_(account).get(PATH).data["counts"]
    return shown


def test_get_my_counts_needs_a_login(api: Api) -> None:
    api.get(PATH, status=401)


def test_get_my_counts_of_somebody_new_are_zero(api: Api) -> None:
    for account in (make_customer(), make_builder(verified=True)):
        expected = {"unread_messages": 0, "unread_notifications": 0, "waiting": NOTHING}
        assert counts(api, account) == expected


def test_get_my_counts_of_bookings_go_to_the_side_that_must_act(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder)
    statuses = ["pending", "pending", "token_paid", "confirmed", "expired", "handed_over"]
    for unit, status in zip(make_units(project, len(statuses)), statuses, strict=True):
        make_booking(unit, customer, status=status)
    assert counts(api, customer)["waiting"] == {**NOTHING, "bookings_to_pay": 2}
    assert counts(api, builder)["waiting"] == {**NOTHING, "bookings_to_confirm": 1}
    assert counts(api, make_builder())["waiting"] == NOTHING
    assert counts(api, make_customer())["waiting"] == NOTHING


def test_get_my_counts_of_invitations_are_those_still_open(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    now = utcnow()

    def invite(number: int, **over: Any) -> None:
        Invitation(
            **{
                "builder": builder.builder_id,
                "email": customer.email,
                "token_hash": f"{number:064d}",
                "expires_at": now + timedelta(days=1),
                **over,
            }
        )

    with session():
        invite(1)
        invite(2, expires_at=now - timedelta(seconds=1))
        invite(3, customer=customer.customer_id, accepted_at=now)
        invite(4, email="somebody.else@example.in")
    assert counts(api, customer)["waiting"] == {**NOTHING, "invitations_to_accept": 1}
    assert counts(api, builder)["waiting"] == NOTHING


def test_get_my_counts_of_an_admin_are_active_builders_without_verification(api: Api) -> None:
    make_builder(verified=True)
    make_builder(is_active=False)
    waiting = make_builder()
    assert counts(api, make_admin())["waiting"] == {**NOTHING, "builders_to_verify": 1}
    assert counts(api, waiting)["waiting"] == NOTHING


def test_get_my_counts_of_messages_are_what_others_wrote_and_nobody_read(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    with session():
        thread = Conversation(customer=customer.customer_id, builder=builder.builder_id)
        for is_read in (False, False, True):
            Message(
                conversation=thread,
                sender=builder.user_id,
                recipient=customer.user_id,
                message_content="Namaskara",
                is_read=is_read,
            )
    assert counts(api, customer)["unread_messages"] == 2
    assert counts(api, builder)["unread_messages"] == 0


def test_get_my_counts_is_one_statement(api: Api) -> None:
    customer = make_customer()
    with queries() as sent:
        counts(api, customer)
    assert len([sql for sql in sent if "unread_messages" in sql]) == 1
    assert len(sent) == 2  # the other one asks who calls
