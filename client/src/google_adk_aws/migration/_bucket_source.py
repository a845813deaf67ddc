"""A whole bucket of this package's S3ArtifactService, or of the artifact API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from artifact_store.errors import InvalidInput
from artifact_store.names import ArtifactId, parse_object_key
from google_adk_aws._s3_artifact_service import S3ArtifactService
from google_adk_aws.migration._client_store import ClientSource
from google_adk_aws.migration._listing import off_loop_each
from google_adk_aws.migration._model import Found, Skipped, SourceArtifact

__all__ = ["BucketSource"]


class BucketSource(ClientSource):
    """Everything that lives in a bucket of ours. Keys tell which artifacts there may be, the index which there are.

    Args:
        service: The service.
    """

    def __init__(self, service: S3ArtifactService) -> None:
        super().__init__(service.client, (), address=f"s3://{service.bucket_name}")
        self._service = service

    async def artifacts(self) -> AsyncIterator[Found]:
        """What the keys tell."""
        async for found in off_loop_each(self._list()):
            yield found

    def _list(self) -> Iterator[Found]:
        last: ArtifactId | None = None
        for key in self._keys():
            try:
                artifact, _ = parse_object_key(key)
            except InvalidInput as error:
                # Blobs and probes are the store's own; no app's name begins as theirs do.
                if not key.startswith("!"):
                    yield Skipped(what=key, reason=str(error))
                continue
            # Keys of one artifact are beside each other.
            if artifact != last:
                last = artifact
                yield SourceArtifact(artifact=artifact)

    def _keys(self) -> Iterator[str]:
        pages = self._service.s3_client.get_paginator("list_objects_v2").paginate(Bucket=self._service.bucket_name)
        for page in pages:
            for listed in page.get("Contents", []):
                yield listed["Key"]
