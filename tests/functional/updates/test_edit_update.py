"""Changing, publishing and archiving an update: who is told, how often, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import ConstructionUpdate, File, Notification, OutgoingMail, StatusHistory
from realty.db.session import session
from realty.services import updates
from tests.client import Api
from tests.deployment import Clock
from tests.factories import (
    make_booking,
    make_customer,
    make_file,
    make_phase,
    make_project,
    make_unit,
    make_units,
    make_update,
)
from tests.functional.queries import queries
from tests.functional.updates.common import (
    Site,
    draft,
    edit,
    ids,
    listed,
    make_site,
    published,
    told,
)
from tests.uploads import picture


def test_publishing_tells_each_occupying_customer_once(api: Api, clock: Clock) -> None:
    """Whoever has two bookings is told once, whoever's booking is dead not at all."""
    site = make_site()
    twice, gone, stranger = site.customer, make_customer(), make_customer()
    make_booking(make_unit(site.project), twice, status="handed_over")
    for status in ("cancelled", "rejected", "expired"):
        make_booking(make_unit(site.project), gone, status=status)
    make_booking(make_unit(make_project(site.builder)), stranger)
    others = [make_customer() for _ in range(3)]
    statuses = ("pending", "token_paid", "agreement_registered")
    for customer, status in zip(others, statuses, strict=True):
        make_booking(make_unit(site.project), customer, status=status)
    update_id = draft(api, site)["id"]
    clock.advance(hours=1)
    answer = edit(api, site, update_id, status="published")
    assert answer.data["update"]["status"] == "published"
    assert answer.data["update"]["allowed_statuses"] == ["archived"]
    assert answer.data["update"]["published_at"] == f"{clock.now().isoformat()}Z"
    assert told(update_id) == sorted(each.user_id for each in (twice, *others))
    with session():
        row = Notification.select(lambda n: n.related_entity_id == update_id).first()
        assert row.notification_type == "progress"
        assert row.action_url == f"/projects/{site.project.id}/updates/{update_id}"
        assert "The fourth slab is cast" in row.message
        moves = StatusHistory.select(lambda h: h.entity == "update").order_by(StatusHistory.id)
        assert [(m.from_status, m.to_status) for m in moves] == [
            (None, "draft"),
            ("draft", "published"),
        ]


def test_publishing_again_or_after_the_archive_tells_nobody(api: Api, clock: Clock) -> None:
    site = make_site()
    update = published(api, site)
    clock.advance(days=1)
    again = edit(api, site, update["id"], status="published")
    assert again.data["update"] == update
    edit(api, site, update["id"], status="archived")
    back = edit(api, site, update["id"], status="published").data["update"]
    assert (back["published_at"], back["version"]) == (update["published_at"], 4)
    edit(api, site, update["id"], update_content="Curing takes until Monday.", audience="customers")
    assert told(update["id"]) == [site.customer.user_id]


def test_a_late_buyer_is_not_told_of_old_news_and_reads_it(api: Api, clock: Clock) -> None:
    site = make_site()
    update = published(api, site, audience="customers")
    late = make_customer()
    assert ids(listed(api, late, site)) == []
    make_booking(make_unit(site.project), late)
    assert ids(listed(api, late, site)) == [update["id"]]
    edit(api, site, update["id"], status="archived")
    edit(api, site, update["id"], status="published")
    assert told(update["id"]) == [site.customer.user_id]


def test_the_notification_has_the_card_of_the_project(api: Api, clock: Clock) -> None:
    site = make_site(published=False)
    update = published(api, site)
    read = api.as_(site.customer).get("/api/notifications").data["notifications"]
    [news] = [each for each in read if each["related_entity_type"] == "update"]
    assert news["project"]["id"] == site.project.id
    # What is archived has no card any more, because its reader does not see it.
    edit(api, site, update["id"], status="archived")
    [news] = api.as_(site.customer).get("/api/notifications").data["notifications"]
    assert news["project"] is None


def test_the_name_of_a_hidden_phase_is_not_in_what_customers_are_told(
    api: Api, clock: Clock
) -> None:
    site = make_site()
    phase = make_phase(site.project, phase_name="Secret vault", customer_visible=False)
    update = published(api, site, phase_id=phase)
    assert update["phase"]["phase_name"] == "Secret vault"
    with session():
        texts = [(n.title, n.message) for n in Notification.select()]
        texts += [(m.subject, m.body) for m in OutgoingMail.select()]
    assert texts
    assert "Secret" not in str(texts)


def test_who_switched_it_off_is_not_told(api: Api, clock: Clock) -> None:
    site = make_site()
    wishes = [{"notification_type": "progress", "in_app": False, "email": False}]
    api.as_(site.customer).put("/api/notifications/preferences", {"preferences": wishes})
    assert told(published(api, site)["id"]) == []


def test_publishing_costs_the_same_for_any_number_of_customers(api: Api, clock: Clock) -> None:
    site, sent = make_site(), []
    for number in (1, 12):
        for unit in make_units(site.project, number):
            make_booking(unit, make_customer())
        update_id = draft(api, site)["id"]
        with queries() as statements:
            edit(api, site, update_id, status="published")
        sent.append(len(statements))
    assert len(told(update_id)) == 14
    assert sent[0] == sent[1] <= 16


def test_a_failure_while_telling_publishes_nothing(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a second attempt tells everybody, once."""
    site = make_site()
    update_id = draft(api, site)["id"]

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the machine stops here")

    with monkeypatch.context() as broken:
        broken.setattr(updates, "notify_all", fail)
        edit(api, site, update_id, status="published", expect=500)
    assert told(update_id) == []
    with session():
        assert ConstructionUpdate[update_id].status == "draft"
    edit(api, site, update_id, status="published")
    assert told(update_id) == [site.customer.user_id]


MOVES = {
    ("draft", "published"): 200,
    ("draft", "archived"): 409,
    ("published", "draft"): 409,
    ("published", "archived"): 200,
    ("archived", "draft"): 409,
    ("archived", "published"): 200,
}


@pytest.mark.parametrize(("status", "target"), MOVES)
def test_every_move(api: Api, clock: Clock, status: str, target: str) -> None:
    site = make_site()
    update_id = make_update(site.project, status)
    answer = edit(api, site, update_id, status=target, expect=MOVES[status, target])
    if answer.status == 200:
        assert answer.data["update"]["status"] == target
        return
    assert answer.code == "invalid_transition"
    [detail] = answer.error["details"]
    allowed = [to for (source, to), code in MOVES.items() if source == status and code == 200]
    assert (detail["value"], detail["allowed"]) == (status, allowed)


def test_what_was_told_is_kept_when_it_is_changed(api: Api, clock: Clock) -> None:
    site = make_site()
    update = published(api, site, update_type="delay", estimated_delay_days=30)
    first = {name: update[name] for name in ("update_title", "update_content")}
    clock.advance(hours=2)
    edit(api, site, update["id"], estimated_delay_days=10)
    clock.advance(hours=2)
    edit(api, site, update["id"], update_content="Curing takes until Monday.", status="archived")
    shown = api.as_(site.builder).get(f"/api/updates/{update['id']}").data["update"]
    told_before = [
        {name: revision[name] for name in (*first, "estimated_delay_days")}
        for revision in shown["revisions"]
    ]
    assert told_before == [
        {**first, "estimated_delay_days": 10},
        {**first, "estimated_delay_days": 30},
    ]
    assert (
        shown["revised_at"] == shown["revisions"][0]["created_at"] == f"{clock.now().isoformat()}Z"
    )
    # Archived or not, it was told: what it said is kept.
    edit(api, site, update["id"], update_title="Delay of the slab")
    assert len(listed_revisions(api, site, update["id"])) == 3


def listed_revisions(api: Api, site: Site, update_id: int) -> list[Any]:
    revisions: list[Any] = (
        api.as_(site.builder).get(f"/api/updates/{update_id}").data["update"]["revisions"]
    )
    return revisions


def test_drafts_and_other_changes_leave_no_revision(api: Api, clock: Clock) -> None:
    site = make_site()
    update_id = draft(api, site)["id"]
    edit(api, site, update_id, update_title="A better title")
    # The words that are published with it were never told otherwise.
    edit(api, site, update_id, update_content="Better words.", status="published")
    edit(api, site, update_id, priority="high", tags=["slabs"], audience="customers")
    edit(api, site, update_id, update_content="Better words.")
    shown = api.as_(site.builder).get(f"/api/updates/{update_id}").data["update"]
    assert (shown["revisions"], shown["revised_at"]) == ([], None)
    assert shown["version"] == 4


def test_readers_learn_that_it_was_changed_and_not_from_what(api: Api, clock: Clock) -> None:
    site = make_site()
    update = published(api, site)
    edit(api, site, update["id"], update_content="Curing takes until Monday.")
    for reader in (None, site.customer, make_site().builder):
        answer = api.as_(reader).get(f"/api/updates/{update['id']}")
        shown = answer.data["update"]
        assert shown["revised_at"] is not None
        assert shown["revisions"] == []
        assert "Friday" not in answer.body.decode()


def test_a_stale_version_is_refused(api: Api, clock: Clock) -> None:
    site = make_site()
    made = api.as_(site.builder).get(f"/api/updates/{draft(api, site)['id']}")
    update_id, tag = made.data["update"]["id"], made.headers["ETag"]
    changed = edit(api, site, update_id, priority="low", headers={"If-Match": tag})
    refused = edit(api, site, update_id, priority="high", headers={"If-Match": tag}, expect=412)
    assert refused.code == "stale_version"
    edit(api, site, update_id, priority="high", headers={"If-Match": changed.headers["ETag"]})


def test_null_clears_and_what_is_left_out_stays(api: Api, clock: Clock) -> None:
    site = make_site()
    phase = make_phase(site.project)
    update = draft(
        api, site, phase_id=phase, estimated_delay_days=3, tags=["a"], weather_impact=True
    )
    kept = edit(api, site, update["id"], priority="low").data["update"]
    assert (kept["phase_id"], kept["estimated_delay_days"], kept["tags"]) == (phase, 3, ["a"])
    assert kept["weather_impact"] is True
    cleared = edit(api, site, update["id"], phase_id=None, estimated_delay_days=None, tags=[]).data[
        "update"
    ]
    assert (cleared["phase"], cleared["estimated_delay_days"], cleared["tags"]) == (None, None, [])


def test_pictures_are_exchanged(api: Api, clock: Clock) -> None:
    site = make_site()
    files = [
        make_file(site.builder, "update_image", picture(), content_type="image/png")
        for _ in range(3)
    ]
    update = draft(api, site, images=[{"file_id": file_id} for file_id in files[:2]])
    changed = edit(
        api, site, update["id"], images=[{"file_id": files[2]}, {"file_id": files[1]}]
    ).data["update"]
    assert [image["file"]["file_id"] for image in changed["images"]] == [files[2], files[1]]
    assert changed["version"] == 2
    with session():
        assert File[files[0]].attached_to_type is None
    other = make_phase(make_project(site.builder))
    edit(api, site, update["id"], images=[], phase_id=other, expect=422)
    with session():
        assert File[files[1]].attached_to_type == "update", "a refused change has no effect"


@pytest.mark.parametrize(
    "changes",
    [{}, {"update_title": None}, {"project_id": 1}, {"published_at": None}, {"status": "gone"}],
)
def test_what_nobody_may_change_is_refused(api: Api, clock: Clock, changes: Any) -> None:
    site = make_site()
    update_id = draft(api, site)["id"]
    path = f"/api/updates/{update_id}"
    assert api.as_(site.builder).patch(path, changes, status=422).code == "validation_error"


def test_a_phase_that_vanishes_takes_no_update_with_it(api: Api, clock: Clock) -> None:
    """A phase on which no work has begun may be left out of a new list of phases."""
    site = make_site()
    phase = make_phase(site.project)
    update = published(api, site, phase_id=phase)
    path = f"/api/projects/{site.project.id}/progress"
    api.as_(site.builder).put(path, {"phases": [{"phase_name": "All", "weight_percent": "100.00"}]})
    shown = api.get(f"/api/updates/{update['id']}").data["update"]
    assert (shown["phase_id"], shown["phase"]) == (None, None)


def test_only_its_builder_changes_an_update(api: Api, clock: Clock) -> None:
    site, other = make_site(), make_site()
    update = published(api, site)
    path, body = f"/api/updates/{update['id']}", {"status": "archived"}
    assert api.as_(other.builder).patch(path, body, status=404).code == "not_found"
    assert api.as_(site.customer).patch(path, body, status=403).code == "forbidden"
    assert api.patch(path, body, status=401).code == "authentication_required"
    with session():
        assert ConstructionUpdate[update["id"]].status == "published"
