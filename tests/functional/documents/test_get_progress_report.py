"""The report of the work on a project."""

from __future__ import annotations

from datetime import timedelta

from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_admin, make_builder, make_customer, make_project
from tests.functional.documents.common import (
    PDF,
    assert_same,
    content,
    facts_of,
    make_phases,
    printed,
    tables_of,
    today,
)


def path(project_id: int) -> str:
    return f"/api/projects/{project_id}/progress/report"


def test_the_report_lists_the_phases(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder, project_name="Kaveri Heights")
    make_phases(project, expected_end_date=today() - timedelta(days=1))
    report = content(api, customer, path(project.id))
    assert report["kind"] == "progress_report"
    assert report["customer"] is None
    assert report["project"]["name"] == "Kaveri Heights"
    texts = {name: each["text"] for name, each in facts_of(report).items()}
    assert texts["overall_progress"] == "70.00 %"
    assert texts["schedule_state"] == "Delayed"
    assert texts["next_milestone"] == "Slabs"
    assert [row[:6] for row in tables_of(report)["The phases"]] == [
        ["1", "Foundation", "40.00 %", "100.00 %", "Completed", "5 January 2026"],
        ["2", "Slabs", "60.00 %", "50.00 %", "In progress", "–"],  # noqa: RUF001 - as printed
    ]
    assert_same(report, printed(api, customer, path(project.id)).body)


def test_what_is_kept_from_customers_is_the_builders(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder)
    make_phases(project, customer_visible=False, contractor_notes="Pay the mason")
    theirs, ours = (content(api, who, path(project.id)) for who in (customer, builder))
    assert [row[1] for row in tables_of(theirs)["The phases"]] == ["Foundation"]
    assert [row[1] for row in tables_of(ours)["The phases"]] == ["Foundation", "Slabs"]
    assert facts_of(theirs)["overall_progress"] == facts_of(ours)["overall_progress"]
    assert "mason" not in str(ours)


def test_there_is_none_without_phases(api: Api, clock: Clock) -> None:
    builder = make_builder()
    project = make_project(builder)
    answer = api.as_(builder).get(path(project.id), headers=PDF, status=409)
    assert answer.code == "conflict"


def test_who_may_print_it(api: Api, clock: Clock) -> None:
    builder = make_builder()
    project, hidden = make_project(builder), make_project(builder, published=False)
    for each in (project, hidden):
        make_phases(each)
        printed(api, builder, path(each.id))
    api.as_(None).get(path(project.id), status=401)
    api.as_(make_admin()).get(path(project.id), status=403)
    api.as_(make_builder()).get(path(project.id), status=404)
    api.as_(make_customer()).get(path(hidden.id), status=404)
