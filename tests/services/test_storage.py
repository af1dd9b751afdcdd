"""Both storages, the object store as a real server process, and what callers see when it fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from realty.adapters.mail import FolderMail
from realty.adapters.storage import (
    BLOCK_BYTES,
    FolderStorage,
    S3Storage,
    Storage,
    StorageError,
    storage_of,
)
from realty.commands.tick import tick
from realty.db import File
from realty.db.session import session
from realty.settings import Settings, SettingsError
from tests.client import Api
from tests.deployment import INI, Clock, deploy
from tests.factories import make_customer
from tests.postgres_server import free_port
from tests.s3_server import BUCKET, ObjectStore, object_store
from tests.uploads import PDF, upload

pytestmark = pytest.mark.indifferent

HOUR = "20261123/15"
KEY = f"{HOUR}/0123456789abcdef0123456789abcdef"
CONTENT = os.urandom(3 * BLOCK_BYTES + 17)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("s3")) as running:
        yield running


def settings_of(store: ObjectStore, **over: str) -> Settings:
    chosen = {f"realty.{name}": value for name, value in (store.settings() | over).items()}
    return Settings.load({**INI, **chosen}, {})


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Each of the two, empty."""
    if request.param == "folder":
        yield FolderStorage(tmp_path / "files")
        return
    found = storage_of(settings_of(request.getfixturevalue("store")))
    assert isinstance(found, S3Storage)
    yield found
    for key in list(found.keys(HOUR)):
        found.delete(key)


def put(storage: Storage, key: str = KEY, content: bytes = CONTENT) -> None:
    storage.put(key, BytesIO(content), size=len(content), content_type="application/pdf")


def read(storage: Storage, start: int, length: int) -> bytes:
    blocks = storage.open(KEY, start, length)
    try:
        return b"".join(blocks)
    finally:
        blocks.close()


def test_what_was_put_is_read_in_parts(storage: Storage) -> None:
    put(storage)
    size = len(CONTENT)
    for start, length in ((0, size), (0, 1), (BLOCK_BYTES - 1, 2), (size - 1, 1), (17, 400_000)):
        assert read(storage, start, length) == CONTENT[start : start + length]
    blocks = storage.open(KEY, 0, size)
    assert max(map(len, blocks)) <= BLOCK_BYTES
    blocks.close()


def test_a_key_is_forgotten_and_may_be_forgotten_again(storage: Storage) -> None:
    put(storage)
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(StorageError):
        storage.open(KEY, 0, 1)
    assert list(storage.keys(HOUR)) == []


def test_the_keys_of_an_hour(storage: Storage) -> None:
    other = f"20261123/16/{KEY[-32:]}"
    put(storage)
    put(storage, other)
    assert list(storage.keys(HOUR)) == [KEY]
    assert list(storage.keys("20261124/00")) == []
    storage.delete(other)


def test_less_than_was_promised_is_an_error(storage: Storage) -> None:
    put(storage, content=b"short")
    with pytest.raises(StorageError):
        read(storage, 0, 6)


class Broken(BytesIO):
    """A source that fails half-way."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > BLOCK_BYTES:
            raise OSError("The disk is gone")
        return super().read(min(size or 0, BLOCK_BYTES) if size and size > 0 else BLOCK_BYTES)


def test_a_put_that_fails_leaves_nothing(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    with pytest.raises(StorageError):
        storage.put(KEY, Broken(CONTENT), size=len(CONTENT), content_type="application/pdf")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        put(FolderStorage(tmp_path / "file"))


def test_a_store_that_is_not_there_is_told_soon() -> None:
    absent = S3Storage(
        bucket=BUCKET,
        endpoint=f"http://127.0.0.1:{free_port()}",
        region="us-east-1",
        access_key="a",
        secret_key="b",
    )
    for call in (put, lambda storage: read(storage, 0, 1), lambda each: each.delete(KEY)):
        with pytest.raises(StorageError):
            call(absent)


def test_another_key_opens_nothing(store: ObjectStore) -> None:
    with pytest.raises(StorageError):
        put(storage_of(settings_of(store, s3_secret_key="another")))


def test_a_bucket_must_be_named(store: ObjectStore) -> None:
    with pytest.raises(SettingsError, match="REALTY_S3_BUCKET"):
        settings_of(store, s3_bucket="")


def test_files_are_kept_in_an_object_store(
    store: ObjectStore, database: str, clock: Clock, tmp_path: Path
) -> None:
    """Upload, link, range, and removal, with nothing on this machine's disk."""
    api = Api(deploy(database, **store.settings()))
    customer = api.as_(make_customer())
    content = PDF + CONTENT
    file = customer.post("/api/files", upload("message", content)).data["file"]
    assert api.get(file["url"]).body == content
    part = api.get(file["url"], headers={"Range": "bytes=100000-300000"}, status=206)
    assert part.body == content[100_000:300_001]
    settings = settings_of(store)
    with session():
        key = File[file["file_id"]].storage_key
    storage = storage_of(settings)
    assert list(storage.keys(key.rpartition("/")[0])) == [key]
    later = clock.now() + timedelta(hours=25)
    done = tick(now=later, settings=settings, sender=FolderMail(tmp_path))
    assert (done["files_removed"], done["errors"]) == (1, 0)
    assert list(storage.keys(key.rpartition("/")[0])) == []


def test_a_store_that_is_down_is_503(database: str, clock: Clock, tmp_path: Path) -> None:
    """And no row is left of what could not be kept."""
    with object_store(tmp_path) as store:
        api = Api(deploy(database, **store.settings()))
        customer = api.as_(make_customer())
        file = customer.post("/api/files", upload("message", PDF)).data["file"]
        store.stop()
        assert customer.post("/api/files", upload("message", PDF), status=503).code == (
            "service_unavailable"
        )
        assert api.get(file["url"], status=503).headers["Retry-After"]
    with session():
        assert File.select().count() == 1
