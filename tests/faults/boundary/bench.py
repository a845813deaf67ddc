"""A store on the emulator whose calls can be spoilt, and what must hold of it afterwards."""

from __future__ import annotations

from typing import Any, Final

import boto3

from artifact_store import ArtifactId, ArtifactNotFound, ArtifactStore, Scope
from artifact_store.adapters.aws import S3_CONFIG
from artifact_store.adapters.dynamodb import DynamoTable
from artifact_store.adapters.s3 import S3Objects
from artifact_store.adapters.s3_transfers import S3Transfers
from artifact_store.adapters.time import InTurn
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.maintenance import Maintenance
from artifact_store.ports import Ports
from tests.faults.boundary.wire import Wire, WireClock
from tests.ports.conftest import REGION, make_bucket, make_table

__all__ = ["DOC", "SCOPE", "Bench", "Clients"]

SCOPE: Final = Scope("app", "u@x", "s/1")
DOC: Final = ArtifactId(SCOPE, "charts/doc 1")
_LATER_SECONDS: Final = 2 * 24 * 3600


class Clients:
    """boto3 clients configured as the store's own, with the wire between them and the emulator."""

    def __init__(self, url: str) -> None:
        keys: dict[str, Any] = {
            "endpoint_url": url,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "config": S3_CONFIG,
        }
        self.s3: Any = boto3.client("s3", **keys)
        self.dynamodb: Any = boto3.client("dynamodb", **keys)
        self.wire = Wire(WireClock())
        self.wire.attach(self.s3)
        self.wire.attach(self.dynamodb)


class Bench:
    """A bucket and a table of their own."""

    def __init__(self, clients: Clients) -> None:
        self.wire, self.clock = clients.wire, WireClock()
        self.wire.clock = self.clock
        self.wire.begin()
        bucket_name, table_name = make_bucket(clients.s3), make_table(clients.dynamodb)
        self.objects = S3Objects(client=clients.s3, bucket_name=bucket_name)
        self.transfers = S3Transfers(client=clients.s3, bucket_name=bucket_name)
        self.table = DynamoTable(client=clients.dynamodb, table_name=table_name, clock=self.clock)
        ports = Ports(
            objects=self.objects,
            transfers=self.transfers,
            index=TableIndex(self.table, self.clock),
            clock=self.clock,
            parallel=InTurn(),
            new_id=new_id,
        )
        self.store = ArtifactStore(ports)
        self.maintenance = Maintenance(ports, self.table)

    def bodies(self) -> list[bytes]:
        """Every version's bytes, by number."""
        try:
            versions = self.store.list_versions(DOC).items
        except ArtifactNotFound:
            return []
        assert [version.number for version in versions] == list(range(len(versions)))
        bodies = [self.store.load(DOC, version.number).body for version in versions]
        assert self.store.load(DOC).body == bodies[-1]
        (summary,) = self.store.list_artifacts(SCOPE).items
        assert (summary.artifact, summary.number, summary.size) == (DOC, len(bodies) - 1, len(bodies[-1]))
        return bodies

    def digests(self) -> list[str | None]:
        """Every version's SHA-256 as the index tells it, by number."""
        try:
            versions = self.store.list_versions(DOC).items
        except ArtifactNotFound:
            return []
        assert [version.number for version in versions] == list(range(len(versions)))
        return [version.sha256 for version in versions]

    def settle(self) -> None:
        """Lets one reconcile repair what is left, days later; then the index names what there is and nothing else."""
        self.clock.sleep(_LATER_SECONDS)
        self.maintenance.reconcile()
        items, _ = self.table.scan(limit=1000, after=None)
        rows = [item for (_, sort), item in items if sort.startswith("v#")]
        named = {item["version_id"] for item in rows} | {item["blob_version_id"] for item in rows if "blob_key" in item}
        listed, _ = self.objects.list_versions("", limit=1000, after=None)
        assert {entry.ref.version_id for entry in listed} == named, "lost, or a stray object is left"
        assert self.transfers.pending("", after=None) == ([], None), "an upload is left"
