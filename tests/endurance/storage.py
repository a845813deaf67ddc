"""Bucket and index below a local API, looked at directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import boto3

from artifact_store import ArtifactId, ArtifactNotFound, ArtifactStore, Version
from artifact_store.adapters.aws import S3_CONFIG, open_ports
from artifact_store.adapters.time import ManyInThreads
from artifact_store.maintenance import Findings, Limits, Maintenance
from artifact_store.ports import ObjectRef
from local import LocalApi

__all__ = ["Storage"]

_AT_ONCE = Limits(settle_after_ms=-60_000, blob_age_ms=-60_000)
"""As if everything were old; the emulator's clock cannot be set."""


def _client(service: str, api: LocalApi) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=api.aws_endpoint_url,
        region_name=api.environment["AWS_REGION"],
        aws_access_key_id=api.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=api.environment["AWS_SECRET_ACCESS_KEY"],
        config=S3_CONFIG,
    )


class Storage:
    """What an API keeps, or another bucket and table of its emulator."""

    def __init__(self, api: LocalApi, *, bucket_name: str | None = None, table_name: str | None = None) -> None:
        ports, table = open_ports(
            bucket_name=bucket_name or api.bucket_name,
            index_table_name=table_name or api.table_name,
            s3=_client("s3", api),
            dynamodb=_client("dynamodb", api),
        )
        self.store, self._objects = ArtifactStore(ports), ports.objects
        self._each = ManyInThreads(workers=8)
        self._maintenance = Maintenance(ports, table, each=self._each)

    def versions(self, artifacts: Mapping[str, ArtifactId]) -> dict[str, Sequence[tuple[int, bytes]]]:
        """All versions of these artifacts, each loaded."""
        return {name: self._versions(artifact) for name, artifact in artifacts.items()}

    def _versions(self, artifact: ArtifactId) -> Sequence[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        position: str | None = None
        while True:
            try:
                page = self.store.list_versions(artifact, limit=1000, position=position)
            except ArtifactNotFound:
                return found
            bodies = self._each(self._body, page.items)
            found += [(version.number, body) for version, body in zip(page.items, bodies, strict=True)]
            position = page.position
            if position is None:
                return found

    def _body(self, version: Version) -> bytes:
        """The bytes as the index names them; asking the index once more for each would take minutes."""
        ref = ObjectRef(version.artifact.object_key(version.number), version.version_id)
        if version.blob is not None:
            ref = ObjectRef(version.blob.key, version.blob.version_id)
        stored = self._objects.get(ref)
        assert stored is not None, f"{ref} is lost"
        return stored.body

    def rebuild(self) -> None:
        """Makes the index from the bucket."""
        self._maintenance.rebuild()

    def reconcile(self) -> Findings:
        """One whole run."""
        return self._maintenance.reconcile(limits=_AT_ONCE).findings
