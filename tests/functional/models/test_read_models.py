"""`list_models`, `list_project_models`, `get_model`: who sees which version, who opens it, and what
a locked card shows."""

from __future__ import annotations

import pytest

from realty.db import Booking, File, Model3D, User
from realty.db.session import session
from realty.rules.file_links import LinkSigner, expiry
from tests.client import Api
from tests.deployment import CLOCK, SETTINGS, Clock
from tests.factories import make_customer, make_file, make_model, make_project, make_unit
from tests.functional.models.common import (
    LEVELS,
    STATUSES,
    Site,
    added,
    callers,
    counts,
    ids,
    make_site,
    move,
    thumbnail,
)
from tests.functional.queries import queries
from tests.uploads import glb

OPENED: dict[str, set[str]] = {
    "builder": set(LEVELS),
    "customer": set(LEVELS),
    "former customer": {"public", "customers_only"},
    "other customer": {"public", "customers_only"},
    "other builder": {"public"},
    "admin": {"public"},
    "stranger": {"public"},
}


def gallery(site: Site) -> dict[tuple[str, str], int]:
    """A version of each status and access level, with a file and a thumbnail."""
    made = {}
    for status in STATUSES:
        for level in LEVELS:
            image = thumbnail(site)
            model_id = make_model(
                site.project,
                site.builder,
                status,
                glb(),
                model_name=f"{status} {level}",
                access_level=level,
                thumbnail_file=image,
                viewer_config={"auto_rotate": True},
            )
            with session():
                File[image].set(attached_to_type="model", attached_to_id=model_id)
            made[status, level] = model_id
    return made


@pytest.mark.parametrize("name", OPENED)
def test_each_sees_and_opens_what_is_for_them(api: Api, clock: Clock, name: str) -> None:
    """In both lists, their filters and search, one by one, and in the files alike."""
    site = make_site()
    made = gallery(site)
    caller = api.as_(callers(site)[name])
    seen = {key for key in made if name == "builder" or key[0] == "current"}
    for path in ("/api/models", site.path):
        found = caller.get(path, {"limit": 100})
        assert set(ids(found)) == {made[key] for key in seen}
        assert found.data["pagination"]["totalItems"] == len(seen)
        for model in found.data["models"]:
            assert model["locked"] == (model["access_level"] not in OPENED[name])
    for key, model_id in made.items():
        status, level = key
        assert ids(caller.get(site.path, {"status": status, "q": level.upper()})) == (
            [model_id] if key in seen else []
        )
        answer = caller.get(f"/api/models/{model_id}", status=200 if key in seen else 404)
        with session():
            model = Model3D[model_id]
            file_ids = [model.file.id, model.thumbnail_file.id]
        opened = key in seen and level in OPENED[name]
        if key in seen:
            shown = answer.data["model"]
            assert shown["locked"] == (not opened)
            for field in ("file", "file_size", "thumbnail", "viewer_config"):
                assert (shown[field] is None) == (not opened), field
            assert (shown["view_count"] is None) == (name != "builder")
            assert bool(shown["allowed_statuses"]) == (name == "builder")
            assert opened or b"/content" not in answer.body
        if name != "stranger":
            for file_id in file_ids:
                caller.get(f"/api/files/{file_id}", status=302 if opened else 404)


def test_models_of_a_project_that_is_not_published(api: Api, clock: Clock) -> None:
    """Its builder and its customers look on; all others find nothing."""
    site = make_site(published=False)
    model_id = make_model(site.project, site.builder)
    for name, caller in callers(site).items():
        sees = name in {"builder", "customer"}
        seen = api.as_(caller).get("/api/models", {"project_id": site.project.id})
        admin = name == "admin"
        assert ids(seen) == ([model_id] if sees or admin else []), name
        found = 200 if sees or admin else 404
        api.as_(caller).get(site.path, status=found)
        api.as_(caller).get(f"/api/models/{model_id}", status=found)


def test_models_of_a_deactivated_builder(api: Api, clock: Clock) -> None:
    site = make_site()
    model_id = make_model(site.project, site.builder)
    with session():
        User[site.builder.user_id].is_active = False
    api.get(f"/api/models/{model_id}", status=404)
    assert ids(api.get("/api/models")) == []
    assert ids(api.as_(site.customer).get(site.path)) == [model_id]


def test_a_link_dies_with_the_right_to_open(api: Api, clock: Clock) -> None:
    """When the booking ends, when the level is raised, when the version is archived."""
    site = make_site()
    model_id = make_model(site.project, site.builder, content=glb(), access_level="public")
    customer = api.as_(site.customer)
    url = customer.get(f"/api/models/{model_id}").data["model"]["file"]["url"]
    with session():
        file_id = Model3D[model_id].file.id
    signer = LinkSigner([key.secret for key in SETTINGS.token_keys])
    everybodys = signer.url(file_id, reader_id=None, expires=expiry(CLOCK.now(), 10))
    assert api.get(url).body == api.get(everybodys).body == glb()
    move(api, site, model_id, access_level="booked_customers")
    api.get(everybodys, status=404)
    api.get(url)
    with session():
        Booking.get(unit=site.unit.id).status = "expired"
    api.get(url, status=404)
    assert customer.get(f"/api/models/{model_id}").data["model"]["locked"]
    move(api, site, model_id, access_level="public")
    api.get(everybodys)
    move(api, site, model_id, status="archived")
    api.get(everybodys, status=404)


def test_views_and_downloads_are_counted(api: Api, clock: Clock) -> None:
    """Of everybody but the builder, and of nobody who finds it locked; a part that is not the
    beginning, a HEAD and an unchanged file are no download."""
    site = make_site()
    model_id = make_model(site.project, site.builder, content=glb(), access_level="customers_only")
    path = f"/api/models/{model_id}"
    urls = {}
    for name, caller in callers(site).items():
        model = api.as_(caller).get(path).data["model"]
        if not model["locked"]:
            urls[name] = model["file"]["url"]
    assert counts(model_id) == (3, 0)  # the three customers
    api.as_(site.customer).request("HEAD", path)
    api.as_(site.customer).get("/api/models")
    assert counts(model_id) == (3, 0)
    tag = api.get(urls["customer"]).headers["ETag"]
    api.get(urls["other customer"], headers={"Range": "bytes=0-9"}, status=206)
    assert counts(model_id) == (3, 2)
    api.get(urls["customer"], headers={"Range": "bytes=10-19"}, status=206)
    api.get(urls["customer"], headers={"If-None-Match": tag}, status=304)
    api.request("HEAD", urls["customer"])
    api.get(urls["builder"])
    assert counts(model_id) == (3, 2)
    shown = api.as_(site.builder).get(path).data["model"]
    assert (shown["view_count"], shown["download_count"]) == (3, 2)


def test_a_thumbnail_is_no_download(api: Api, clock: Clock) -> None:
    site = make_site()
    model = added(api, site, thumbnail_file_id=thumbnail(site), status="current")
    shown = api.get(f"/api/models/{model['id']}").data["model"]
    assert api.get(shown["thumbnail"]["url"]).headers["Content-Type"] == "image/png"
    assert counts(model["id"]) == (1, 0)


def test_being_looked_at_makes_no_other_answer(api: Api, clock: Clock) -> None:
    """An unchanged model is not sent again, and the builder's If-Match holds."""
    site = make_site()
    model = added(api, site, status="current")
    path = f"/api/models/{model['id']}"
    held = api.as_(site.builder).get(path).headers["ETag"]
    tag = api.get(path).headers["ETag"]
    api.get(path, headers={"If-None-Match": tag}, status=304)
    assert counts(model["id"]) == (2, 0)
    clock.advance(minutes=1)
    api.as_(site.builder).patch(path, {"is_interactive": False}, headers={"If-Match": held})
    api.as_(site.builder).patch(
        path, {"is_interactive": True}, headers={"If-Match": held}, status=412
    )
    api.get(path, headers={"If-None-Match": tag}, status=200)


def test_filters_narrow_together(api: Api, clock: Clock) -> None:
    site, other = make_site(), make_site()
    whole = make_model(site.project, site.builder, model_type="amenities", model_name="The 100 %")
    inside = make_model(site.project, site.builder, unit=site.unit.id, model_type="unit_interior")
    far = make_model(other.project, other.builder, model_type="amenities")
    make_model(site.project, site.builder, "draft", model_type="amenities")
    assert set(ids(api.get("/api/models"))) == {whole, inside, far}
    assert ids(api.get("/api/models", {"model_type": "amenities", "q": "100 %"})) == [whole]
    assert ids(api.get("/api/models", {"q": "_"})) == []
    assert ids(api.get("/api/models", {"unit_id": site.unit.id})) == [inside]
    assert ids(api.get(site.path, {"model_type": "amenities"})) == [whole]
    assert ids(api.get("/api/models", {"project_id": other.project.id})) == [far]
    elsewhere = make_unit(make_project(site.builder, published=False)).id
    assert ids(api.get("/api/models", {"unit_id": elsewhere})) == []
    api.get(site.path, {"project_id": 1}, status=422)


def test_the_orders(api: Api, clock: Clock) -> None:
    site = make_site()
    made = []
    for name in ("Lobby", "Atrium", "Lobby"):
        made.append(added(api, site, model_name=name)["id"])
        clock.advance(days=1)
    lobby, atrium, newer = made
    orders = {
        "created_at": [lobby, atrium, newer],
        "-created_at": [newer, atrium, lobby],
        "model_name": [atrium, newer, lobby],
        "-model_name": [newer, lobby, atrium],
    }
    for sort, expected in orders.items():
        assert ids(api.as_(site.builder).get(site.path, {"sort": sort})) == expected, sort


def test_pages_cost_the_same_for_any_number(api: Api, clock: Clock) -> None:
    site = make_site()
    sent = []
    for number in (2, 20):
        for _ in range(number):
            unit = make_unit(site.project)
            make_model(site.project, site.builder, unit=unit.id, access_level="booked_customers")
        for caller in (None, site.customer, site.builder):
            with queries() as statements:
                found = api.as_(caller).get("/api/models", {"limit": 100})
            sent.append(len(statements))
    assert len(found.data["models"]) == 22
    assert sent[:3] == sent[3:]
    assert max(sent) <= 8
    with queries() as statements:
        api.as_(site.customer).get(f"/api/models/{found.data['models'][0]['id']}")
    assert len(statements) <= 10


def test_a_change_request_names_a_design_option(api: Api, clock: Clock) -> None:
    """A current one of the booking's unit or of its project, whatever its access level."""
    site = make_site()
    with session():
        booking_id = Booking.get(unit=site.unit.id).id
    other = make_unit(site.project)
    free = {"access_level": "booked_customers"}
    good = [
        make_model(site.project, site.builder, **free),
        make_model(site.project, site.builder, unit=site.unit.id, **free),
    ]
    bad = [
        make_model(site.project, site.builder, unit=other.id),
        make_model(site.project, site.builder, "archived"),
    ]
    wish = {"booking_id": booking_id, "request_type": "layout", "request_title": "As shown"}
    customer = api.as_(site.customer)
    for model_id in good:
        path, body = "/api/change-requests", {**wish, "model_id": model_id}
        made = customer.post(path, body, status=201).data["change_request"]
        assert made["model_id"] == model_id
    for model_id in bad:
        customer.post("/api/change-requests", {**wish, "model_id": model_id}, status=404)


def test_the_file_of_another_is_not_counted_for_a_model(api: Api, clock: Clock) -> None:
    """Downloads of files that are attached to something else count nowhere."""
    site = make_site()
    model_id = make_model(site.project, site.builder, content=glb())
    proof = make_file(make_customer(), "payment_proof", b"%PDF-1.7 x")
    signer = LinkSigner([key.secret for key in SETTINGS.token_keys])
    with session():
        owner = File[proof].owner.id
    api.get(signer.url(proof, reader_id=owner, expires=expiry(CLOCK.now(), 10)))
    assert counts(model_id) == (0, 0)
