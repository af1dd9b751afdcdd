"""`realty seed-demo` for volume: many projects, a book of payments, both consistent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realty import demo
from realty.db import User, utcnow
from realty.db.session import session
from realty.demo.people import DOMAIN, PASSWORD
from realty.passwords import PasswordHasher
from tests.cli.running import realty
from tests.client import Api
from tests.deployment import SETTINGS
from tests.functional.queries import queries

DONE, _, WRONG_USE = range(3)


def test_seed_demo_for_volume_goes_on_where_it_stopped(
    database: str, tmp_path: Path, ask: Any
) -> None:
    def seed(projects: int) -> str:
        ended = realty(
            "seed-demo",
            f"--projects={projects}",
            "--units-per-project=130",
            folder=tmp_path,
            DATABASE_URL=database,
        )
        assert ended.status == DONE, ended.errors
        assert "units" in ended.errors  # the progress bar
        return ended.output.splitlines()[-1]

    assert seed(30) == "Added 30 projects with 3900 units for volume."
    first = ask("SELECT project_name, total_units FROM projects ORDER BY id")
    assert seed(45) == "Added 15 projects with 1950 units for volume."
    assert ask("SELECT project_name, total_units FROM projects ORDER BY id")[:38] == first
    assert not ask(
        "SELECT id FROM projects p WHERE total_units <>"
        " (SELECT count(*) FROM units WHERE project_id = p.id) OR available_units <>"
        " (SELECT count(*) FROM units WHERE project_id = p.id AND status = 'available')"
    )
    assert not ask(
        "SELECT id FROM builders b WHERE total_projects <>"
        " (SELECT count(*) FROM projects WHERE builder_id = b.id AND status <> 'cancelled')"
    )


def test_volume_is_shown_by_the_api(database: str, api: Api) -> None:
    demo.load_volume(projects=40, units_per_project=8, now=utcnow(), quiet=True)
    projects = api.get("/api/projects", {"limit": 100}).data["projects"]
    assert len(projects) == 38  # two in forty are not published
    api.get(f"/api/projects/{projects[0]['id']}/availability")
    assert len(api.get("/api/units", {"limit": 100}).data["units"]) == 100


def test_a_book_of_payments_goes_on_where_it_stopped(
    database: str, tmp_path: Path, ask: Any
) -> None:
    def seed(payments: int) -> str:
        return demo.load_book(payments=payments, now=utcnow(), quiet=True)

    assert seed(40) == "Added 40 payments for volume."
    first = ask("SELECT id, receipt_number, amount FROM payments ORDER BY id")
    assert seed(1500) == "Added 1460 payments for volume."
    assert ask("SELECT id, receipt_number, amount FROM payments ORDER BY id")[:40] == first
    assert seed(1500) == "There are 1500 payments in the book already; nothing was changed."
    assert ask("SELECT count(*), count(DISTINCT builder_id) FROM payments") == [(1500, 1)]
    states = {state for (state,) in ask("SELECT DISTINCT status FROM payments")}
    assert states == {"completed", "reported", "bounced"}
    ended = realty("audit", "verify", folder=tmp_path, DATABASE_URL=database)
    assert ended.status == DONE, ended.output


def test_page_one_of_many_payments_asks_no_more_than_of_ten(database: str, api: Api) -> None:
    counts = []
    for payments in (10, 600):
        demo.load_book(payments=payments, now=utcnow(), quiet=True)
        token = _sign_in(api, f"volume-1@{DOMAIN}")
        for path in ("/api/payments", "/api/payments/due"):
            with queries() as sent:
                page = api.as_(token).get(path).data["pagination"]
            counts.append(len(sent))
        assert page["totalItems"] >= 1
    assert counts[:2] == counts[2:]
    assert max(counts) <= 15


def _sign_in(api: Api, email: str) -> str:
    """The access token of somebody for volume, who is given a password."""
    password_hash = PasswordHasher(cost=SETTINGS.bcrypt_cost, concurrency=1).hash(PASSWORD)
    with session():
        User.get(email=email).password_hash = password_hash
    token: str = api.post("/api/auth/login", {"email": email, "password": PASSWORD}).data[
        "access_token"
    ]
    return token


def test_seed_demo_makes_a_book_of_payments(database: str, tmp_path: Path, ask: Any) -> None:
    ended = realty("seed-demo", "--payments=60", folder=tmp_path, DATABASE_URL=database)
    assert ended.status == DONE, ended.errors
    assert ended.output.splitlines()[-1] == "Added 60 payments for volume."


@pytest.mark.parametrize("option", ["--projects=3", "--units-per-project=3"])
def test_volume_needs_both_numbers(option: str, tmp_path: Path) -> None:
    refused = realty("seed-demo", option, folder=tmp_path)
    assert refused.status == WRONG_USE
    assert refused.complaint == "Give --projects and --units-per-project together."
