"""Adding versions of a 3D model: what they are made of, and how they are numbered."""

from __future__ import annotations

from typing import Any

import pytest

from realty.db import File, Model3D, StatusHistory
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_customer, make_file, make_project, make_unit
from tests.functional.models.common import (
    Site,
    add,
    added,
    make_site,
    model_file,
    thumbnail,
)
from tests.uploads import FBX, GLTF, HTML, OBJ, PDF, glb, picture, upload

VIEWER = {
    "camera_position": {"x": 4, "y": 1.6, "z": -6.25},
    "camera_target": {"x": 0, "y": 0, "z": 0},
    "field_of_view_degrees": 55.5,
    "exposure": 1.2,
    "background_color": "#dCe8f2",
    "auto_rotate": True,
    "hotspots": [{"label": "Balcony — बालकनी", "position": {"x": 2, "y": 1, "z": -3}}],
}


def test_a_draft_has_what_was_sent_and_else_what_is_usual(api: Api, clock: Clock) -> None:
    site = make_site()
    file_id = model_file(site)
    answer = add(api, site, model_name="  Site model ", file_id=file_id)
    model = answer.data["model"]
    assert model == {
        **model,
        "project_id": site.project.id,
        "unit_id": None,
        "unit": None,
        "model_name": "Site model",
        "model_description": None,
        "model_type": "project_overview",
        "file_format": "glb",
        "file_size": 64,
        "access_level": "public",
        "version": 1,
        "status": "draft",
        "allowed_statuses": ["current", "archived"],
        "locked": False,
        "thumbnail": None,
        "viewer_config": None,
        "is_interactive": True,
        "view_count": 0,
        "download_count": 0,
    }
    assert model["project"]["id"] == site.project.id
    assert model["file"]["file_id"] == file_id
    assert api.get(model["file"]["url"]).body == glb()
    assert answer.headers["Location"] == f"/api/models/{model['id']}"
    with session():
        file = File[file_id]
        assert (file.attached_to_type, file.attached_to_id) == ("model", model["id"])
        begun = StatusHistory.get(entity="model", entity_id=model["id"])
        assert (begun.from_status, begun.to_status) == (None, "draft")


def test_everything_may_be_said_at_once(api: Api, clock: Clock) -> None:
    site = make_site()
    said: dict[str, Any] = {
        "unit_id": site.unit.id,
        "model_name": "खुली रसोई 🍳",
        "model_description": "The wall is left out.\nFrom the third floor up.",
        "model_type": "design_option",
        "thumbnail_file_id": thumbnail(site),
        "access_level": "booked_customers",
        "viewer_config": VIEWER,
        "is_interactive": False,
        "status": "current",
    }
    model = added(api, site, **said)
    same = set(said) - {"thumbnail_file_id"}
    assert {name: model[name] for name in same} == {name: said[name] for name in same}
    assert model["thumbnail"]["file_id"] == said["thumbnail_file_id"]
    assert model["unit"]["id"] == site.unit.id
    assert model["allowed_statuses"] == ["archived"]


def test_versions_are_counted_for_each_name_in_its_scope(api: Api, clock: Clock) -> None:
    site, elsewhere = make_site(), make_site()
    other_unit = make_unit(site.project).id

    def version(at: Site = site, **over: Any) -> int:
        return int(added(api, at, **over)["version"])

    assert [version(), version(), version(model_name="Lobby"), version()] == [1, 2, 1, 3]
    assert [version(unit_id=site.unit.id), version(unit_id=other_unit)] == [1, 1]
    assert [version(unit_id=site.unit.id), version(elsewhere)] == [2, 1]


def test_what_becomes_current_takes_the_place_of_what_was(api: Api, clock: Clock) -> None:
    site = make_site()
    first = added(api, site, status="current")["id"]
    of_unit = added(api, site, status="current", unit_id=site.unit.id)["id"]
    other = added(api, site, status="current", model_name="Lobby")["id"]
    draft = added(api, site)["id"]
    second = added(api, site, status="current")["id"]
    with session():
        statuses = {m.id: m.status for m in Model3D.select()}
        moves = StatusHistory.select(lambda h: h.entity == "model" and h.entity_id == first)
        assert [(m.from_status, m.to_status) for m in moves.order_by(StatusHistory.id)] == [
            (None, "draft"),
            ("draft", "current"),
            ("current", "archived"),
        ]
    assert statuses == {
        first: "archived",
        of_unit: "current",
        other: "current",
        draft: "draft",
        second: "current",
    }


@pytest.mark.parametrize(
    ("content", "form"), [(glb(), "glb"), (GLTF, "gltf"), (OBJ, "obj"), (FBX, "fbx")]
)
def test_the_format_is_what_the_content_is(
    api: Api, clock: Clock, content: bytes, form: str
) -> None:
    site = make_site()
    sent = upload("model", content, filename="model.glb")
    stored = api.as_(site.builder).post("/api/files", sent, status=201).data["file"]
    model = added(api, site, file_id=stored["file_id"])
    assert (model["file_format"], model["file_size"]) == (form, len(content))


@pytest.mark.parametrize(
    "content",
    [glb(length=65), glb(size=8), b"glTF" + bytes(60), b"GLTF" + glb()[4:], PDF, HTML, picture()],
    ids=["longer than it is", "cut", "version 0", "other magic", "pdf", "html", "png"],
)
def test_a_file_that_is_no_model_is_refused(api: Api, clock: Clock, content: bytes) -> None:
    site = make_site()
    sent = upload("model", content, filename="model.glb")
    answer = api.as_(site.builder).post("/api/files", sent, status=422)
    assert answer.error["details"][0]["field"] == "file"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_name", " "),
        ("model_name", "x" * 201),
        ("model_type", "hologram"),
        ("access_level", "friends"),
        ("status", "archived"),
        ("file_id", 2_147_483_647),
        ("thumbnail_file_id", 2_147_483_647),
        ("viewer_config", {}),
        ("viewer_config", {"script": "alert(1)"}),
        ("viewer_config", {"background_color": "red"}),
        ("viewer_config", {"field_of_view_degrees": 180}),
        ("viewer_config", {"camera_target": {"x": 0, "y": 1e9, "z": 0}}),
        ("viewer_config", {"hotspots": [{"label": "x"}]}),
        ("version", 7),
        ("view_count", 1000),
        ("file_format", "glb"),
    ],
)
def test_what_does_not_fit_is_refused(api: Api, clock: Clock, field: str, value: Any) -> None:
    site = make_site()
    answer = add(api, site, expect=422, **{field: value})
    assert answer.error["details"][0]["field"].startswith(field)
    with session():
        assert Model3D.select().count() == 0


def test_a_unit_of_another_project_is_like_one_that_is_absent(api: Api, clock: Clock) -> None:
    site = make_site()
    other = make_unit(make_project(site.builder)).id
    refused = [add(api, site, expect=404, unit_id=each).error for each in (other, 2_147_483_647)]
    assert [each["code"] for each in refused] == ["not_found", "not_found"]


def test_only_an_own_file_for_this_use_that_is_free(api: Api, clock: Clock) -> None:
    site = make_site()
    kind = {"content_type": "model/gltf-binary"}
    foreign = make_file(make_customer(), "model", glb(), **kind)
    purpose = make_file(site.builder, "brochure", glb(), **kind)
    used = model_file(site)
    added(api, site, file_id=used)
    for file_id in (foreign, purpose, used):
        answer = add(api, site, expect=422, file_id=file_id)
        assert answer.error["details"][0]["field"] == "file_id"
    no_thumbnail = make_file(site.builder, "update_image", picture(), content_type="image/png")
    answer = add(api, site, expect=422, thumbnail_file_id=no_thumbnail)
    assert answer.error["details"][0]["field"] == "thumbnail_file_id"
    with session():
        assert Model3D.select().count() == 1
        assert File[foreign].attached_to_type is None


def test_only_its_builder_adds_to_a_project(api: Api, clock: Clock) -> None:
    site, other = make_site(), make_site()
    body = {"model_name": "X", "model_type": "amenities", "file_id": model_file(other)}
    assert api.as_(other.builder).post(site.path, body, status=404).code == "not_found"
    assert api.as_(site.customer).post(site.path, body, status=403).code == "forbidden"
    assert api.post(site.path, body, status=401).code == "authentication_required"
