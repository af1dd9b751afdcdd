"""Uploads as a caller sends them, and small files of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

BOUNDARY = "----a-boundary-that-no-content-holds"


@dataclass(frozen=True)
class Upload:
    """A multipart form: the parts in their order, each a value or (file name, content)."""

    parts: tuple[tuple[str, str | tuple[str, bytes]], ...]

    @property
    def content_type(self) -> str:
        """The header that goes with it."""
        return f"multipart/form-data; boundary={BOUNDARY}"

    @property
    def body(self) -> bytes:
        """The bytes (RFC 7578)."""
        out = BytesIO()
        for name, value in self.parts:
            filename, content = value if isinstance(value, tuple) else (None, value.encode())
            disposition = f'form-data; name="{name}"'
            if filename is not None:
                quoted = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
                disposition += f'; filename="{quoted}"'
            out.write(f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n".encode())
            if filename is not None:
                out.write(b"Content-Type: application/x-said-by-the-caller\r\n")
            out.write(b"\r\n" + content + b"\r\n")
        out.write(f"--{BOUNDARY}--\r\n".encode())
        return out.getvalue()


def upload(purpose: str, content: bytes, filename: str = "a file") -> Upload:
    """The form of one file, as a portal sends it."""
    return Upload((("purpose", purpose), ("file", (filename, content))))


ONE_UNIT = (
    b"tower,unit_number,floor_number,unit_type,area_sqft,carpet_area_sqft,price\r\n"
    b"Z,Z-101,1,2bhk,1200.00,900.00,6000000.00\r\n"
)
"""The smallest sheet of one new unit."""


def sheet_upload(content: bytes, *, dry_run: bool) -> Upload:
    """The form of a sheet of units."""
    return Upload((("dry_run", str(dry_run).lower()), ("file", ("units.csv", content))))


def picture(form: str = "PNG", size: tuple[int, int] = (24, 16), **options: Any) -> bytes:
    """A picture: red on the left, blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def located_photo() -> bytes:
    """A JPEG as a phone takes it: lying on its side, with the device and the place in its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825).update({1: "N", 2: (12.0, 58.0, 17.0), 3: "E", 4: (77.0, 35.0, 40.0)})
    return picture("JPEG", exif=exif, comment=b"taken at home")


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
OBJ = b"# a triangle\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
GLTF = b'{"asset": {"version": "2.0"}, "scenes": []}'
FBX = b"Kaydara FBX Binary  \0\x1a\0" + bytes(40)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def glb(length: int | None = None, size: int = 64) -> bytes:
    """A binary glTF of `size` bytes that says it has `length`."""
    told = size if length is None else length
    return (b"glTF" + (2).to_bytes(4, "little") + told.to_bytes(4, "little")).ljust(size, b"\0")
