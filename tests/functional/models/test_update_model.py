"""`update_model`, `archive_model`: changing versions, making one current, archiving."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from realty.db import File, Model3D, StatusHistory
from realty.db.session import session
from realty.rules.models import MODEL_MOVES
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_model, make_unit
from tests.functional.models.common import STATUSES, added, ids, make_site, move, thumbnail

CHOSEN_BY_THE_VIEWER: dict[str, Any] = {
    "camera_position": None,
    "camera_target": None,
    "field_of_view_degrees": None,
    "exposure": None,
    "background_color": None,
    "auto_rotate": None,
    "hotspots": [],
}


@pytest.mark.parametrize(("status", "target"), [*product(STATUSES, STATUSES)])
def test_every_move_is_made_or_refused(api: Api, clock: Clock, status: str, target: str) -> None:
    site = make_site()
    model_id = make_model(site.project, site.builder, status)
    allowed = target == status or target in MODEL_MOVES[status]
    answer = move(api, site, model_id, expect=200 if allowed else 409, status=target)
    if allowed:
        assert answer.data["model"]["status"] == target
        return
    assert answer.code == "invalid_transition"
    assert answer.error["details"][0]["allowed"] == list(MODEL_MOVES[status])
    with session():
        assert Model3D[model_id].status == status
        assert StatusHistory.select(lambda h: h.entity == "model").count() == 0


def test_an_earlier_version_comes_back(api: Api, clock: Clock) -> None:
    site = make_site()
    first, second = (added(api, site, status="current")["id"] for _ in range(2))
    assert ids(api.get(site.path)) == [second]
    move(api, site, first, status="current")
    assert ids(api.get(site.path)) == [first]
    move(api, site, first, status="current")
    with session():
        assert {m.id: m.status for m in Model3D.select()} == {first: "current", second: "archived"}


def test_what_is_sent_is_changed_and_nothing_else(api: Api, clock: Clock) -> None:
    site = make_site()
    image = thumbnail(site)
    model = added(api, site, model_description="As planned.", thumbnail_file_id=image)
    clock.advance(hours=1)
    changes: dict[str, Any] = {
        "model_description": None,
        "model_type": "floor_plan",
        "access_level": "customers_only",
        "viewer_config": {"exposure": 0.5},
        "is_interactive": False,
    }
    changed = move(api, site, model["id"], **changes).data["model"]
    fixed = ("model_name", "version", "status", "file_format", "unit_id", "created_at")
    shown = {**changes, "viewer_config": {**CHOSEN_BY_THE_VIEWER, "exposure": 0.5}}
    assert {name: changed[name] for name in changes} == shown
    assert {name: changed[name] for name in fixed} == {name: model[name] for name in fixed}
    assert changed["thumbnail"]["file_id"] == image
    fresh = thumbnail(site)
    changed = move(api, site, model["id"], thumbnail_file_id=fresh, viewer_config=None).data[
        "model"
    ]
    assert (changed["thumbnail"]["file_id"], changed["viewer_config"]) == (fresh, None)
    assert move(api, site, model["id"], thumbnail_file_id=None).data["model"]["thumbnail"] is None
    with session():
        assert {File[each].attached_to_type for each in (image, fresh)} == {None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_name", "Another"),
        ("file_id", 1),
        ("unit_id", None),
        ("version", 2),
        ("view_count", 9),
        ("status", "published"),
        ("thumbnail_file_id", 2_147_483_647),
        ("viewer_config", {"hotspots": [{"label": " ", "position": {"x": 0, "y": 0, "z": 0}}]}),
    ],
)
def test_what_does_not_fit_is_refused(api: Api, clock: Clock, field: str, value: Any) -> None:
    site = make_site()
    model_id = make_model(site.project, site.builder)
    refused = move(api, site, model_id, expect=422, **{field: value})
    assert refused.error["details"][0]["field"].startswith(field)


def test_archiving_takes_it_away_and_may_be_repeated(api: Api, clock: Clock) -> None:
    site = make_site()
    model_id = make_model(site.project, site.builder)
    builder = api.as_(site.builder)
    for _ in range(2):
        builder.delete(f"/api/models/{model_id}", status=204)
    api.get(f"/api/models/{model_id}", status=404)
    assert builder.get(f"/api/models/{model_id}").data["model"]["status"] == "archived"
    with session():
        assert StatusHistory.select(lambda h: h.entity == "model").count() == 1


def test_only_its_builder_changes_it(api: Api, clock: Clock) -> None:
    site, other = make_site(), make_site()
    path = f"/api/models/{make_model(site.project, site.builder)}"
    change = {"access_level": "booked_customers"}
    assert api.as_(other.builder).patch(path, change, status=404).code == "not_found"
    assert api.as_(site.customer).patch(path, change, status=403).code == "forbidden"
    assert api.patch(path, change, status=401).code == "authentication_required"
    assert api.as_(site.customer).delete(path, status=403).code == "forbidden"
    assert not api.get(path).data["model"]["locked"]


def test_a_deleted_unit_takes_its_models_along(api: Api, clock: Clock) -> None:
    site = make_site()
    unit = make_unit(site.project)
    model = added(api, site, unit_id=unit.id, status="current")
    kept = added(api, site, status="current")
    api.as_(site.builder).delete(f"/api/units/{unit.id}", status=204)
    assert ids(api.get(site.path)) == [kept["id"]]
    with session():
        assert File[model["file"]["file_id"]].attached_to_type is None
