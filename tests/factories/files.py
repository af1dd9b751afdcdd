"""Uploaded files."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from secrets import token_hex
from typing import Any

from realty.adapters.storage import FolderStorage
from realty.db import (
    File,
)
from realty.db.session import session
from tests.deployment import CLOCK, STORAGE
from tests.factories.people import Account


def make_file(owner: Account, purpose: str, content: bytes | None = None, **over: Any) -> int:
    """The row of an uploaded file, attached to nothing, and its id; its content, if given, is
    stored as it is."""
    if content is not None:
        key = f"{CLOCK.now():%Y%m%d/%H}/{token_hex(16)}"
        stored = {"content": BytesIO(content), "size": len(content), "content_type": ""}
        FolderStorage(STORAGE).put(key, **stored)
        told = {"size": len(content), "sha256": sha256(content).hexdigest(), "storage_key": key}
        over = {**told, **over}
    with session():
        row = File(
            **{
                "owner": owner.user_id,
                "purpose": purpose,
                "filename": "drawing.pdf",
                "content_type": "application/pdf",
                "size": 1024,
                "sha256": "0" * 64,
                "storage_key": token_hex(16),
                "created_at": CLOCK.now(),
                **over,
            }
        )
        row.flush()
        file_id: int = row.id
        return file_id
