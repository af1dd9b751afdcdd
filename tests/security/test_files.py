"""Files are hostile: forms, contents, names, links and what is left of a failure."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from pyramid.request import Request
from webtest import TestApp

from realty.db import Builder, File, SystemSetting
from realty.db.session import session
from realty.errors import ServiceUnavailable
from tests.client import Api
from tests.database import at_once
from tests.deployment import STORAGE, Clock
from tests.factories import make_builder, make_customer, make_project
from tests.uploads import BOUNDARY, HTML, PDF, SVG, glb, picture, upload

FORM = f"multipart/form-data; boundary={BOUNDARY}"
PURPOSE = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\navatar\r\n'
SOUND = upload("avatar", picture()).body


def left() -> int:
    """How many objects and rows there are."""
    with session():
        rows = int(File.select().count())
    return rows + sum(path.is_file() for path in STORAGE.rglob("*"))


def png(width: int, height: int) -> bytes:
    """A PNG that says it is so large, with a few bytes of picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


SMALL = PURPOSE.encode()
ENDLESS = PURPOSE.replace("form-data", "x" * 10_000).encode()
BODIES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "no form": (b"{}", 400),
    "cut off": (SOUND[:-40], 400),
    "another boundary": (SOUND.replace(BOUNDARY.encode(), b"----other"), 400),
    "bytes after its end": (SOUND + b"x" * 70_000, 400),
    "a thousand parts": (SMALL * 1000 + SOUND, 422),
    "a thousand unknown parts": (SMALL.replace(b'"purpose"', b'"x"') * 1000, 422),
    "a header without end": (ENDLESS, 422),
    "a thousand headers": (SMALL.replace(b"\r\n\r\n", b"\r\nA: b" * 1000 + b"\r\n\r\n"), 422),
    "a name that is no text": (SOUND.replace(b"a file", b"\xff\xfe"), 400),
    "a length that lies": (
        SOUND.replace(b"\r\n\r\navatar", b"\r\nContent-Length: 9\r\n\r\navatar"),
        400,
    ),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_a_hostile_form_leaves_nothing(api: Api, body: bytes, status: int) -> None:
    customer = api.as_(make_customer())
    answer = customer.post("/api/files", body, headers={"Content-Type": FORM}, status=status)
    assert answer.code in {"malformed_request", "validation_error"}
    assert left() == 0


ANY_FORM = "multipart/form-data"
HEADERS: dict[str, tuple[dict[str, str], int]] = {
    "JSON": ({"Content-Type": "application/json"}, 415),
    "another form": ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "compressed": ({"Content-Type": FORM, "Content-Encoding": "gzip"}, 415),
    "no boundary": ({"Content-Type": ANY_FORM}, 400),
    "a boundary of two lines": ({"Content-Type": f'{ANY_FORM}; boundary="a\\nb"'}, 400),
    "a boundary without end": ({"Content-Type": f"{ANY_FORM}; boundary={'b' * 5000}"}, 400),
}


@pytest.mark.parametrize(("headers", "status"), HEADERS.values(), ids=HEADERS)
def test_hostile_headers_of_a_form(api: Api, headers: dict[str, str], status: int) -> None:
    api.as_(make_customer()).post("/api/files", SOUND, headers=headers, status=status)
    assert left() == 0


def test_a_body_beyond_the_operation_is_refused_unread(app: Any) -> None:
    """Nobody sent that much: what is declared is enough to refuse it."""
    headers = {"Content-Type": FORM, "Authorization": f"Bearer {make_customer().token}"}
    request = Request.blank("/api/files", method="POST", headers=headers)
    request.environ["CONTENT_LENGTH"] = str(268_500_993)
    request.environ["webob.is_body_seekable"] = True
    response = request.get_response(app)
    assert (response.status_int, response.json["error"]["code"]) == (413, "payload_too_large")


def test_a_stranger_uploads_nothing(api: Api) -> None:
    api.post("/api/files", upload("avatar", picture()), status=401)
    assert left() == 0


@pytest.mark.parametrize(
    ("purpose", "content"),
    [
        ("avatar", png(100_000, 100_000)),
        ("avatar", png(65_535, 1_000)),
        ("avatar", png(10, 10)),
        ("avatar", png(0, 0)),
        ("logo", b"\xff\xd8\xff" + HTML),
        ("logo", b"RIFF\x10\0\0\0WEBPVP8 " + HTML),
        ("model", glb(length=2**31)),
        ("model", b"glTF" + HTML),
        ("model", b"glTF"),
        ("message", b"\n" + PDF),
        ("message", b"<?xml version='1.0'?>" + SVG),
        ("message", b"PK\x03\x04" + bytes(100)),
        ("message", b"MZ" + bytes(100)),
    ],
)
def test_hostile_content_leaves_nothing(api: Api, purpose: str, content: bytes) -> None:
    form = upload(purpose, content, "innocent.png")
    assert api.as_(make_builder()).post("/api/files", form, status=422).code == "validation_error"
    assert left() == 0


def test_a_polyglot_loses_its_other_half(api: Api) -> None:
    """A picture that is a page as well is only the picture afterwards."""
    content = picture("JPEG", comment=HTML) + HTML
    file = api.as_(make_builder()).post("/api/files", upload("logo", content)).data["file"]
    answer = api.get(file["url"])
    assert b"script" not in answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_two_at_once_share_one_allowance(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = make_customer()
    monkeypatch.setattr("realty.services.files.MEBIBYTE", 1)
    with session():
        for key, value in (("max_unattached_mb", 256), ("max_document_mb", 200)):
            SystemSetting(
                setting_key=f"files.{key}", setting_value=value, setting_type="number",
                category="files",
            )  # fmt: skip
    form = upload("message", PDF.ljust(129))
    barrier = Barrier(4)

    def send(_: int) -> int:
        barrier.wait()
        app_answer = TestApp(api._app).post(
            "/api/files",
            form.body,
            headers={
                "Content-Type": form.content_type,
                "Authorization": f"Bearer {customer.token}",
            },
            expect_errors=True,
        )
        return int(app_answer.status_int)

    assert Counter(at_once([partial(send, number) for number in range(4)])) == {201: 1, 409: 3}
    assert left() == 2


def test_a_commit_that_fails_leaves_no_bytes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = api.as_(make_customer())

    def fail() -> None:
        raise ServiceUnavailable

    with monkeypatch.context() as broken:
        broken.setattr("realty.db.session.commit", fail)
        assert (
            customer.request(
                "POST", "/api/files", body=upload("avatar", picture()), status=503
            ).code
            == "service_unavailable"
        )
    assert left() == 0


def test_one_file_is_attached_once_however_many_ask(api: Api, clock: Clock) -> None:
    builder = make_builder()
    content = upload("project_image", picture())
    file_id = api.as_(builder).post("/api/files", content).data["file"]["file_id"]
    projects = [make_project(builder).id for _ in range(4)]
    barrier = Barrier(4)

    def send(project_id: int) -> int:
        barrier.wait()
        answer = TestApp(api._app).patch_json(
            f"/api/projects/{project_id}",
            {"images": [{"file_id": file_id, "caption": None}]},
            headers={"Authorization": f"Bearer {builder.token}"},
            expect_errors=True,
        )
        return int(answer.status_int)

    assert Counter(at_once([partial(send, project_id) for project_id in projects])) == {
        200: 1,
        422: 3,
    }


def test_a_foreign_file_is_attached_nowhere(api: Api, clock: Clock) -> None:
    """Case 11: another user's file id, wherever one may be named."""
    builder, other = make_builder(), make_builder()
    project = make_project(builder)

    def foreign(purpose: str) -> int:
        content = PDF if purpose == "brochure" else picture()
        file: dict[str, Any] = (
            api.as_(other).post("/api/files", upload(purpose, content)).data["file"]
        )
        return int(file["file_id"])

    named: list[tuple[str, str, Any]] = [
        ("/api/auth/me", "avatar", {"avatar_file_id": foreign("avatar")}),
        ("/api/builders/me", "logo", {"logo_file_id": foreign("logo")}),
        (f"/api/projects/{project.id}", "brochure", {"brochure_file_id": foreign("brochure")}),
        (
            f"/api/projects/{project.id}",
            "image",
            {"images": [{"file_id": foreign("project_image"), "caption": None}]},
        ),
    ]
    for path, _, body in named:
        api.as_(builder).patch(path, body, status=422)
    with session():
        assert File.select(lambda f: f.attached_to_type is not None).count() == 0
        assert Builder[builder.builder_id].logo_file is None
