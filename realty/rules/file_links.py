"""Links to files: what answers hold in their place, and the signature that makes them good.

A link names the file, who may read by it and when it dies; the signature covers all three. It
gives no right of its own: whoever it names must still be entitled when it is used.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

_PURPOSE = b"realty file links"


class Reader(StrEnum):
    """For whom a link is made, beside a user's id."""

    VIEWER = "viewer"
    """Whoever the answer is made for; everybody, if that is a stranger."""
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True)
class FileUrl:
    """The address of a file's content, to be signed when the answer is encoded."""

    file_id: int
    reader: int | Reader = Reader.VIEWER


class LinkExpiry:
    """When the links of an answer die, to be filled in with them."""


LINK_EXPIRY = LinkExpiry()


class LinkSigner:
    """Signs with a key derived from the first secret (RFC 2104, SHA-256), verifies with each."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [_mac(secret.encode(), _PURPOSE) for secret in secrets]

    def url(self, file_id: int, *, reader_id: int | None, expires: int) -> str:
        """The path of the content; `expires` in seconds since 1970, no reader for everybody."""
        signature = _signature(self._keys[0], file_id, reader_id, expires)
        reader = "" if reader_id is None else f"&reader={reader_id}"
        return f"/api/files/{file_id}/content?expires={expires}{reader}&signature={signature}"

    def fits(self, signature: str, file_id: int, *, reader_id: int | None, expires: int) -> bool:
        """Whether this is what we signed, with this or a former key."""
        return any(
            hmac.compare_digest(_signature(key, file_id, reader_id, expires), signature)
            for key in self._keys
        )


def expiry(now: datetime, minutes: int) -> int:
    """When a link made now dies, in seconds since 1970: in `minutes` at most, in half at least.

    It moves in steps of half that time, so that answers are equal to the byte between two steps
    and a caller who is told 304 holds links that are good for a while.
    """
    life = minutes * 60
    step = life // 2
    return seconds(now) // step * step + life


def moves_at(now: datetime, minutes: int) -> int:
    """When links that are made anew have another expiry than those made now."""
    step = minutes * 60 // 2
    return (seconds(now) // step + 1) * step


def seconds(moment: datetime) -> int:
    """A naive UTC moment in whole seconds since 1970."""
    return int(moment.replace(tzinfo=UTC).timestamp())


def _signature(key: bytes, file_id: int, reader_id: int | None, expires: int) -> str:
    named = f"{file_id}|{reader_id or 0}|{expires}".encode()
    return urlsafe_b64encode(_mac(key, named)).rstrip(b"=").decode()


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
