"""Pictures made anew: what is kept was encoded here, and holds pixels and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import BinaryIO

from PIL import Image, ImageOps

# Our own bound counts before anything is decoded; Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = None

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_MODES = {
    "PNG": {"1", "L", "LA", "P", "RGB", "RGBA"},
    "JPEG": {"L", "RGB"},
    "WEBP": {"RGB", "RGBA"},
}
_OPTIONS: dict[str, dict[str, int]] = {"PNG": {}, "JPEG": {"quality": 88}, "WEBP": {"quality": 88}}

_ONE_AT_A_TIME = Lock()
"""A decoded picture is many times its file, and its encoding keeps a processor busy."""
PATIENCE_SECONDS = 1.0
"""For so long the next picture waits: whoever waits holds a thread that others need."""


class ImageRefused(Exception):
    """The picture cannot be taken, for the reason that its text gives."""


class ImagesBusy(Exception):
    """Another picture is being encoded in this process."""


def encode_anew(source: BinaryIO, target: BinaryIO, *, content_type: str, pixels: int) -> None:
    """Write the picture again in its own format, upright, its first frame only.

    EXIF with its place and device, colour profiles, comments and whatever follows the picture are
    gone. Raises `ImageRefused` for what is no whole picture or has more than `pixels`, and
    `ImagesBusy`.
    """
    form = _FORMATS[content_type]
    with _turn():
        try:
            with Image.open(source, formats=[form]) as picture:
                if picture.width * picture.height > pixels:
                    raise ImageRefused(f"It has more than {pixels // 1_000_000} million pixels.")
                upright = ImageOps.exif_transpose(picture)
        except (OSError, SyntaxError, ValueError, EOFError) as broken:
            raise ImageRefused("It is not a whole picture.") from broken
        upright.info = {key: upright.info[key] for key in ("transparency",) if key in upright.info}
        if upright.mode.startswith("I"):
            # Sixteen bits of grey: Pillow would cut them off at 255, where we scale them down.
            upright = upright.point(lambda grey: grey * (1 / 256)).convert("L")
        if upright.mode not in _MODES[form]:
            clear = form != "JPEG" and upright.has_transparency_data
            upright = upright.convert("RGBA" if clear else "RGB")
        upright.save(target, form, **_OPTIONS[form])


@contextmanager
def _turn() -> Iterator[None]:
    if not _ONE_AT_A_TIME.acquire(timeout=PATIENCE_SECONDS):
        raise ImagesBusy
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()
