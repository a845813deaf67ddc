"""Bucket and index as values: a storage call gives an answer and another world."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.errors import StorageUnavailable
from artifact_store.ports import (
    Check,
    Condition,
    ConditionFailed,
    Delete,
    ObjectExists,
    ObjectHead,
    Put,
    StoredObject,
    TransactionConflict,
)
from artifact_store.transfers import UploadGone

__all__ = ["CHANGING", "CREATING", "READING", "STORAGE_CLOCK", "Call", "Raised", "World", "frozen"]

CHANGING: Final = frozenset(
    {
        "objects.create",
        "objects.delete",
        "transfers.complete",
        "transfers.abort",
        "table.transact",
        "table.put",
        "table.delete",
    }
)
READING: Final = frozenset(
    {
        "objects.head",
        "objects.head_version",
        "objects.get",
        "objects.list_versions",
        "transfers.parts",
        "transfers.pending",
        "table.get",
        "table.query",
        "table.scan",
    }
)
CREATING: Final = frozenset({"objects.create", "transfers.complete"})
"""Calls that make an object."""

_REFUSALS: Final = (ObjectExists, UploadGone, ConditionFailed, TransactionConflict)


@dataclass(frozen=True, slots=True)
class Call:
    """One storage call: what is asked of S3 or DynamoDB in one request for one thing."""

    name: str
    args: tuple[Any, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Raised:
    """An answer that is an error."""

    error: type[Exception]

    def throw(self) -> None:
        raise self.error("injected" if self.error is StorageUnavailable else "refused")


def frozen(value: Any) -> Hashable:  # noqa: PLR0911 - one line for each kind of value
    """A hashable value that is equal for equal answers and states only."""
    if isinstance(value, Mapping):
        return frozenset([(key, frozen(inner)) for key, inner in value.items()])
    if isinstance(value, (list, tuple)):
        return tuple([frozen(inner) for inner in value])
    if isinstance(value, ObjectHead):
        return value.version_id, value.modified_ms, value.content_type, frozenset(value.metadata.items())
    if isinstance(value, StoredObject):
        return frozen(value.head), value.body
    if isinstance(value, Condition):
        return frozen(value.equals), value.expired_at
    if isinstance(value, Put):
        return "put", value.key, frozen(value.item), frozen(value.condition)
    if isinstance(value, (Delete, Check)):
        return type(value), value.key, frozen(value.condition)
    hash(value)
    hashable: Hashable = value
    return hashable


class _Clock:
    """The time of whatever storage does next."""

    now = 0

    def now_ms(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1000

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"storage does not sleep for {seconds}")


STORAGE_CLOCK: Final = _Clock()


class World:
    """One state of the strict in-memory bucket and table. It never changes."""

    __slots__ = ("_identity", "objects", "table", "transfers")

    def __init__(self) -> None:
        self.objects = MemoryObjects(clock=STORAGE_CLOCK)
        self.transfers = MemoryTransfers(self.objects, clock=STORAGE_CLOCK)
        self.table = MemoryTable(clock=STORAGE_CLOCK)
        self._identity: Hashable = None

    def answer(self, call: Call, *, version: int, now: int) -> tuple[Any, World]:
        """Does a call at a moment; `version` numbers the S3 version that it may create."""
        STORAGE_CLOCK.now = now
        after = self.copy() if call.name in CHANGING else self
        port, _, method = call.name.partition(".")
        if call.name in CREATING:
            after.objects._ids = count(version)
        try:
            return getattr(getattr(after, port), method)(*call.args, **call.options), after
        except _REFUSALS as refusal:
            return Raised(type(refusal)), self

    def copy(self) -> World:
        """One that may be changed."""
        after = World()
        after.objects._keys = {key: dict(versions) for key, versions in self.objects._keys.items()}
        after.transfers._uploads = dict(self.transfers._uploads)
        after.table._items = {partition: dict(rows) for partition, rows in self.table._items.items()}
        after.table._requests = dict(self.table._requests)
        return after

    def with_upload(self, key: str, upload_id: str, body: bytes, metadata: Mapping[str, str], *, now: int) -> World:
        """The world in which all parts of an upload are in the bucket."""
        STORAGE_CLOCK.now = now
        after = self.copy()
        begun = after.transfers.begin(key, content_type="application/octet-stream", metadata=metadata)
        multipart = after.transfers._uploads.pop(begun)
        multipart.bodies[1] = body
        after.transfers._uploads[upload_id] = multipart
        return after

    def forgetting_requests(self) -> World:
        """The world in which DynamoDB no longer knows any transaction's request token."""
        if not self.table._requests:
            return self
        after = self.copy()
        after.table._requests.clear()
        return after

    def rows(self, prefix: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The table's items whose sort key starts so, of whatever partition."""
        return [
            (sort, item)
            for rows in self.table._items.values()
            for sort, item in rows.items()
            if sort.startswith(prefix)
        ]

    @property
    def identity(self) -> Hashable:
        """Worlds with the same identity answer every future alike."""
        if self._identity is None:
            objects = frozenset([(key, frozen(list(found.values()))) for key, found in self.objects._keys.items()])
            items = frozenset([(key, frozen(item)) for key, item in self.table.items().items()])
            self._identity = objects, frozenset(self.transfers._uploads), items, frozen(self.table._requests)
        return self._identity
