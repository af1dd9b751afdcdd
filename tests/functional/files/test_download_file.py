"""`get_file` and `download_file`: links, who may use them, ranges."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from realty.db import Project, User
from realty.db.session import session
from tests.client import Api
from tests.deployment import STORAGE, Clock, deploy
from tests.factories import (
    Account,
    make_admin,
    make_booking,
    make_builder,
    make_customer,
    make_file,
    make_payment,
    make_project,
    make_unit,
)
from tests.uploads import PDF, picture, upload

CONTENT = bytes(range(256)) * 40
TAG = f'"{sha256(CONTENT).hexdigest()}"'


def link(api: Api, account: Account, file_id: int) -> str:
    """A fresh link, as `get_file` gives it."""
    answer = api.as_(account).get(f"/api/files/{file_id}", status=302)
    assert not answer.body
    return answer.headers["Location"]


@pytest.fixture
def owner() -> Account:
    return make_customer()


@pytest.fixture
def url(api: Api, clock: Clock, owner: Account) -> str:
    """A link to CONTENT."""
    return link(api, owner, make_file(owner, "payment_proof", CONTENT, filename="a b.pdf"))


def test_download_file_sends_all_of_it(api: Api, url: str) -> None:
    answer = api.get(url)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["ETag"] == TAG
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


RANGES = {
    "bytes=0-0": (0, 1),
    "bytes=10-19": (10, 20),
    "bytes=10000-": (10_000, 10_240),
    "bytes=-40": (10_200, 10_240),
    "bytes=10239-99999": (10_239, 10_240),
    "bytes=-99999": (0, 10_240),
}


@pytest.mark.parametrize(("sent", "span"), RANGES.items())
def test_a_range(api: Api, url: str, sent: str, span: tuple[int, int]) -> None:
    answer = api.get(url, headers={"Range": sent}, status=206)
    start, stop = span
    assert answer.body == CONTENT[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/10240"
    assert answer.headers["Content-Length"] == str(stop - start)
    assert answer.headers["ETag"] == TAG


@pytest.mark.parametrize("sent", ["bytes=10240-", "bytes=99999-100000"])
def test_a_range_that_is_not_there(api: Api, url: str, sent: str) -> None:
    answer = api.get(url, headers={"Range": sent}, status=416)
    assert answer.code == "range_not_satisfiable"
    assert answer.headers["Content-Range"] == "bytes */10240"


@pytest.mark.parametrize("sent", ["bytes=5-2", "bytes=a-b", "bytes=0-1,4-5", "lines=1-2", "-"])
def test_what_is_no_single_range_is_ignored(api: Api, url: str, sent: str) -> None:
    assert api.get(url, headers={"Range": sent}, status=200).body == CONTENT


def test_if_range_and_if_none_match(api: Api, url: str) -> None:
    part = {"Range": "bytes=0-9"}
    assert api.get(url, headers={**part, "If-Range": TAG}, status=206).body == CONTENT[:10]
    for other in ('"another"', "Mon, 23 Nov 2026 09:30:00 GMT", f"W/{TAG}"):
        whole = api.get(url, headers={**part, "If-Range": other}, status=200)
        assert whole.body == CONTENT
    for held in (TAG, f'"x", {TAG}', "*"):
        answer = api.get(url, headers={**part, "If-None-Match": held}, status=304)
        assert (answer.body, answer.headers["ETag"]) == (b"", TAG)
    assert api.get(url, headers={"If-None-Match": '"another"'}, status=200).body == CONTENT


def test_head_tells_the_size_and_reads_nothing(api: Api, url: str) -> None:
    (path,) = [each for each in STORAGE.rglob("*") if each.is_file()]
    path.unlink()
    answer = api.request("HEAD", url)
    assert (answer.body, answer.headers["Content-Length"]) == (b"", "10240")
    part = api.request("HEAD", url, headers={"Range": "bytes=1-2"}, status=206)
    assert part.headers["Content-Length"] == "2"
    # Bytes that are lost are a failure of ours and no answer of the caller's.
    assert api.get(url, status=503).code == "service_unavailable"


def changed(url: str, **values: Any) -> str:
    """The link with other values; one that is None is left out."""
    parts = urlsplit(url)
    query = {name: each[0] for name, each in parse_qs(parts.query).items()} | values
    sent = "&".join(f"{name}={each}" for name, each in query.items() if each is not None)
    return f"{parts.path}?{sent}"


def test_a_link_is_bound_to_all_that_it_says(api: Api, url: str, owner: Account) -> None:
    query = {name: int(each[0]) for name, each in parse_qs(urlsplit(url).query).items()
             if name != "signature"}  # fmt: skip
    assert query["reader"] == owner.user_id
    other = make_file(owner, "payment_proof", CONTENT)
    spoilt = [
        changed(url, expires=query["expires"] + 1),
        changed(url, reader=make_admin().user_id),
        changed(url, reader=None),
        changed(url, signature="A" * 43),
        url.replace(str(urlsplit(url).path.split("/")[3]), str(other), 1),
    ]
    bodies = {api.get(each, status=404).error["message"] for each in spoilt}
    assert bodies == {"There is nothing here."}
    assert api.get(url).body == CONTENT


def test_a_link_dies(api: Api, clock: Clock, url: str) -> None:
    clock.advance(minutes=5, seconds=-1)
    api.get(url, status=200)
    clock.advance(minutes=5, seconds=1)
    api.get(url, status=404)


def test_a_link_dies_with_its_reader(api: Api, url: str, owner: Account) -> None:
    with session():
        User[owner.user_id].is_active = False
    api.get(url, status=404)


def test_keys_rotate(api: Api, database: str, clock: Clock, owner: Account) -> None:
    file_id = make_file(owner, "payment_proof", CONTENT)
    former = link(api, owner, file_id)
    known = "test:the-signing-key-of-the-test-suite-0123456789"
    fresh = "new:another-signing-key-of-the-suite-9876543210"
    rotated = Api(deploy(database, token_keys=f"{fresh} {known}"))
    assert rotated.get(former).body == CONTENT
    ended = Api(deploy(database, token_keys=fresh))
    ended.get(former, status=404)
    now = link(rotated, owner, file_id)
    assert now != former
    assert ended.get(now).body == CONTENT


def test_what_is_attached_to_nothing_is_its_owners(api: Api, url: str, owner: Account) -> None:
    file_id = int(urlsplit(url).path.split("/")[3])
    for other in (make_customer(), make_builder(), make_admin()):
        absent = api.as_(other).get("/api/files/2147483647", status=404)
        foreign = api.as_(other).get(f"/api/files/{file_id}", status=404)
        assert {**absent.error, "request_id": ""} == {**foreign.error, "request_id": ""}


def test_a_proof_is_for_both_sides_of_the_booking(api: Api, clock: Clock) -> None:
    builder, customer = make_builder(), make_customer()
    booking = make_booking(make_unit(make_project(builder)), customer)
    payment = make_payment(booking, "1000.00")
    attached = {"attached_to_type": "payment", "attached_to_id": payment}
    file_id = make_file(customer, "payment_proof", CONTENT, **attached)
    for reader in (builder, customer, make_admin()):
        assert api.get(link(api, reader, file_id)).body == CONTENT
    for other in (make_customer(), make_builder()):
        api.as_(other).get(f"/api/files/{file_id}", status=404)
    api.as_(None).get(f"/api/files/{file_id}", status=401)


def test_a_link_dies_with_the_right(api: Api, clock: Clock) -> None:
    """What a customer was shown while a project was published is gone with the project."""
    builder = make_builder()
    project = make_project(builder)
    attached = {"attached_to_type": "project", "attached_to_id": project.id}
    file_id = make_file(builder, "project_image", picture(), content_type="image/png", **attached)
    with session():
        Project[project.id].images = [{"file_id": file_id, "caption": None}]

    def shown(reader: Account | None) -> str:
        answer = api.as_(reader).get(f"/api/projects/{project.id}")
        url: str = answer.data["project"]["images"][0]["url"]
        return url

    links = {reader: shown(reader) for reader in (None, make_customer())}
    own = shown(builder)
    for each in (*links.values(), own):
        answer = api.as_(None).get(each)
        assert answer.headers["Content-Disposition"] == "inline"
    assert "reader" not in links[None]
    api.as_(builder).post(f"/api/projects/{project.id}/unpublish")
    for each in links.values():
        api.get(each, status=404)
    assert api.get(own).status == 200


def test_public_answers_stay_the_same_for_minutes(api: Api, clock: Clock) -> None:
    builder = make_builder()
    logo = api.as_(builder).post("/api/files", upload("logo", picture())).data["file"]["file_id"]
    api.as_(builder).patch("/api/builders/me", {"logo_file_id": logo})
    path = f"/api/builders/{builder.builder_id}"
    clock.set(clock.now().replace(minute=clock.now().minute // 5 * 5, second=0))
    first = api.get(path)
    clock.advance(minutes=4, seconds=59)
    again = api.as_(make_customer()).get(path)
    assert again.body == first.body
    api.get(path, headers={"If-None-Match": first.headers["ETag"]}, status=304)
    # Whoever was told 304 holds links that are good for half of their life.
    url = first.data["builder"]["logo_file"]["url"]
    assert api.get(url).headers["Cache-Control"] == "no-cache"
    clock.advance(seconds=1)
    later = api.get(path, headers={"If-None-Match": first.headers["ETag"]}, status=200)
    assert later.data["builder"]["logo_file"]["url"] != url
    api.get(url, status=200)


def test_a_document_is_not_shown_in_place(api: Api, owner: Account) -> None:
    file = api.as_(owner).post("/api/files", upload("message", PDF, "page.html")).data["file"]
    answer = api.get(file["url"])
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="page.html.pdf"')
