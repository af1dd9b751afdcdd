"""`update_phase_progress`: 100 % ⇔ completed ⇔ an actual end, and who hears of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.db import AuditLog, File, Notification, StatusHistory
from realty.db.session import session
from tests.client import Api
from tests.database import at_once
from tests.deployment import Clock
from tests.factories import make_admin, make_booking, make_customer, make_file, make_phase
from tests.functional.bookings.common import make_sale, moves, told
from tests.functional.progress.common import (
    day,
    element,
    planned,
    read,
    report,
    stored,
    today,
)
from tests.functional.queries import queries

STANDING = ("progress_percentage", "status", "actual_end_date")


def standing(phase: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(phase[name] for name in STANDING)


def test_a_percentage_starts_a_phase_and_the_whole_completes_it(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phase_id = make_phase(sale.project)
    phase = report(api, sale.builder, phase_id, progress_percentage="0.01").data["phase"]
    assert standing(phase) == ("0.01", "in_progress", None)
    phase = report(api, sale.builder, phase_id, progress_percentage="100.00").data["phase"]
    assert standing(phase) == ("100.00", "completed", day(0))
    assert moves("phase", phase_id) == [
        ("not_started", "in_progress"),
        ("in_progress", "completed"),
    ]
    progress = read(api, None, sale.project).data["progress"]
    assert (progress["overall_progress"], progress["next_milestone"]) == ("100.00", None)


def test_completed_is_the_whole_and_may_be_told_later(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phase_id = make_phase(sale.project, start_date=today() - timedelta(days=9))
    report(api, sale.builder, phase_id, status="completed", actual_end_date=day(1), expect=422)
    report(api, sale.builder, phase_id, status="completed", actual_end_date=day(-10), expect=422)
    answer = report(api, sale.builder, phase_id, status="completed", actual_end_date=day(-3))
    assert standing(answer.data["phase"]) == ("100.00", "completed", day(-3))
    # The same again keeps the day.
    clock.advance(days=2)
    again = report(api, sale.builder, phase_id, progress_percentage="100.00")
    assert again.data["phase"]["actual_end_date"] == day(-5)


@pytest.mark.parametrize(
    ("percent", "body", "field"),
    [
        ("0.00", {"status": "completed", "progress_percentage": "99.99"}, "progress_percentage"),
        ("0.00", {"status": "on_hold", "progress_percentage": "100.00"}, "status"),
        ("0.00", {"status": "not_started", "progress_percentage": "1.00"}, "status"),
        ("40.00", {"status": "not_started"}, "status"),
        ("40.00", {"actual_end_date": "2026-01-01"}, "actual_end_date"),
        ("40.00", {"progress_percentage": "39.99"}, "reason"),
        ("40.00", {"progress_percentage": "39.99", "reason": "  "}, "reason"),
        ("100.00", {"status": "in_progress"}, "status"),
        ("100.00", {"progress_percentage": "99.99"}, "reason"),
        ("0.00", {"status": "delayed"}, "status"),
        ("0.00", {"progress_percentage": "100.01"}, "progress_percentage"),
        ("0.00", {"progress_percentage": 50}, "progress_percentage"),
        ("0.00", {"weight_percent": "50.00"}, "weight_percent"),
        ("0.00", {}, "body"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(
    api: Api, clock: Clock, percent: str, body: dict[str, Any], field: str
) -> None:
    sale = make_sale()
    phase_id = make_phase(sale.project)
    report(api, sale.builder, phase_id, progress_percentage=percent)
    before = stored(phase_id, *STANDING)
    answer = api.as_(sale.builder).patch(f"/api/progress/{phase_id}", body, status=422)
    assert answer.error["details"][0]["field"] == field
    assert stored(phase_id, *STANDING) == before


def test_lowering_needs_a_reason_that_is_kept(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phase_id = make_phase(sale.project)
    report(api, sale.builder, phase_id, status="completed")
    reopened = report(
        api, sale.builder, phase_id, progress_percentage="80.00", reason="A crack in slab 2."
    )
    assert standing(reopened.data["phase"]) == ("80.00", "in_progress", None)
    report(api, sale.builder, phase_id, progress_percentage="70.00", reason="And in slab 3.")
    with session():
        lines = StatusHistory.select(lambda h: h.entity == "phase" and h.reason is not None)
        assert [line.reason for line in lines.order_by(lambda h: h.id)] == [
            "A crack in slab 2.",
            "And in slab 3.",
        ]
        notes = AuditLog.select(lambda a: a.action == "phase.reported").order_by(lambda a: a.id)
        last = list(notes)[-1]
        assert (last.entity_id, last.details["progress_percentage_before"]) == (phase_id, "80.00")


def test_a_phase_on_hold_stays_there_until_it_is_taken_up(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phase_id = make_phase(sale.project, expected_end_date=today() - timedelta(days=1))
    report(api, sale.builder, phase_id, status="on_hold")
    held = report(api, sale.builder, phase_id, progress_percentage="10.00").data["phase"]
    assert held["status"] == "on_hold"
    # Taken up after its expected end it is late at once.
    taken_up = report(api, sale.builder, phase_id, status="in_progress").data["phase"]
    assert taken_up["status"] == "delayed"


def test_the_day_of_the_site_decides_what_is_delayed(api: Api, clock: Clock) -> None:
    sale = make_sale(timezone="Pacific/Kiritimati")
    clock.set(clock.now().replace(hour=11, minute=0))  # 01:00 of the next day at the site
    phase_id = make_phase(sale.project, expected_end_date=clock.now().date())
    answer = report(api, sale.builder, phase_id, progress_percentage="10.00")
    assert answer.data["phase"]["status"] == "delayed"
    clock.set(clock.now().replace(hour=9, minute=59))
    answer = report(api, sale.builder, phase_id, progress_percentage="20.00")
    assert answer.data["phase"]["status"] == "in_progress"


def test_completing_tells_each_customer_with_a_live_booking_once(api: Api, clock: Clock) -> None:
    sale = make_sale(5)
    twice, once, gone = sale.customer, make_customer(), make_customer()
    for unit, customer, status in zip(
        sale.units,
        (twice, twice, once, gone),
        ("pending", "agreement_registered", "handed_over", "cancelled"),
        strict=False,
    ):
        make_booking(unit, customer, status=status)
    first, second = planned(
        api,
        sale.builder,
        sale.project,
        element("Foundation", "50.00"),
        element("Secret piling", "50.00", customer_visible=False),
    )
    report(api, sale.builder, first["id"], status="completed")
    report(api, sale.builder, first["id"], progress_percentage="10.00", reason="Too early.")
    report(api, sale.builder, first["id"], status="completed")
    report(api, sale.builder, second["id"], status="completed")
    assert [told(each) for each in (twice, once, gone)] == [
        ["Phase complete"],
        ["Phase complete"],
        [],
    ]
    with session():
        row = Notification.select().first()
        assert (row.notification_type, row.related_entity_type) == ("progress", "project")
        assert row.action_url == f"/projects/{sale.project.id}/progress"
        assert row.message.startswith("Foundation of ")
    # The notification's card is that of the project.
    shown = api.as_(once).get("/api/notifications").data["notifications"]
    assert shown[0]["project"]["id"] == sale.project.id


def test_two_reports_of_completion_at_once_tell_once(api: Api, clock: Clock, database: str) -> None:
    sale = make_sale()
    sale.booked()
    phase_id = make_phase(sale.project)
    at_once([lambda: report(api, sale.builder, phase_id, status="completed")] * 6)
    assert told(sale.customer) == ["Phase complete"]
    assert moves("phase", phase_id) == [("not_started", "completed")]


def test_what_is_asked_does_not_grow_with_the_customers(api: Api, clock: Clock) -> None:
    sale = make_sale(8)
    counts = []
    for customers in (1, 7):
        for unit in sale.units[:customers]:
            make_booking(unit, make_customer())
        sale.units[:] = sale.units[customers:]
        phase_id = make_phase(sale.project)
        with queries() as sent:
            report(api, sale.builder, phase_id, status="completed")
        counts.append(sum(sql.startswith("SELECT") for sql in sent))
    assert counts[0] == counts[1]


def test_the_pictures_of_a_hidden_phase_are_the_builders_alone(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phase_id = make_phase(sale.project, customer_visible=False)
    picture = make_file(sale.builder, "phase_image")
    report(api, sale.builder, phase_id, milestone_images=[{"file_id": picture}])
    api.as_(sale.builder).get(f"/api/files/{picture}", status=302)
    for other in (sale.customer, make_admin()):
        api.as_(other).get(f"/api/files/{picture}", status=404)


def test_pictures_are_files_of_the_builder_and_of_one_phase(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phase_id, other = make_phase(sale.project), make_phase(sale.project)
    one, two = make_file(sale.builder, "phase_image"), make_file(sale.builder, "phase_image")
    images = [{"file_id": one, "caption": "Slab 3"}, {"file_id": two}]
    phase = report(api, sale.builder, phase_id, milestone_images=images).data["phase"]
    shown = [(each["file"]["file_id"], each["caption"]) for each in phase["milestone_images"]]
    assert shown == [(one, "Slab 3"), (two, None)]
    public = read(api, None, sale.project).data["progress"]["phases"][0]["milestone_images"]
    assert public[0]["file"]["url"]
    # Another phase may not have one of them, nor anybody what is not his or not a picture of work.
    strange = [make_file(sale.customer, "phase_image"), make_file(sale.builder, "logo")]
    for file_id in (one, *strange, 2_147_483_647):
        body = [{"file_id": file_id}]
        answer = report(api, sale.builder, other, milestone_images=body, expect=422)
        assert answer.error["details"][0]["field"] == "milestone_images[0].file_id"
    report(api, sale.builder, phase_id, milestone_images=[{"file_id": two}])
    with session():
        assert File[one].attached_to_type is None
        assert (File[two].attached_to_type, File[two].attached_to_id) == ("phase", phase_id)
    # A phase that is deleted lets its pictures go.
    planned(api, sale.builder, sale.project, element("All", "100.00"))
    with session():
        assert File[two].attached_to_type is None


def test_notes_alone_change_nothing_else(api: Api, clock: Clock) -> None:
    sale = make_sale()
    phase_id = make_phase(sale.project, progress_percentage="30.00", status="in_progress")
    before = read(api, sale.builder, sale.project).data["progress"]["version"]
    phase = report(api, sale.builder, phase_id, contractor_notes="Rain.").data["phase"]
    assert (phase["contractor_notes"], phase["progress_percentage"]) == ("Rain.", "30.00")
    assert moves("phase", phase_id) == []
    report(api, sale.builder, phase_id, contractor_notes=None)
    report(api, sale.builder, phase_id, progress_percentage="30.00")  # nothing new
    after = read(api, sale.builder, sale.project).data["progress"]["version"]
    assert (stored(phase_id, "contractor_notes"), after) == ((None,), before + 2)
