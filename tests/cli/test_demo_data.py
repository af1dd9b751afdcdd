"""What `realty seed-demo` loads: believable, with every rule of the domain kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from struct import unpack_from
from typing import Any

import pytest

from realty import demo
from realty.db import enums, utcnow
from realty.demo.deals import CHANGES
from realty.demo.people import PASSWORD
from realty.demo.places import PLACES
from realty.rules.clock import local_date
from tests.cli.running import realty
from tests.client import Api
from tests.database import Cleaner
from tests.deployment import SETTINGS, STORAGE

DONE, FAILED = range(2)
LOGINS = {role: f"{role}@demo.realty.example" for role in ("builder", "customer", "admin")}
LAKESIDE = PLACES[0].name
COUNTED = (
    *("users", "builders", "customers", "projects", "units", "project_progress"),
    *("bookings", "installments", "payments", "status_history", "notifications"),
    *("outgoing_mail", "conversations", "messages", "reviews", "saved_projects"),
    *("invitations", "number_series", "change_requests", "files", "audit_log"),
    *("appointments", "construction_updates", "models_3d"),
)


@pytest.fixture(scope="module")
def database(database_url: str, _cleaner: Cleaner) -> Iterator[str]:
    """The database with the demo data in it, for all tests here, which only look at it."""
    demo.load(SETTINGS, now=utcnow())
    yield database_url
    _cleaner.clean()
    shutil.rmtree(STORAGE, ignore_errors=True)


def test_the_logins_work_and_show_something(api: Api) -> None:
    for role, email in LOGINS.items():
        login = api.post("/api/auth/login", {"email": email, "password": PASSWORD}).data
        assert login["user"]["user_type"] == role
        caller = api.as_(login["access_token"])
        bookings = caller.get("/api/bookings", {"limit": 100}).data
        assert bookings["pagination"]["totalItems"] >= 3
        for booking in bookings["bookings"]:
            caller.get(f"/api/bookings/{booking['id']}")
            caller.get(f"/api/bookings/{booking['id']}/schedule")
            caller.get(f"/api/bookings/{booking['id']}/timeline")
        counted = caller.get("/api/auth/me/counts").data["counts"]
        shown = caller.get("/api/notifications", {"limit": 100}).data
        assert shown["unread_count"] == counted["unread_notifications"]
        if role != "admin":
            assert shown["notifications"]
            assert counted["unread_messages"] + sum(counted["waiting"].values()) > 0


def test_strangers_find_seven_projects_in_four_cities(api: Api) -> None:
    projects = api.get("/api/projects", {"limit": 100}).data["projects"]
    assert len(projects) == 7
    cities = {project["location_city"] for project in projects}
    assert cities == {"Bangalore", "Mumbai", "Pune", "Hyderabad"}
    states = {project["schedule_state"] for project in projects}
    assert {"on_track", "delayed"} <= states
    wanted = {"city": "bangalore", "status": "construction", "page": 1, "limit": 10}
    (lakeside,) = api.get("/api/projects", wanted).data["projects"]
    assert 0 < Decimal(lakeside["overall_progress"]) < 100
    for project in projects:
        detail = api.get(f"/api/projects/{project['id']}").data["project"]
        assert detail["amenities"]
        assert detail["rera_authority_url"].startswith("https://")
        api.get(f"/api/projects/{project['id']}/availability")
        page = api.get(f"/api/projects/{project['id']}/units", {"limit": 100}).data
        for unit in page["units"][:3]:
            api.get(f"/api/units/{unit['id']}/cost-sheet", {"payment_plan": "loan"})


def test_every_state_is_there(ask: Any) -> None:
    def values(sql: str) -> set[str]:
        return {value for (value,) in ask(sql)}

    assert values("SELECT status FROM bookings") == {
        *("pending", "token_paid", "confirmed", "agreement_registered", "handed_over"),
        *("expired", "rejected", "cancelled"),
    }
    assert values("SELECT status FROM units") == {
        *("available", "reserved", "blocked", "booked", "sold"),
    }
    assert values("SELECT status FROM projects") == {
        *("planning", "construction", "completed", "delivered", "on_hold"),
    }
    assert values("SELECT status FROM payments") == set(enums.PAYMENT_STATUSES)
    assert values("SELECT payment_type FROM payments") == {
        *("token", "installment", "charge", "refund", "reversal", "compensation"),
    }
    assert values("SELECT status FROM installments") == set(enums.INSTALLMENT_STATUSES)
    assert values("SELECT kind FROM installments") == set(enums.INSTALLMENT_KINDS)
    assert values("SELECT status FROM change_requests") == set(enums.CHANGE_REQUEST_STATUSES)
    assert values("SELECT status FROM project_progress") == set(enums.PHASE_STATUSES)
    assert values("SELECT payment_plan FROM bookings") == {
        *("full_payment", "installments", "construction_linked", "loan"),
    }
    assert ask("SELECT project_name FROM projects WHERE NOT is_published") == [
        ("Meridian Sky Gardens",)
    ]


def test_every_sum_and_counter_is_right(database: str, tmp_path: Path, ask: Any) -> None:
    assert not ask(
        "SELECT id FROM projects p WHERE total_units <>"
        " (SELECT count(*) FROM units WHERE project_id = p.id) OR available_units <>"
        " (SELECT count(*) FROM units WHERE project_id = p.id AND status = 'available')"
        " OR price_range_min <> (SELECT min(price) FROM units WHERE project_id = p.id)"
        " OR price_range_max <> (SELECT max(price) FROM units WHERE project_id = p.id)"
    )
    assert not ask(
        "SELECT id FROM builders b WHERE total_projects <>"
        " (SELECT count(*) FROM projects WHERE builder_id = b.id AND status <> 'cancelled')"
        " OR review_count <> (SELECT count(*) FROM reviews WHERE builder_id = b.id)"
    )
    # Money, chains and number series: what an administrator would run.
    assert realty("audit", "verify", folder=tmp_path, DATABASE_URL=database).status == DONE
    in_paise = "CAST(round({} * 100) AS BIGINT)"
    paid, amount = in_paise.format("paid_amount"), in_paise.format("amount")
    receipts = "('token', 'installment', 'final', 'charge')"
    # The identity of the money: what came in less what went out is what the rows have.
    assert not ask(
        f"SELECT id FROM bookings b WHERE {paid} <> COALESCE((SELECT sum(CASE"
        f" WHEN payment_type IN {receipts} THEN {amount}"
        f" WHEN payment_type IN ('refund', 'reversal') THEN -{amount} ELSE 0 END)"
        " FROM payments WHERE booking_id = b.id AND (status = 'completed'"
        " OR payment_type = 'refund' AND status = 'pending')), 0)"
        f" OR ({paid} <> (SELECT sum({paid}) FROM installments WHERE booking_id = b.id)"
        " AND status NOT IN ('cancelled', 'rejected', 'expired'))"
    )
    assert not ask(
        f"SELECT id FROM bookings b WHERE {in_paise.format('total_amount')} <>"
        f" (SELECT sum({amount}) FROM installments WHERE booking_id = b.id AND kind = 'plan')"
        " OR (SELECT sum(percent) FROM installments WHERE booking_id = b.id) <> 100"
    )
    assert not ask("SELECT id FROM installments WHERE paid_amount > amount OR paid_amount < 0")
    assert not ask(
        "SELECT id FROM installments WHERE demanded_at IS NOT NULL AND booking_id NOT IN"
        " (SELECT id FROM bookings WHERE agreement_number IS NOT NULL)"
    )
    assert not ask(
        "SELECT id FROM units u WHERE (status = 'sold') <> EXISTS (SELECT 1 FROM bookings"
        " WHERE unit_id = u.id AND status IN ('agreement_registered', 'handed_over'))"
        " OR (status = 'booked') <> EXISTS (SELECT 1 FROM bookings"
        " WHERE unit_id = u.id AND status IN ('pending', 'token_paid', 'confirmed'))"
    )
    for series, table, column in (
        ("receipt", "payments", "receipt_number"),
        ("demand", "installments i JOIN bookings b ON b.id = booking_id", "demand_number"),
    ):
        given = ask(f"SELECT builder_id, {column} FROM {table} WHERE {column} IS NOT NULL")
        made: dict[tuple[int, str], set[int]] = {}
        for builder_id, number in given:
            _, year, last = number.split("/")
            made.setdefault((builder_id, year), set()).add(int(last))
        last_numbers = {
            (builder_id, period): last
            for builder_id, period, last in ask(
                "SELECT builder_id, period, last_number FROM number_series"
                f" WHERE series = '{series}'"
            )
        }
        assert made == {key: set(range(1, last + 1)) for key, last in last_numbers.items()}
        assert sum(last_numbers.values()) == len(given)


@pytest.mark.parametrize(
    ("table", "number", "moment"),
    [
        ("payments", "receipt_number", "cleared_at"),
        ("installments i JOIN bookings b ON b.id = booking_id", "demand_number", "demanded_at"),
    ],
)
def test_numbers_are_given_in_the_order_of_days(
    ask: Any, table: str, number: str, moment: str
) -> None:
    rows = ask(
        f"SELECT builder_id, {number}, {moment} FROM {table} WHERE {number} IS NOT NULL"
        " ORDER BY 1, 2"
    )
    assert rows == sorted(rows, key=lambda row: (row[0], str(row[2]), row[1]))


def test_every_status_has_its_history(ask: Any) -> None:
    for entity, table, first in (
        ("booking", "bookings", None),
        ("unit", "units", "available"),
        ("project", "projects", "planning"),
        ("payment", "payments", None),
        ("phase", "project_progress", "not_started"),
    ):
        now_in = dict(ask(f"SELECT id, status FROM {table}"))
        seen: dict[int, str | None] = {}
        for row_id, before, after in ask(
            "SELECT entity_id, from_status, to_status FROM status_history"
            f" WHERE entity = '{entity}' ORDER BY at, id"
        ):
            assert before == seen.get(row_id, first)
            seen[row_id] = after
        assert {row_id: seen.get(row_id, first) for row_id in now_in} == now_in


def test_every_page_of_both_portals_has_something_to_show(api: Api) -> None:
    for role in ("builder", "customer"):
        login = api.post("/api/auth/login", {"email": LOGINS[role], "password": PASSWORD}).data
        caller = api.as_(login["access_token"])

        def rows(path: str, name: str, **params: Any) -> list[Any]:
            found: list[Any] = caller.get(path, {"limit": 100, **params}).data[name]  # noqa: B023 - called at once
            return found

        payments = rows("/api/payments", "payments")
        assert {"reported", "completed"} <= {row["status"] for row in payments}
        assert {"token", "installment", "refund"} <= {row["payment_type"] for row in payments}
        dues = rows("/api/payments/due", "dues")
        assert {row["state"] for row in dues} == {"overdue", "upcoming"}
        requests = rows("/api/change-requests", "change_requests")
        assert {"submitted", "quoted", "approved", "completed"} <= {r["status"] for r in requests}
        visits = {row["status"] for row in rows("/api/appointments", "appointments")}
        assert {"scheduled", "confirmed", "completed"} <= visits
        assert any(row["model_id"] for row in requests)
        shown = rows("/api/models", "models", status="current")
        mine = [row for row in shown if row["project"]["project_name"] == LAKESIDE]
        assert [row["locked"] for row in mine] == [False] * 3
        site = f"/api/projects/{mine[0]['project_id']}"
        assert len(rows(f"{site}/updates", "updates", status="published")) == 3
        for booking in rows("/api/bookings", "bookings"):
            path = f"/api/bookings/{booking['id']}"
            caller.get(f"{path}/payments")
            caller.get(f"{path}/ledger")
            progress = caller.get(f"/api/projects/{booking['project_id']}/progress").data
            phases = progress["progress"]["phases"]
            assert any(phase["milestone_images"] for phase in phases)


def test_the_files_of_the_demo_can_be_read(api: Api) -> None:
    projects = api.get("/api/projects", {"limit": 100}).data["projects"]
    for project in projects:
        picture = api.get(project["image_url"])
        assert picture.response.content_type == "image/jpeg"
        assert picture.body.startswith(b"\xff\xd8\xff")


def test_the_models_of_the_demo_are_binary_gltf(api: Api) -> None:
    """glTF 2.0, chapter 4: header, JSON chunk, binary chunk, lengths that add up; every view lies
    within the buffer."""
    shown = api.get("/api/models", {"limit": 100}).data["models"]
    assert sorted(model["locked"] for model in shown) == [False, False, False, True, True]
    for model in shown:
        if model["locked"]:
            continue
        content = api.get(model["file"]["url"]).body
        magic, version, length, size, kind = unpack_from("<4sIII4s", content)
        assert (magic, version, length, kind) == (b"glTF", 2, len(content), b"JSON")
        assert model["file_size"] == length
        scene = json.loads(content[20 : 20 + size])
        rest, kind = unpack_from("<I4s", content, 20 + size)
        assert (20 + size + 8 + rest, kind) == (length, b"BIN\0")
        assert len(scene["nodes"]) == len(scene["meshes"]) > 20
        for view in scene["bufferViews"]:
            assert view["byteOffset"] + view["byteLength"] <= scene["buffers"][0]["byteLength"]


def test_every_change_request_came_to_pass(ask: Any) -> None:
    assert ask("SELECT count(*) FROM change_requests") == [(len(CHANGES),)]
    variations = ask(
        "SELECT r.status, i.status FROM installments i"
        " JOIN change_requests r ON r.id = i.change_request_id ORDER BY 1, 2"
    )
    assert sorted(variations) == [("approved", "overdue"), ("completed", "paid"), ("void", "void")]


def test_nothing_of_it_is_mailed(ask: Any) -> None:
    assert ask("SELECT DISTINCT status, body, link FROM outgoing_mail") == [("sent", None, None)]


def test_nothing_lies_in_the_future(ask: Any) -> None:
    soon = utcnow() + timedelta(minutes=1)
    for table, column in (
        ("payments", "created_at"),
        ("status_history", "at"),
        ("notifications", "created_at"),
        ("messages", "created_at"),
        ("installments", "demanded_at"),
        ("construction_updates", "published_at"),
        ("appointments", "created_at"),
    ):
        assert not ask(f"SELECT id FROM {table} WHERE {column} > '{soon.isoformat(' ')}'"), table
    today = local_date(soon, "Asia/Kolkata")
    assert not ask(f"SELECT id FROM payments WHERE payment_date > '{today}'")
