"""Writing an update: a draft with its pictures, videos, phase and tags, of which nobody is told."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import File, StatusHistory
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_customer, make_file, make_phase, make_project
from tests.functional.updates.common import NEWS, draft, make_site, told
from tests.uploads import picture


def test_a_draft_has_what_was_sent_and_else_what_is_usual(api: Api, clock: Clock) -> None:
    site = make_site()
    path = f"/api/projects/{site.project.id}/updates"
    answer = api.as_(site.builder).post(path, NEWS, status=201)
    update = answer.data["update"]
    assert update == {
        **update,
        **NEWS,
        "project_id": site.project.id,
        "phase_id": None,
        "phase": None,
        "update_type": "general",
        "priority": "medium",
        "audience": "public",
        "images": [],
        "videos": [],
        "estimated_delay_days": None,
        "weather_impact": False,
        "tags": [],
        "posted_by": site.builder.user_id,
        "status": "draft",
        "allowed_statuses": ["published"],
        "published_at": None,
        "revised_at": None,
        "version": 1,
        "revisions": [],
    }
    assert update["project"]["id"] == site.project.id
    assert answer.headers["Location"] == f"/api/updates/{update['id']}"
    assert answer.headers["ETag"].startswith('"1.')
    assert told(update["id"]) == []
    with session():
        begun = StatusHistory.get(entity="update", entity_id=update["id"])
        assert (begun.from_status, begun.to_status) == (None, "draft")
        assert begun.actor.id == site.builder.user_id


def test_everything_may_be_said_at_once(api: Api, clock: Clock) -> None:
    site = make_site()
    phase = make_phase(site.project, phase_name="Structure", milestone_code="slab_1")
    file_id = make_file(site.builder, "update_image", picture(), content_type="image/png")
    said: dict[str, Any] = {
        "update_title": "  Zwei Wochen Regen 🌧  ",
        "update_content": "The slabs wait.\n\nदो सप्ताह।",
        "update_type": "delay",
        "priority": "critical",
        "audience": "customers",
        "phase_id": phase,
        "images": [{"file_id": file_id, "caption": "Slab 4"}],
        "videos": [{"url": "https://video.example/slab?id=4#t=3"}],
        "estimated_delay_days": 14,
        "weather_impact": True,
        "tags": ["Tower A", "slabs"],
    }
    update = draft(api, site, **said)
    assert update["update_title"] == "Zwei Wochen Regen 🌧"
    assert [update[name] for name in ("update_content", "update_type", "priority")] == [
        said["update_content"],
        "delay",
        "critical",
    ]
    assert (update["audience"], update["estimated_delay_days"]) == ("customers", 14)
    assert (update["weather_impact"], update["tags"]) == (True, ["Tower A", "slabs"])
    assert update["phase"] == {
        "id": phase,
        "phase_name": "Structure",
        "milestone_code": "slab_1",
        "status": "not_started",
    }
    assert update["videos"] == [{"url": "https://video.example/slab?id=4#t=3", "caption": None}]
    [image] = update["images"]
    assert (image["file"]["file_id"], image["caption"]) == (file_id, "Slab 4")
    assert api.get(image["file"]["url"]).body
    with session():
        file = File[file_id]
        assert (file.attached_to_type, file.attached_to_id) == ("update", update["id"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("update_title", "   "),
        ("update_title", "x" * 201),
        ("update_content", ""),
        ("update_content", "x" * 10_001),
        ("update_type", "rumour"),
        ("audience", "builder"),
        ("estimated_delay_days", -1),
        ("estimated_delay_days", 3651),
        ("tags", ["slabs", "SLABS"]),
        ("tags", ["x"] * 11),
        ("tags", [" "]),
        ("videos", [{"url": "http://video.example/4"}]),
        ("videos", [{"url": "https://video.example/a b"}]),
        ("videos", [{"url": "javascript:alert(1)"}]),
        ("images", [{"url": "https://elsewhere.example/a.png"}]),
        ("phase_id", 2_147_483_647),
        ("status", "published"),
        ("published_at", "2026-11-23T10:00:00Z"),
        ("posted_by", 1),
        ("version", 7),
    ],
)
def test_what_does_not_fit_is_refused(api: Api, clock: Clock, field: str, value: Any) -> None:
    site = make_site()
    path = f"/api/projects/{site.project.id}/updates"
    answer = api.as_(site.builder).post(path, {**NEWS, field: value}, status=422)
    assert answer.error["details"][0]["field"].startswith(field)


def test_a_phase_of_another_project_is_like_one_that_is_absent(api: Api, clock: Clock) -> None:
    site = make_site()
    other = make_phase(make_project(site.builder))
    path = f"/api/projects/{site.project.id}/updates"
    refused = [
        api.as_(site.builder).post(path, {**NEWS, "phase_id": phase_id}, status=422).error
        for phase_id in (other, 2_147_483_647)
    ]
    assert refused[0]["details"] == refused[1]["details"]
    assert refused[0]["details"][0]["field"] == "phase_id"


def test_only_an_own_picture_for_this_use_is_shown(api: Api, clock: Clock) -> None:
    site = make_site()
    path = f"/api/projects/{site.project.id}/updates"
    foreign = make_file(make_customer(), "update_image", picture(), content_type="image/png")
    purpose = make_file(site.builder, "phase_image", picture(), content_type="image/png")
    mine = make_file(site.builder, "update_image", picture(), content_type="image/png")
    draft(api, site, images=[{"file_id": mine}])
    for file_id in (foreign, purpose, mine):
        body = {**NEWS, "images": [{"file_id": file_id}]}
        answer = api.as_(site.builder).post(path, body, status=422)
        assert answer.error["details"][0]["field"] == "images[0].file_id"
    with session():
        assert File[foreign].attached_to_type is None


def test_only_its_builder_writes_in_a_project(api: Api, clock: Clock) -> None:
    site, other = make_site(), make_site()
    path = f"/api/projects/{site.project.id}/updates"
    assert api.as_(other.builder).post(path, NEWS, status=404).code == "not_found"
    assert api.as_(site.customer).post(path, NEWS, status=403).code == "forbidden"
    assert api.post(path, NEWS, status=401).code == "authentication_required"
