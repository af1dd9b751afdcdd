"""Reading news, as a list and one by one: who reads what, and nothing of it anywhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realty.db import ProjectPhase, User
from realty.db.session import session
from realty.rules.file_links import LinkSigner, expiry
from tests.client import Api
from tests.deployment import CLOCK, SETTINGS, Clock
from tests.factories import (
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_file,
    make_phase,
    make_unit,
    make_update,
)
from tests.functional.queries import queries
from tests.functional.updates.common import Site, ids, listed, make_site
from tests.uploads import picture

STATUSES = ("draft", "published", "archived")


def wall(site: Site) -> dict[str, int]:
    """One update of each status and audience, by "status audience"."""
    return {
        f"{status} {audience}": make_update(
            site.project, status, audience=audience, update_title=f"{status} {audience}"
        )
        for status in STATUSES
        for audience in ("public", "customers")
    }


READERS: dict[str, set[str]] = {
    "builder": {f"{s} {a}" for s in STATUSES for a in ("public", "customers")},
    "customer": {"published public", "published customers"},
    "former customer": {"published public"},
    "other customer": {"published public"},
    "other builder": {"published public"},
    "admin": {"published public"},
    "stranger": {"published public"},
}


def reader_of(name: str, site: Site) -> Any:
    if name == "former customer":
        former = make_customer()
        make_booking(make_unit(site.project), former, status="cancelled")
        return former
    if name in {"builder", "customer"}:
        return getattr(site, name)
    makers: dict[str, Any] = {
        "other customer": make_customer,
        "other builder": make_builder,
        "admin": make_admin,
        "stranger": lambda: None,
    }
    return makers[name]()


@pytest.mark.parametrize("name", READERS)
def test_each_reads_what_is_for_them(api: Api, clock: Clock, name: str) -> None:
    """In the list, its counts, filters and search, one by one, and in the pictures alike."""
    site = make_site()
    posted = wall(site)
    reader = reader_of(name, site)
    mine = {posted[each] for each in READERS[name]}
    found = listed(api, reader, site, limit=100)
    assert set(ids(found)) == mine
    assert found["pagination"]["totalItems"] == len(mine)
    stats = {s: len([each for each in READERS[name] if each.startswith(s)]) for s in STATUSES}
    assert found["stats"] == {"total": len(mine), **stats}
    for key, update_id in posted.items():
        status, audience = key.split()
        expected = [update_id] if update_id in mine else []
        assert ids(listed(api, reader, site, status=status, audience=audience)) == expected
        assert ids(listed(api, reader, site, q=key)) == expected
        answer = api.as_(reader).get(f"/api/updates/{update_id}", status=200 if expected else 404)
        if expected:
            assert bool(answer.data["update"]["allowed_statuses"]) == (name == "builder")
        file_id = make_file(
            site.builder,
            "update_image",
            picture(),
            content_type="image/png",
            attached_to_type="update",
            attached_to_id=update_id,
        )
        if reader is not None:
            api.as_(reader).get(f"/api/files/{file_id}", status=302 if expected else 404)


def test_a_link_dies_with_the_right_to_read(api: Api, clock: Clock) -> None:
    """A link for everybody's picture, which its builder then archives."""
    site = make_site()
    update_id = make_update(site.project)
    attached = {"attached_to_type": "update", "attached_to_id": update_id}
    file_id = make_file(
        site.builder, "update_image", picture(), content_type="image/png", **attached
    )
    signer = LinkSigner([key.secret for key in SETTINGS.token_keys])
    url = signer.url(file_id, reader_id=None, expires=expiry(CLOCK.now(), 10))
    assert api.get(url).body
    api.as_(site.builder).patch(f"/api/updates/{update_id}", {"status": "archived"})
    api.get(url, status=404)


def test_news_of_a_project_that_is_not_published(api: Api, clock: Clock) -> None:
    """Its builder and its customers read on; all others find no project, even with an id."""
    site = make_site(published=False)
    posted = wall(site)
    assert len(ids(listed(api, site.builder, site, limit=100))) == 6
    assert len(ids(listed(api, site.customer, site))) == 2
    public = posted["published public"]
    for stranger in (None, make_customer(), make_builder()):
        for path in (f"/api/projects/{site.project.id}/updates", f"/api/updates/{public}"):
            assert api.as_(stranger).get(path, status=404).code == "not_found"
    api.as_(site.customer).get(f"/api/updates/{public}")


def test_news_of_a_deactivated_builder(api: Api, clock: Clock) -> None:
    site = make_site()
    update_id = make_update(site.project)
    with session():
        User[site.builder.user_id].is_active = False
    api.get(f"/api/updates/{update_id}", status=404)
    api.as_(make_customer()).get(f"/api/updates/{update_id}", status=404)
    assert ids(listed(api, site.customer, site)) == [update_id]


def test_a_hidden_phase_is_named_to_its_builder_alone(api: Api, clock: Clock) -> None:
    site = make_site()
    phase = make_phase(site.project, phase_name="Secret vault", customer_visible=False)
    update_id = make_update(site.project, phase=phase)
    own = listed(api, site.builder, site, phase_id=phase)
    assert own["updates"][0]["phase"]["phase_name"] == "Secret vault"
    for reader in (None, site.customer, make_builder(), make_admin()):
        answer = api.as_(reader).get(f"/api/updates/{update_id}")
        assert (answer.data["update"]["phase_id"], answer.data["update"]["phase"]) == (None, None)
        everything = api.as_(reader).get(f"/api/projects/{site.project.id}/updates")
        assert "Secret" not in everything.body.decode() + answer.body.decode()
        narrowed = listed(api, reader, site, phase_id=phase)
        assert (narrowed["updates"], narrowed["stats"]["total"]) == ([], 0)
        assert listed(api, reader, site, q="vault")["updates"] == []
    with session():
        ProjectPhase[phase].customer_visible = True
    assert ids(listed(api, None, site, phase_id=phase)) == [update_id]


def test_filters_and_search_narrow_together(api: Api, clock: Clock) -> None:
    site = make_site()
    rain = make_update(
        site.project, update_type="delay", priority="high", update_content="Rain, 100 % of it."
    )
    make_update(site.project, update_type="delay", priority="low")
    make_update(site.project, update_type="safety", priority="high")
    assert ids(listed(api, None, site, update_type="delay", priority="high")) == [rain]
    assert ids(listed(api, None, site, q="RAIN")) == [rain]
    assert ids(listed(api, None, site, q="100 %")) == [rain]
    assert ids(listed(api, None, site, q="_")) == []
    assert listed(api, None, site, update_type="delay")["stats"]["total"] == 2


def test_the_orders(api: Api, clock: Clock) -> None:
    site = make_site()
    now = clock.now()
    days = [timedelta(days=number) for number in range(4)]
    late, draft, early = (
        make_update(site.project, created_at=now - days[3], published_at=now),
        make_update(site.project, "draft", created_at=now - days[2]),
        make_update(site.project, created_at=now - days[1], published_at=now - days[1]),
    )
    orders = {
        "created_at": [late, draft, early],
        "-created_at": [early, draft, late],
        "-published_at": [late, early, draft],
        "published_at": [early, late, draft],
    }
    for sort, expected in orders.items():
        assert ids(listed(api, site.builder, site, sort=sort)) == expected, sort
    assert ids(listed(api, site.builder, site)) == orders["-created_at"]


def test_pages_cost_the_same_for_any_number(api: Api, clock: Clock) -> None:
    site = make_site()
    phases = [make_phase(site.project) for _ in range(3)]
    sent: list[int] = []
    for count in (2, 30):
        for number in range(count):
            make_update(site.project, phase=phases[number % 3])
        for reader in (None, site.customer, site.builder):
            with queries() as statements:
                found = listed(api, reader, site, limit=100)
            sent.append(len(statements))
    assert len(found["updates"]) == 32
    assert sent[:3] == sent[3:]
    assert max(sent) <= 8
    first = listed(api, None, site, limit=10)
    assert first["pagination"] == {
        "currentPage": 1,
        "totalPages": 4,
        "totalItems": 32,
        "hasNext": True,
        "hasPrev": False,
    }
    assert listed(api, None, site, page=5)["updates"] == []


def test_get_update_costs_little(api: Api, clock: Clock) -> None:
    site = make_site()
    update_id = make_update(site.project, phase=make_phase(site.project))
    with queries() as sent:
        api.as_(site.builder).get(f"/api/updates/{update_id}")
    assert len(sent) <= 6


def test_unchanged_answers_are_not_sent_again(api: Api, clock: Clock) -> None:
    """And what one reader holds is no answer for another."""
    site = make_site()
    update_id = make_update(site.project)
    make_update(site.project, audience="customers")
    for path in (f"/api/updates/{update_id}", f"/api/projects/{site.project.id}/updates"):
        tag = api.get(path).headers["ETag"]
        api.get(path, headers={"If-None-Match": tag}, status=304)
        api.as_(site.builder).get(path, headers={"If-None-Match": tag}, status=200)
    tag = api.get(f"/api/updates/{update_id}").headers["ETag"]
    api.as_(site.builder).patch(f"/api/updates/{update_id}", {"priority": "low"})
    api.get(f"/api/updates/{update_id}", headers={"If-None-Match": tag}, status=200)
