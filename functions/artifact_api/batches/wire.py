"""The JSON of batches, asked and answered. The OpenAPI file's schemas are made from these types at build time."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

# Pydantic, which reads these types at build time, refuses typing.TypedDict before Python 3.12.
from typing_extensions import TypedDict

from artifact_api.wire import PartJson, ProblemJson, SignedRequestJson, VersionMetadata

__all__ = [
    "BatchToDelete",
    "BatchToLoad",
    "BatchToSave",
    "DeletedBatch",
    "DeletedItem",
    "DescribedBatch",
    "DescribedItem",
    "ItemToDelete",
    "ItemToLoad",
    "ItemToSave",
    "LinkedItem",
    "LoadedBatch",
    "LoadedItem",
    "RefusedItem",
    "SavedBatch",
    "SavedItem",
    "UnchangedItem",
]


class ItemToLoad(TypedDict):
    """A version to load, or to describe."""

    filename: str
    """Decoded. Under a session's path `user:NAME` is the user's own; under a user's path it has no `user:`."""
    version: NotRequired[int | None]
    """Its number; the latest when it is absent or null."""
    unless: NotRequired[str | None]
    """An entity tag; the answer is 304 when the version has it."""


class BatchToLoad(TypedDict):
    """Versions to load, or to describe."""

    items: list[ItemToLoad]
    """Answered in this order. The same one may occur twice."""


class ItemToSave(TypedDict):
    """A version to save."""

    filename: str
    """Decoded. Under a session's path `user:NAME` is the user's own; under a user's path it has no `user:`."""
    content: str
    """The bytes as base64, with padding."""
    idempotencyKey: str
    """Repeating the item with the same key saves nothing again, for a day; as the header Idempotency-Key."""
    part: NotRequired[PartJson | None]
    """What kind of part it is; `bytes` without a type when it is absent."""
    customMetadata: NotRequired[dict[str, Any] | None]
    """Custom metadata."""
    ttl: NotRequired[int | None]
    """How long the artifact lives after this save unless it is saved again, in seconds; 0: for good; by default
    as the deployment says for its app."""
    sha256: NotRequired[str | None]
    """SHA-256 of the content in hex; the save is refused when the content has another."""
    ifMatch: NotRequired[list[str] | None]
    """Entity tags of which the latest version must have one, or `*`: there must be one; as the header If-Match."""


class BatchToSave(TypedDict):
    """Versions to save."""

    items: list[ItemToSave]
    """Items of the same artifact are saved in this order, the others at the same time."""


class ItemToDelete(TypedDict):
    """An artifact to delete."""

    filename: str
    """Decoded. Under a session's path `user:NAME` is the user's own; under a user's path it has no `user:`."""


class BatchToDelete(TypedDict):
    """Artifacts to delete."""

    items: list[ItemToDelete]
    """Answered in this order."""


class LoadedItem(TypedDict):
    """A version with its content."""

    status: Literal[200]
    """200."""
    version: VersionMetadata
    """The version."""
    content: str
    """The bytes as base64."""


class LinkedItem(TypedDict):
    """A version whose content is too large for this answer, and the request that loads it from the bucket."""

    status: Literal[200]
    """200."""
    version: VersionMetadata
    """The version."""
    request: SignedRequestJson
    """Good for five minutes."""


class UnchangedItem(TypedDict):
    """The caller has this version already."""

    status: Literal[304]
    """304."""
    etag: str
    """Its entity tag, quoted."""


class RefusedItem(TypedDict):
    """What the item ended in, as a request of its own would have."""

    status: int
    """The problem's status."""
    problem: ProblemJson
    """What it is. With `retryAfter` the item may be sent again, unchanged."""


class DescribedItem(TypedDict):
    """A version, without its content."""

    status: Literal[200]
    """200."""
    version: VersionMetadata
    """The version."""


class SavedItem(TypedDict):
    """The version that was saved."""

    status: Literal[201]
    """201, also when an earlier request had saved it."""
    version: VersionMetadata
    """The version."""
    replayed: bool
    """Whether an earlier request, or item, with the same idempotency key had saved it."""


class DeletedItem(TypedDict):
    """The artifact is gone, or there was nothing."""

    status: Literal[204]
    """204."""
    existed: bool
    """Whether there was something to delete."""


class LoadedBatch(TypedDict):
    """One result for each item, in their order."""

    results: list[LoadedItem | LinkedItem | UnchangedItem | RefusedItem]
    """4 MiB together at most: of a version that does not fit the request to load it is given, or a problem."""


class DescribedBatch(TypedDict):
    """One result for each item, in their order."""

    results: list[DescribedItem | UnchangedItem | RefusedItem]
    """4 MiB together at most; what does not fit is a problem."""


class SavedBatch(TypedDict):
    """One result for each item, in their order."""

    results: list[SavedItem | RefusedItem]
    """Each item by itself: what another ended in is nothing to it."""


class DeletedBatch(TypedDict):
    """One result for each item, in their order."""

    results: list[DeletedItem | RefusedItem]
    """Each item by itself: what another ended in is nothing to it."""
