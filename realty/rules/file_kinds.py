"""What a file is by its content, what it may be for a purpose, and what it is called.

Nothing that a browser could run is among the kinds: neither HTML nor SVG.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Class = Literal["image", "document", "model"]

HEAD_BYTES = 65_536
"""How much of the beginning tells a kind."""

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of content; what is `inline` was encoded by us and may be shown by a browser."""

    name: str
    content_type: str
    extensions: tuple[str, ...]
    inline: bool = False


PNG = Kind("png", "image/png", (".png",), inline=True)
JPEG = Kind("jpeg", "image/jpeg", (".jpg", ".jpeg"), inline=True)
WEBP = Kind("webp", "image/webp", (".webp",), inline=True)
PDF = Kind("pdf", "application/pdf", (".pdf",))
GLB = Kind("glb", "model/gltf-binary", (".glb",))
GLTF = Kind("gltf", "model/gltf+json", (".gltf",))
OBJ = Kind("obj", "model/obj", (".obj",))
FBX = Kind("fbx", "application/octet-stream", (".fbx",))

IMAGES = (PNG, JPEG, WEBP)
PAPERS = (*IMAGES, PDF)
KINDS = {kind.content_type: kind for kind in (*PAPERS, GLB, GLTF, OBJ, FBX)}
"""Every kind by its content type, which is what a row holds."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What files of a purpose may be; its class decides how large."""

    kinds: tuple[Kind, ...]
    size_class: Class


PURPOSES: Mapping[str, Purpose] = {
    "avatar": Purpose(IMAGES, "image"),
    "logo": Purpose(IMAGES, "image"),
    "brochure": Purpose(PAPERS, "document"),
    "floor_plan": Purpose(PAPERS, "document"),
    "project_image": Purpose(IMAGES, "image"),
    "phase_image": Purpose(IMAGES, "image"),
    "update_image": Purpose(IMAGES, "image"),
    "payment_proof": Purpose(PAPERS, "document"),
    "change_request": Purpose(PAPERS, "document"),
    "message": Purpose(PAPERS, "document"),
    "model": Purpose((GLB, GLTF, OBJ, FBX), "model"),
    "thumbnail": Purpose(IMAGES, "image"),
}

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"%PDF-", PDF),
    (b"Kaydara FBX Binary  \0\x1a\0", FBX),
)
_GLB_HEADER = 12
_GLTF_VERSION = 2
_OBJ_WORDS = frozenset(
    b"v vt vn vp f l p o g s mtllib usemtl cstype deg curv surf end parm".split()
)


def sniff(head: bytes, size: int) -> Kind | None:
    """The kind that the first `HEAD_BYTES` of a file of `size` bytes show, None for any other."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:4] == b"glTF":
        return GLB if _is_glb(head, size) else None
    if head.lstrip()[:1] == b"{":
        return GLTF if b'"asset"' in head and b"\0" not in head else None
    return OBJ if _is_obj(head) else None


def _is_glb(head: bytes, size: int) -> bool:
    """glTF 2.0, 4.4.1: magic, version 2, and the length of the whole file."""
    version, length = (int.from_bytes(head[at : at + 4], "little") for at in (4, 8))
    return len(head) >= _GLB_HEADER and version == _GLTF_VERSION and length == size


def _is_obj(head: bytes) -> bool:
    """Every line begins with a word of the format, and there are vertices."""
    lines = head.splitlines()
    if len(head) >= HEAD_BYTES:
        lines = lines[:-1]
    words = {line.split(maxsplit=1)[0] for line in lines if line.strip() and line[:1] != b"#"}
    return b"v" in words and words <= _OBJ_WORDS and b"\0" not in head


def plain_name(offered: str | None) -> str:
    """A file's name as text: without folders, control and direction characters, not too long."""
    last = re.split(r"[/\\]", offered or "")[-1]
    visible = "".join(each for each in last if unicodedata.category(each)[0] != "C")
    return " ".join(visible.split())[:LONGEST_NAME].strip() or "file"


def download_name(name: str, kind: Kind) -> str:
    """The name to save a file under: its extension says what the content is."""
    return name if name.lower().endswith(kind.extensions) else name + kind.extensions[0]
