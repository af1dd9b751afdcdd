"""Answers that everybody may read are kept ready, and never stale, foreign or out of date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from webob import Request

from realty.contract import Operation
from realty.db import Builder, CacheStamp, Project, ProjectPhase, Unit, User
from realty.db.session import session
from realty.services import expiry, phases
from tests.client import Api
from tests.contract.document import OPERATIONS
from tests.deployment import Clock, deploy
from tests.factories import (
    make_admin,
    make_builder,
    make_customer,
    make_file,
    make_phase,
    make_project,
    make_unit,
)
from tests.functional.queries import queries
from tests.functional.units.sheets import FLAT, csv_sheet, send
from tests.uploads import picture
from tests.world import World


@pytest.fixture(scope="session")
def _fresh(database_url: str) -> Any:
    return deploy(database_url, cache_backend="none")


@pytest.fixture
def fresh(_fresh: Any, database: str) -> Api:
    """A stranger calling an application that keeps no answers."""
    return Api(_fresh)


def pages(project_id: int) -> list[str]:
    """Everything that is kept of a project, and of all projects."""
    project = f"/api/projects/{project_id}"
    return [
        *("/api/projects?limit=100", "/api/projects?unit_type=2bhk", "/api/units?limit=100"),
        *(project, f"{project}/units", f"{project}/availability", f"{project}/progress"),
    ]


@pytest.fixture
def told(api: Api, fresh: Api) -> Any:
    """Ask twice, so that the second answer is a kept one, and hold it against a fresh one."""

    def compare(project_id: int) -> list[Any]:
        kept = [(path, ask(api, path), ask(api, path)) for path in pages(project_id)]
        for path, first, second in kept:
            assert first == second == ask(fresh, path), path
            # Totals are kept beside the answers, by the fresh application too.
            if "limit=100" in path:
                _status, _tag, data = second
                listed = data.get("projects", data.get("units"))
                assert data["pagination"]["totalItems"] == len(listed), path
        return [(path, second) for path, _, second in kept]

    return compare


def ask(api: Api, path: str) -> Any:
    """Status, ETag and data of what a stranger is told, whatever it is."""
    response = Request.blank(path).get_response(api._app)
    return response.status_int, response.headers.get("ETag"), response.json.get("data")


WRITES = [op for op in OPERATIONS if op.method != "GET"]


@pytest.mark.parametrize("op", WRITES, ids=lambda op: op.id)
def test_whatever_is_done_shows_at_once(api: Api, clock: Clock, told: Any, op: Operation) -> None:
    """Each operation of the contract that writes, with an example of its own."""
    world = World(op.id)
    role = next((each for each in op.roles if each != "public"), "customer")
    caller = world.account(role)
    path, body = world.path(op, caller), world.body(op, role, api)
    make_unit(world.project, unit_number="seen")
    told(world.project.id)
    headers = {"Idempotency-Key": "a-key-for-the-cache"} if op.idempotent else {}
    api.as_(caller).request(op.method, path, body=body, headers=headers)
    told(world.project.id)


def test_a_sheet_that_changes_no_price_shows_at_once(api: Api, clock: Clock, told: Any) -> None:
    """Its rows are written past the entities, and nothing else of the project moves."""
    builder = make_builder()
    project = make_project(builder)
    send(api.as_(builder), project, csv_sheet(FLAT))
    told(project.id)
    send(api.as_(builder), project, csv_sheet({**FLAT, "unit_type": "3bhk", "facing": "east"}))
    told(project.id)
    (listed,) = api.get("/api/units?unit_type=3bhk").data["units"]
    assert listed["facing"] == "east"


def test_a_kept_answer_costs_one_statement(api: Api, clock: Clock) -> None:
    project = make_project(make_builder())
    for path in pages(project.id):
        first = api.get(path)
        with queries() as sent:
            again = api.get(path)
        assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
        assert len(sent) == 1, path
        assert "cache_stamps" in sent[0]
        with queries() as sent:
            api.get(path, headers={"If-None-Match": first.headers["ETag"]}, status=304)
        assert len(sent) == 1, path
        same = {"X-Request-ID", "Date"}
        shown = {name: value for name, value in again.headers.items() if name not in same}
        assert shown == {name: value for name, value in first.headers.items() if name not in same}
        assert not api.request("HEAD", path).body


def test_whoever_is_signed_in_passes_by(api: Api, clock: Clock) -> None:
    """Nothing of a caller's own answer is ever given to another, nor a stranger's to him."""
    builder, customer = make_builder(), make_customer()
    project = make_project(builder)
    make_unit(project)
    path = f"/api/projects/{project.id}"
    api.as_(customer).put(f"{path}/saved", status=204)
    for _ in range(2):
        for caller, counts, saved in (
            (builder, True, None),
            (None, False, None),
            (customer, False, True),
            (None, False, None),
            (make_admin(), False, None),
        ):
            shown = api.as_(caller).get(path).data["project"]
            assert (shown["units_by_status"] is not None, shown["is_saved"]) == (counts, saved)
            (listed,) = api.as_(caller).get("/api/projects").data["projects"]
            assert (listed["units_by_status"] is not None, listed["is_saved"]) == (counts, saved)


def test_refusals_are_not_kept(api: Api, clock: Clock) -> None:
    builder = make_builder()
    project = make_project(builder, published=False)
    path = f"/api/projects/{project.id}"
    api.get(path, status=404)
    api.as_(builder).post(f"{path}/publish")
    api.get(path, status=200)
    api.get("/api/projects?page=0", status=422)
    api.get("/api/projects?limit=1&limit=2", status=422)
    api.as_(builder).post(f"{path}/unpublish")
    api.get(path, status=404)
    assert api.get("/api/projects").data["projects"] == []


def test_a_builder_shows_on_the_pages_of_its_projects(api: Api, clock: Clock, told: Any) -> None:
    """Its name, its logo, its account, which stand on no row of the project."""
    builder, admin = make_builder(), make_admin()
    project = make_project(builder)
    told(project.id)
    api.as_(builder).patch("/api/builders/me", {"company_name": "Nandi & Daughters"})
    assert "Nandi & Daughters" in str(told(project.id))
    logo = make_file(builder, "logo", picture(), content_type="image/png")
    api.as_(builder).patch("/api/builders/me", {"logo_file_id": logo})
    assert f"/api/files/{logo}/content" in str(told(project.id))
    account = f"/api/admin/users/{builder.user_id}"
    api.as_(admin).patch(account, {"is_active": False, "reason": "Complaints"})
    assert {answer[0] for path, answer in told(project.id) if str(project.id) in path} == {404}
    api.as_(admin).patch(account, {"is_active": True})
    assert {answer[0] for _, answer in told(project.id)} == {200}


def test_a_setting_shows_on_every_page(api: Api, clock: Clock, told: Any) -> None:
    project = make_project(make_builder(), visiting_hours=None)
    told(project.id)
    hours = {"opens": "07:00", "closes": "08:00"}
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    value = dict.fromkeys(days, hours)
    path = "/api/settings/appointment.visiting_hours"
    api.as_(make_admin()).put(path, {"setting_value": value})
    assert "07:00" in str(told(project.id))


def test_what_the_clock_brings_about_shows(api: Api, clock: Clock, told: Any) -> None:
    """Reservations that end and phases that are late, by `realty tick`; and the day itself."""
    project = make_project(make_builder())
    unit = make_unit(project, status="reserved", reserved_until=clock.now())
    ends = clock.now().date() + timedelta(days=1)
    phase = make_phase(project, status="in_progress", expected_end_date=ends)
    before = told(project.id)
    clock.advance(days=3)
    assert "delayed" in str(told(project.id))
    assert told(project.id) != before
    with session():
        expiry.release(unit.id, clock.now())
    with session():
        phases.mark_delayed(phase, clock.now())
    shown = told(project.id)
    assert [unit["status"] for unit in shown[2][1][2]["units"]] == ["available"]
    assert "delayed" in str(shown[-1])


def test_links_in_kept_answers_move_on(api: Api, clock: Clock, told: Any) -> None:
    builder = make_builder()
    logo = make_file(
        builder,
        "logo",
        picture(),
        content_type="image/png",
        attached_to_type="builder",
        attached_to_id=builder.builder_id,
    )
    with session():
        Builder[builder.builder_id].logo_file = logo
    project = make_project(builder)
    links = set()
    for _ in range(4):
        shown = dict(told(project.id))[f"/api/projects/{project.id}"][2]["project"]
        links.add(shown["builder"]["logo_file"]["url"])
        assert api.get(shown["builder"]["logo_file"]["url"]).body
        clock.advance(minutes=5)
    assert len(links) == 4


def test_every_change_through_an_entity_moves_the_stamps(api: Api, clock: Clock) -> None:
    """Also one that no operation makes today."""
    builder = make_builder()
    project = make_project(builder)
    unit, phase = make_unit(project), make_phase(project)

    def stamps() -> tuple[int, int]:
        with session():
            mine = CacheStamp.get(project=project.id)
            catalogue = CacheStamp.select(lambda s: s.project is None).first()
            return mine.stamp, catalogue.stamp

    changes: list[Any] = [
        lambda: Project[project.id].set(architect="Somebody"),
        lambda: Unit[unit.id].set(facing="north"),
        lambda: ProjectPhase[phase].set(phase_name="Another"),
        lambda: Builder[builder.builder_id].set(verified=True),
    ]
    for change in changes:
        before = stamps()
        with session():
            change()
        assert stamps() == (before[0] + 1, before[1] + 1)
    before = stamps()
    with session():
        User[builder.user_id].last_login = clock.now()
    assert stamps() == before


def test_what_was_rolled_back_moves_nothing(api: Api, clock: Clock) -> None:
    builder = make_builder()
    project = make_project(builder)
    with session():
        before = sorted((s.id, s.stamp) for s in CacheStamp.select())
    path = f"/api/projects/{project.id}/status"
    api.as_(builder).patch(path, {"status": "delivered"}, status=409)
    with session():
        assert sorted((s.id, s.stamp) for s in CacheStamp.select()) == before
