"""An S3-compatible server of our own: SeaweedFS, from PyPI, as one process on free ports."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.postgres_server import free_port

START_SECONDS = 60
ACCESS_KEY, SECRET_KEY = "realty-tests", "a-secret-that-opens-nothing-else"
BUCKET = "realty-files"
# Each part of SeaweedFS listens twice, to others and to its own.
PORTS = ("master", "volume", "filer", "s3")
OTHERS = ("-s3.port.iceberg=0", "-s3.port.lance=0")


@dataclass(frozen=True)
class ObjectStore:
    """A running server with an empty bucket."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def settings(self) -> dict[str, str]:
        """What a deployment is told of it."""
        return {
            "storage_backend": "s3",
            "s3_endpoint": self.endpoint,
            "s3_bucket": BUCKET,
            "s3_access_key": ACCESS_KEY,
            "s3_secret_key": SECRET_KEY,
        }

    def stop(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """A server that keeps its data in `folder` and takes signed requests of one key only."""
    rights = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    identity = {"name": "realty", "credentials": credentials, "actions": rights}
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    data = folder / "data"
    data.mkdir()
    ports = {name: free_port() for name in PORTS}
    listening = [f"-{name}.port={port}" for name, port in ports.items()]
    listening += [f"-{name}.port.grpc={free_port()}" for name in PORTS]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(str(Path(sys.executable).parent / "weed"), "-logtostderr=true", "server"),
                *("-filer", "-s3", f"-s3.config={config}", f"-dir={data}", *OTHERS, *listening),
                *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.volumeSizeLimitMB=64"),
            ],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    store = ObjectStore(f"http://127.0.0.1:{ports['s3']}", process)
    try:
        _make_bucket(store, log)
        yield store
    finally:
        store.stop()


def _make_bucket(store: ObjectStore, log: Path) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and store.process.poll() is None:
        try:
            client.create_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"The object store did not start:\n{log.read_text()[-3000:]}")
