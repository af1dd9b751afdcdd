"""Where the bytes of files are kept: a local folder, or an S3-compatible object store.

Keys are ours and say nothing about what is stored: day, hour and a random name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from realty.settings import Settings, SettingsError

BLOCK_BYTES = 262_144
CONNECT_SECONDS = 3
READ_SECONDS = 20
_PARTIAL = ".part"


class StorageError(Exception):
    """The storage does not take or give anything now, or what it gave is not whole."""


class Readable(Protocol):
    """What bytes can be read from: an open file, or a connection."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""

    def close(self) -> None:
        """Let go of it."""


class Blocks:
    """`length` bytes of an open stream in blocks of `BLOCK_BYTES`; it must be closed."""

    def __init__(self, stream: Readable, length: int) -> None:
        self._stream = stream
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        with _told():
            block = self._stream.read(min(self._left, BLOCK_BYTES))
        if not block:
            raise StorageError(f"{self._left} bytes are missing")
        self._left -= len(block)
        return block

    def close(self) -> None:
        """Let go of the stream."""
        self._stream.close()


class Storage(Protocol):
    """Bytes under keys. Every method raises `StorageError`."""

    def put(self, key: str, content: BinaryIO, *, size: int, content_type: str) -> None:
        """Keep `size` bytes, read from `content`, for good or not at all."""

    def open(self, key: str, start: int, length: int) -> Blocks:
        """A part of what is kept under a key."""

    def delete(self, key: str) -> None:
        """Forget a key; one that is not there is forgotten already."""

    def keys(self, folder: str) -> Iterator[str]:
        """Every key below a folder, with what an interrupted `put` may have left there."""


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise StorageError(" ".join(str(failure).split())) from failure


class FolderStorage:
    """A folder of this machine, or one that all machines share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: BinaryIO, *, size: int, content_type: str) -> None:
        """Written beside its place and moved there once it is on the disk."""
        path = self._root / key
        partial = path.with_name(path.name + _PARTIAL)
        with _told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with partial.open("xb") as target:
                    while block := content.read(BLOCK_BYTES):
                        target.write(block)
                    target.flush()
                    os.fsync(target.fileno())
                partial.replace(path)
            except BaseException:  # an interrupt leaves no half a file either
                partial.unlink(missing_ok=True)
                raise
            _sync_folder(path.parent)

    def open(self, key: str, start: int, length: int) -> Blocks:
        """Read on from `start`."""
        with _told():
            stream = (self._root / key).open("rb")
            stream.seek(start)
        return Blocks(stream, length)

    def delete(self, key: str) -> None:
        """Unlink it."""
        with _told():
            (self._root / key).unlink(missing_ok=True)

    def keys(self, folder: str) -> Iterator[str]:
        """The names in the folder."""
        with _told():
            path = self._root / folder
            names = sorted(each.name for each in path.iterdir()) if path.is_dir() else []
        yield from (f"{folder}/{name}" for name in names)


def _sync_folder(path: Path) -> None:
    """A new name is on the disk once its folder is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class S3Storage:
    """A bucket. Requests are short and tried twice, so that a dead store stalls nobody for long."""

    def __init__(
        self,
        *,
        bucket: str,
        endpoint: str = "",
        region: str,
        access_key: str = "",
        secret_key: str = "",
    ) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as missing:
            raise SettingsError(
                "REALTY_STORAGE_BACKEND: s3 needs boto3, which `pip install realty[s3]` brings"
            ) from missing
        self._bucket = bucket
        self._failures = (BotoCoreError, ClientError)
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=region,
            # Without keys of ours, those that the machine was given.
            aws_access_key_id=access_key or None,
            aws_secret_access_key=secret_key or None,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 2},
                s3={"addressing_style": "path" if endpoint else "auto"},
                # Many compatible stores do not know the newer trailing checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, content: BinaryIO, *, size: int, content_type: str) -> None:
        """One PUT, which the store takes whole or not at all."""
        with self._told():
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentLength=size,
                ContentType=content_type,
            )

    def open(self, key: str, start: int, length: int) -> Blocks:
        """A GET of the range."""
        span = {"Range": f"bytes={start}-{start + length - 1}"} if length else {}
        with self._told():
            found = self._client.get_object(Bucket=self._bucket, Key=key, **span)
        return Blocks(_Body(found["Body"], self._failures), length)

    def delete(self, key: str) -> None:
        """A DELETE, which a store answers alike for a key that it does not have."""
        with self._told():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def keys(self, folder: str) -> Iterator[str]:
        """Page by page."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._told():
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{folder}/"):
                yield from (each["Key"] for each in page.get("Contents", ()))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._failures as failure:
            raise StorageError(" ".join(str(failure).split())) from failure


class _Body:
    """The body of an answer, whose failures are told as an `OSError` like those of a file."""

    def __init__(self, body: Any, failures: tuple[type[Exception], ...]) -> None:
        self._body = body
        self._failures = failures

    def read(self, size: int, /) -> bytes:
        try:
            block: bytes = self._body.read(size)
        except self._failures as failure:
            raise OSError(str(failure)) from failure
        return block

    def close(self) -> None:
        self._body.close()


def storage_of(settings: Settings) -> Storage:
    """The storage that `storage_backend` names."""
    if settings.storage_backend == "folder":
        return FolderStorage(Path(settings.storage_folder))
    return S3Storage(
        bucket=settings.s3_bucket,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
    )
