"""export_my_data: everything about the caller, and nothing that is somebody else's."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from realty.db import (
    Appointment,
    Booking,
    Builder,
    Customer,
    File,
    Invitation,
    Message,
    Session,
    StatusHistory,
    SystemSetting,
    User,
    db,
)
from realty.db.session import session
from realty.services import own_data
from realty.services.own_data import SECTIONS
from tests.client import Api
from tests.deployment import CLOCK
from tests.factories import (
    Account,
    make_admin,
    make_appointment,
    make_booking,
    make_builder,
    make_change_request,
    make_customer,
    make_payment,
)
from tests.functional.bookings.common import make_sale
from tests.functional.queries import queries
from tests.uploads import PDF, picture, upload

PATH = "/api/auth/me/export"
ZIPPED = {"Accept": "application/zip"}

# A column that points at an account and that no export of this account is made of, and why.
NOT_EXPORTED_BY = {
    ("audit_heads", "builder_id"): "the end of a chain, which says nothing about anybody",
    ("audit_log", "builder_id"): "what everybody did to its business: GET /api/audit",
    ("bookings", "builder_id"): "a builder's books, about its customers: GET /api/bookings",
    ("idempotency_keys", "user_id"): "copies of answers for a day, to be repeated and no record",
    ("number_series", "builder_id"): "a counter",
    ("outgoing_mail", "user_id"): "mail goes by its address, which is the user's",
    ("payments", "builder_id"): "a builder's books: GET /api/payments",
    ("payments", "recorded_by"): "a builder's books; a customer's reports are on its bookings",
}
# A column of an exported table that stays inside, and why.
WITHHELD = {
    ("appointments", "notes"): "the builder's own",
    ("conversations", "archived_by_builder"): "the other side's, for a customer",
    ("conversations", "archived_by_customer"): "the other side's, for a builder",
    ("files", "removed_at"): "exported files have none",
    ("files", "storage_key"): "of the inside",
    ("invitations", "token_hash"): "a secret",
    ("one_time_tokens", "token_hash"): "a secret",
    ("outgoing_mail", "body"): "may hold a secret; what was told is in the notifications",
    ("outgoing_mail", "link"): "may hold a secret",
    ("outgoing_mail", "last_error"): "of the inside",
    ("outgoing_mail", "next_attempt_at"): "of the inside",
    ("sessions", "family"): "a secret",
    ("sessions", "previous_token_hash"): "a secret",
    ("sessions", "token_hash"): "a secret",
    ("users", "deleted_at"): "whoever may export has none",
    ("users", "password_hash"): "a secret",
    ("users", "token_version"): "of the inside",
}


def tables(data: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of an export by the name of their table."""
    return {each["table"]: each["rows"] for each in data["tables"]}


def exported(api: Api, account: Account) -> dict[str, list[dict[str, Any]]]:
    return tables(api.as_(account).get(PATH).data["export"])


def archive(api: Api, account: Account) -> ZipFile:
    answer = api.as_(account).get(PATH, headers=ZIPPED)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="realty-export-')
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    return ZipFile(BytesIO(answer.body))


def columns(entity: Any) -> set[str]:
    return {
        attribute.column
        for attribute in entity._attrs_
        if not attribute.is_collection and attribute.column
    }


def test_every_column_that_points_at_an_account_is_exported_by_or_has_a_reason() -> None:
    found = {
        (entity._table_, attribute.column)
        for entity in db.entities.values()
        for attribute in entity._attrs_
        if attribute.py_type in {User, Customer, Builder} and attribute.column
    }
    assert len(found) > 30
    by = {"user_id", "me", "customer", "builder"}
    covered = set()
    for sections in SECTIONS.values():
        for section in sections:
            entity = db.entities[section.entity]
            for attribute in entity._attrs_:
                names = (f"r.{attribute.name}.id == {each}" for each in by)
                if any(name in " ".join(section.whose) for name in names):
                    covered.add((entity._table_, attribute.column))
            if section.entity in {"Customer", "Builder"}:
                covered.add((entity._table_, "user_id"))
    assert found - covered == set(NOT_EXPORTED_BY)


def test_every_column_of_an_exported_table_is_given_or_withheld_for_a_reason() -> None:
    given: dict[str, set[str]] = {}
    for sections in SECTIONS.values():
        for section in sections:
            entity = db.entities[section.entity]
            names = {entity._adict_[name].column for name in section.columns}
            assert names <= columns(entity)
            assert section.columns[0] == "id"
            missing = columns(entity) - names
            unknown = {each for each in missing if (section.table, each) not in WITHHELD}
            assert unknown == set(), f"{section.table}: list or withhold them in own_data"
            given.setdefault(section.table, set()).update(names)
    secret = {"a secret", "of the inside", "the builder's own"}
    for (table, column), reason in WITHHELD.items():
        assert column in columns(next(e for e in db.entities.values() if e._table_ == table))
        if reason in secret:
            assert column not in given[table]


@pytest.mark.parametrize("make", [make_customer, make_builder, make_admin])
def test_export_my_data_for_each_role(api: Api, make: Any) -> None:
    account = make()
    answer = api.as_(account).get(PATH)
    export = answer.data["export"]
    assert export["user_id"] == account.user_id
    assert answer.headers["Cache-Control"] == "no-store"
    (me,) = tables(export)["users"]
    assert me["email"] == account.email
    assert not {"password_hash", "token_version"} & me.keys()
    (login,) = tables(export)["sessions"]
    assert (login["user_agent"], login["ip"]) == ("tests", "127.0.0.1")
    assert all(each["about"].endswith(".") for each in export["tables"])
    api.get(PATH, status=401)


def test_a_customer_s_export_holds_its_rows_and_nobody_else_s(api: Api) -> None:
    sale, other = make_sale(), make_customer(first_name="Somebody", last_name="Else")
    customer = sale.customer
    booking = make_booking(sale.unit, customer, status="token_paid", special_requests="A ramp")
    foreign = make_booking(sale.units[1], other, status="token_paid")
    paid = make_payment(booking, "100.00", payment_type="token")
    make_payment(foreign, "777.00", payment_type="token")
    with session():
        for owner in (customer, other):
            Appointment(
                customer=owner.customer_id,
                project=sale.project.id,
                appointment_type="site_visit",
                appointment_date=CLOCK.now(),
                created_by="customer",
                notes="Haggles a lot",
                attendees=["Ravi"],
            )
        Invitation(
            builder=sale.builder.builder_id,
            email=customer.email,
            token_hash="f" * 64,
            expires_at=CLOCK.now(),
        )
        hashes = [row.token_hash for row in Session.select()] + ["f" * 64]
    api.as_(customer).put(f"/api/projects/{sale.project.id}/saved", status=204)

    answer = api.as_(customer).get(PATH)

    found = tables(answer.data["export"])
    (mine,) = found["bookings"]
    assert (mine["id"], mine["special_requests"]) == (booking.id, "A ramp")
    assert mine["total_amount"] == str(booking.total_amount)
    assert isinstance(mine["price_snapshot"], dict)
    assert len(mine["booking_date"]) == 10
    assert mine["created_at"].endswith("Z")
    assert [row["id"] for row in found["payments"]] == [paid]
    assert found["installments"]
    assert {row["booking_id"] for row in found["installments"]} == {booking.id}
    (visit,) = found["appointments"]
    assert visit["attendees"] == ["Ravi"]
    assert [row["project_id"] for row in found["saved_projects"]] == [sale.project.id]
    assert [row["email"] for row in found["invitations"]] == [customer.email]
    text = answer.body.decode()
    for private in ("Haggles", "Somebody", other.email, "777.00", *hashes):
        assert private not in text


def test_a_customer_has_the_history_of_what_is_its_own(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moved it, the clock too; nobody else's with the same number, and each row once."""
    sale, other = make_sale(), make_customer()
    of: dict[str, list[tuple[str, int]]] = {}
    for customer, unit in ((sale.customer, sale.unit), (other, sale.units[1])):
        booking = make_booking(unit, customer, status="confirmed")
        of[customer.email] = [
            ("booking", booking.id),
            ("payment", make_payment(booking, "100.00", payment_type="token")),
            ("change_request", make_change_request(booking)),
            ("appointment", make_appointment(sale.project, customer)),
        ]
    mine, theirs = of[sale.customer.email], of[other.email]
    moved_by = (sale.customer.user_id, sale.builder.user_id, other.user_id, None)
    with session():
        StatusHistory.select().delete(bulk=True)
        for entity, entity_id in (*mine, *theirs, ("unit", mine[0][1]), ("project", mine[1][1])):
            for actor in moved_by:
                StatusHistory(entity=entity, entity_id=entity_id, to_status="moved", actor=actor)
    for rows_a_query in (500, 3):
        monkeypatch.setattr(own_data, "ROWS_A_QUERY", rows_a_query)
        found = exported(api, sale.customer)["status_history"]
        ids = [row["id"] for row in found]
        assert ids == sorted(set(ids))
        by_others = [
            (row["entity"], row["entity_id"], row["actor_id"])
            for row in found
            if row["actor_id"] != sale.customer.user_id
        ]
        assert by_others == [(*each, actor) for each in mine for actor in moved_by[1:]]
        assert len(found) == len(by_others) + len(mine) + len(theirs) + 2
    # A builder's are its books: it has what it moved itself.
    found = exported(api, sale.builder)["status_history"]
    assert {row["actor_id"] for row in found} == {sale.builder.user_id}


def test_an_export_costs_as_many_statements_for_many_rows_as_for_few(api: Api) -> None:
    counted = []
    for n in (1, 5):
        sale = make_sale(n=n)
        for unit in sale.units:
            booking = make_booking(unit, sale.customer, status="confirmed")
            make_payment(booking, "100.00", payment_type="token")
            make_change_request(booking)
        with queries() as sent:
            exported(api, sale.customer)
        counted.append(len(sent))
    assert counted[0] == counted[1] <= 40


def test_a_builder_s_export_has_its_company_and_not_its_books(api: Api) -> None:
    sale = make_sale()
    booking = make_booking(sale.unit, sale.customer)
    found = exported(api, sale.builder)
    assert [row["id"] for row in found["builders"]] == [sale.builder.builder_id]
    (project,) = found["projects"]
    assert project["id"] == sale.project.id
    assert not {"bookings", "payments", "customers"} & found.keys()
    with session():
        number = Booking[booking.id].booking_number
    assert number not in json.dumps(found)


def test_an_administrator_s_export_has_the_settings_last_changed(api: Api) -> None:
    admin = make_admin()
    api.as_(admin).put("/api/settings/refund.days", {"setting_value": 30})
    found = exported(api, admin)
    assert [row["setting_key"] for row in found["system_settings"]] == ["refund.days"]
    assert [row["action"] for row in found["audit_log"]] == ["setting.changed"]
    with session():
        assert SystemSetting.select().count() == 1


def test_both_sides_have_a_message_and_each_its_own_conversation(api: Api) -> None:
    sale = make_sale()
    body = {
        "builder_id": sale.builder.builder_id,
        "message_type": "inquiry",
        "message_content": "Is the corner flat still free?",
    }
    api.as_(sale.customer).post("/api/messages", body, status=201)
    for account in (sale.customer, sale.builder):
        found = exported(api, account)
        (message,) = found["messages"]
        assert message["message_content"] == body["message_content"]
        assert len(found["conversations"]) == 1
    assert exported(api, make_customer())["messages"] == []
    with session():
        assert Message.select().count() == 1


def test_the_archive_holds_the_same_rows_and_the_files(api: Api) -> None:
    customer = make_customer()
    mine = api.as_(customer)
    sent = {
        "avatar": picture(),
        "payment_proof": PDF,
    }
    for purpose, content in sent.items():
        mine.post("/api/files", upload(purpose, content), status=201)
    other = make_customer()
    api.as_(other).post("/api/files", upload("message", PDF), status=201)

    zipped = archive(api, customer)

    assert zipped.testzip() is None
    document = json.loads(zipped.read("data.json"))
    as_json = mine.get(PATH).data["export"]
    assert document["tables"] == as_json["tables"]
    assert [each["path"] for each in as_json["files"]] == [None, None]
    paths = {each["path"] for each in document["files"]}
    assert set(zipped.namelist()) == {"data.json", *paths}
    assert len(paths) == 2
    with session():
        kept = {row.id: (row.sha256, row.size) for row in File.select()}
    for each in document["files"]:
        content = zipped.read(each["path"])
        assert len(content) == each["size"] == kept[each["file_id"]][1]
        assert each["path"].startswith(f"files/{each['file_id']}-")
        assert ".." not in each["path"]
    assert PDF in [zipped.read(path) for path in paths]


def test_files_past_the_bound_are_named_and_left_out(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = make_customer()
    for content in (PDF, PDF + b" " * 5000):
        api.as_(customer).post("/api/files", upload("payment_proof", content), status=201)
    monkeypatch.setattr(own_data, "most_file_bytes", lambda _policy: len(PDF) + 100)

    zipped = archive(api, customer)

    document = json.loads(zipped.read("data.json"))
    small, large = document["files"]
    assert (small["size"], large["size"]) == (len(PDF), len(PDF) + 5000)
    assert large["path"] is None
    assert zipped.namelist() == ["data.json", small["path"]]


def test_many_rows_are_read_in_pieces_and_refused_in_one_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = make_sale(n=5)
    for unit in sale.units:
        make_booking(unit, sale.customer)
    whole = exported(api, sale.customer)
    assert len(whole["bookings"]) == 5
    monkeypatch.setattr(own_data, "ROWS_A_QUERY", 2)
    assert exported(api, sale.customer) == whole
    monkeypatch.setattr(own_data, "MOST_ROWS_AT_ONCE", 4)
    assert api.as_(sale.customer).get(PATH, status=409).code == "conflict"
    assert tables(json.loads(archive(api, sale.customer).read("data.json"))) == whole
