"""Files: taking them in, tying them to rows, who may read them, reading them, forgetting them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

from pony.orm import select

from realty.adapters.images import ImageRefused, ImagesBusy, encode_anew
from realty.adapters.storage import BLOCK_BYTES, Blocks, Storage, StorageError
from realty.db import File, User, db
from realty.db.bulk import among
from realty.db.locks import lock
from realty.errors import (
    Detail,
    InvalidToken,
    ServiceUnavailable,
    UploadLimit,
    ValidationFailed,
)
from realty.rules.file_kinds import HEAD_BYTES, KINDS, PURPOSES, Kind, plain_name, sniff
from realty.rules.policy import Policy
from realty.security import Identity

MEBIBYTE = 1_048_576
FIELD = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a caller sent: an open file of `size` bytes that nobody has judged yet."""

    purpose: str
    filename: str | None
    content: BinaryIO
    size: int


def most_bytes(purpose: str, policy: Policy) -> int:
    """How large a file for this purpose may be."""
    sizes = {
        "image": policy.files_max_image_mb,
        "document": policy.files_max_document_mb,
        "model": policy.files_max_model_mb,
    }
    return sizes[PURPOSES[purpose].size_class] * MEBIBYTE


def store(
    upload: Upload,
    *,
    owner: Identity,
    storage: Storage,
    policy: Policy,
    now: datetime,
    announce: Callable[[str], None],
) -> Any:
    """Keep an upload and the row that tells of it.

    `announce` is told the key before anything is stored under it, so that the caller can discard
    what no committed row names. The bytes are stored before the first write of the transaction:
    nobody waits for them. Raises `ValidationFailed` for content that the purpose does not take,
    `UploadLimit`, and `ServiceUnavailable` while the storage is down.
    """
    with _available(), TemporaryFile() as anew:
        kind, content = _judged(upload, anew, policy)
        size, digest = _measure(content)
        key = f"{now:%Y%m%d/%H}/{token_hex(16)}"
        announce(key)
        storage.put(key, content, size=size, content_type=kind.content_type)
    _require_room(owner, size, policy)
    file = File(
        owner=owner.user_id,
        purpose=upload.purpose,
        filename=plain_name(upload.filename),
        content_type=kind.content_type,
        size=size,
        sha256=digest,
        storage_key=key,
        created_at=now,
    )
    file.flush()
    return file


def discard(storage: Storage, key: str) -> None:
    """Forget what an upload stored before it failed."""
    with _available():
        storage.delete(key)


def content_of(file: Any, storage: Storage, *, start: int, length: int) -> Blocks:
    """A part of the content; raises `ServiceUnavailable` while the storage is down."""
    with _available():
        return storage.open(file.storage_key, start, length)


def copy_content(file: Any, storage: Storage, out: IO[bytes]) -> None:
    """Write the whole content to `out`; raises `ServiceUnavailable` while the storage is down."""
    with _available(), closing(storage.open(file.storage_key, 0, file.size)) as blocks:
        for block in blocks:
            out.write(block)


def kind_of(file: Any) -> Kind:
    """What the content is."""
    return KINDS[file.content_type]


def attach(
    file_id: int,
    *,
    owner: Identity,
    purposes: Collection[str],
    entity: str,
    entity_id: int,
    field: str,
) -> Any:
    """Tie a file of the caller to a row; who may read the file follows from that row.

    One statement decides, so that two callers cannot both have it. Raises `ValidationFailed` at
    `field`, in the same words for a file that is absent, another's, uploaded for another purpose
    or attached elsewhere. The same again changes nothing.
    """
    require_own(file_id, owner=owner, purposes=purposes, field=field)
    if not _tie(file_id, entity, entity_id):
        raise _not_usable(purposes, field)
    return File[file_id]


def attach_all(
    file_ids: Sequence[int],
    *,
    owner: Identity,
    purpose: str,
    entity: str,
    entity_id: int,
    field: str,
) -> None:
    """Tie several files of the caller to a new row, in one statement for any number.

    Raises as `attach` does, at `field[n]` for the first that cannot be used.
    """
    if not file_ids:
        return
    condition, ids = among(file_ids)
    tied = db.execute(
        "UPDATE files SET attached_to_type = $entity, attached_to_id = $entity_id"  # noqa: S608 - ids are bound
        f" WHERE id {condition} AND owner_id = $owner_id AND purpose = $purpose"
        " AND removed_at IS NULL AND attached_to_type IS NULL RETURNING id",
        {
            "ids": ids,
            "owner_id": owner.user_id,
            "purpose": purpose,
            "entity": entity,
            "entity_id": entity_id,
        },
        {},
    )
    usable = {file_id for (file_id,) in tied.fetchall()}
    for position, file_id in enumerate(file_ids):
        if file_id not in usable:
            raise _not_usable([purpose], f"{field}[{position}]")


def require_own(file_id: int, *, owner: Identity, purposes: Collection[str], field: str) -> Kind:
    """What a file is that the caller uploaded for one of `purposes`; raises as `attach` does for
    any other. It is for a row that names the file before it has an id to attach it to."""
    # None of these ever changes, so they may be read before the row is locked by the UPDATE.
    known = select((f.owner.id, f.purpose, f.content_type) for f in File if f.id == file_id).first()
    if known is None or known[0] != owner.user_id or known[1] not in purposes:
        raise _not_usable(purposes, field)
    return KINDS[known[2]]


def _not_usable(purposes: Collection[str], field: str) -> ValidationFailed:
    words = " or ".join(sorted(purposes))
    return ValidationFailed.at(
        field, f"Name a file that you uploaded as {words} and that is not in use elsewhere."
    )


def exchange(
    former: Any,
    file_id: int | None,
    *,
    owner: Identity,
    purposes: Collection[str],
    entity: str,
    entity_id: int,
    field: str,
) -> Any:
    """The file that takes the place of `former` in a column; None for no file.

    Raises as `attach` does. The former file is released, and removed by `realty tick`.
    """
    if former is not None and former.id == file_id:
        return former
    if former is not None:
        _release([former.id], entity, entity_id)
    if file_id is None:
        return None
    return attach(
        file_id,
        owner=owner,
        purposes=purposes,
        entity=entity,
        entity_id=entity_id,
        field=field,
    )


def exchange_pictures(
    former: Sequence[dict[str, Any]],
    pictures: Sequence[dict[str, Any]],
    *,
    owner: Identity,
    purposes: Collection[str],
    entity: str,
    entity_id: int,
    field: str,
) -> list[dict[str, Any]]:
    """A JSON column of pictures, each by `url` or by `file_id`, with the files attached to the row.

    Raises `ValidationFailed` for a picture with both or neither, a file named twice, and as
    `attach` does. Files that are no longer named are released.
    """
    before = {each["file_id"] for each in former if "file_id" in each}
    named: set[int] = set()
    for index, picture in enumerate(pictures):
        place = f"{field}[{index}]"
        file_id = picture.get("file_id")
        if (file_id is None) == (picture.get("url") is None):
            raise ValidationFailed.at(place, "Give either url or file_id.")
        if file_id in named:
            raise ValidationFailed.at(f"{place}.file_id", "It is named twice.")
        if file_id is not None:
            named.add(file_id)
            if file_id not in before:
                attach(
                    file_id,
                    owner=owner,
                    purposes=purposes,
                    entity=entity,
                    entity_id=entity_id,
                    field=f"{place}.file_id",
                )
    _release(sorted(before - named), entity, entity_id)
    return [
        {key: value for key, value in picture.items() if value is not None or key == "caption"}
        for picture in pictures
    ]


def _tie(file_id: int, entity: str, entity_id: int) -> bool:
    sql = (
        "UPDATE files SET attached_to_type = $entity, attached_to_id = $entity_id"
        " WHERE id = $file_id AND removed_at IS NULL AND (attached_to_type IS NULL"
        " OR (attached_to_type = $entity AND attached_to_id = $entity_id))"
    )
    named = {"file_id": file_id, "entity": entity, "entity_id": entity_id}
    return bool(db.execute(sql, named, {}).rowcount)


def _release(file_ids: Sequence[int], entity: str, entity_id: int) -> None:
    for file_id in file_ids:
        db.execute(
            "UPDATE files SET attached_to_type = NULL, attached_to_id = NULL WHERE id = $file_id"
            " AND attached_to_type = $entity AND attached_to_id = $entity_id",
            {"file_id": file_id, "entity": entity, "entity_id": entity_id},
        )


@contextmanager
def _available() -> Iterator[None]:
    """What the storage, the disk or the processors of this machine cannot do now is a 503."""
    try:
        yield
    except (StorageError, OSError, ImagesBusy) as failure:
        raise ServiceUnavailable from failure


def _judged(upload: Upload, anew: BinaryIO, policy: Policy) -> tuple[Kind, BinaryIO]:
    """The kind of the content, and what is to be kept: pictures are encoded anew."""
    kinds = PURPOSES[upload.purpose].kinds
    upload.content.seek(0)
    kind = sniff(upload.content.read(HEAD_BYTES), upload.size)
    if kind not in kinds:
        names = ", ".join(each.name for each in kinds)
        raise ValidationFailed.at(FIELD, f"Its content must be one of: {names}.")
    upload.content.seek(0)
    if not kind.inline:
        return kind, upload.content
    pixels = policy.files_max_image_megapixels * 1_000_000
    try:
        encode_anew(upload.content, anew, content_type=kind.content_type, pixels=pixels)
    except ImageRefused as refused:
        raise ValidationFailed.at(FIELD, str(refused)) from refused
    return kind, anew


def _measure(content: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of an open file, which is left at its beginning."""
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while block := content.read(BLOCK_BYTES):
        digest.update(block)
        size += len(block)
    content.seek(0)
    return size, digest.hexdigest()


def _require_room(owner: Identity, size: int, policy: Policy) -> None:
    """Bound what a caller may leave lying about; his row is the lock."""
    user_id = owner.user_id
    account = lock(User, user_id)
    if account is None or not account.is_active:
        raise InvalidToken
    unused = select(
        f.size for f in File if f.owner.id == user_id and f.attached_to_type is None
    ).without_distinct()
    most = policy.files_max_unattached_mb * MEBIBYTE
    if sum(unused) + size > most:
        message = f"Together with what you have not used yet it is more than {most} bytes."
        raise UploadLimit(details=[Detail(FIELD, message, str(most))])
