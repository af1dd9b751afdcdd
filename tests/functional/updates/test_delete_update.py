"""Deleting an update: drafts only, with their pictures."""

from __future__ import annotations

import pytest

from realty.db import ConstructionUpdate, File, UpdateRevision
from realty.db.session import session
from tests.client import Api
from tests.deployment import Clock
from tests.factories import make_builder, make_file, make_project, make_update
from tests.functional.updates.common import draft, listed, make_site
from tests.uploads import picture


def test_a_draft_is_forgotten_with_its_pictures(api: Api, clock: Clock) -> None:
    site = make_site()
    file_id = make_file(site.builder, "update_image", picture(), content_type="image/png")
    path = f"/api/updates/{draft(api, site, images=[{'file_id': file_id}])['id']}"
    api.as_(site.builder).delete(path, status=204)
    api.as_(site.builder).get(path, status=404)
    api.as_(site.builder).delete(path, status=404)
    assert listed(api, site.builder, site)["stats"]["total"] == 0
    with session():
        assert File[file_id].attached_to_type is None, "the next tick removes it"


@pytest.mark.parametrize("status", ["published", "archived"])
def test_what_was_published_stays(api: Api, clock: Clock, status: str) -> None:
    site = make_site()
    update_id = make_update(site.project, status)
    answer = api.as_(site.builder).delete(f"/api/updates/{update_id}", status=409)
    assert answer.code == "conflict"
    assert answer.error["details"][0]["value"] == status
    with session():
        assert ConstructionUpdate.exists(id=update_id)


def test_a_project_that_was_never_booked_is_deleted_with_its_news(api: Api, clock: Clock) -> None:
    builder = make_builder()
    project = make_project(builder)
    file_id = make_file(builder, "update_image", picture(), content_type="image/png")
    update_id = make_update(project)
    path = f"/api/updates/{update_id}"
    api.as_(builder).patch(path, {"update_content": "New", "images": [{"file_id": file_id}]})
    api.as_(builder).delete(f"/api/projects/{project.id}", status=204)
    api.as_(builder).get(path, status=404)
    with session():
        assert not UpdateRevision.exists()
        assert File[file_id].attached_to_type is None


def test_only_its_builder_deletes_a_draft(api: Api, clock: Clock) -> None:
    site, other = make_site(), make_site()
    path = f"/api/updates/{draft(api, site)['id']}"
    assert api.as_(other.builder).delete(path, status=404).code == "not_found"
    assert api.as_(site.customer).delete(path, status=404).code == "not_found"
    assert api.delete(path, status=401).code == "authentication_required"
    api.as_(site.builder).delete(path, status=204)
