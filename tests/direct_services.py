"""Services straight on S3, as tests open them."""

from __future__ import annotations

from typing import Any

from artifact_store import ArtifactStore
from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.adapters.memory import MemoryObjects
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.time import InTurn, SystemClock
from artifact_store.ids import new_id
from artifact_store.ports import Ports
from google_adk_aws import S3ArtifactService
from local import LocalApi
from local.emulator import CREDENTIALS

__all__ = ["in_memory", "on_bucket_of", "store_without_table"]


class _InMemory:
    """What stands for clients and bucket."""

    s3_client = None

    def __init__(self, store: ArtifactStore) -> None:
        self.store = store

    def check(self, *, writes: bool) -> None:
        """There is a bucket."""

    def before_write(self) -> None:
        """It keeps conditions."""

    def close(self) -> None:
        """There are no connections."""


class _InMemoryService(S3ArtifactService):
    _store: ArtifactStore

    def _open(self) -> Any:
        return _InMemory(self._store)


def in_memory(store: ArtifactStore, **changes: Any) -> S3ArtifactService:
    """Over a store of the heart's strict in-memory adapters, whose conditions and transactions are atomic."""
    kind = type("InMemoryService", (_InMemoryService,), {"_store": store})
    service: S3ArtifactService = kind("memory", **changes)
    return service


def on_bucket_of(api: LocalApi, **changes: Any) -> S3ArtifactService:
    """On the bucket and the table of a local API, beside it."""
    given: dict[str, Any] = {
        "bucket_name": api.bucket_name,
        "table_name": api.table_name,
        "region_name": CREDENTIALS["AWS_REGION"],
        "aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": api.aws_endpoint_url,
        "table_endpoint_url": api.aws_endpoint_url,
    }
    return S3ArtifactService(**{**given, **changes})


def store_without_table() -> ArtifactStore:
    """Over a bucket in memory that tells by itself what lives."""
    clock = SystemClock()
    objects = MemoryObjects(clock=clock)
    index = BucketIndex(objects, clock, both=InTurn(), each=lambda do, given: [do(one) for one in given])
    return ArtifactStore(
        Ports(
            objects=objects,
            transfers=MemoryTransfers(objects, clock=clock),
            index=index,
            clock=clock,
            parallel=InTurn(),
            new_id=new_id,
            fetch=index.fetch,
        )
    )
