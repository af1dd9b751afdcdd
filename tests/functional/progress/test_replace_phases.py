"""`replace_project_phases` and `get_project_progress`: the whole list, and who reads what of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from realty.db import ConstructionUpdate, ProjectPhase
from realty.db.session import session
from tests.client import Api
from tests.database import at_once
from tests.deployment import Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_phase,
    make_project,
    make_unit,
)
from tests.functional.bookings.common import make_sale, moves
from tests.functional.progress.common import (
    FINISHING,
    FOUNDATION,
    PLAN,
    STRUCTURE,
    day,
    element,
    planned,
    put,
    read,
    report,
    stored,
)
from tests.functional.queries import queries


def test_a_list_of_phases_is_made_in_its_order(api: Api, clock: Clock) -> None:
    sale = make_sale()
    answer = put(api, sale.builder, sale.project, *PLAN)
    progress = answer.data["progress"]
    assert [p["sequence"] for p in progress["phases"]] == [1, 2, 3]
    assert [p["phase_name"] for p in progress["phases"]] == ["Foundation", "Structure", "Finishing"]
    assert {p["status"] for p in progress["phases"]} == {"not_started"}
    assert progress["overall_progress"] == "0.00"
    assert progress["next_milestone"]["phase_name"] == "Foundation"
    # What the builder was answered is what it reads afterwards.
    assert read(api, sale.builder, sale.project).data["progress"] == progress


def test_phases_move_and_trade_their_codes_and_keep_their_ids(api: Api, clock: Clock) -> None:
    sale = make_sale()
    first, second, third = planned(api, sale.builder, sale.project)
    report(api, sale.builder, first["id"], progress_percentage="40.00")
    moved = planned(
        api,
        sale.builder,
        sale.project,
        element("Brickwork", "10.00", milestone_code="brickwork"),
        element("Structure", "50.00", id=second["id"], milestone_code="foundation"),
        element("Foundation", "40.00", id=first["id"], milestone_code="slab_1"),
    )
    assert [p["id"] for p in moved[1:]] == [second["id"], first["id"]]
    assert [p["sequence"] for p in moved] == [1, 2, 3]
    assert [p["milestone_code"] for p in moved] == ["brickwork", "foundation", "slab_1"]
    assert (moved[2]["progress_percentage"], moved[2]["status"]) == ("40.00", "in_progress")
    with session():
        assert not ProjectPhase.exists(id=third["id"])


def test_news_of_a_phase_outlives_it(api: Api, clock: Clock) -> None:
    sale = make_sale()
    first, *_ = planned(api, sale.builder, sale.project)
    with session():
        news = ConstructionUpdate(
            project=sale.project.id,
            phase=first["id"],
            update_title="Piling begins",
            update_content="On Monday.",
            posted_by=sale.builder.user_id,
        )
        news.flush()
        news_id = news.id
    planned(api, sale.builder, sale.project, element("All", "100.00"))
    with session():
        assert ConstructionUpdate[news_id].phase is None


def test_what_is_left_out_of_an_element_is_null(api: Api, clock: Clock) -> None:
    sale = make_sale()
    told = {"contractor_notes": "Steel is late.", "customer_visible": False, "start_date": day(1)}
    (phase,) = planned(api, sale.builder, sale.project, element("All", "100.00", **told))
    assert {name: phase[name] for name in told} == told
    (phase,) = planned(api, sale.builder, sale.project, element("All", "100.00", id=phase["id"]))
    assert [phase[name] for name in told] == [None, True, None]


@pytest.mark.parametrize("begun", ["percent", "status", "once"])
def test_a_phase_that_has_begun_cannot_vanish(api: Api, clock: Clock, begun: str) -> None:
    sale = make_sale()
    first, second, _ = planned(api, sale.builder, sale.project)
    if begun == "percent":
        report(api, sale.builder, first["id"], progress_percentage="0.01")
    else:
        report(api, sale.builder, first["id"], status="in_progress")
    if begun == "once":
        report(api, sale.builder, first["id"], status="not_started")
    whole = element("All", "100.00")
    answer = put(api, sale.builder, sale.project, whole, status=409)
    assert answer.code == "conflict"
    assert [each["value"] for each in answer.error["details"]] == [str(first["id"])]
    assert stored(second["id"], "phase_name") == ("Structure",)
    put(api, sale.builder, sale.project, {**whole, "id": first["id"]})


@pytest.mark.parametrize(
    ("phases", "field", "value"),
    [
        ([FOUNDATION, STRUCTURE], "phases", "75.00"),
        ([element("All", "99.99")], "phases", "99.99"),
        ([*PLAN, element("More", "0.01")], "phases", "100.01"),
        (
            [FOUNDATION, {**STRUCTURE, "milestone_code": "foundation"}, FINISHING],
            "phases[0].milestone_code",
            "foundation",
        ),
        ([element("All", "100.00", id=2_147_483_647)], "phases[0].id", "2147483647"),
        (
            [element("All", "100.00", start_date="2027-03-02", expected_end_date="2027-03-01")],
            "phases[0].expected_end_date",
            "2027-03-02",
        ),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(
    api: Api, clock: Clock, phases: list[dict[str, Any]], field: str, value: str
) -> None:
    sale = make_sale()
    before = planned(api, sale.builder, sale.project)
    answer = put(api, sale.builder, sale.project, *phases, status=422)
    detail = answer.error["details"][0]
    assert (detail["field"], detail["value"]) == (field, value)
    assert read(api, sale.builder, sale.project).data["progress"]["phases"] == before


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "completed"},
        {"progress_percentage": "10.00"},
        {"weight_percent": "100"},
        {"weight_percent": "1e2"},
        {"weight_percent": "-1.00"},
        {"milestone_code": "Slab 1"},
        {"phase_name": " "},
        {"sequence": 1},
    ],
)
def test_a_body_outside_the_contract_is_refused(
    api: Api, clock: Clock, broken: dict[str, Any]
) -> None:
    sale = make_sale()
    put(api, sale.builder, sale.project, element("All", "100.00") | broken, status=422)
    put(api, sale.builder, sale.project, status=422)  # no phase at all


def test_ids_are_those_of_this_project_and_stand_once(api: Api, clock: Clock) -> None:
    sale = make_sale()
    other = make_phase(make_project(sale.builder))
    put(api, sale.builder, sale.project, element("All", "100.00", id=other), status=422)
    first, *_ = planned(api, sale.builder, sale.project)
    half = element("Half", "50.00", id=first["id"])
    answer = put(api, sale.builder, sale.project, half, half, status=422)
    assert [each["field"] for each in answer.error["details"]] == ["phases[0].id", "phases[1].id"]
    assert stored(other, "phase_name") == ("Phase 1",)


def test_two_editors_do_not_overwrite_each_other(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phases = planned(api, sale.builder, sale.project)
    tag = read(api, sale.builder, sale.project).headers["ETag"]
    mine, theirs = {"headers": {"If-Match": tag}}, {"headers": {"If-Match": tag}}
    put(api, sale.builder, sale.project, *_same(phases), **mine)
    stale = put(api, sale.builder, sale.project, element("All", "100.00"), status=412, **theirs)
    assert stale.code == "stale_version"
    # A report moves the version of the list as well, and answers the new tag.
    fresh = read(api, sale.builder, sale.project).headers["ETag"]
    answer = report(
        api,
        sale.builder,
        phases[0]["id"],
        progress_percentage="10.00",
        headers={"If-Match": fresh},
    )
    report(
        api,
        sale.builder,
        phases[0]["id"],
        progress_percentage="20.00",
        headers={"If-Match": fresh},
        expect=412,
    )
    report(
        api,
        sale.builder,
        phases[0]["id"],
        progress_percentage="20.00",
        headers={"If-Match": answer.headers["ETag"]},
    )


def _same(phases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = ("id", "phase_name", "weight_percent", "milestone_code")
    return [{name: phase[name] for name in names} for phase in phases]


def test_lists_sent_at_once_leave_one_of_them(api: Api, clock: Clock, database: str) -> None:
    sale = make_sale()
    plans = [
        [element(f"{who} {n}", "25.00", milestone_code=f"slab_{n}") for n in range(4)]
        for who in ("East", "West", "North", "South")
    ]
    at_once([partial(put, api, sale.builder, sale.project, *plan) for plan in plans])
    phases = read(api, sale.builder, sale.project).data["progress"]["phases"]
    names = [phase["phase_name"] for phase in phases]
    assert names in [[each["phase_name"] for each in plan] for plan in plans]


def test_a_new_expected_end_sets_and_takes_back_delayed(api: Api, clock: Clock) -> None:
    sale = make_sale()
    late = element("All", "100.00", expected_end_date=day(-1))
    (phase,) = planned(api, sale.builder, sale.project, late)
    assert phase["status"] == "delayed"
    report(api, sale.builder, phase["id"], progress_percentage="10.00")
    later = {**late, "id": phase["id"], "expected_end_date": day(0)}
    (phase,) = planned(api, sale.builder, sale.project, later)
    assert phase["status"] == "in_progress"
    assert moves("phase", phase["id"]) == [("not_started", "delayed"), ("delayed", "in_progress")]


def test_a_cancelled_project_keeps_its_phases(api: Api, clock: Clock) -> None:
    builder = make_builder()
    project = make_project(builder, status="cancelled")
    phase = make_phase(project)
    answer = put(api, builder, project, element("All", "100.00"), status=409)
    assert answer.error["details"][0]["value"] == "cancelled"
    assert report(api, builder, phase, progress_percentage="1.00", expect=409).code == "conflict"


def test_a_hidden_phase_counts_and_is_not_shown(api: Api, clock: Clock) -> None:
    sale = make_sale()
    first, *_ = planned(
        api,
        sale.builder,
        sale.project,
        element("Piling", "40.00", customer_visible=False, contractor_notes="Water came in."),
        element("Structure", "60.00", contractor_notes="Steel is late."),
    )
    report(api, sale.builder, first["id"], progress_percentage="50.00")
    for caller in (None, sale.customer, make_builder(), make_admin()):
        answer = read(api, caller, sale.project)
        (shown,) = answer.data["progress"]["phases"]
        assert (shown["phase_name"], shown["contractor_notes"]) == ("Structure", None)
        assert answer.data["progress"]["overall_progress"] == "20.00"
        assert answer.data["progress"]["next_milestone"]["phase_name"] == "Structure"
        assert b"Piling" not in answer.body
        assert b"Water" not in answer.body
    own = read(api, sale.builder, sale.project).data["progress"]
    assert own["next_milestone"]["phase_name"] == "Piling"
    assert [p["contractor_notes"] for p in own["phases"]] == ["Water came in.", "Steel is late."]


def test_progress_is_visible_as_its_project_is(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    project = make_project(builder, published=False)
    make_booking(make_unit(project), customer)
    phase = make_phase(project)
    for caller in (None, make_customer(), make_builder()):
        read(api, caller, project, status=404)
    for caller in (builder, customer, make_admin()):
        assert read(api, caller, project).data["progress"]["phases"][0]["id"] == phase
    report(api, make_builder(), phase, progress_percentage="1.00", expect=404)


def test_progress_is_answered_304_until_it_changes(api: Api, clock: Clock) -> None:
    sale = make_sale()
    first, *_ = planned(api, sale.builder, sale.project)
    tag = read(api, None, sale.project).headers["ETag"]
    read(api, None, sale.project, headers={"If-None-Match": tag}, status=304)
    report(api, sale.builder, first["id"], progress_percentage="1.00")
    assert read(api, None, sale.project, headers={"If-None-Match": tag}).headers["ETag"] != tag


def test_the_number_of_queries_does_not_grow_with_the_phases(api: Api, clock: Clock) -> None:
    sale = make_sale()
    planned(api, sale.builder, sale.project)
    # A builder's own page, which nobody else is shown, is worked out each time.
    with queries() as few:
        read(api, sale.builder, sale.project)
    many = [element(f"Slab {n}", "2.00", milestone_code=f"slab_{n}") for n in range(50)]
    planned(api, sale.builder, sale.project, *many)
    with queries() as more:
        assert len(read(api, sale.builder, sale.project).data["progress"]["phases"]) == 50
    assert len(more) == len(few) <= 6
