"""In-memory twins of S3 and DynamoDB, as strict as AWS where the store relies on it.

They refuse what AWS refuses (key, metadata, item and transaction sizes, conditions, conflicting use
of a request token), page as AWS pages, and keep object versions, so that a test on them means
something. Thread-safe; every call is atomic.
"""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.time import InTurn, SystemClock
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.names import MAX_KEY_BYTES
from artifact_store.ports import (
    Check,
    Clock,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    ListedObject,
    ObjectExists,
    ObjectHead,
    ObjectRef,
    Ports,
    Put,
    StoredObject,
    Write,
)
from artifact_store.store import ArtifactStore

__all__ = ["MemoryObjects", "MemoryTable", "Refused", "open_store"]

MAX_OBJECT_METADATA_BYTES: Final = 2048
MAX_ITEM_BYTES: Final = 400 * 1024
MAX_PARTITION_KEY_BYTES: Final = 2048
MAX_SORT_KEY_BYTES: Final = 1024
MAX_TRANSACTION_ITEMS: Final = 100
MAX_BATCH_DELETE: Final = 1000
MAX_BATCH_GET: Final = 100
MAX_LIST_KEYS: Final = 1000
PAGE_BYTES: Final = 1024 * 1024
REQUEST_TOKEN_LIFE_MS: Final = 10 * 60 * 1000
_NUMBER_BYTES: Final = 21


class Refused(Exception):
    """AWS would refuse this call for good (a 400): the caller has a bug."""


def _refuse_unless(condition: bool, reason: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise Refused(reason)


@dataclass(frozen=True, slots=True)
class _Marker:
    """A delete marker."""

    modified_ms: int


class MemoryObjects:
    """A versioned bucket."""

    def __init__(self, *, bucket_name: str = "memory", clock: Clock | None = None) -> None:
        self._bucket_name = bucket_name
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        # Key → version id → object or delete marker, oldest first.
        self._keys: dict[str, dict[str, StoredObject | _Marker]] = {}
        self._in_order: list[str] | None = None
        self._ids = count(1)

    @property
    def bucket_name(self) -> str:
        return self._bucket_name

    def create(self, key: str, body: bytes, *, content_type: str | None, metadata: Mapping[str, str]) -> str:
        _refuse_unless(0 < len(key.encode()) <= MAX_KEY_BYTES, "KeyTooLongError")
        size = sum(len(name) + len(value) for name, value in metadata.items())
        _refuse_unless(size <= MAX_OBJECT_METADATA_BYTES, "MetadataTooLarge")
        _refuse_unless(
            all(text.isascii() for pair in metadata.items() for text in pair),
            "user metadata must be ASCII",
        )
        with self._lock:
            if self.head(key) is not None:
                raise ObjectExists(key)
            version_id = self._new_version_id()
            head = ObjectHead(
                version_id=version_id,
                content_type=content_type,
                size=len(body),
                metadata={name.lower(): value for name, value in metadata.items()},
                modified_ms=self._clock.now_ms(),
            )
            self._put(key, version_id, StoredObject(head, bytes(body)))
            return version_id

    def _new_version_id(self) -> str:
        return f"version-{next(self._ids):06}"

    def _put(self, key: str, version_id: str, version: StoredObject | _Marker) -> None:
        if key not in self._keys:
            self._in_order = None
        self._keys.setdefault(key, {})[version_id] = version

    def put_foreign(self, key: str, body: bytes, *, content_type: str | None = None) -> str:
        """Puts an object as another program would: without condition and without a record."""
        with self._lock:
            older = self._keys.pop(key, {})
            version_id = self.create(key, body, content_type=content_type, metadata={})
            self._keys[key] = {**older, **self._keys[key]}
            return version_id

    def hide(self, key: str) -> str:
        """Deletes by key, as another program would: S3 puts a delete marker over what is there."""
        with self._lock:
            version_id = self._new_version_id()
            self._put(key, version_id, _Marker(self._clock.now_ms()))
            return version_id

    def head(self, key: str) -> ObjectHead | None:
        with self._lock:
            versions = self._keys.get(key)
            latest = next(reversed(versions.values())) if versions else None
            return latest.head if isinstance(latest, StoredObject) else None

    def head_version(self, ref: ObjectRef) -> ObjectHead | None:
        found = self.get(ref)
        return found.head if found else None

    def get(self, ref: ObjectRef) -> StoredObject | None:
        with self._lock:
            found = self._keys.get(ref.key, {}).get(ref.version_id)
            return found if isinstance(found, StoredObject) else None

    def list_versions(
        self, prefix: str, *, limit: int, after: ObjectRef | None
    ) -> tuple[Sequence[ListedObject], ObjectRef | None]:
        _refuse_unless(1 <= limit <= MAX_LIST_KEYS, "MaxKeys")
        with self._lock:
            if self._in_order is None:
                # Code points sort as their UTF-8 bytes do.
                self._in_order = sorted(self._keys)
            page: list[ListedObject] = []
            start = bisect_left(self._in_order, max(prefix, after.key if after else ""))
            for key in islice(self._in_order, start, None):
                if not key.startswith(prefix):
                    break
                for listed in self._listed(key, after):
                    if len(page) == limit:
                        return page, page[-1].ref
                    page.append(listed)
            return page, None

    def list_folders(self, prefix: str, *, limit: int, after: str | None) -> tuple[Sequence[str], str | None]:
        _refuse_unless(1 <= limit <= MAX_LIST_KEYS, "MaxKeys")
        with self._lock:
            # A folder, or an object right under the prefix, in the order of their bytes.
            found = sorted(
                {prefix + _folder_or_name(key[len(prefix) :]) for key in self._keys if key.startswith(prefix)}
            )
        rest = [name for name in found if after is None or name > after]
        page = rest[:limit]
        return [name for name in page if name.endswith("/")], page[-1] if len(rest) > limit else None

    def _listed(self, key: str, after: ObjectRef | None) -> Sequence[ListedObject]:
        """A key's versions, newest first, without those up to `after`."""
        newest_first = [
            ListedObject(
                ref=ObjectRef(key, version_id),
                modified_ms=version.modified_ms if isinstance(version, _Marker) else version.head.modified_ms,
                latest=age == 0,
                marker=isinstance(version, _Marker),
            )
            for age, (version_id, version) in enumerate(reversed(self._keys[key].items()))
        ]
        if after is None or after.key != key:
            return newest_first
        ids = [listed.ref.version_id for listed in newest_first]
        return newest_first[ids.index(after.version_id) + 1 :] if after.version_id in ids else []

    def delete(self, refs: Sequence[ObjectRef]) -> None:
        _refuse_unless(0 < len(refs) <= MAX_BATCH_DELETE, "MalformedXML")
        with self._lock:
            for ref in refs:
                versions = self._keys.get(ref.key, {})
                versions.pop(ref.version_id, None)
                if not versions and self._keys.pop(ref.key, None) is not None:
                    self._in_order = None

    def refs(self) -> list[ObjectRef]:
        """Every object version there is, in key order: for checks."""
        with self._lock:
            return [
                ObjectRef(key, version_id)
                for key in sorted(self._keys)
                for version_id, version in self._keys[key].items()
                if isinstance(version, StoredObject)
            ]


def _folder_or_name(rest: str) -> str:
    name, slash, _ = rest.partition("/")
    return name + slash


class MemoryTable:
    """A key-value table with transactions."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._items: dict[str, dict[str, Item]] = {}
        self._requests: dict[str, tuple[int, Sequence[Write]]] = {}

    def get(self, keys: Sequence[Key]) -> Sequence[Item | None]:
        _refuse_unless(0 < len(keys) <= MAX_BATCH_GET, "too many keys in one batch")
        _refuse_unless(len(set(keys)) == len(keys), "duplicate keys in one batch")
        with self._lock:
            return [self._read(key) for key in keys]

    def _read(self, key: Key) -> Item | None:
        item = self._items.get(key[0], {}).get(key[1])
        return dict(item) if item is not None else None

    def query(
        self, partition: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[tuple[str, Item]], str | None]:
        _refuse_unless(limit >= 1, "Limit must be at least 1")
        _refuse_unless(after is None or after.startswith(prefix), "start key outside of the query")
        with self._lock:
            rows = self._items.get(partition, {})
            sorts = sorted((sort for sort in rows if sort.startswith(prefix)), key=lambda sort: sort.encode())
            page: list[tuple[str, Item]] = []
            size = 0
            for sort in sorts:
                if after is not None and sort.encode() <= after.encode():
                    continue
                page.append((sort, dict(rows[sort])))
                size += _item_bytes((partition, sort), rows[sort])
                if len(page) == limit or size > PAGE_BYTES:
                    # As DynamoDB: a full page says "continue" even when nothing follows.
                    return page, sort
            return page, None

    def scan(self, *, limit: int, after: Key | None) -> tuple[Sequence[tuple[Key, Item]], Key | None]:
        _refuse_unless(limit >= 1, "Limit must be at least 1")
        with self._lock:
            # DynamoDB's order of partitions is that of a hash, too.
            partitions = sorted(self._items, key=_hash)
            start = bisect_left(partitions, _hash(after[0]), key=_hash) if after is not None else 0
            page: list[tuple[Key, Item]] = []
            size = 0
            for partition in islice(partitions, start, None):
                rows = self._items[partition]
                for sort in sorted(rows, key=str.encode):
                    if after is not None and partition == after[0] and sort.encode() <= after[1].encode():
                        continue
                    page.append(((partition, sort), dict(rows[sort])))
                    size += _item_bytes((partition, sort), rows[sort])
                    if len(page) == limit or size > PAGE_BYTES:
                        return page, (partition, sort)
            return page, None

    def transact(self, writes: Sequence[Write], *, request_token: str) -> None:
        _refuse_unless(0 < len(writes) <= MAX_TRANSACTION_ITEMS, "too many transaction items")
        keys = [write.key for write in writes]
        _refuse_unless(len(set(keys)) == len(keys), "two operations on one item")
        _refuse_unless(0 < len(request_token) <= 36, "ClientRequestToken length")  # noqa: PLR2004
        with self._lock:
            now = self._clock.now_ms()
            seen = self._requests.get(request_token)
            if seen is not None and seen[0] + REQUEST_TOKEN_LIFE_MS > now:
                _refuse_unless(list(seen[1]) == list(writes), "IdempotentParameterMismatch")
                return
            for write in writes:
                self._require(write.key, write.condition)
            for write in writes:
                self._apply(write)
            self._requests[request_token] = (now, list(writes))

    def put(self, write: Put) -> None:
        with self._lock:
            self._require(write.key, write.condition)
            self._apply(write)

    def delete(self, keys: Sequence[Key]) -> None:
        with self._lock:
            for partition, sort in keys:
                self._items.get(partition, {}).pop(sort, None)

    def _require(self, key: Key, condition: Condition | None) -> None:
        if condition is None:
            return
        item = self._read(key)
        if item is None:
            holds = condition.equals is None or condition.expired_at is not None
        else:
            equal = condition.equals is not None and condition.equals.items() <= item.items()
            until = int(item.get("valid_until", 0))
            holds = equal or (condition.expired_at is not None and until < condition.expired_at)
        if not holds:
            raise ConditionFailed(key)

    def _apply(self, write: Write) -> None:
        partition, sort = write.key
        if isinstance(write, Put):
            _refuse_unless(0 < len(partition.encode()) <= MAX_PARTITION_KEY_BYTES, "partition key")
            _refuse_unless(0 < len(sort.encode()) <= MAX_SORT_KEY_BYTES, "sort key")
            _refuse_unless(_item_bytes(write.key, write.item) <= MAX_ITEM_BYTES, "item size")
            self._items.setdefault(partition, {})[sort] = dict(write.item)
        elif isinstance(write, Delete):
            self._items.get(partition, {}).pop(sort, None)
        else:
            _refuse_unless(isinstance(write, Check), "unknown write")

    def expire(self) -> None:
        """Removes what has expired, as DynamoDB's TTL does sooner or later; here at once."""
        now = self._clock.now_ms() // 1000
        with self._lock:
            for rows in self._items.values():
                for sort in [sort for sort, item in rows.items() if int(item.get("expires_at", now)) < now]:
                    del rows[sort]

    def items(self) -> dict[Key, Item]:
        """Every item there is: for checks."""
        with self._lock:
            return {
                (partition, sort): dict(item) for partition, rows in self._items.items() for sort, item in rows.items()
            }


def _hash(partition: str) -> bytes:
    return hashlib.md5(partition.encode(), usedforsecurity=False).digest()


def _item_bytes(key: Key, item: Item) -> int:
    size = sum(len(part.encode()) for part in key) + len("pk") + len("sk")
    for name, value in item.items():
        size += len(name.encode())
        size += len(value.encode()) if isinstance(value, str) else _NUMBER_BYTES
    return size


def open_store(
    *,
    objects: MemoryObjects | None = None,
    transfers: MemoryTransfers | None = None,
    table: MemoryTable | None = None,
    clock: Clock | None = None,
    make_id: Callable[[], str] = new_id,
) -> ArtifactStore:
    """Opens a store in memory, for tests of what stands on the store."""
    clock = clock or SystemClock()
    objects = objects or MemoryObjects(clock=clock)
    return ArtifactStore(
        Ports(
            objects=objects,
            transfers=transfers or MemoryTransfers(objects, clock=clock),
            index=TableIndex(table or MemoryTable(clock=clock), clock),
            clock=clock,
            parallel=InTurn(),
            new_id=make_id,
        )
    )
