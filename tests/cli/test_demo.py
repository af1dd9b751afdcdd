"""`realty seed-demo`: data that people would believe and every rule of the domain holds for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realty import demo
from realty.cli import main
from realty.db import utcnow
from realty.demo.deals import DEALS
from realty.demo.people import BUILDERS, CUSTOMERS
from realty.demo.places import PLACES
from tests.cli.running import realty
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


def counts(ask: Any) -> dict[str, int]:
    """How many rows each table has."""
    return {table: ask(f"SELECT count(*) FROM {table}")[0][0] for table in COUNTED}


def test_seed_demo_loads_once(database: str, tmp_path: Path, ask: Any) -> None:
    first = realty("seed-demo", folder=tmp_path, DATABASE_URL=database)
    assert first.status == DONE, first.errors
    assert "3 builders, 20 customers, 8 projects" in first.output
    before = counts(ask)
    second = realty("seed-demo", folder=tmp_path, DATABASE_URL=database)
    assert second.output == "The demo data is there already; nothing was changed.\n"
    assert counts(ask) == before
    assert 550 <= before["units"] <= 650
    third = realty("seed-demo", "--if-empty", folder=tmp_path, DATABASE_URL=database)
    assert third.output == "The database has data already; nothing was changed.\n"


def test_seed_demo_refuses_production_unless_it_is_forced(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Not another process: production refuses SQLite long before.
    production = replace(SETTINGS, environment="production", database_url=database)
    monkeypatch.setattr("realty.cli._settings", lambda _options: production)
    with pytest.raises(SystemExit) as refused:
        main(["seed-demo"])
    assert refused.value.code == FAILED
    assert capsys.readouterr().err.startswith("realty: This is production")
    with pytest.raises(SystemExit) as forced:
        main(["seed-demo", "--force"])
    assert forced.value.code == DONE


def test_the_same_moment_makes_the_same_data(
    database: str,
    _cleaner: Cleaner,  # noqa: PT019 - it has a value, and empties the database
    ask: Any,
) -> None:
    now = utcnow().replace(microsecond=0)
    made = []
    for _ in range(2):
        demo.load(SETTINGS, now=now)
        made.append(
            ask(
                "SELECT status, total_amount, paid_amount, booking_date, unit_number FROM bookings"
                " JOIN (SELECT id AS unit, unit_number FROM units) AS u ON unit = unit_id"
                " ORDER BY bookings.id"
            )
        )
        _cleaner.clean()
    assert made[0] == made[1]
    assert len(made[0]) == len(DEALS)


def test_a_load_that_fails_leaves_nothing(
    database: str, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("realty.demo.story._finish", fail)
    with pytest.raises(RuntimeError):
        demo.load(SETTINGS, now=utcnow())
    assert not any(counts(ask).values())
    assert not [path for path in STORAGE.rglob("*") if path.is_file()]


def test_people_are_who_they_say() -> None:
    assert len({customer.email for customer in CUSTOMERS}) == 20
    for builder in BUILDERS:
        assert builder.gstin[2:12] == builder.pan
        assert builder.gstin[14] == _gstin_check_digit(builder.gstin[:14])


def _gstin_check_digit(number: str) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    products = [digits.index(sign) * (1 + place % 2) for place, sign in enumerate(number)]
    return digits[-sum(product // 36 + product % 36 for product in products) % 36]
