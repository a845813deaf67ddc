"""A queue of texts: boto3's SQS client."""

from __future__ import annotations

from typing import Any

from artifact_store.adapters._faults import translated

__all__ = ["MessageQueue"]


class MessageQueue:
    """Hands texts on to whoever works the queue off."""

    def __init__(self, *, client: Any, url: str) -> None:
        """Args: client: boto3's. url: The queue's."""
        self._client = client
        self._url = url

    def send(self, text: str) -> None:
        """Puts one message.

        Raises:
            StorageUnavailable: The queue did not take it, or its answer was lost.
            StorageDenied: The role may not, or there is no such queue.
        """
        with translated("SQS"):
            self._client.send_message(QueueUrl=self._url, MessageBody=text)
