"""Files as answers name them: an id, and a link that is signed when the answer is encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realty.rules.clock import rfc3339
from realty.rules.file_links import LINK_EXPIRY, FileUrl, Reader

Json = dict[str, Any]


def file_ref(file: Any, *, reader: int | Reader = Reader.VIEWER) -> Json | None:
    """`FileRef`, or None without a file; `file` needs not be loaded, only its id is asked.

    The link is good for whoever the answer is made for, unless `reader` names another.
    """
    return None if file is None else file_ref_of(file.id, reader=reader)


def file_ref_of(file_id: int, *, reader: int | Reader = Reader.VIEWER) -> Json:
    """`FileRef` of a file that is known by its id, as those in JSON columns are."""
    return {"file_id": file_id, "url": FileUrl(file_id, reader), "expires_at": LINK_EXPIRY}


def image_ref(picture: Mapping[str, Any]) -> Json:
    """`ImageRef` of an entry of a JSON column, which has either a `url` or a `file_id`."""
    file_id = picture.get("file_id")
    link = {"file_id": None, "url": picture.get("url"), "expires_at": None}
    return {**(link if file_id is None else file_ref_of(file_id)), "caption": picture["caption"]}


def file_json(file: Any) -> Json:
    """`File`: for its owner."""
    return {
        **file_ref_of(file.id),
        "purpose": file.purpose,
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "created_at": rfc3339(file.created_at),
    }
