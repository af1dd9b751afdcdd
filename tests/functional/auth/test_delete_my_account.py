"""delete_my_account: what refuses it, what is gone afterwards, and what stays without a name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from realty.adapters.mail import FolderMail
from realty.commands.audit import verify
from realty.commands.tick import tick
from realty.db import (
    Builder,
    Customer,
    File,
    Invitation,
    Notification,
    OneTimeToken,
    OutgoingMail,
    SavedProject,
    Session,
    User,
)
from realty.db.session import session
from realty.rules.clock import local_date
from tests.client import Api
from tests.database import content
from tests.deployment import CLOCK, SETTINGS, STORAGE, Clock
from tests.factories import (
    PASSWORD,
    ZONE,
    Account,
    make_admin,
    make_appointment,
    make_booking,
    make_builder,
    make_customer,
    make_payment,
    make_project,
    make_review,
    make_unit,
)
from tests.functional.auth.people import builder_body, customer_body, log_in
from tests.functional.bookings.common import act, book, cancellation, make_sale
from tests.functional.test_audited import noted
from tests.mailbox import letters, token_in
from tests.uploads import PDF, picture, upload

PATH = "/api/auth/me"


def delete(api: Api, account: Account, status: int = 204, password: str = PASSWORD) -> Any:
    """Ask for the deletion of an account."""
    return api.as_(account).request("DELETE", PATH, body={"password": password}, status=status)


def reasons(api: Api, account: Account) -> dict[str, str]:
    """Why an account cannot be deleted."""
    refused = delete(api, account, 409)
    assert refused.code == "account_in_use"
    return {each["field"]: each["value"] for each in refused.error["details"]}


@pytest.mark.parametrize("make", [make_customer, make_builder, make_admin])
def test_an_account_is_gone_at_once(api: Api, make: Any) -> None:
    account, _other = make(), make_admin()
    token = log_in(api, account.email, PASSWORD).data["access_token"]

    delete(api, account)

    for each in (account.token, token):
        assert api.as_(each).get(PATH, status=401).code == "invalid_token"
    assert log_in(api, account.email, PASSWORD, 401).code == "invalid_credentials"
    facts = [fact for fact in noted() if fact.entity == "user"]
    assert facts == [("user.deleted", "user", account.user_id, None, account.user_id, {})]


def test_the_password_is_asked_and_wrong_ones_count(api: Api) -> None:
    customer = make_customer()
    for _ in range(4):
        assert delete(api, customer, 401, "wrong").code == "invalid_credentials"
    with session():
        assert User[customer.user_id].failed_login_count == 4
    delete(api, customer, 401, "wrong")
    delete(api, customer, 401)
    for body in ({}, {"password": ""}, {"password": PASSWORD, "user_id": 1}):
        api.as_(customer).request("DELETE", PATH, body=body, status=422)
    assert api.as_(customer).get(PATH).data["user"]["email"] == customer.email


def test_a_booking_in_force_refuses_for_both_sides(api: Api) -> None:
    sale = make_sale()
    booking = book(api, sale)
    assert reasons(api, sale.customer) == {"bookings": "1"}
    assert reasons(api, sale.builder) == {"bookings": "1", "projects": "1"}
    act(api, sale.customer, booking["id"], "cancel", cancellation())
    api.as_(sale.builder).post(f"/api/projects/{sale.project.id}/unpublish")
    delete(api, sale.customer)
    delete(api, sale.builder)


@pytest.mark.parametrize("status", ["completed", "pending"])
def test_money_to_be_given_back_refuses_for_both_sides(api: Api, status: str) -> None:
    """Also while a cheque still clears: it will be owed."""
    sale = make_sale()
    booking = make_booking(sale.unit, sale.customer, status="rejected")
    api.as_(sale.builder).post(f"/api/projects/{sale.project.id}/unpublish")
    payment = make_payment(booking, "500.00", payment_method="cheque", status=status)
    assert reasons(api, sale.customer) == {"refunds": "1"}
    assert reasons(api, sale.builder) == {"refunds": "1"}
    if status == "pending":
        path = f"/api/payments/{payment}/status"
        api.as_(sale.builder).patch(path, {"action": "bounce", "reason": "Returned"})
        delete(api, sale.builder)
    delete(api, sale.customer, 409 if status == "completed" else 204)


def test_a_builder_answers_reports_before_leaving(api: Api) -> None:
    """A customer may give up what he said he paid; a builder may not leave the question open."""
    sale = make_sale()
    booking = make_booking(sale.unit, sale.customer, status="expired")
    api.as_(sale.builder).post(f"/api/projects/{sale.project.id}/unpublish")
    payment = make_payment(booking, "500.00", status="reported")
    assert reasons(api, sale.builder) == {"refunds": "1"}
    delete(api, sale.customer)
    refusal = {"action": "decline", "reason": "Nothing came."}
    api.as_(sale.builder).patch(f"/api/payments/{payment}/status", refusal)
    delete(api, sale.builder)


def test_the_last_administrator_stays(api: Api) -> None:
    admin = make_admin()
    make_admin(is_active=False)
    assert reasons(api, admin) == {"users": "1"}
    make_admin()
    delete(api, admin)


def test_a_customer_leaves_no_name_behind(api: Api, database: str) -> None:
    """Whoever saw the customer before sees nobody, and every answer keeps to the contract."""
    sale, admin = make_sale(), make_admin()
    customer = make_customer(
        email="asha.rao@example.in",
        first_name="Ashalata",
        last_name="Raorane",
        full_name="Ashalata Raorane",
        phone="+919845099999",
        address="12 Residency Road",
        occupation="Architect",
        pan="ABCDE1234F",
    )
    mine = api.as_(customer)
    order = {"unit_id": sale.unit.id, "payment_plan": "installments", "special_requests": "Ramp"}
    booking = mine.post("/api/bookings", order, status=201).data["booking"]
    report = {
        "booking_id": booking["id"],
        "payment_type": "token",
        "amount": "100.00",
        "payment_method": "upi",
        "transaction_id": "UPI-1",
        "payment_date": booking["booking_date"],
        "proof_file_id": _upload(api, customer, "payment_proof", PDF),
    }
    payment = mine.post("/api/payments", report, status=201).data["payment"]
    mine.put(f"/api/projects/{sale.project.id}/saved", status=204)
    mine.patch(PATH, {"avatar_file_id": _upload(api, customer, "avatar", picture())})
    _upload(api, customer, "message", PDF)
    act(api, customer, booking["id"], "cancel", cancellation())

    delete(api, customer)

    with session():
        told = str([row.to_dict() for entity in (User, Customer) for row in entity.select()])
    for words in ("Ashalata", "Raorane", "asha.rao", "99999", "ABCDE1234F", "Residency Road, "):
        assert words not in told.replace("12 Residency Road, Bengaluru", "")
    seen = api.as_(sale.builder).get(f"/api/bookings/{booking['id']}").data["booking"]
    card = seen["customer"]
    assert (card["first_name"], card["last_name"], card["phone"]) == ("Deleted", "customer", None)
    assert card["email"] == f"deleted-{customer.user_id}@deleted.invalid"
    assert seen["special_requests"] is None
    for who, paths in {
        sale.builder: [
            "/api/bookings",
            "/api/payments",
            f"/api/payments/{payment['id']}",
            f"/api/bookings/{booking['id']}/ledger",
            f"/api/bookings/{booking['id']}/timeline",
            f"/api/bookings/{booking['id']}/schedule",
            f"/api/customers/{customer.customer_id}",
            "/api/customers",
            "/api/notifications",
            "/api/auth/me/counts",
            "/api/audit",
        ],
        admin: ["/api/admin/users", "/api/customers", "/api/bookings", "/api/audit"],
    }.items():
        for path in paths:
            body = api.as_(who).get(path).body.decode()
            assert not [w for w in ("Ashalata", "asha.rao", "99999", "Ramp") if w in body], path
    timeline = f"/api/bookings/{booking['id']}/timeline"
    entries = api.as_(sale.builder).get(timeline).data["timeline"]
    assert "Deleted customer" in {entry["actor"] and entry["actor"]["name"] for entry in entries}
    with session():
        for entity in (Notification, Session, OneTimeToken):
            assert entity.select(lambda r: r.user.id == customer.user_id).count() == 0
        assert SavedProject.select().count() == Invitation.select().count() == 0
        mailed = OutgoingMail.select(lambda m: m.to_address == "asha.rao@example.in")
        assert mailed.count() == 0
        kept = {row.purpose: (row.removed_at, row.filename) for row in File.select()}
    assert kept["payment_proof"] == (None, "payment_proof")
    assert kept["avatar"][0] is not None
    assert kept["message"][0] is not None
    assert verify(database, None)


def _upload(api: Api, who: Account, purpose: str, content: bytes) -> int:
    sent = api.as_(who).post("/api/files", upload(purpose, content), status=201)
    file_id: int = sent.data["file"]["file_id"]
    return file_id


def test_a_deleted_builder_is_no_more_public_and_its_bookings_stay(api: Api, database: str) -> None:
    sale, admin = make_sale(), make_admin()
    booking = make_booking(sale.unit, sale.customer, status="rejected")
    unpublished = f"/api/projects/{sale.project.id}"
    api.as_(sale.builder).post(f"{unpublished}/unpublish")
    profile = {"logo_file_id": _upload(api, sale.builder, "logo", picture())}
    api.as_(sale.builder).patch("/api/builders/me", profile)
    licence = api.as_(sale.builder).get(PATH).data["profile"]["license_number"]

    delete(api, sale.builder)

    page = f"/api/builders/{sale.builder.builder_id}"
    assert api.get(page, status=404).code == "not_found"
    assert api.get("/api/builders").data["builders"] == []
    api.get(unpublished, status=404)
    api.as_(sale.customer).get(unpublished, status=404)
    mine = api.as_(sale.customer)
    card = mine.get(f"/api/bookings/{booking.id}").data["booking"]["builder"]
    assert (card["company_name"], card["verified"], card["logo_file"]) == (
        *("Deleted builder", False),
        None,
    )
    for path in ("/api/bookings", f"/api/bookings/{booking.id}/ledger", "/api/payments"):
        mine.get(path)
    shown = api.as_(admin).get("/api/admin/users", {"user_type": "builder"}).data["users"]
    assert (shown[0]["full_name"], shown[0]["is_active"]) == ("Deleted builder", False)
    assert shown[0]["deleted_at"] is not None
    body = builder_body(email=sale.builder.email)
    body["builder_data"]["license_number"] = licence
    again = api.post("/api/auth/register", body, status=201).data["user"]
    assert again["id"] != sale.builder.user_id
    with session():
        assert Builder[sale.builder.builder_id].license_number != licence
    assert verify(database, None)


def test_a_builder_leaves_its_name_in_no_mail(api: Api, database: str) -> None:
    """What invites to it and was not sent yet is not sent; what was sent names it no more."""
    builder, other = make_builder(company_name="Prakriti Homes"), make_builder()
    invitation = {"first_name": "Asha", "last_name": "Rao"}
    for sender, address in (
        (builder, "sent@example.in"),
        (other, "sent@example.in"),
        (builder, "waits@example.in"),
        (builder, "waits@example.in"),
        (other, "waits@example.in"),
        (other, "theirs@example.in"),
    ):
        body = {**invitation, "email": address}
        api.as_(sender).post("/api/customers/invitations", body, status=201)
        if address == "sent@example.in":
            letters(address)
    booking = make_booking(make_unit(make_project(builder)), make_customer(), status="cancelled")
    review = make_review(booking)
    reply = {"builder_reply": "Thank you."}
    api.as_(builder).post(f"/api/reviews/{review}/reply", reply)
    api.as_(builder).post(f"/api/projects/{booking.project_id}/unpublish")

    delete(api, builder)

    named = [table for table, rows in content(database).items() if "Prakriti" in str(rows)]
    assert named == []
    with session():
        queued = OutgoingMail.select(lambda m: m.status == "queued" and m.user is None)
        waiting = sorted(mail.to_address for mail in queued)
        assert waiting == ["theirs@example.in", "waits@example.in"]
        assert Invitation.select().count() == 3
    for letter in letters("waits@example.in"):
        joined = {"token": token_in(letter), "password": PASSWORD}
        api.post("/api/invitations/accept", joined)


def test_the_address_may_be_registered_again_and_is_somebody_else(api: Api) -> None:
    sale = make_sale()
    booking = make_booking(sale.unit, sale.customer, status="expired")
    delete(api, sale.customer)
    body = customer_body(email=sale.customer.email)
    again = api.post("/api/auth/register", body, status=201).data
    assert again["user"]["id"] != sale.customer.user_id
    new = api.as_(again["access_token"])
    new.get(f"/api/bookings/{booking.id}", status=404)
    assert new.get("/api/bookings").data["bookings"] == []


def test_a_deleted_account_is_not_brought_back(api: Api) -> None:
    admin, customer = make_admin(), make_customer()
    delete(api, customer)
    for on in (True, False):
        path = f"/api/admin/users/{customer.user_id}"
        assert api.as_(admin).patch(path, {"is_active": on}, status=409).code == "conflict"
    # Nobody signs in by an address that nobody has.
    log_in(api, f"deleted-{customer.user_id}@deleted.invalid", PASSWORD, 422)


def test_a_deleted_customer_is_told_nothing_and_bound_to_nothing_new(api: Api) -> None:
    sale = make_sale()
    make_booking(make_unit(sale.project), sale.customer, status="rejected")
    delete(api, sale.customer)
    order = {
        "unit_id": sale.unit.id,
        "payment_plan": "installments",
        "customer_id": sale.customer.customer_id,
    }
    assert api.as_(sale.builder).post("/api/bookings", order, status=404).code == "not_found"
    customers = api.as_(sale.builder).get("/api/customers").data["customers"]
    assert customers == []


def test_visits_to_come_are_cancelled_and_past_ones_tell_of_nobody(api: Api, clock: Clock) -> None:
    sale, customer = make_sale(), make_customer()
    words = {"attendees": ["Asha's mother"], "agenda": "Wheelchair", "notes": "Asks a lot"}
    past = clock.now() - timedelta(days=3)
    held = make_appointment(sale.project, customer, past, "confirmed", **words)
    coming = make_appointment(sale.project, customer, status="confirmed", **words)

    delete(api, customer)

    builder = api.as_(sale.builder)
    seen = {row["id"]: row for row in builder.get("/api/appointments").data["appointments"]}
    assert (seen[held]["status"], seen[coming]["status"]) == ("confirmed", "cancelled")
    assert seen[coming]["cancelled_by"] == "customer"
    for row in seen.values():
        assert (row["attendees"], row["agenda"], row["notes"]) == ([], None, None)
        assert row["customer"]["first_name"] == "Deleted"
    told = builder.get("/api/notifications").data["notifications"]
    assert [each["related_entity_id"] for each in told] == [coming]
    builder.patch(f"/api/appointments/{held}/status", {"action": "complete"})


def test_a_builder_s_visits_to_come_are_cancelled_too(api: Api) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder, published=False)
    visit = make_appointment(project, customer)
    delete(api, builder)
    shown = api.as_(customer).get(f"/api/appointments/{visit}").data["appointment"]
    assert (shown["status"], shown["cancelled_by"]) == ("cancelled", "builder")
    assert shown["builder"]["company_name"] == "Deleted builder"
    told = api.as_(customer).get("/api/notifications").data["notifications"]
    assert [each["related_entity_id"] for each in told] == [visit]


def test_messages_stay_and_name_nobody(api: Api) -> None:
    sale = make_sale()
    customer = make_customer(first_name="Ashalata", last_name="Raorane")
    paper = _upload(api, customer, "message", PDF)
    body = {
        "builder_id": sale.builder.builder_id,
        "message_type": "inquiry",
        "message_content": "Is the corner flat still free?",
        "attachments": [paper],
    }
    api.as_(customer).post("/api/messages", body, status=201)

    delete(api, customer)

    builder = api.as_(sale.builder)
    (thread,) = builder.get("/api/messages/conversations").data["conversations"]
    assert thread["customer"]["last_name"] == "customer"
    path = f"/api/messages/conversations/{thread['id']}"
    (message,) = builder.get(path).data["messages"]
    assert message["message_content"] == "Is the corner flat still free?"
    assert [each["filename"] for each in message["attachments"]] == ["message"]
    builder.get(f"/api/files/{paper}", status=302)
    (told,) = builder.get("/api/notifications").data["notifications"]
    assert told["message"] == "Deleted customer wrote to you."
    reply = {"conversation_id": thread["id"], "message_type": "general", "message_content": "Yes"}
    assert builder.post("/api/messages", reply, status=409).code == "conflict"


def test_documents_and_reviews_stay_without_a_name(api: Api) -> None:
    sale = make_sale()
    customer = make_customer(first_name="Ashalata", last_name="Raorane", pan="ABCDE1234F")
    booking = make_booking(sale.unit, customer, status="cancelled")
    receipt = make_payment(booking, "500.00", payment_type="token")
    back = {"amount": "500.00", "payment_method": "upi", "transaction_id": "UPI-9"}
    back["payment_date"] = local_date(CLOCK.now(), ZONE).isoformat()
    api.as_(sale.builder).post(f"/api/payments/{receipt}/refund", back, status=201)
    make_review(booking)

    delete(api, customer)

    path = f"/api/payments/{receipt}/receipt"
    for accept in ("application/json", "application/pdf"):
        answer = api.as_(sale.builder).get(path, headers={"Accept": accept})
        for words in (b"Ashalata", b"ABCDE", b"deleted.invalid", customer.email.encode()):
            assert words not in answer.body
    shown = api.as_(sale.builder).get(path, headers={"Accept": "application/json"})
    assert "Deleted customer" in shown.body.decode()
    public = api.get(f"/api/builders/{sale.builder.builder_id}/reviews").data["reviews"]
    assert [each["reviewer_name"] for each in public] == ["Deleted customer"]


def stored() -> list[Path]:
    """What lies in the storage."""
    return [path for path in STORAGE.rglob("*") if path.is_file()]


def test_the_bytes_of_its_files_go_with_the_next_tick(api: Api, tmp_path: Path) -> None:
    customer = make_customer()
    _upload(api, customer, "message", PDF)
    assert stored()
    delete(api, customer)
    tick(now=CLOCK.now(), settings=SETTINGS, sender=FolderMail(tmp_path))
    assert stored() == []
    with session():
        assert File.select().count() == 0
