"""Where files are named, and what becomes of those that no longer are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from realty.adapters.mail import FolderMail
from realty.adapters.storage import FolderStorage
from realty.commands.tick import tick
from realty.db import File
from realty.db.session import session
from tests.client import Api
from tests.deployment import CLOCK, SETTINGS, STORAGE, Clock
from tests.factories import (
    Account,
    BuilderAccount,
    make_builder,
    make_customer,
    make_project,
    make_unit,
)
from tests.uploads import PDF, picture, upload


def uploaded(api: Api, account: Account, purpose: str, content: bytes | None = None) -> int:
    """The id of a fresh upload."""
    form = upload(purpose, picture() if content is None else content)
    file_id: int = api.as_(account).post("/api/files", form).data["file"]["file_id"]
    return file_id


Tick = Callable[[datetime], Counter[str]]


@pytest.fixture
def tick_at(database: str, tmp_path: Path) -> Tick:
    """Run `realty tick` as if it were that moment."""
    return lambda now: tick(now=now, settings=SETTINGS, sender=FolderMail(tmp_path))


def attachment(file_id: int) -> tuple[str | None, int | None]:
    with session():
        file = File[file_id]
        return file.attached_to_type, file.attached_to_id


@pytest.fixture
def builder() -> BuilderAccount:
    return make_builder()


def test_update_me_takes_an_avatar(api: Api, clock: Clock) -> None:
    customer = make_customer()
    first, second = (uploaded(api, customer, "avatar") for _ in range(2))
    me = api.as_(customer)
    for file_id in (first, first, second):
        user = me.patch("/api/auth/me", {"avatar_file_id": file_id}).data["user"]
        assert user["avatar_file"]["file_id"] == file_id
    assert attachment(first) == (None, None)
    assert attachment(second) == ("user", customer.user_id)
    # Who logs in has no token yet: the link is made for the account itself.
    signed_in = api.post(
        "/api/auth/login", {"email": customer.email, "password": customer.password}
    )
    assert api.get(signed_in.data["user"]["avatar_file"]["url"]).status == 200
    user = me.patch("/api/auth/me", {"avatar_file_id": None}).data["user"]
    assert user["avatar_file"] is None
    assert attachment(second) == (None, None)


def test_a_logo_is_on_every_card(api: Api, clock: Clock, builder: BuilderAccount) -> None:
    file_id = uploaded(api, builder, "logo")
    api.as_(builder).patch("/api/builders/me", {"logo_file_id": file_id, "website": None})
    project = make_project(builder)
    for path, holder in ((f"/api/projects/{project.id}", "project"), ("/api/builders", "")):
        data = api.get(path).data
        logo = data[holder]["builder"]["logo_file"] if holder else data["builders"][0]["logo_file"]
        assert logo["file_id"] == file_id
        assert api.get(logo["url"]).headers["Content-Type"] == "image/png"


def test_a_project_shows_what_was_uploaded(api: Api, clock: Clock, builder: BuilderAccount) -> None:
    own = api.as_(builder)
    front, plan = uploaded(api, builder, "project_image"), uploaded(api, builder, "floor_plan")
    brochure = uploaded(api, builder, "brochure", PDF)
    body = {
        "project_name": "Prakriti Meadows",
        "project_type": "residential",
        "location_city": "Bengaluru",
        "location_state": "Karnataka",
        "total_units": 10,
        "images": [
            {"file_id": front, "caption": "Front"},
            {"url": "https://images.example.com/side.jpg", "caption": None},
        ],
        "floor_plans": [{"file_id": plan, "caption": None}],
        "brochure_file_id": brochure,
    }
    project = own.post("/api/projects", body).data["project"]
    first, second = project["images"]
    assert (first["file_id"], first["caption"]) == (front, "Front")
    assert api.get(first["url"]).headers["Content-Disposition"] == "inline"
    assert second == {
        "file_id": None,
        "url": "https://images.example.com/side.jpg",
        "expires_at": None,
        "caption": None,
    }
    assert project["floor_plans"][0]["file_id"] == plan
    assert api.get(project["brochure_file"]["url"]).body == PDF
    (summary,) = own.get("/api/projects", {"mine": True}).data["projects"]
    assert api.get(summary["image_url"]).headers["Content-Type"] == "image/png"

    side = uploaded(api, builder, "project_image")
    changes = {"images": [{"file_id": side, "caption": None}], "brochure_file_id": None}
    changed = own.patch(f"/api/projects/{project['id']}", changes).data["project"]
    assert [each["file_id"] for each in changed["images"]] == [side]
    assert changed["brochure_file"] is None
    assert changed["floor_plans"][0]["file_id"] == plan
    assert [attachment(each)[0] for each in (front, side, plan, brochure)] == [
        *(None, "project", "project", None)
    ]
    own.delete(f"/api/projects/{project['id']}")
    assert [attachment(each)[0] for each in (side, plan)] == [None, None]


def test_a_unit_has_a_floor_plan(api: Api, clock: Clock, builder: BuilderAccount) -> None:
    unit = make_unit(make_project(builder))
    plan = uploaded(api, builder, "floor_plan", PDF)
    path = f"/api/units/{unit.id}"
    api.as_(builder).patch(path, {"floor_plan_file_id": plan})
    shown = api.as_(make_customer()).get(path).data["unit"]["floor_plan_file"]
    assert api.get(shown["url"]).body == PDF
    api.as_(builder).delete(path)
    assert attachment(plan) == (None, None)


WRONG: dict[str, Any] = {
    "both": ({"file_id": 0, "url": "/a.png", "caption": None}, "images[0]"),
    "neither": ({"caption": None}, "images[0]"),
}


@pytest.mark.parametrize(("picture_", "field"), WRONG.values(), ids=WRONG)
def test_a_picture_is_a_file_or_an_address(
    api: Api, builder: BuilderAccount, picture_: Any, field: str
) -> None:
    project = make_project(builder)
    if "file_id" in picture_:
        picture_ = {**picture_, "file_id": uploaded(api, builder, "project_image")}
    path = f"/api/projects/{project.id}"
    answer = api.as_(builder).patch(path, {"images": [picture_]}, status=422)
    assert [each["field"] for each in answer.error["details"]] == [field]


def test_only_what_is_ones_own_and_free_is_attached(
    api: Api, clock: Clock, builder: BuilderAccount
) -> None:
    """A foreign file is refused in the words of one that does not exist."""
    mine, taken = uploaded(api, builder, "avatar"), uploaded(api, builder, "logo")
    foreign = uploaded(api, make_builder(), "logo")
    api.as_(builder).patch("/api/builders/me", {"logo_file_id": taken})
    errors = [
        api.as_(builder).patch("/api/builders/me", {"logo_file_id": file_id}, status=422).error
        for file_id in (mine, foreign, 2_147_483_647)
    ]
    assert len({str({**error, "request_id": ""}) for error in errors}) == 1
    assert errors[0]["details"][0]["field"] == "logo_file_id"
    project = make_project(builder)
    picture_ = {"file_id": uploaded(api, builder, "project_image"), "caption": None}
    path = f"/api/projects/{project.id}"
    api.as_(builder).patch(path, {"images": [picture_, picture_]}, status=422)
    api.as_(builder).patch(path, {"images": [picture_]})
    # Nobody has a file twice.
    other = make_project(builder)
    api.as_(builder).patch(f"/api/projects/{other.id}", {"images": [picture_]}, status=422)
    assert attachment(picture_["file_id"]) == ("project", project.id)


def test_tick_removes_what_nothing_names(api: Api, clock: Clock, tick_at: Tick) -> None:
    customer = make_customer()
    used, unused = uploaded(api, customer, "avatar"), uploaded(api, customer, "avatar")
    api.as_(customer).patch("/api/auth/me", {"avatar_file_id": used})
    storage = FolderStorage(STORAGE)
    assert len(_keys(storage)) == 2
    assert tick_at(CLOCK.now() + timedelta(hours=24))["files_removed"] == 0
    done = tick_at(CLOCK.now() + timedelta(hours=24, seconds=1))
    assert (done["files_removed"], done["errors"]) == (1, 0)
    with session():
        assert [f.id for f in File.select()] == [used]
    assert len(_keys(storage)) == 1
    api.as_(customer).get(f"/api/files/{unused}", status=404)
    api.as_(customer).patch("/api/auth/me", {"avatar_file_id": None})
    assert tick_at(CLOCK.now() + timedelta(hours=25))["files_removed"] == 1
    assert _keys(storage) == []


def test_a_removal_that_was_cut_off_is_finished(api: Api, clock: Clock, tick_at: Tick) -> None:
    customer = make_customer()
    file_id = uploaded(api, customer, "avatar")
    with session():
        File[file_id].removed_at = CLOCK.now()
    # From the mark on nobody can use it, or read it.
    api.as_(customer).patch("/api/auth/me", {"avatar_file_id": file_id}, status=422)
    api.as_(customer).get(f"/api/files/{file_id}", status=404)
    (key,) = _keys(FolderStorage(STORAGE))
    FolderStorage(STORAGE).delete(key)
    assert tick_at(CLOCK.now())["files_removed"] == 1


def test_tick_removes_bytes_that_no_row_tells_of(api: Api, clock: Clock, tick_at: Tick) -> None:
    """A server that was killed leaves a whole object, or the part of one."""
    customer = make_customer()
    uploaded(api, customer, "avatar")
    (kept,) = _keys(FolderStorage(STORAGE))
    stray = STORAGE / f"{kept[:-1]}{'0' if kept[-1] != '0' else '1'}"
    stray.write_bytes(b"whole")
    stray.with_suffix(".part").write_bytes(b"half")
    assert tick_at(CLOCK.now() + timedelta(hours=1))["strays_removed"] == 0
    assert tick_at(CLOCK.now() + timedelta(hours=2))["strays_removed"] == 2
    assert _keys(FolderStorage(STORAGE)) == [kept]


def _keys(storage: FolderStorage) -> list[str]:
    return list(storage.keys(f"{CLOCK.now():%Y%m%d/%H}"))
