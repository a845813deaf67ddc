"""What the store needs from the outside: objects, an index, time, and room to do things at once.

Each port stands beside its exceptions. Adapters translate every failure of their service into
`StorageUnavailable` (may be repeated) or `StorageDenied` (a deployment fault) of `artifact_store.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from artifact_store.model import ArtifactSummary, BlobRef, Loaded, Page, Version
from artifact_store.names import ArtifactId, Scope
from artifact_store.transfers import Transfers

__all__ = [
    "ABSENT",
    "Check",
    "Clock",
    "CommitRefused",
    "Condition",
    "ConditionFailed",
    "Delete",
    "Each",
    "Fetch",
    "Grave",
    "Head",
    "Index",
    "Item",
    "Key",
    "ListedObject",
    "ObjectExists",
    "ObjectHead",
    "ObjectRef",
    "ObjectStore",
    "Parallel",
    "Ports",
    "Put",
    "Row",
    "Scalar",
    "StoredObject",
    "Table",
    "Token",
    "TransactionConflict",
    "Turn",
    "Write",
]


class ObjectExists(Exception):
    """The key is taken, or another writer of it was faster; nothing was written."""


class CommitRefused(Exception):
    """The index moved on: the transaction's conditions no longer hold; nothing was written."""


class ConditionFailed(Exception):
    """A write's condition does not hold; nothing of its transaction was written."""


class TransactionConflict(Exception):
    """Another transaction holds one of the items; nothing was written, the same may be repeated."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One version of one object: the only thing that is ever deleted."""

    key: str
    version_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectHead:
    """What S3 tells of an object without its body.

    Attributes:
        version_id: S3's version id.
        content_type: The object's Content-Type, or None.
        size: Bytes of the body.
        metadata: User metadata, keys in lower case.
        modified_ms: S3's Last-Modified, in milliseconds since 1970 UTC.
    """

    version_id: str
    content_type: str | None
    size: int
    metadata: Mapping[str, str]
    modified_ms: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object with its body."""

    head: ObjectHead
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedObject:
    """One version of an object, or a delete marker, as a list of the bucket has it.

    Attributes:
        ref: Which version.
        modified_ms: S3's Last-Modified, in milliseconds since 1970 UTC.
        latest: Whether it is the key's current version.
        marker: Whether it is a delete marker: it hides the versions before it.
    """

    ref: ObjectRef
    modified_ms: int
    latest: bool
    marker: bool


class ObjectStore(Protocol):
    """A versioned bucket with conditional writes."""

    @property
    def bucket_name(self) -> str:
        """The bucket, as canonical URIs name it."""

    def create(self, key: str, body: bytes, *, content_type: str | None, metadata: Mapping[str, str]) -> str:
        """Writes an object that must not exist yet, with a checksum over its body.

        Returns:
            S3's version id.

        Raises:
            ObjectExists: The key is taken, or a concurrent writer won.
        """

    def head(self, key: str) -> ObjectHead | None:
        """Describes the current object under a key; None when there is none."""

    def head_version(self, ref: ObjectRef) -> ObjectHead | None:
        """Describes one version of an object; None when it does not exist or is a delete marker."""

    def get(self, ref: ObjectRef) -> StoredObject | None:
        """Reads one version of an object; None when it does not exist."""

    def list_versions(
        self, prefix: str, *, limit: int, after: ObjectRef | None
    ) -> tuple[Sequence[ListedObject], ObjectRef | None]:
        """Lists all versions and delete markers under a prefix, in the order of their keys' bytes.

        Args:
            prefix: What keys start with.
            limit: At most so many, up to 1,000.
            after: Where the last page ended; with an empty version id, every version of the key is passed.

        Returns:
            Versions, a key's in any order, and where to continue after, or None at the end.
        """

    def list_folders(self, prefix: str, *, limit: int, after: str | None) -> tuple[Sequence[str], str | None]:
        """Lists what keys have between a prefix and the next slash, hidden and overwritten objects included.

        Args:
            prefix: What keys start with, a slash at its end.
            limit: Folders and objects right under the prefix together, at most so many, up to 1,000.
            after: Where the last page ended.

        Returns:
            Folders with prefix and final slash, each once, in the order of their bytes; perhaps none, with more
            to come. And where to continue after, or None at the end.
        """

    def delete(self, refs: Sequence[ObjectRef]) -> None:
        """Deletes versions for good; those that do not exist are fine.

        Raises:
            StorageUnavailable: Some may be left.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The live generation of an artifact and its latest version.

    Attributes:
        gen: The live generation.
        next: The version number that the next save takes.
        latest: Facts of the latest version that can be loaded, which is `next - 1` unless that was lost.
        blob: Where the latest content is, for a manifest record.
        lost: Whether S3 has lost every version, so that there is nothing to load.
    """

    gen: str
    next: int
    latest: ArtifactSummary
    blob: BlobRef | None
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What an idempotency key has saved.

    Attributes:
        fingerprint: Of the content that the key stands for.
        gen: The generation it was saved in.
        number: The version it became.
        version_id: S3's version id of the record.
        created_ms: When it was saved.
        expires_ms: Until when the key stands for this save.
    """

    fingerprint: str
    gen: str
    number: int
    version_id: str
    created_ms: int
    expires_ms: int

    def forbids(self, created_ms: int) -> bool:
        """Whether a record of that time cannot be committed, since its key stands for this save."""
        return self.expires_ms // 1000 >= created_ms // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grave:
    """A deleted generation.

    Attributes:
        gen: The generation.
        next: The version number that a save in flight may have taken, at least.
        confirmed: True once everything of it is gone.
        buried_ms: When it was deleted.
    """

    gen: str
    next: int
    confirmed: bool
    buried_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry of the index for one version.

    Attributes:
        version: What it says.
        token: Whose save it was; None if that is not known.
        lost: Whether S3 has lost the version: it keeps its number, but is not shown.
    """

    version: Version
    token: str | None
    lost: bool


@dataclass(slots=True)
class Turn:
    """A save's turn to put a record.

    Attributes:
        head: What it goes on from.
        put: To be set by the saver: the version that it has put and committed.
    """

    head: Head | None
    put: Version | None = None


class Index(Protocol):
    """The index of artifacts. Every read is strongly consistent; lost versions are shown only where it says so."""

    @property
    def keeps_time(self) -> bool:
        """Whether artifacts can expire."""

    @property
    def remembers(self) -> bool:
        """Whether a token is known for its time, though what it saved is deleted."""

    def head(self, artifact: ArtifactId) -> Head | None:
        """Reads the head; None when the artifact does not live."""

    def head_and_token(self, artifact: ArtifactId, token: str) -> tuple[Head | None, Token | None]:
        """Reads the head and what a valid idempotency token has saved, at once."""

    def turn(self, artifact: ArtifactId, token: str, head: Head | None) -> AbstractContextManager[Turn]:
        """Lets a save that has looked put its record; savers of one process may take turns.

        Args:
            artifact: Whose record.
            token: The save's.
            head: What it saw.
        """

    def head_and_grave(self, artifact: ArtifactId, gen: str) -> tuple[Head | None, Grave | None]:
        """Reads the head and one generation's grave, at once."""

    def version_and_token(
        self, artifact: ArtifactId, number: int, gen: str, token: str
    ) -> tuple[Version | None, Token | None]:
        """Reads one version of one generation, lost or not, and a token, valid or lapsed, at once."""

    def version(self, artifact: ArtifactId, number: int, gen: str) -> Version | None:
        """Reads one version of one generation."""

    def has_token(self, artifact: ArtifactId, gen: str, token: str, *, created_since_ms: int) -> bool:
        """Whether a version of this generation, not older than that, was saved under a token."""

    def versions_numbered(self, artifact: ArtifactId, number: int) -> Sequence[Version]:
        """Reads the versions of one number, of every generation not yet purged."""

    def rows(self, artifact: ArtifactId, *, limit: int, position: str | None) -> Page[Row]:
        """Reads versions in ascending order, those lost too; perhaps also of generations not yet purged."""

    def buried_rows(self, artifact: ArtifactId, gen: str, *, limit: int, position: str | None) -> Page[Row]:
        """Reads what is left of a buried generation's versions, perhaps of others too; never more than the limit."""

    def heads(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactSummary]:
        """Reads the live artifacts of one scope, in the order of their encoded filenames, or of their objects' keys."""

    def names(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactId]:
        """Reads which artifacts of one scope live, as `heads` does, and nothing else of them."""

    def graves(self, scope: Scope, *, limit: int, position: str | None) -> Page[tuple[ArtifactId, Grave]]:
        """Reads the graves of one scope, confirmed ones too."""

    def commit(self, version: Version, *, token: str, fingerprint: str, salt: str = "") -> None:
        """Makes a record a version, in one transaction.

        The head moves from (gen, number) to (gen, number + 1), or, for number 0, is created where
        there is none and the generation has no grave; the version and the token are put where
        absent. Repeating a commit with the same arguments is safe, and for ten minutes does nothing:
        whoever wants to be sure that it is in the index now, because the index was lost, gives a salt.

        Raises:
            CommitRefused: One of these conditions does not hold.
        """

    def restore(self, version: Version, *, token: str) -> None:
        """Puts back the lost entry of a version that the live generation has passed.

        Raises:
            CommitRefused: The entry is there, or the generation does not live.
        """

    def bury(self, artifact: ArtifactId, head: Head, *, expired: bool = False) -> None:
        """Removes the head and puts its generation's grave, in one transaction.

        Args:
            artifact: Whose head.
            head: The head that was read.
            expired: Whether it goes because its time is over: a save in between saves it.

        Raises:
            CommitRefused: The head's generation is not the one given, or the head has moved since and is `expired`.
        """

    def grave(self, artifact: ArtifactId, gen: str) -> Grave | None:
        """Reads the grave of a generation."""

    def widen_grave(self, artifact: ArtifactId, grave: Grave) -> None:
        """Notes that versions of a buried generation go up to the grave's `next`, exclusive."""

    def remove_versions(self, versions: Sequence[Version]) -> None:
        """Removes versions of a buried generation from the index."""

    def confirm_grave(self, artifact: ArtifactId, gen: str) -> None:
        """Notes that everything of a buried generation is gone; the grave expires a month later."""


Key: TypeAlias = tuple[str, str]
"""Partition and sort key."""

Scalar: TypeAlias = str | int | bool

Item: TypeAlias = Mapping[str, Scalar]
"""An item's attributes without its key. Attributes that are None are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must hold for a write; with no argument, that the item is absent; with both, one of them.

    Attributes:
        equals: The item is there and has these attributes.
        expired_at: The item is absent, or its `valid_until` is earlier than this (seconds).
    """

    equals: Item | None = None
    expired_at: int | None = None


ABSENT: Final = Condition()


@dataclass(frozen=True, slots=True)
class Put:
    """Writes a whole item."""

    key: Key
    item: Item
    condition: Condition | None
    """None: whatever is there."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes an item."""

    key: Key
    condition: Condition | None
    """None: whatever is there, even nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """Writes nothing, but the transaction needs it to hold."""

    key: Key
    condition: Condition


Write: TypeAlias = Put | Delete | Check


class Table(Protocol):
    """A key-value table with transactions, as DynamoDB has it. Reads are strongly consistent."""

    def get(self, keys: Sequence[Key]) -> Sequence[Item | None]:
        """Reads items, in the order of their keys; None where there is none."""

    def query(
        self, partition: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[tuple[str, Item]], str | None]:
        """Reads items of a partition whose sort key starts with a prefix, in order.

        Returns:
            Sort keys with their items, and the sort key to continue after, or None at the end.
        """

    def scan(self, *, limit: int, after: Key | None) -> tuple[Sequence[tuple[Key, Item]], Key | None]:
        """Reads all items, partition by partition in no order, each partition in the order of its sort keys.

        Returns:
            Keys with their items, and the key to continue after, or None at the end.
        """

    def transact(self, writes: Sequence[Write], *, request_token: str) -> None:
        """Does all writes or none. Repeating the same writes with the same token does them once.

        Raises:
            ConditionFailed: A condition does not hold.
            TransactionConflict: Another transaction is in the way.
        """

    def put(self, write: Put) -> None:
        """Does one conditional put.

        Raises:
            ConditionFailed: The condition does not hold.
            TransactionConflict: A transaction is in the way.
        """

    def delete(self, keys: Sequence[Key]) -> None:
        """Deletes items; those that do not exist are fine."""


class Clock(Protocol):
    """Time, so that tests and the model checker can hold it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Waits."""


class Parallel(Protocol):
    """Room to do two storage calls at once."""

    def __call__(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        """Runs both and returns both results; the first's error wins."""


class Each(Protocol):
    """Does the same for many things, perhaps several at a time."""

    def __call__(self, function: Callable[[Any], Any], given: Iterable[Any], /) -> Sequence[Any]:
        """Returns results in the order of what was given; the first error wins."""


class Fetch(Protocol):
    """Loads a version from the bucket without asking the index first."""

    def __call__(self, artifact: ArtifactId, number: int | None) -> Loaded:
        """Loads a version with its content; the latest when no number is given.

        Raises:
            NotFound: No such artifact or version.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything the store stands on.

    Attributes:
        objects: The bucket.
        transfers: What callers exchange with the bucket themselves.
        index: The index table.
        clock: Time.
        parallel: Runs two storage calls at once.
        new_id: Makes time-ordered unique ids for generations and blobs.
        fetch: Loads with fewer calls than index and bucket by turns, where there is such a way.
    """

    objects: ObjectStore
    transfers: Transfers
    index: Index
    clock: Clock
    parallel: Parallel
    new_id: Callable[[], str]
    fetch: Fetch | None = None
