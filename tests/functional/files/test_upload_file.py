"""`upload_file`: what is kept, and what is refused."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from realty.adapters import images
from realty.db import File, SystemSetting
from realty.db.session import session
from tests.client import Api
from tests.deployment import STORAGE, Clock
from tests.factories import make_builder, make_customer
from tests.uploads import (
    FBX,
    GLTF,
    HTML,
    OBJ,
    PDF,
    SVG,
    Upload,
    glb,
    located_photo,
    picture,
    upload,
)

pytestmark = pytest.mark.indifferent


def stored() -> list[bytes]:
    """Everything in the storage."""
    return [path.read_bytes() for path in sorted(STORAGE.rglob("*")) if path.is_file()]


def rows() -> int:
    with session():
        return int(File.select().count())


def put_setting(key: str, value: Any) -> None:
    with session():
        SystemSetting(setting_key=key, setting_value=value, setting_type="number", category="files")


def test_upload_file_keeps_a_document_as_it_is(api: Api, clock: Clock) -> None:
    customer = api.as_(make_customer())
    answer = customer.post("/api/files", upload("payment_proof", PDF, "NEFT advice.pdf"))
    assert answer.status == 201
    file = answer.data["file"]
    assert answer.headers["Location"] == f"/api/files/{file['file_id']}"
    assert {**file, "file_id": 0, "url": "", "expires_at": "", "created_at": ""} == {
        "file_id": 0,
        "url": "",
        "expires_at": "",
        "purpose": "payment_proof",
        "filename": "NEFT advice.pdf",
        "content_type": "application/pdf",
        "size": len(PDF),
        "sha256": sha256(PDF).hexdigest(),
        "created_at": "",
    }
    assert stored() == [PDF]
    assert api.as_(None).get(file["url"]).body == PDF


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (glb(), "model/gltf-binary"),
        (GLTF, "model/gltf+json"),
        (OBJ, "model/obj"),
        (FBX, "application/octet-stream"),
    ],
)
def test_upload_file_takes_models(api: Api, content: bytes, kind: str) -> None:
    file = api.as_(make_builder()).post("/api/files", upload("model", content)).data["file"]
    assert (file["content_type"], file["size"]) == (kind, len(content))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_encoded_anew(api: Api, form: str) -> None:
    content = picture(form) + b"<script>alert(1)</script>"
    file = api.as_(make_builder()).post("/api/files", upload("logo", content)).data["file"]
    assert file["content_type"] == f"image/{form.lower()}"
    (kept,) = stored()
    assert b"script" not in kept
    assert (file["size"], file["sha256"]) == (len(kept), sha256(kept).hexdigest())
    with Image.open(BytesIO(kept)) as image:
        assert (image.format, image.size) == (form, (24, 16))


def test_a_photo_loses_its_place_and_stands_upright(api: Api) -> None:
    photo = located_photo()
    assert b"SecretPhone" in photo
    api.as_(make_customer()).post("/api/files", upload("avatar", photo, "IMG_0001.JPG"))
    (kept,) = stored()
    assert b"SecretPhone" not in kept
    assert b"taken at home" not in kept
    assert b"Exif" not in kept
    with Image.open(BytesIO(kept)) as image:
        assert image.size == (16, 24)
        assert not image.getexif()
        top, bottom = image.getpixel((8, 2)), image.getpixel((8, 21))
    # Turned by a quarter to the right, its left side is on top.
    assert (top[0] > 200, top[2] < 60) == (True, True)
    assert (bottom[2] > 200, bottom[0] < 60) == (True, True)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_other_modes_are_taken(api: Api, mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (5, 4)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    api.as_(make_builder()).post("/api/files", upload("project_image", out.getvalue()), status=201)


def test_a_picture_waits_no_long_for_another(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits holds a thread of the server: other requests are to be answered."""
    monkeypatch.setattr(images, "PATIENCE_SECONDS", 0.01)
    caller = api.as_(make_builder())
    with images._ONE_AT_A_TIME:
        busy = caller.post("/api/files", upload("project_image", picture()), status=503)
        caller.post("/api/files", upload("model", glb()))
    assert int(busy.headers["Retry-After"]) > 0
    caller.post("/api/files", upload("project_image", picture()))


def test_a_scan_of_sixteen_bits_keeps_its_greys(api: Api) -> None:
    scan, out = Image.new("I;16", (4, 1)), BytesIO()
    scan.putdata([0, 16_384, 32_768, 65_535])
    scan.save(out, "PNG")
    api.as_(make_builder()).post("/api/files", upload("project_image", out.getvalue()))
    (kept,) = stored()
    with Image.open(BytesIO(kept)) as image:
        assert [image.getpixel((place, 0)) for place in range(4)] == [0, 64, 128, 255]


@pytest.mark.parametrize(
    ("purpose", "content"),
    [
        ("model", picture()),
        ("avatar", PDF),
        ("avatar", HTML),
        ("avatar", SVG),
        ("payment_proof", SVG),
        ("payment_proof", HTML),
        ("payment_proof", b"just text"),
        ("payment_proof", glb()),
        ("model", HTML),
        ("model", b'{"asse": 1}'),
        ("model", glb(length=65)),
        ("model", glb(length=2**32 - 1)),
        ("model", b"v 1 2 3\n<script>alert(1)</script>\n"),
        ("avatar", picture()[:60]),
        ("avatar", b"\x89PNG\r\n\x1a\n" + HTML),
        ("avatar", b"GIF89a" + bytes(20)),
        ("brochure", HTML + PDF),
    ],
)
def test_content_decides_and_not_the_name(api: Api, purpose: str, content: bytes) -> None:
    customer = api.as_(make_builder())
    answer = customer.post("/api/files", upload(purpose, content, "fine.png"), status=422)
    assert answer.code == "validation_error"
    assert answer.error["details"][0]["field"] == "file"
    assert (stored(), rows()) == ([], 0)


PARTS = {
    "no purpose": ((("file", ("a.pdf", PDF)),), 422, "purpose"),
    "no file": ((("purpose", "avatar"),), 422, "file"),
    "an empty file": ((("purpose", "avatar"), ("file", ("a.png", b""))), 422, "file"),
    "another purpose": ((("purpose", "malware"), ("file", ("a", PDF))), 422, "purpose"),
    "a purpose without end": ((("purpose", "a" * 100_000), ("file", ("a", PDF))), 422, "purpose"),
    "an unknown part": ((("purpose", "avatar"), ("owner", "7")), 422, "owner"),
    "a purpose twice": ((("purpose", "avatar"), ("purpose", "logo")), 422, "purpose"),
    "a file twice": (
        (("purpose", "avatar"), ("file", ("a", PDF)), ("file", ("b", PDF))),
        422,
        "file",
    ),
}


@pytest.mark.parametrize(("parts", "status", "field"), PARTS.values(), ids=PARTS)
def test_a_form_has_exactly_its_two_parts(api: Api, parts: Any, status: int, field: str) -> None:
    answer = api.as_(make_customer()).post("/api/files", Upload(parts), status=status)
    assert [each["field"] for each in answer.error["details"]] == [field]
    assert (stored(), rows()) == ([], 0)


def test_the_purpose_may_come_after_the_file(api: Api) -> None:
    form = Upload((("file", ("a.pdf", PDF)), ("purpose", "message")))
    assert api.as_(make_customer()).post("/api/files", form).data["file"]["purpose"] == "message"


@pytest.mark.parametrize("purpose_first", [True, False])
def test_a_purpose_bounds_the_size(api: Api, purpose_first: bool) -> None:
    put_setting("files.max_document_mb", 1)
    content = PDF.ljust(1_048_577)
    parts = [("purpose", "payment_proof"), ("file", ("a.pdf", content))]
    form = Upload(tuple(parts if purpose_first else reversed(parts)))
    answer = api.as_(make_customer()).post("/api/files", form, status=413)
    assert (answer.code, answer.error["details"][0]["value"]) == ("payload_too_large", "1048576")
    assert (stored(), rows()) == ([], 0)
    fitting = upload("payment_proof", content[:-1])
    api.as_(make_customer()).post("/api/files", fitting, status=201)


def test_pixels_are_bounded(api: Api) -> None:
    put_setting("files.max_image_megapixels", 1)
    customer = api.as_(make_customer())
    customer.post("/api/files", upload("avatar", picture(size=(1001, 1000))), status=422)
    customer.post("/api/files", upload("avatar", picture(size=(1000, 1000))), status=201)


def test_what_is_not_used_yet_is_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = make_customer()
    monkeypatch.setattr("realty.services.files.MEBIBYTE", 1)
    put_setting("files.max_unattached_mb", 256)
    put_setting("files.max_document_mb", 200)
    form = upload("payment_proof", PDF.ljust(129))
    api.as_(customer).post("/api/files", form, status=201)
    answer = api.as_(customer).post("/api/files", form, status=409)
    assert (answer.code, answer.error["details"][0]["value"]) == ("upload_limit", "256")
    assert (len(stored()), rows()) == (1, 1)
    api.as_(make_customer()).post("/api/files", form, status=201)


NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    "con": "con",
    "x" * 300 + ".pdf": "x" * 255,
    "two\nlines.pdf": "twolines.pdf",
    "a\u202efdp.exe": "afdp.exe",
    "  रसीद १.pdf ": "रसीद १.pdf",
    "": "file",
    "..": "..",
}


@pytest.mark.parametrize(("offered", "kept"), NAMES.items(), ids=range(len(NAMES)))
def test_a_name_is_text_and_no_more(api: Api, offered: str, kept: str) -> None:
    customer = api.as_(make_customer())
    file = customer.post("/api/files", upload("message", PDF, offered)).data["file"]
    assert file["filename"] == kept
    (path,) = [each for each in STORAGE.rglob("*") if each.is_file()]
    assert len(path.name) == 32
    assert path.name.isalnum()
    disposition = api.get(file["url"]).headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert disposition.isascii()
    # Whatever the name was, it is saved under one that says what it is.
    assert disposition.endswith(".pdf")
