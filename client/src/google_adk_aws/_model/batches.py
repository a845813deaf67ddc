"""What a batch is asked and what it gives: many artifacts of one scope, a result for each."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from google_adk_aws._errors import ArtifactError
from google_adk_aws._model.ttl import Ttl

__all__ = ["BatchProgress", "BatchProgressCallback", "BatchResult", "NewArtifact"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArtifact:
    """One artifact to save.

    Attributes:
        filename: As a list of the scope names it: under a session, `user:` in front means the user's scope.
        content: Its bytes; any size.
        mime_type: Its type.
        display_name: A name for people.
        kind: `bytes`, `text` (UTF-8) or `file` (the content is a URI).
        custom_metadata: A JSON object of at most 64 KB.
        ttl: As for `ArtifactClient.save`.
        idempotency_key: Saves with one key and one content of at most 3 MiB are one version. By default a new one.
        if_match: Save only if the latest version has this entity tag (`VersionMetadata.etag`), or `*`: any.
    """

    filename: str
    content: bytes | bytearray | memoryview = field(repr=False)
    mime_type: str | None = None
    display_name: str | None = None
    kind: str = "bytes"
    custom_metadata: Mapping[str, Any] | None = None
    ttl: Ttl | None = None
    idempotency_key: str = field(default_factory=lambda: uuid.uuid4().hex)
    if_match: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult(Generic[Value]):
    """What became of one item.

    Attributes:
        filename: Which.
        value: What it gave; None if it failed.
        error: Why it failed; None if it did not.
    """

    filename: str
    value: Value | None = None
    error: ArtifactError | None = None

    def get(self) -> Value:
        """The value.

        Raises:
            ArtifactError: The item failed.
        """
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value] # one of the two is there


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        done_items: Items that have a result.
        total_items: All items.
    """

    done_items: int
    total_items: int


BatchProgressCallback: TypeAlias = Callable[[BatchProgress], Awaitable[Any] | Any]
"""Called on the event loop, after every item; an asynchronous one is awaited. What it raises ends the batch."""
