"""Puts artifacts where each contender expects them, without latency and in bulk.

Ours: the store itself saves, its objects into S3, its index into a table in memory whose items then go to DynamoDB in
batches, if there is a table: the objects are the same without. community: objects under the keys that its service makes
(every read of the measurement checks that it finds them). Files: through the service.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Final

from artifact_store import ArtifactId, ArtifactStore, Content, Part
from artifact_store.adapters.aws import open_bucket_ports
from artifact_store.adapters.memory import MemoryTable
from artifact_store.index import TableIndex
from benchmarks.contenders.process import ContenderProcess
from local.provision import aws_client

APP: Final = "bench"
USER: Final = "ada"
MIME_TYPE: Final = "image/png"

_THREADS = 4
_BATCH = 25

Artifacts = Mapping[str, int]
"""Versions by filename."""


def target(session: str, filename: str | None = None) -> dict[str, str]:
    """ADK's arguments for a session or one of its artifacts."""
    made = {"app_name": APP, "user_id": USER, "session_id": session}
    return made if filename is None else {**made, "filename": filename}


class StoreFiller:
    """Fills a bucket of ours, and its index table."""

    def __init__(self, bucket: str, table: str | None, endpoint: str, size: int) -> None:
        self._bucket = bucket
        self._table = table
        self._s3 = aws_client("s3", endpoint)
        self._dynamodb = aws_client("dynamodb", endpoint)
        self._size = size

    def fill(self, session: str, artifacts: Artifacts) -> None:
        """Saves new artifacts; none of them may be there already."""
        ports, _ = open_bucket_ports(bucket_name=self._bucket, s3=self._s3)
        table = MemoryTable()
        store = ArtifactStore(replace(ports, index=TableIndex(table, ports.clock)))

        def save(name: str) -> None:
            artifact = ArtifactId.of(app=APP, user=USER, session=session, filename=name)
            for number in range(artifacts[name]):
                body = Content(body=os.urandom(self._size), part=Part(mime_type=MIME_TYPE))
                store.save(artifact, body, caller="filler", idempotency_key=str(number))

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(save, artifacts))
            if self._table:
                list(pool.map(partial(self._write, self._table), self._batches(table)))

    def _batches(self, table: MemoryTable) -> Iterator[list[dict[str, Any]]]:
        items = [
            {"pk": {"S": partition}, "sk": {"S": sort}, **{name: _attribute(value) for name, value in item.items()}}
            for (partition, sort), item in table.items().items()
        ]
        for start in range(0, len(items), _BATCH):
            yield items[start : start + _BATCH]

    def _write(self, table: str, batch: list[dict[str, Any]]) -> None:
        requests = [{"PutRequest": {"Item": item}} for item in batch]
        self._dynamodb.batch_write_item(RequestItems={table: requests})


def _attribute(value: str | int) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


class CommunityFiller:
    """Fills google-adk-community's bucket."""

    def __init__(self, bucket: str, endpoint: str, size: int) -> None:
        self._bucket = bucket
        self._s3 = aws_client("s3", endpoint)
        self._size = size

    def fill(self, session: str, artifacts: Artifacts) -> None:
        """Puts new artifacts' versions."""
        keys = [
            f"{APP}/{USER}/{session}/{name}/{number}" for name, count in artifacts.items() for number in range(count)
        ]

        def put(key: str) -> None:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=os.urandom(self._size), ContentType=MIME_TYPE)

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(put, keys))


class ServiceFiller:
    """Fills through a contender's own service."""

    def __init__(self, contender: ContenderProcess, size: int) -> None:
        self._contender = contender
        self._size = size

    def fill(self, session: str, artifacts: Artifacts) -> None:
        """Saves new artifacts.

        Raises:
            RuntimeError: A save failed.
        """
        answer = self._contender.run("fill", target(session), artifacts=dict(artifacts), size=self._size)
        if answer.error:
            raise RuntimeError(answer.error)
