"""The queue of purges that a delete had no time to end."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from artifact_store import ArtifactId, StorageUnavailable
from artifact_store.purging import PurgeRequest

__all__ = ["PurgeQueue"]


class PurgeQueue:
    """Hands purges on to the purge function; `ArtifactStore.delete` calls it."""

    def __init__(self, *, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def __call__(self, artifact: ArtifactId, gen: str) -> None:
        """Asks for a purge.

        Raises:
            StorageUnavailable: The queue did not take it; reconcile finds the purge by its grave.
        """
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=PurgeRequest(artifact, gen).to_text())
        except (ClientError, BotoCoreError) as error:
            raise StorageUnavailable("the queue of purges did not answer") from error
