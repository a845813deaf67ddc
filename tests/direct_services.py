"""Services straight on S3, as tests open them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from artifact_store import ArtifactStore
from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.adapters.memory import MemoryObjects
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.time import InTurn, SystemClock
from artifact_store.ids import new_id
from artifact_store.names import Scope
from artifact_store.ports import Ports
from google_adk_aws import S3ArtifactService
from local import LocalApi
from local.emulator import CREDENTIALS

__all__ = ["ACCOUNTS_BUCKET", "in_memory", "on_account", "on_bucket_of", "store_without_table", "without_table"]

ACCOUNTS_BUCKET: Final = os.environ.get("S3_TEST_BUCKET") if os.environ.get("RUN_INTEGRATION_TESTS") == "1" else None
"""A bucket of a real account, or of any server that boto3's environment names; None without one."""


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
    return without_table(MemoryObjects(clock=SystemClock()))


def without_table(objects: MemoryObjects) -> ArtifactStore:
    """As another process opens it, which remembers nothing."""
    clock = SystemClock()
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


class _Tidy(S3ArtifactService):
    """Remembers in which scopes it has saved."""

    saved_in: set[Scope]

    async def save_artifact(self, **given: Any) -> int:
        number = await super().save_artifact(**given)
        session = None if given["filename"].startswith("user:") else given.get("session_id")
        self.saved_in.add(Scope(given["app_name"], given["user_id"], session))
        return number


@asynccontextmanager
async def on_account() -> AsyncIterator[S3ArtifactService]:
    """On the account's bucket, with the table `S3_TEST_TABLE` if it is named; what ADK's calls save is deleted after.

    Nothing else of the bucket is touched: apps have names that are made up for each test.
    """
    assert ACCOUNTS_BUCKET is not None
    async with _Tidy(ACCOUNTS_BUCKET, table_name=os.environ.get("S3_TEST_TABLE")) as service:
        service.saved_in = set()
        try:
            yield service
        finally:
            for scope in service.saved_in:
                names = [name async for name in service.client.filenames(scope)]
                own = [name for name in names if scope.session is None or not name.startswith("user:")]
                results = await service.client.delete_artifacts(scope, own)
                assert [result.error for result in results if result.error] == []
