"""Small pictures, papers and 3D models, made as they are needed, kept as uploads are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from random import Random
from typing import Literal

from PIL import Image, ImageDraw

from realty.adapters.storage import Storage
from realty.rules.policy import Policy
from realty.security import Identity
from realty.services import files
from realty.services.files import Upload

_SIZE = (640, 400)
_GROUND = 340
_STOREY = 22
_SKIES = ((196, 222, 243), (250, 226, 200), (214, 226, 232), (236, 214, 226))
_WALLS = ((176, 104, 78), (120, 132, 148), (158, 142, 110), (206, 190, 164))


class Album:
    """Uploads for the demo data; `keys` are those under which something was stored."""

    def __init__(self, storage: Storage, policy: Policy) -> None:
        self._storage = storage
        self._policy = policy
        self.keys: list[str] = []

    def forget(self) -> None:
        """Discard everything, because no row will name it."""
        for key in self.keys:
            files.discard(self._storage, key)

    def site(self, name: str, *, storeys: int, owner: Identity, purpose: str, now: datetime) -> int:
        """A building of `storeys` against the sky, and the crane beside it."""
        return self._keep(_site(name, storeys), f"{name}.jpg", purpose, owner, now)

    def paper(
        self,
        name: str,
        lines: tuple[str, ...],
        *,
        owner: Identity,
        purpose: str,
        now: datetime,
        form: Literal["PDF", "PNG"] = "PDF",
    ) -> int:
        """A page with a few lines."""
        return self._keep(_paper(lines, form), f"{name}.{form.lower()}", purpose, owner, now)

    def model(self, name: str, content: bytes, *, owner: Identity, now: datetime) -> int:
        """A 3D model as binary glTF."""
        return self._keep(content, f"{name}.glb", "model", owner, now)

    def _keep(
        self, content: bytes, filename: str, purpose: str, owner: Identity, now: datetime
    ) -> int:
        upload = Upload(
            purpose=purpose, filename=filename, content=BytesIO(content), size=len(content)
        )
        announce: Callable[[str], None] = self.keys.append
        file = files.store(
            upload,
            owner=owner,
            storage=self._storage,
            policy=self._policy,
            now=now,
            announce=announce,
        )
        return int(file.id)


def _site(name: str, storeys: int) -> bytes:
    random = Random(name)
    picture = Image.new("RGB", _SIZE, random.choice(_SKIES))
    draw = ImageDraw.Draw(picture)
    width, height = _SIZE
    draw.rectangle((0, _GROUND, width, height), fill=(148, 132, 104))
    wall = random.choice(_WALLS)
    left, right = 210 + random.randrange(-40, 40), 430 + random.randrange(-30, 30)
    for storey in range(storeys):
        bottom = _GROUND - storey * _STOREY
        draw.rectangle((left, bottom - _STOREY + 2, right, bottom), fill=wall)
        for window in range(left + 14, right - 18, 34):
            draw.rectangle((window, bottom - 16, window + 16, bottom - 5), fill=(238, 236, 220))
    top = _GROUND - storeys * _STOREY
    mast = right + 46
    draw.line((mast, _GROUND, mast, top - 40), fill=(214, 150, 32), width=5)
    draw.line((mast - 150, top - 36, mast + 50, top - 36), fill=(214, 150, 32), width=4)
    content = BytesIO()
    picture.save(content, "JPEG", quality=80)
    return content.getvalue()


def _paper(lines: tuple[str, ...], form: str) -> bytes:
    page = Image.new("RGB", (595, 420), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((24, 24, 571, 396), outline=(90, 90, 90))
    for position, line in enumerate(lines):
        draw.text((48, 48 + 26 * position), line, fill=(20, 20, 20))
    content = BytesIO()
    page.save(content, form)
    return content.getvalue()
